//! A preview for people.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use weft_language::{Explanation, OperandValue};

use super::difference::{Line, groups, lines};
use super::indent::indented;
use super::needed::needed;
use super::{Preview, RulePreview};
use crate::cli::mapping::Prepared;
use crate::join::{ConsentObject, ConsentTrace, LookupResult, LookupTrace, Origin, WriteTrace};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const ODD: Style = AnsiColor::Yellow.on_default();
const HEAD: Style = Style::new().bold();

/// A value longer than this is cut where it is listed; the event itself shows it whole.
const SHOWN_CHARACTERS: usize = 60;

/// How many lines of an event around a change are shown.
const CONTEXT_LINES: usize = 3;

/// The preview, styled.
pub(super) fn text(preview: &Preview<'_>, prepared: &Prepared) -> String {
    let Preview { mapping, source, event, .. } = preview;
    let source = if source == "-" { "standard input" } else { source };
    let mut out = format!("{HEAD}{source}, line {}{HEAD:#}, mapping {mapping}\n", event.line);
    if let Some(fault) = event.fault {
        let _ = writeln!(out, "\n{BAD}no event{BAD:#}: {}; it becomes a dead letter", fault.message());
        return out;
    }
    let before = indented(&String::from_utf8_lossy(&event.bytes));
    for rule in &preview.rules {
        out.push('\n');
        of_rule(rule, &before, prepared, &mut out);
    }
    out
}

fn of_rule(rule: &RulePreview<'_>, before: &str, prepared: &Prepared, out: &mut String) {
    let (outcome, reason) = rule.outcome();
    let style = match outcome {
        "enriched" => GOOD,
        "dead_lettered" | "dropped" => BAD,
        _ => ODD,
    };
    let reason = reason.map_or(String::new(), |reason| format!(" ({reason})"));
    let _ = writeln!(out, "{HEAD}rule {}{HEAD:#}: {style}{outcome}{style:#}{reason}", rule.name);
    if let Some(fault) = &rule.fault {
        let _ = writeln!(out, "  {fault}");
    }
    if let Some(consent) = &rule.trace.consent {
        of_consent(consent, out);
    }
    if let Some(when) = &rule.trace.when {
        of_condition(when, rule.trace.lookups.is_some(), out);
    }
    for lookup in rule.trace.lookups.iter().flatten() {
        of_lookup(lookup, prepared, out);
    }
    if let Some(sent) = &rule.sent {
        rule.trace.writes.iter().for_each(|write| of_write(write, out));
        difference(before, &indented(&String::from_utf8_lossy(sent)), out);
    }
}

fn of_consent(consent: &ConsentTrace, out: &mut String) {
    let mark = mark(consent.is_given);
    let said = match consent.object {
        ConsentObject::Absent => "the event has no $.context.consent, so nothing is asked".to_owned(),
        ConsentObject::Empty if consent.is_given => "$.context.consent is empty, so nothing is asked".to_owned(),
        ConsentObject::Empty => "$.context.consent is empty beside integrations: nothing is allowed".to_owned(),
        ConsentObject::Given => {
            let category = |(name, value): &(String, Option<String>)| {
                format!("{name} is {}", value.as_deref().map_or("absent".to_owned(), shown))
            };
            consent.categories.iter().map(category).collect::<Vec<_>>().join(", ")
        }
    };
    let _ = writeln!(out, "  {mark} consent: {said}");
}

/// A condition and, where it has parts, those that decided; each with what it read.
fn of_condition(when: &Explanation, is_looked_up: bool, out: &mut String) {
    let held = |part: &Explanation| mark(part.held.unwrap_or_default());
    let read = |read: &OperandValue| {
        let is_column = read.text.starts_with("entities.");
        let value = match read.value.as_deref() {
            Some(value) => shown(value),
            None if is_column && !is_looked_up => "not looked up".to_owned(),
            None => "absent".to_owned(),
        };
        format!("{} is {value}", read.text)
    };
    let values = |part: &Explanation| part.values.iter().map(read).collect::<Vec<_>>().join(", ");
    let _ = writeln!(out, "  {} when: {}", held(when), when.text);
    for part in when.deciding() {
        let what = if part.text == when.text { String::new() } else { format!("{} {}: ", held(part), part.text) };
        let _ = writeln!(out, "      {what}{}", values(part));
    }
}

fn of_lookup(lookup: &LookupTrace, prepared: &Prepared, out: &mut String) {
    let LookupTrace { alias, entity, result, .. } = lookup;
    let mark = match (result, lookup.optional) {
        (LookupResult::Found, _) => mark(true),
        (_, true) => format!("{ODD}-{ODD:#}"),
        (_, false) => mark(false),
    };
    let item = lookup.item.map_or(String::new(), |item| format!("[{item}]"));
    let part = |part: &crate::join::KeyPart| {
        let value = part.value.as_deref().map_or("nothing".to_owned(), shown);
        format!("{} = {value} from {}", part.column, part.from)
    };
    let key = lookup.parts.iter().map(part).collect::<Vec<_>>().join(", ");
    let optional = if lookup.optional { ", optional" } else { "" };
    let _ = write!(out, "  {mark} {alias}{item}: {} in {entity}{optional}, {key}", result.in_words());
    match needed(lookup, &prepared.store) {
        Some(needed) => {
            let _ = writeln!(out, "\n      {needed}");
        }
        None => out.push('\n'),
    }
}

fn of_write(write: &WriteTrace, out: &mut String) {
    let WriteTrace { to, alias, column, value, origin, .. } = write;
    let line = match (origin, value.as_deref()) {
        (Origin::Row, value) => format!("= {} from {alias}.{column}", shown(value.unwrap_or("null"))),
        (Origin::Fallback, Some(value)) => format!("= {} by default, as {alias} has no row", shown(value)),
        (Origin::Fallback, None) => format!("stays as it is, as {alias} has no row"),
    };
    let _ = writeln!(out, "    {to} {line}");
}

fn difference(before: &str, after: &str, out: &mut String) {
    for group in groups(&lines(before, after), CONTEXT_LINES) {
        out.push('\n');
        for line in group {
            let _ = match line {
                Line::Same(line) => writeln!(out, "      {line}"),
                Line::Gone(line) => writeln!(out, "    {BAD}- {line}{BAD:#}"),
                Line::New(line) => writeln!(out, "    {GOOD}+ {line}{GOOD:#}"),
            };
        }
    }
}

fn mark(is_good: bool) -> String {
    if is_good { format!("{GOOD}✓{GOOD:#}") } else { format!("{BAD}✗{BAD:#}") }
}

/// A JSON text, cut if it is long.
fn shown(json: &str) -> String {
    if json.chars().count() <= SHOWN_CHARACTERS {
        return json.to_owned();
    }
    format!("{}…", json.chars().take(SHOWN_CHARACTERS).collect::<String>())
}
