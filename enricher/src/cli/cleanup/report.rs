//! How the removal of one entity's copy ended, for people and for machines.

use std::path::Path;
use std::time::Duration;

use indicatif::HumanCount;
use serde::Serialize;
use weft_sync::Cleaned;

use super::{Exit, Failure, Trouble};
use crate::cli::result_file;

/// An error is cut to so many characters: a result has to fit into a termination message of 4 KiB.
const ERROR_CHARACTERS: usize = 900;

/// One entity's result as JSON.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    entity: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buckets: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tables: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    seconds: f64,
}

impl<'a> Line<'a> {
    pub(super) fn new(slug: &'a str, outcome: &'a Result<Cleaned, Trouble>, dry_run: bool, took: Duration) -> Self {
        let cleaned = outcome.as_ref().ok();
        Self {
            entity: slug,
            outcome: match outcome {
                Ok(_) if dry_run => "dry_run",
                Ok(cleaned) if *cleaned == Cleaned::default() => "absent",
                Ok(_) => "removed",
                Err(trouble) if trouble.exit() == Exit::Refused => "refused",
                Err(_) => "failed",
            },
            owner: cleaned.and_then(|cleaned| cleaned.owner.as_deref()),
            buckets: cleaned.map(|cleaned| cleaned.buckets),
            tables: cleaned.map(|cleaned| cleaned.tables),
            error: outcome.as_ref().err().map(|trouble| trouble.to_string().chars().take(ERROR_CHARACTERS).collect()),
            seconds: (took.as_secs_f64() * 1000.0).round() / 1000.0,
        }
    }

    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).expect("a result is texts and numbers")
    }

    /// Writes the result to a file.
    pub(super) fn write_to(&self, path: &Path) -> Result<(), Failure> {
        result_file::write(path, &self.json())
    }
}

/// The result for people.
pub(super) fn text(slug: &str, cleaned: &Cleaned, dry_run: bool) -> String {
    let Cleaned { owner, buckets, tables, .. } = cleaned;
    if *cleaned == Cleaned::default() {
        return format!("{slug}: nothing to remove\n");
    }
    let of = owner.as_ref().map_or_else(String::new, |owner| format!(" of {owner}"));
    let verb = if dry_run { "would remove" } else { "removed" };
    format!(
        "{slug}: {verb} {} from the store{of} and {} from bookkeeping\n",
        counted(*buckets, "bucket"),
        counted(*tables, "table")
    )
}

pub(super) fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", HumanCount(count), if count == 1 { "" } else { "s" })
}
