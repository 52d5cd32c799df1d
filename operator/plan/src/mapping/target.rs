//! Where a rule's values are written: the `to` of its enrichments.

use weft_language::{Path, Place, Segment};

use super::rule::Scope;
use crate::Reason;
use crate::diagnostic::Report;

/// The `to` of each enrichment that parses, with the enrichment's place.
pub(super) fn targets<'s>(scope: &'s Scope<'_>) -> impl Iterator<Item = (usize, Place)> + 's {
    let written = scope.rule.enrichments.iter().enumerate();
    written.filter_map(|(place, enrichment)| Some((place, Place::parse(&enrichment.to).ok()?)))
}

/// The array into whose items an enrichment writes, where its alias walks one.
pub(super) fn array<'s>(scope: &'s Scope<'_>, enrichment: usize) -> Option<&'s Path> {
    let alias = &scope.rule.enrichments.get(enrichment)?.from.alias;
    scope.alias_row(alias)?.array.as_ref()
}

pub(super) fn parse(scope: &Scope<'_>, report: &mut Report<'_>) {
    for (place, enrichment) in scope.rule.enrichments.iter().enumerate() {
        let to = &enrichment.to;
        if let Err(error) = Place::parse(to) {
            let message = format!("`{to}` is no path, from byte {} on", error.at + 1);
            let field = scope.field(format_args!("enrichments[{place}].to"));
            report.error(Reason::InvalidPath, field, message, error.message);
        }
    }
}

/// A row of an item is written into the item, a row of the event into the event.
pub(super) fn are_where_the_row_is(scope: &Scope<'_>, report: &mut Report<'_>) {
    for (place, target) in targets(scope) {
        let Some(enrichment) = scope.rule.enrichments.get(place) else { continue };
        let (to, alias) = (&enrichment.to, &enrichment.from.alias);
        let Some(row) = scope.alias_row(alias) else { continue };
        let field = || scope.field(format_args!("enrichments[{place}].to"));
        match (&target, row.is_per_item) {
            (Place::Event(path), true) => {
                let message = format!("`{to}` is one place in the event, but `{alias}` has a row per item of an array");
                let help = match path.segments().last() {
                    Some(last) => format!("write into the item: {}", Place::Item(Path::new(vec![last.clone()]))),
                    None => "write into the item, such as @.name".to_owned(),
                };
                report.error(Reason::AliasIsList, field(), message, help);
            }
            (Place::Item(_), false) => {
                let message = format!("`{to}` names a place in an item, and `{alias}` walks no array");
                let help = format!("start the path with $., or give `{alias}` the array in `forEach`");
                report.error(Reason::NoItem, field(), message, help);
            }
            (Place::Event(_), false) | (Place::Item(_), true) => {}
        }
    }
}

pub(super) fn can_be_written(scope: &Scope<'_>, report: &mut Report<'_>) {
    let consent = Path::new(["context", "consent"].map(|name| Segment::Name(name.to_owned())).to_vec());
    for (place, target) in targets(scope) {
        let Some(to) = scope.rule.enrichments.get(place).map(|enrichment| &enrichment.to) else { continue };
        let (field, path) = (|| scope.field(format_args!("enrichments[{place}].to")), target.path());
        let is_consent = match &target {
            Place::Event(path) => path.starts_with(&consent) || consent.starts_with(path),
            Place::Item(_) => array(scope, place).is_some_and(|array| array.starts_with(&consent)),
        };
        if path.segments().is_empty() {
            let (whole, example) = match target {
                Place::Event(_) => ("the whole event", "$.properties.product_name"),
                Place::Item(_) => ("a whole item", "@.product_name"),
            };
            let (message, help) = (format!("{whole} cannot be replaced"), format!("name a member, such as {example}"));
            report.error(Reason::NotWritable, field(), message, help);
        } else if !path.has_names_only() {
            let message = format!("`{to}` leads into an array");
            report.error(Reason::NotWritable, field(), message, "write to member names only, without [ ] indexes");
        } else if is_consent {
            let message = format!("`{to}` would change the event's consent");
            report.error(Reason::ConsentIsReadOnly, field(), message, "write outside $.context.consent");
        }
    }
}
