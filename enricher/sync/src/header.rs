//! What a stage and a snapshot say of themselves, in the one row of theirs that has a `note`.

use serde::{Deserialize, Serialize};
use weft_store::EntityMeta;

/// The version of both tables' format.
pub(crate) const VERSION: u32 = 1;

/// Which buckets a stage fills anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Rebuild {
    /// Every one.
    All,
    /// These ranges of buckets, first and last, in order.
    Ranges(Vec<(u32, u32)>),
}

impl Rebuild {
    /// Of ascending buckets.
    pub(crate) fn of(buckets: impl IntoIterator<Item = u32>) -> Self {
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for bucket in buckets {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == bucket => *last = bucket,
                _ => ranges.push((bucket, bucket)),
            }
        }
        Self::Ranges(ranges)
    }

    /// Whether a bucket is among them.
    pub(crate) fn contains(&self, bucket: u32) -> bool {
        match self {
            Self::All => true,
            Self::Ranges(ranges) => {
                let at = ranges.partition_point(|(_, last)| *last < bucket);
                ranges.get(at).is_some_and(|(first, _)| *first <= bucket)
            }
        }
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Ranges(ranges) if ranges.is_empty())
    }
}

/// What a stage says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StageHeader {
    /// See [`VERSION`].
    pub(crate) version: u32,
    /// The version of the row hash.
    pub(crate) hash_version: u32,
    /// The run whose snapshot it was compared with; absent if with none.
    pub(crate) base: Option<u64>,
    /// The rows of that snapshot.
    pub(crate) base_rows: u64,
    /// Whether the hashes of that snapshot are of the same columns, and mean a changed row if they differ.
    pub(crate) comparable: bool,
    /// The rows of the store's copy, which may be another one's than the base's.
    #[serde(default)]
    pub(crate) stored_rows: u64,
    /// The store has a copy, and there is no snapshot to compare with.
    pub(crate) is_base_lost: bool,
    /// The number of buckets; absent if it follows from the rows that were found.
    pub(crate) buckets: Option<u32>,
    /// The buckets that are filled anew.
    pub(crate) rebuild: Rebuild,
    /// Key and columns of the rows; `c0`, `c1`, … are its columns.
    pub(crate) entity: EntityMeta,
    /// The key columns' types as they were, if the warehouse changed them since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retyped_from: Option<EntityMeta>,
    /// When the table was read, Unix seconds.
    pub(crate) time: u64,
}

/// What a snapshot says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SnapshotHeader {
    /// See [`VERSION`].
    pub(crate) version: u32,
    /// The version of the row hash.
    pub(crate) hash_version: u32,
    /// How many rows it has.
    pub(crate) rows: u64,
    /// Key and columns that the hashes are of.
    pub(crate) entity: EntityMeta,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_kept_as_ranges() {
        let rebuild = Rebuild::of([0, 1, 2, 5, 7, 8]);
        assert_eq!(rebuild, Rebuild::Ranges(vec![(0, 2), (5, 5), (7, 8)]));
        let within: Vec<u32> = (0..10).filter(|bucket| rebuild.contains(*bucket)).collect();
        assert_eq!(within, [0, 1, 2, 5, 7, 8]);
        assert!(Rebuild::of([]).is_empty() && !rebuild.is_empty() && !Rebuild::All.is_empty());
    }
}
