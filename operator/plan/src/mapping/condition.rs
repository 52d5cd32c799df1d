//! A rule's `when`.

use std::ops::Range;

use weft_language::Condition;

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
