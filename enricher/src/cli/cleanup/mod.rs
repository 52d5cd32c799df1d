//! `weft cleanup`: removes the store's copies of entities and what their syncs keep in bookkeeping.

mod report;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use weft_plan_types::SyncPlan;
use weft_sync::{Cleaned, Cleaning, Remedy, Removing};

use super::exit::tell_error;
use super::sync::{graver, stopped};
use super::{Exit, Failure, Format, FormatArg, print, result_file, tell};
use crate::cleanup::{CleanupFailure, Step, cleanup_entity};
use crate::connect::{ConnectArgs, Connections};

#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    connect: ConnectArgs,

    /// The entity whose copy to remove, by its slug; may be repeated. Needed with manifests
    #[arg(long, value_name = "SLUG", required_unless_present = "plan")]
    entity: Vec<String>,

    /// Remove nothing; say what would be
    #[arg(long)]
    dry_run: bool,

    /// Remove the copy although it belongs to another installation or data graph
    #[arg(long)]
    take_over: bool,

    /// How many seconds to wait while a sync of the entity is at work
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    wait: u64,

    /// Write the result to this file too, as JSON of at most 4 KiB; needs one entity
    #[arg(long, value_name = "PATH")]
    result: Option<PathBuf>,

    #[command(flatten)]
    format: FormatArg,
}

const EXAMPLES: &str = "\
Removes what the syncs of an entity made: its keys in Redis and its tables in
bookkeeping. The table that was copied is not touched. A sync that is at work is
waited for. It may be stopped at any time and run again; enrichers that use the
entity wait from then on. Remove the manifest too, or the next sync makes a new
copy.

Examples:
  # What would be removed?
  weft cleanup -f manifests/ --entity product-entity --dry-run

  # Remove it
  weft cleanup -f manifests/ --entity product-entity

  # As a pod runs it
  weft cleanup --plan /etc/weft/plan.json

Exit codes, the first that applies to any of the entities:
  2  wrong arguments, manifests or logins: do not try again
  5  refused: the copy is another owner's
  1  stopped by something that may pass: try again
  0  nothing is left";

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let (plans, connections) = args.connect.open()?;
    let chosen = chosen(args, &plans.syncs)?;
    if let Some(path) = &args.result {
        result_file::try_file(path)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.context("failed to start the runtime").map_err(Failure::Transient)?;
    runtime.block_on(cleanup_all(args, &chosen, &connections))
}

/// The plans of the entities whose copies to remove.
fn chosen<'plan>(args: &Args, plans: &'plan [SyncPlan]) -> Result<Vec<&'plan SyncPlan>, Failure> {
    let names = || plans.iter().map(|plan| plan.entity.slug.as_str()).collect::<Vec<_>>().join(", ");
    let is_known = |slug: &&String| plans.iter().any(|plan| plan.entity.slug == **slug);
    if let Some(unknown) = args.entity.iter().find(|slug| !is_known(slug)) {
        return Err(Failure::Configuration(anyhow!(
            "there is no entity {unknown} that is copied; there is {}",
            names()
        )));
    }
    let is_wanted = |plan: &&SyncPlan| args.entity.is_empty() || args.entity.contains(&plan.entity.slug);
    let chosen: Vec<_> = plans.iter().filter(is_wanted).collect();
    if chosen.len() != 1 && args.result.is_some() {
        return Err(Failure::Configuration(anyhow!(
            "--result needs one entity; choose with --entity one of {}",
            names()
        )));
    }
    if chosen.is_empty() {
        return Err(Failure::Configuration(anyhow!("the plan holds no Entity that is copied")));
    }
    Ok(chosen)
}

async fn cleanup_all(args: &Args, plans: &[&SyncPlan], connections: &Connections) -> Result<Exit, Failure> {
    let cleaning = Cleaning { take_over: args.take_over, dry_run: args.dry_run };
    let mut exit = Exit::Done;
    for plan in plans {
        let started = Instant::now();
        let outcome = cleanup_one(plan, connections, cleaning, Duration::from_secs(args.wait)).await;
        let line = report::Line::new(&plan.entity.slug, &outcome, args.dry_run, started.elapsed());
        match (args.format.format, &outcome) {
            (Format::Json, _) => print(&format!("{}\n", line.json()))?,
            (Format::Text, Ok(cleaned)) => print(&report::text(&plan.entity.slug, cleaned, args.dry_run))?,
            (Format::Text, Err(trouble)) => tell_error(format_args!("entity {}: {trouble}", plan.entity.slug)),
        }
        if let Some(path) = &args.result {
            line.write_to(path)?;
        }
        exit = graver(exit, outcome.as_ref().err().map_or(Exit::Done, Trouble::exit));
        if matches!(outcome, Err(Trouble::Cleanup(CleanupFailure::Interrupted))) {
            break;
        }
    }
    Ok(exit)
}

async fn cleanup_one(
    plan: &SyncPlan,
    connections: &Connections,
    cleaning: Cleaning,
    wait: Duration,
) -> Result<Cleaned, Trouble> {
    let warehouse = connections.warehouse(plan).await.map_err(Trouble::Connect)?;
    let store = connections.writer(plan).await.map_err(Trouble::Connect)?;
    let slug = &plan.entity.slug;
    let mut shown = |step| match step {
        Step::Waits(waiting) => tell(format_args!("entity {slug}: waits: {}", waiting.text())),
        Step::Removes(Removing::Buckets(0)) => {}
        Step::Removes(Removing::Buckets(buckets)) => {
            tell(format_args!("entity {slug}: removes {} from the store", report::counted(buckets, "bucket")));
        }
        Step::Removes(Removing::Tables(tables)) => {
            tell(format_args!("entity {slug}: drops {} in bookkeeping", report::counted(tables, "table")));
        }
    };
    let work = cleanup_entity(plan, &warehouse, &store, cleaning, wait, &mut shown, stopped());
    work.await.map_err(Trouble::Cleanup)
}

/// Why a copy was not removed.
enum Trouble {
    Connect(Failure),
    Cleanup(CleanupFailure),
}

impl Trouble {
    fn exit(&self) -> Exit {
        let remedy = match self {
            Self::Connect(Failure::Transient(_)) => Remedy::Retry,
            Self::Connect(_) => Remedy::Change,
            Self::Cleanup(failure) => failure.remedy(),
        };
        match remedy {
            Remedy::Retry => Exit::TryAgain,
            Remedy::Change => Exit::Misconfigured,
            Remedy::Leave => Exit::Refused,
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connect(Failure::Transient(error) | Failure::Configuration(error)) => write!(out, "{error:#}"),
            Self::Connect(Failure::Invalid) => out.write_str("the manifests are not valid"),
            Self::Cleanup(failure) => {
                write!(out, "{failure}")?;
                let mut cause = std::error::Error::source(failure);
                while let Some(error) = cause {
                    write!(out, ": {error}")?;
                    cause = error.source();
                }
                Ok(())
            }
        }
    }
}
