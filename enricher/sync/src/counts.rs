//! What a stage holds, in numbers.

use std::collections::BTreeMap;

use serde::Serialize;

/// Why a row is not in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A key column is NULL.
    NullKey,
    /// A key is empty, longer than 1 KiB, or no value of its column's type.
    BadKey,
    /// Several rows have the same key; all of them are left out.
    DuplicateKey,
    /// The row takes more than 64 KiB.
    RowTooLarge,
    /// A text is not UTF-8.
    NotUtf8,
}

impl Reason {
    /// As a stage spells it.
    pub(crate) fn of_op(op: &str) -> Option<Self> {
        Some(match op {
            "null_key" => Self::NullKey,
            "bad_key" => Self::BadKey,
            "duplicate" => Self::DuplicateKey,
            "too_large" => Self::RowTooLarge,
            "not_utf8" => Self::NotUtf8,
            _ => return None,
        })
    }

    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Self::NullKey => "NULL key",
            Self::BadKey => "key empty, longer than 1 KiB or not of its column's type",
            Self::DuplicateKey => "key shared with another row",
            Self::RowTooLarge => "more than 64 KiB; name fewer `columns`",
            Self::NotUtf8 => "text that is not UTF-8",
        }
    }
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
    pub(crate) rejected: BTreeMap<Reason, u64>,
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
                let Some(reason) = Reason::of_op(op) else { return false };
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
