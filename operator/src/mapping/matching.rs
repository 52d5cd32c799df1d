//! Whether the keys of events have rows: where most of them have none, key and column rarely mean the same.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::condition::{Finding, Is};
use crate::enrichers::Said;
use crate::events::Told;
use crate::reason::Reason;

const MATCHING: &str = "Matching";
/// So many aliases are named.
const MOST_NAMED: usize = 5;

/// What is found of a mapping that has enrichers; until it can be told, as it was. No numbers: they change with every
/// event, and what is quiet writes nothing.
pub(super) fn matching(before: &[Condition], said: &Said) -> Finding {
    let well = || {
        let message = "of each alias at least half of the keys had a row for ten minutes, or too few came to tell";
        Finding::new(MATCHING, Is::True, Reason::KeysFound, message)
    };
    let Some(misses) = &said.misses else {
        let missing = before.iter().find(|it| it.type_ == MATCHING && it.status == "False");
        return missing.map_or_else(well, |it| Finding::new(MATCHING, Is::False, &it.reason, &it.message));
    };
    if misses.is_empty() {
        return well();
    }
    let named = misses.iter().take(MOST_NAMED).map(|it| format!("`{}` of rule `{}`", it.alias, it.rule));
    let more = misses.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let message = format!(
        "for ten minutes more than half of the keys of {}{more} had no row: compare a key of an event with the table's (`weft \
         lookup` shows rows as enrichers see them); the path may lead to another field, the key may be spelled or typed \
         otherwise, or the table may lack these rows",
        named.collect::<Vec<_>>().join(", ")
    );
    Finding::new(MATCHING, Is::False, Reason::KeysMissing, message)
}

/// What is to be told where it turned.
pub(super) fn turned(before: &[Condition], found: &Finding) -> Option<Told> {
    let was = before.iter().find(|it| it.type_ == MATCHING).map(|it| it.status.as_str());
    match found.is {
        Is::False if was != Some("False") => Some(Told::warning(&found.reason, "Enrich", &found.message)),
        Is::True if was == Some("False") => Some(Told::normal(&found.reason, "Enrich", &found.message)),
        _ => None,
    }
}
