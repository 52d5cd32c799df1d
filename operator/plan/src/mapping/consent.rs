//! A rule's `consent`: the categories it asks for.

use std::collections::BTreeMap;

use super::rule::Scope;
use crate::Reason;
use crate::diagnostic::Report;

pub(super) fn is_to_categories(scope: &Scope<'_>, report: &mut Report<'_>) {
    let Some(consent) = &scope.rule.consent else { return };
    if consent.categories.is_empty() {
        let help = "name a category, such as Advertising, or leave `consent` out";
        report.error(Reason::InvalidSpec, scope.field("consent.categories"), "consent names no category", help);
    }
    let mut seen = BTreeMap::new();
    for (place, category) in consent.categories.iter().enumerate() {
        let field = scope.field(format_args!("consent.categories[{place}]"));
        if category.is_empty() {
            report.error(Reason::InvalidSpec, field, "the category has no id", "write its id or remove it");
        } else if let Some(first) = seen.insert(category, place) {
            let message = format!("the category `{category}` is asked for twice, also at categories[{first}]");
            report.error(Reason::DuplicateCategory, field, message, "remove one");
        }
    }
}
