//! A rule's `when`.

use weft_language::Condition;

use super::rule::Scope;
use crate::Reason;
use crate::diagnostic::Report;

pub(super) fn parses(scope: &Scope<'_>, report: &mut Report<'_>) {
    let Some(text) = &scope.rule.when else { return };
    if let Err(error) = Condition::parse(text) {
        let place =
            format!("characters {} to {}", characters(text, error.start) + 1, characters(text, error.end).max(1));
        let at = match text.get(error.start..error.end).unwrap_or_default().trim() {
            "" => "at the end".to_owned(),
            _ if error.end - error.start == text.len() => "as a whole".to_owned(),
            fault => format!("at `{fault}` ({place})"),
        };
        let message = format!("the condition does not parse {at}");
        report.error(Reason::InvalidCondition, scope.field("when"), message, error.message);
    }
}

/// How many characters the first bytes of a text are.
fn characters(text: &str, bytes: usize) -> usize {
    text.get(..bytes).unwrap_or(text).chars().count()
}
