//! A rule's `when`.

use std::collections::BTreeSet;
use std::ops::Range;

use weft_language::{Condition, EntityColumn};

use super::enrichment::report_unless_synced;
use super::rule::Scope;
use crate::Reason;
use crate::diagnostic::Report;

pub(super) fn parses(scope: &Scope<'_>, report: &mut Report<'_>) {
    let Some(text) = &scope.rule.when else { return };
    if let Err(error) = Condition::parse(text) {
        let message = format!("the condition does not parse {}", place(text, error.start..error.end));
        report.error(Reason::InvalidCondition, scope.field("when"), message, error.message);
    }
}

/// A condition holds for an event, so it reads rows of which there is one for an event.
pub(super) fn reads_aliases(scope: &Scope<'_>, report: &mut Report<'_>) {
    let mut told = BTreeSet::new();
    for EntityColumn { alias, .. } in scope.condition.iter().flat_map(|condition| condition.columns()) {
        if !told.insert(alias) {
            continue;
        }
        if scope.alias(alias).is_none() {
            scope.report_unknown_alias(alias, scope.field("when"), report);
        } else if scope.alias_row(alias).is_some_and(|row| row.is_per_item) {
            let message =
                format!("the condition reads `entities.{alias}`, of which there is a row per item of an array");
            let help = "judge by fields of the event, or by an alias that is found by a key in the event";
            report.error(Reason::AliasIsList, scope.field("when"), message, help);
        }
    }
}

pub(super) fn reads_synced_columns(scope: &Scope<'_>, report: &mut Report<'_>) {
    for EntityColumn { alias, column } in scope.condition.iter().flat_map(|condition| condition.columns()) {
        if let Some(entity) = scope.alias_entity(alias) {
            report_unless_synced(column, entity, || scope.field("when"), report);
        }
    }
}

/// Where a fault is, in words; the text at fault too, where it is short.
fn place(text: &str, span: Range<usize>) -> String {
    const LONGEST_EXCERPT: usize = 64;
    let characters = |bytes| text.get(..bytes).unwrap_or(text).chars().count();
    let place = match (characters(span.start) + 1, characters(span.end)) {
        _ if span.start >= text.trim_end().len() => return "at the end".to_owned(),
        (first, last) if last <= first => format!("character {first}"),
        (first, last) => format!("characters {first} to {last}"),
    };
    match text.get(span).unwrap_or_default() {
        excerpt if excerpt.is_empty() || excerpt.len() > LONGEST_EXCERPT => format!("at {place}"),
        excerpt => format!("at `{excerpt}` ({place})"),
    }
}
