//! What a stage holds, in numbers.

use std::collections::BTreeMap;

use weft_warehouse::Rejection;

/// The reason that a stage spells as the `op` of a row.
pub(crate) fn rejection(op: &str) -> Option<Rejection> {
    Some(match op {
        "null_key" => Rejection::NullKey,
        "bad_key" => Rejection::BadKey,
        "duplicate" => Rejection::DuplicateKey,
        "too_large" => Rejection::RowTooLarge,
        "not_utf8" => Rejection::NotUtf8,
        _ => return None,
    })
}

/// How many rows a stage has, by what is to be done with them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) added: u64,
    pub(crate) changed: u64,
    /// Unchanged, in buckets to be filled anew.
    pub(crate) same: u64,
    /// Gone from the table.
    pub(crate) removed: u64,
    /// Keys of the base whose rows cannot be used any more.
    pub(crate) spoilt: u64,
    /// Rows of the table that cannot be used.
    pub(crate) rejected: BTreeMap<Rejection, u64>,
}

impl Counts {
    /// Takes one line of counts: rows of a stage with an `op`, of keys that the base has or has not, which stand for
    /// so many rows of the table. `false` if there is no such `op`.
    pub(crate) fn add(&mut self, op: &str, was: bool, staged: u64, rows: u64) -> bool {
        match op {
            "added" => self.added += staged,
            "changed" => self.changed += staged,
            "same" => self.same += staged,
            "removed" => self.removed += staged,
            _ => {
                let Some(reason) = rejection(op) else { return false };
                *self.rejected.entry(reason).or_default() += rows;
                self.spoilt += if was { staged } else { 0 };
            }
        }
        true
    }

    /// The rows that leave the store.
    pub(crate) fn removed(&self) -> u64 {
        self.removed + self.spoilt
    }

    /// The rows that the store is to have, if the base has so many.
    pub(crate) fn total(&self, base_rows: u64) -> u64 {
        (base_rows + self.added).saturating_sub(self.removed())
    }

    /// The rows that are written or removed.
    pub(crate) fn touched(&self) -> u64 {
        self.added + self.changed + self.removed()
    }

    /// The rows of the table that cannot be used.
    pub(crate) fn rejected(&self) -> u64 {
        self.rejected.values().sum()
    }
}
