//! `weft sync`: brings the store's copies of tables up to date, once.

mod progress;
mod report;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use tokio::signal::unix::{SignalKind, signal};
use weft_plan_types::SyncPlan;
use weft_sync::{Remedy, Report, Request};

use super::exit::tell_error;
use super::{Exit, Failure, Format, FormatArg, print, result_file};
use crate::connect::{ConnectArgs, Connections};
use crate::sync::{SyncFailure, sync_entity};
use progress::Shown;
pub(super) use report::graver;

#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    connect: ConnectArgs,

    /// The entity to sync, by its slug; may be repeated [default: all]
    #[arg(long, value_name = "SLUG")]
    entity: Vec<String>,

    /// Write nothing; print the statements that would run and how many rows they would move
    #[arg(long, conflicts_with = "approve")]
    dry_run: bool,

    /// Write every row anew, whatever the store has
    #[arg(long)]
    full: bool,

    /// Apply what this run was held with, and nothing else; needs one entity
    #[arg(long, value_name = "RUN", conflicts_with = "full")]
    approve: Option<u64>,

    /// Show the keys of so many rejected rows
    #[arg(long, value_name = "N", default_value_t = 0)]
    samples: usize,

    /// How many seconds to wait while another sync of the entity is at work, or the warehouse has enough of them
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    wait: u64,

    /// Write the result to this file too, as JSON of at most 4 KiB; needs one entity
    #[arg(long, value_name = "PATH")]
    result: Option<PathBuf>,

    #[command(flatten)]
    format: FormatArg,
}

const EXAMPLES: &str = "\
Compares each table with what the store has of it, inside the warehouse, and
brings the store up to date. It may be stopped at any time; the next run goes on
where it was.

Examples:
  # Every entity of the manifests
  weft sync -f manifests/

  # What would one entity's sync do?
  weft sync -f manifests/ --entity product-entity --dry-run

  # Apply a run that was held because too many rows were gone
  weft sync -f manifests/ --entity product-entity --approve 1790000001

Exit codes, the first that applies to any of the entities:
  2  wrong arguments, manifests, tables, columns, logins or grants: do not try
     again
  5  refused: a newer sync took over, or the copy is another owner's
  1  stopped by something that may pass: try again
  4  held: look, then approve
  3  done, but with rejected rows
  0  done";

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let (plans, connections) = args.connect.open()?;
    let chosen = chosen(args, &plans.syncs)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.context("failed to start the runtime").map_err(Failure::Transient)?;
    runtime.block_on(sync_all(args, &chosen, &connections))
}

/// The plans of the entities to sync.
fn chosen<'plan>(args: &Args, plans: &'plan [SyncPlan]) -> Result<Vec<&'plan SyncPlan>, Failure> {
    let names = || plans.iter().map(|plan| plan.entity.slug.as_str()).collect::<Vec<_>>().join(", ");
    let is_known = |slug: &&String| plans.iter().any(|plan| plan.entity.slug == **slug);
    if let Some(unknown) = args.entity.iter().find(|slug| !is_known(slug)) {
        return Err(Failure::Configuration(anyhow!("there is no entity {unknown} to sync; there is {}", names())));
    }
    let is_wanted = |plan: &&SyncPlan| args.entity.is_empty() || args.entity.contains(&plan.entity.slug);
    let chosen: Vec<_> = plans.iter().filter(is_wanted).collect();
    let needs_one = if args.approve.is_some() { "--approve" } else { "--result" };
    if chosen.len() != 1 && (args.approve.is_some() || args.result.is_some()) {
        let message = format!("{needs_one} needs one entity; choose with --entity one of {}", names());
        return Err(Failure::Configuration(anyhow!(message)));
    }
    if chosen.is_empty() {
        return Err(Failure::Configuration(anyhow!("the manifests hold no Entity to sync")));
    }
    Ok(chosen)
}

async fn sync_all(args: &Args, plans: &[&SyncPlan], connections: &Connections) -> Result<Exit, Failure> {
    if let Some(path) = &args.result {
        result_file::try_file(path)?;
    }
    let mut exit = Exit::Done;
    for plan in plans {
        let started = Instant::now();
        let request = Request { full: args.full, approve: args.approve, dry_run: args.dry_run, samples: args.samples };
        let outcome = sync_one(plan, connections, request, Duration::from_secs(args.wait)).await;
        let took = started.elapsed();
        let ended = match &outcome {
            Ok(report) => report::exit(report),
            Err(error) => error.exit(),
        };
        let line = report::Line::new(plan, &outcome, took);
        match (args.format.format, &outcome) {
            (Format::Json, _) => print(&format!("{}\n", line.json()))?,
            (Format::Text, Ok(report)) => print(&report::text(plan, report, took))?,
            (Format::Text, Err(error)) => {
                tell_error(format_args!("entity {}: {error}", plan.entity.slug));
            }
        }
        if let Some(path) = &args.result {
            line.write_to(path)?;
        }
        exit = report::graver(exit, ended);
        if matches!(outcome, Err(Trouble::Sync(SyncFailure::Interrupted))) {
            break;
        }
    }
    Ok(exit)
}

/// Why an entity was not synced.
#[derive(Debug)]
pub(crate) enum Trouble {
    Connect(Failure),
    Sync(SyncFailure),
}

impl Trouble {
    fn exit(&self) -> Exit {
        let remedy = match self {
            Self::Connect(Failure::Transient(_)) => Remedy::Retry,
            Self::Connect(_) => Remedy::Change,
            Self::Sync(failure) => failure.remedy(),
        };
        match remedy {
            Remedy::Retry => Exit::TryAgain,
            Remedy::Change => Exit::Misconfigured,
            Remedy::Leave => Exit::Refused,
        }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        let is_transient = trouble.exit() == Exit::TryAgain;
        match trouble {
            Trouble::Connect(failure) => failure,
            Trouble::Sync(failure) if is_transient => Failure::Transient(failure.into()),
            Trouble::Sync(failure) => Failure::Configuration(failure.into()),
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connect(Failure::Transient(error) | Failure::Configuration(error)) => write!(out, "{error:#}"),
            Self::Connect(Failure::Invalid) => out.write_str("the manifests are not valid"),
            Self::Sync(failure) => {
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

/// Syncs one entity, and shows how far it is.
pub(crate) async fn sync_one(
    plan: &SyncPlan,
    connections: &Connections,
    request: Request,
    wait: Duration,
) -> Result<Report, Trouble> {
    let warehouse = connections.warehouse(plan).await.map_err(Trouble::Connect)?;
    let store = connections.writer(plan).await.map_err(Trouble::Connect)?;
    let shown = Shown::new(&plan.entity.slug);
    let mut news = |news| shown.take(news);
    let work = sync_entity(plan, &warehouse, &store, request, wait, &mut news, stopped());
    let outcome = tokio::select! {
        outcome = work => outcome,
        () = shown.every_minute() => Err(SyncFailure::Interrupted),
    };
    shown.finish();
    outcome.map_err(Trouble::Sync)
}

/// Waits for a signal that asks the process to end.
pub(super) async fn stopped() {
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup())) {
        (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = hangup.recv() => {}
            }
        }
        // Without a handler the signal ends the process at once, which a sync survives too.
        _ => std::future::pending().await,
    }
}
