//! What a lookup would have needed to find a row.

use weft_store::{ColumnType, MemoryStore};

use crate::join::{KeyPart, LookupResult, LookupTrace};

/// In words, why a lookup found nothing and what would have been found; `None` for one that found its row.
pub(super) fn needed(lookup: &LookupTrace, store: &MemoryStore) -> Option<String> {
    match lookup.result {
        LookupResult::Found => None,
        LookupResult::NoKey => {
            let empty: Vec<_> = lookup.parts.iter().filter_map(empty).collect();
            Some(empty.join("; "))
        }
        LookupResult::BadKey => {
            let parts = lookup.parts.iter().map(|part| format!("{} takes {}", part.column, taken(part.kind)));
            Some(parts.collect::<Vec<_>>().join("; "))
        }
        LookupResult::Missing => Some(match similar_key(lookup, store) {
            Some(key) => format!("no row has this key; one has {key:?}, and keys are compared exactly"),
            None => "no row has this key".to_owned(),
        }),
    }
}

/// Why a part of a key has no value; `None` for one that has.
fn empty(part: &KeyPart) -> Option<String> {
    let from = &part.from;
    // A column of another row is written ALIAS.COLUMN, a path starts with `$` or `@`.
    let alias = from.split_once('.').map(|(alias, _)| alias).filter(|alias| !alias.starts_with(['$', '@']));
    match (part.value.as_deref(), alias) {
        (None, Some(alias)) => Some(format!("{alias} has no row")),
        (None, None) => Some(format!("{from} is absent")),
        (Some("null"), Some(_)) => Some(format!("{from} is NULL")),
        (Some("null"), None) => Some(format!("{from} is null")),
        (Some("\"\""), _) => Some(format!("{from} is empty")),
        (Some(_), _) => None,
    }
}

/// What a key column of a type takes from an event.
fn taken(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Integer => "a whole number, or a text of digits",
        ColumnType::Decimal => "a number, or a text that is one",
        ColumnType::Text | ColumnType::FixedText => "a text, number or boolean of at most 1,024 bytes",
        ColumnType::Boolean => "true or false",
        ColumnType::Uuid => "a UUID, with or without hyphens",
        ColumnType::Bytes => "a text in base64",
        ColumnType::Date => "a day such as 2026-01-31",
        ColumnType::Timestamp => "a time without a zone, such as 2026-01-31T12:00:00",
        ColumnType::TimestampTz => "a time with its offset, such as 2026-01-31T12:00:00Z",
        ColumnType::Float | ColumnType::Json | ColumnType::Mixed => "nothing: it cannot be a key",
    }
}

/// A key that differs from the one looked up only in case or in blanks around it.
fn similar_key(lookup: &LookupTrace, store: &MemoryStore) -> Option<String> {
    let folded = |key: &str| key.trim().to_lowercase();
    let wanted = folded(lookup.key.as_deref()?);
    let keys = store.keys(&lookup.entity).filter_map(|key| std::str::from_utf8(key).ok());
    keys.filter(|key| folded(key) == wanted).min().map(str::to_owned)
}
