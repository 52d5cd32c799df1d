//! What a run tells when it ends.

use std::collections::BTreeMap;

use serde::Serialize;
use weft_plan_types::HoldReason;
use weft_warehouse::Rejection;

use crate::counts::Counts;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The store has what the table had.
    Synced,
    /// The table had not changed, and the store was whole.
    Unchanged,
    /// What was found waits for approval; the store is as it was.
    Held,
    /// Nothing was written: it was asked what would be.
    DryRun,
}

/// What a run compared the table with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// With a snapshot: only what differs travelled.
    Incremental,
    /// With nothing, or all buckets were filled anew: every row travelled.
    Full,
    /// With nothing: it applied what was held.
    Approved,
}

/// The rows of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rows {
    /// New in the table.
    pub added: u64,
    /// With other values.
    pub changed: u64,
    /// Gone from the table, or not usable any more.
    pub removed: u64,
    /// Rows of the table that cannot be used.
    pub rejected: u64,
    /// Rows of the store after the run; for a held one, as it would be.
    pub total: u64,
}

impl Rows {
    pub(crate) fn new(counts: &Counts, base_rows: u64) -> Self {
        Self {
            added: counts.added,
            changed: counts.changed,
            removed: counts.removed(),
            rejected: counts.rejected(),
            total: counts.total(base_rows),
        }
    }
}

/// The buckets of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Buckets {
    /// How many the entity has.
    pub total: u32,
    /// Filled anew.
    pub rebuilt: u32,
    /// Changed in part.
    pub patched: u32,
    /// As they were.
    pub kept: u32,
    /// Lost while the run wrote: readers are told that they are unavailable, and the next run fills them anew.
    pub left: u32,
}

/// A stage that waits for approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The run to approve; none in a dry run, which makes none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<u64>,
    /// Why it waits.
    pub reason: HoldReason,
    /// The rows of the run to approve, where it is an earlier one than the run that was held now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Rows>,
}

/// An earlier run that was brought to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Resumed {
    /// The run.
    pub run: u64,
    /// What was left to do of it.
    pub buckets: Buckets,
}

/// A run that could do its work.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How it ended.
    pub outcome: Ending,
    /// Its number; for an approved one, that of the run that was held. None for a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<u64>,
    /// What it compared with.
    pub mode: Mode,
    /// When the rows in the store were read from the table, Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_time: Option<u64>,
    /// When they were last found to be those of the table, Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_time: Option<u64>,
    /// The rows.
    pub rows: Rows,
    /// The buckets.
    pub buckets: Buckets,
    /// Rows that cannot be used, by reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rejected: BTreeMap<Rejection, u64>,
    /// What waits for approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// An earlier run, which was killed at applying what it found, was brought to its end first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resumed: Option<Resumed>,
    /// How many buckets had another number of rows than their snapshot, and were filled anew.
    #[serde(skip_serializing_if = "is_zero")]
    pub mended: usize,
    /// How many tables in bookkeeping were to be dropped, and stay because others use them; the next run drops them.
    #[serde(skip_serializing_if = "is_zero")]
    pub undropped: usize,
    /// Rejected rows as they were asked for: why, and the key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<(Rejection, String)>,
    /// The statements that a dry run would have run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<String>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}
