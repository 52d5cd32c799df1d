//! How one entity's sync ended, for people and for machines.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use indicatif::HumanCount;
use serde::Serialize;
use weft_plan_types::SyncPlan;
use weft_sync::{Ending, Held, Report, Rows};

use super::{Exit, Failure, Trouble};
use crate::cli::result_file;

/// An error is cut to so many characters in a result.
const ERROR_CHARACTERS: usize = 1000;

/// The exit code of a run that could do its work.
pub(super) fn exit(report: &Report) -> Exit {
    match report.outcome {
        _ if report.buckets.left > 0 => Exit::TryAgain,
        Ending::Held => Exit::Held,
        Ending::Synced | Ending::Unchanged | Ending::DryRun if report.rows.rejected > 0 => Exit::Incomplete,
        Ending::Synced | Ending::Unchanged | Ending::DryRun => Exit::Done,
    }
}

/// The one of two ways to end that has to be told first.
pub(in crate::cli) fn graver(one: Exit, other: Exit) -> Exit {
    let order = [Exit::Misconfigured, Exit::Refused, Exit::TryAgain, Exit::Held, Exit::Incomplete];
    order.into_iter().find(|exit| *exit == one || *exit == other).unwrap_or(Exit::Done)
}

/// One entity's result as JSON.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    entity: &'a str,
    #[serde(flatten)]
    report: Option<&'a Report>,
    #[serde(flatten)]
    error: Option<Failed>,
    seconds: f64,
}

#[derive(Serialize)]
struct Failed {
    outcome: &'static str,
    error: String,
}

impl<'a> Line<'a> {
    pub(super) fn new(plan: &'a SyncPlan, outcome: &'a Result<Report, Trouble>, took: Duration) -> Self {
        let error = outcome.as_ref().err().map(|trouble| Failed {
            outcome: if trouble.exit() == Exit::Refused { "refused" } else { "failed" },
            error: trouble.to_string().chars().take(ERROR_CHARACTERS).collect(),
        });
        let seconds = (took.as_secs_f64() * 1000.0).round() / 1000.0;
        Self { entity: &plan.entity.slug, report: outcome.as_ref().ok(), error, seconds }
    }

    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).expect("a result is texts and numbers")
    }

    /// Writes the result to a file; without what was asked for to look at, if it is too long with it.
    pub(super) fn write_to(&self, path: &Path) -> Result<(), Failure> {
        let mut json = self.json();
        if json.len() > result_file::BYTES {
            let report =
                self.report.map(|report| Report { samples: Vec::new(), statements: Vec::new(), ..report.clone() });
            let Self { entity, seconds, .. } = *self;
            json = Line { entity, report: report.as_ref(), error: None, seconds }.json();
        }
        result_file::write(path, &json)
    }
}

/// The result for people.
pub(super) fn text(plan: &SyncPlan, report: &Report, took: Duration) -> String {
    let rows = &report.rows;
    let slug = &plan.entity.slug;
    let mut text = match report.outcome {
        Ending::Synced => format!("{slug}: synced, {}", changes(rows)),
        Ending::Unchanged => format!("{slug}: unchanged"),
        Ending::Held => format!("{slug}: held, {}", changes(rows)),
        Ending::DryRun => format!("{slug}: would have {}", changes(rows)),
    };
    let _ = writeln!(text, "; {}, {:.1} s", counted(rows.total, "row"), took.as_secs_f64());
    if let Some(resumed) = &report.resumed {
        let buckets = counted((resumed.buckets.rebuilt + resumed.buckets.patched).into(), "bucket");
        let _ = writeln!(text, "  brought run {}, which was interrupted, to its end first: {buckets}", resumed.run);
    }
    if report.outcome == Ending::Synced {
        let buckets = &report.buckets;
        let _ = writeln!(
            text,
            "  run {}: {} of {} rewritten, {} changed in part",
            report.run.unwrap_or_default(),
            buckets.rebuilt,
            counted(buckets.total.into(), "bucket"),
            buckets.patched
        );
    }
    if report.mended > 0 {
        let buckets = counted(report.mended as u64, "bucket");
        let _ = writeln!(text, "  filled anew, for the snapshot has another number of rows: {buckets}");
    }
    if report.buckets.left > 0 {
        let buckets = counted(report.buckets.left.into(), "bucket");
        let _ = writeln!(text, "  lost meanwhile: {buckets}; sync again to fill what was lost");
    }
    if report.undropped > 0 {
        let tables = counted(report.undropped as u64, "table");
        let _ =
            writeln!(text, "  not dropped, for something else uses them: {tables} in bookkeeping; the next sync does");
    }
    for (reason, count) in &report.rejected {
        let _ = writeln!(text, "  rejected {}: {}", HumanCount(*count), reason.text());
    }
    for (reason, key) in &report.samples {
        let _ = writeln!(text, "    {key}: {}", reason.text());
    }
    match report.held {
        Some(Held { run: Some(run), reason, rows: Some(rows) }) => {
            let _ = writeln!(
                text,
                "  nothing was written, for run {run} is held, in which the table was another: {}; {}; {}. If that run is \
                 meant, and not what the table has now: weft sync … --entity {slug} --approve {run}",
                changes(&rows),
                counted(rows.total, "row"),
                reason.text()
            );
        }
        Some(Held { run: Some(run), reason, .. }) => {
            let _ = writeln!(
                text,
                "  {}: nothing was written. If this is meant: weft sync … --entity {slug} --approve {run}",
                reason.text()
            );
        }
        Some(Held { run: None, reason, .. }) => {
            let _ = writeln!(text, "  it would be held: {}", reason.text());
        }
        None => {}
    }
    for statement in &report.statements {
        let _ = writeln!(text, "\n{statement};");
    }
    text
}

fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", HumanCount(count), if count == 1 { "" } else { "s" })
}

fn changes(rows: &Rows) -> String {
    format!(
        "{} added, {} changed, {} removed",
        HumanCount(rows.added),
        HumanCount(rows.changed),
        HumanCount(rows.removed)
    )
}
