//! Brings the store's copy of one entity up to date with its table. What differs is computed inside the warehouse, so
//! that only changes travel; a run may be killed, stopped or overtaken at any point, and one clean run afterwards makes
//! store and table equal.
//!
//! | step | what it does | what it leaves |
//! |---|---|---|
//! | claim | takes a number that nobody else has, by creating a table of that name | `…_claim` |
//! | resume | applies the stage again that the store's meta says was being applied | |
//! | stage | compares the table with the snapshot of the store's run, in one statement | `…_stage` |
//! | check | holds what is too much to do unasked, and makes every key text a second time | |
//! | promote | makes the snapshot of this run from the last one and the stage, then records the run in the meta | `…_snap` |
//! | apply | brings every bucket to this run, each in one atomic step | |
//! | commit | makes this run the one that readers are told; sweeps what is not needed any more | |
//!
//! The tables in bookkeeping are immutable: they are made by one `CREATE TABLE AS` and dropped. Safety rests on the
//! claim and on the token in the meta, which every script compares; a lease that keeps two runs from doing the same
//! work is the caller's. The protocol's model is the test `model`.

mod apply;
mod audit;
#[cfg(test)]
#[path = "../../language/tests/cases/mod.rs"]
mod cases;
mod cleanup;
mod counts;
mod decide;
mod error;
mod guard;
mod header;
mod inspect;
#[cfg(test)]
mod model;
mod names;
mod report;
mod rows;
mod run;
mod statements;

pub use cleanup::{Cleaned, Cleaning, Removing, cleanup};
pub use error::{Remedy, SyncError};
pub use report::{Buckets, Ending, Held, Mode, Report, Resumed, Rows};
pub use run::sync;

/// What is asked of a run, apart from the plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request {
    /// Fill every bucket anew, whatever the store says it has.
    pub full: bool,
    /// Apply what this run was held with, and nothing else.
    pub approve: Option<u64>,
    /// Write nothing; say what would be done.
    pub dry_run: bool,
    /// So many rejected rows are shown, with their keys.
    pub samples: usize,
}

/// A part of a run that takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The warehouse compares the table with the last snapshot.
    Stage,
    /// The keys of what was found are checked.
    Check,
    /// The warehouse writes the new snapshot.
    Promote,
    /// The store's buckets are brought to the run.
    Apply,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What it does.
    pub step: Step,
    /// The rows it has done that with.
    pub rows: u64,
    /// Of so many.
    pub of: Option<u64>,
}
