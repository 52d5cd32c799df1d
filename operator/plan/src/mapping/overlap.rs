//! No two of a rule's enrichments write to one place, or one inside what the other writes.

use std::collections::BTreeMap;

use weft_language::{Path, Place};

use super::rule::Scope;
use super::target::{array, targets};
use crate::Reason;
use crate::diagnostic::Report;

/// What one enrichment changes of the event, or of an array's item.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Change {
    path: Path,
    kind: Kind,
    /// The enrichment.
    place: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// It is replaced.
    Value,
    /// It is an array, whose items are written into.
    Array,
}

pub(super) fn none(scope: &Scope<'_>, report: &mut Report<'_>) {
    let mut of_event = Vec::new();
    let mut of_items: BTreeMap<&Path, Vec<Change>> = BTreeMap::new();
    // A place that cannot be written to at all has been told of.
    let can_be_written = |target: &Place| !target.path().segments().is_empty() && target.path().has_names_only();
    for (place, target) in targets(scope).filter(|(_, target)| can_be_written(target)) {
        match (target, array(scope, place)) {
            (Place::Event(path), _) => of_event.push(Change { path, kind: Kind::Value, place }),
            (Place::Item(path), Some(array)) => {
                let of_item = of_items.entry(array).or_default();
                if of_item.is_empty() {
                    of_event.push(Change { path: array.clone(), kind: Kind::Array, place });
                }
                of_item.push(Change { path, kind: Kind::Value, place });
            }
            (Place::Item(_), None) => {}
        }
    }
    apart(of_event, Place::Event, scope, report);
    for (_, of_item) in of_items {
        apart(of_item, Place::Item, scope, report);
    }
}

/// Reports each change that is, or lies inside, another one.
fn apart(mut changes: Vec<Change>, within: fn(Path) -> Place, scope: &Scope<'_>, report: &mut Report<'_>) {
    changes.sort();
    // Sorted by steps, everything inside a path follows it directly.
    let mut outer: Option<&Change> = None;
    for change in &changes {
        match outer {
            Some(outer) if change.path.starts_with(&outer.path) => {
                let field = scope.field(format_args!("enrichments[{}].to", change.place));
                let (inner, around) = (within(change.path.clone()), within(outer.path.clone()));
                let message = conflict(change, &inner, outer, &around);
                report.error(Reason::ConflictingPaths, field, message, "write one of them elsewhere");
            }
            _ => outer = Some(change),
        }
    }
}

fn conflict(inner: &Change, at: &Place, outer: &Change, around: &Place) -> String {
    let first = outer.place;
    match (inner.kind, outer.kind, at == around) {
        (Kind::Value, Kind::Value, true) => format!("enrichments[{first}] writes to `{at}` too"),
        (Kind::Array, _, true) => {
            format!("it writes into the items of `{at}`, which enrichments[{first}] replaces as a whole")
        }
        (Kind::Value, Kind::Value, false) => {
            format!("`{at}` lies inside `{around}`, which enrichments[{first}] writes to")
        }
        (Kind::Array, Kind::Value, false) => {
            format!(
                "it writes into the items of `{at}`, which lies inside `{around}`, which enrichments[{first}] writes to"
            )
        }
        (Kind::Value, Kind::Array, _) => {
            format!("`{at}` lies inside the array `{around}`, into whose items enrichments[{first}] writes")
        }
        (Kind::Array, Kind::Array, false) => format!(
            "it writes into the items of `{at}`, an array inside the array `{around}`, into whose items \
             enrichments[{first}] writes"
        ),
    }
}
