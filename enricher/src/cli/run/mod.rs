//! `weft run`: the manifests of a cluster, without a cluster.

mod files;
mod report;
#[cfg(feature = "redis")]
mod stored;
mod stream;

use std::path::PathBuf;

use anyhow::Context;
use weft_plan::Planned;
use weft_plan_types::EnrichPlan;
use weft_store::Reader;

use super::events::{Events, is_stdio};
use super::mapping::{self, Prepared};
use super::progress::Progress;
use super::{Exit, Failure, FormatArg, tell};
use crate::connect::{SecretArgs, Secrets};
use crate::join::Join;
use crate::lookup::{Lookup, NoAnswer, OnUnavailable};
use crate::manifests::ManifestArgs;
use crate::run::{DeadLetters, Lines, Pipeline, end_between_lines};
use report::Entities;

/// The size of an event, in bytes, that nobody needs to raise: as much as a Kafka broker takes by default.
pub(crate) const DEFAULT_EVENT_BYTES: u32 = 1 << 20;

/// The longest event, as an option gives it.
pub(crate) fn event_bytes(text: &str) -> Result<u32, String> {
    let bytes = text.parse().ok().filter(|bytes| (2..=1 << 30).contains(bytes));
    bytes.ok_or_else(|| "write a number of bytes from 2 to 1073741824, such as 4194304 for 4 MiB".to_owned())
}

#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    manifests: ManifestArgs,

    #[command(flatten)]
    secrets: SecretArgs,

    /// The EnrichmentMapping to run, NAME or NAMESPACE/NAME; needed where the manifests hold several
    #[arg(long, value_name = "NAME")]
    mapping: Option<String>,

    /// The events, one JSON object a line; - is standard input. `manifest` is the mapping's Kafka topic, and needs
    /// --output manifest
    #[arg(long, value_name = "PATH", default_value = "-")]
    events: PathBuf,

    /// Where enriched events go, one a line, in the order of the events; - is standard output. `manifest` is the
    /// mapping's destination, with its dead letters beside it
    #[arg(long, value_name = "PATH", default_value = "-")]
    output: PathBuf,

    /// Where events go that cannot be sent, each with its reason [default: standard error]
    #[arg(long, value_name = "PATH")]
    dead_letters: Option<PathBuf>,

    /// Replace what is in the files of --output and --dead-letters
    #[arg(long)]
    force: bool,

    /// The longest event, in bytes; a longer one becomes a dead letter
    #[arg(long, value_name = "N", default_value_t = DEFAULT_EVENT_BYTES, value_parser = event_bytes)]
    max_event_bytes: u32,

    #[cfg(feature = "redis")]
    #[command(flatten)]
    store: crate::connect::StoreArgs,

    /// The installation that the copies belong to; a store refuses all but its own
    #[cfg(feature = "redis")]
    #[arg(long, value_name = "ID", default_value = crate::manifests::LOCAL, requires = "store", value_parser = crate::connect::installation)]
    installation: String,

    /// Sync again when the schedules of the manifests say so, while events are read; and, with --events manifest, wait
    /// for more events until stopped
    #[cfg(feature = "redis")]
    #[arg(long, requires = "store")]
    follow: bool,

    /// With --events manifest, accept once what stopped the mapping: OffsetsLost goes on at the oldest record there is
    #[cfg(feature = "kafka")]
    #[arg(long, value_name = "REASON")]
    resume: Vec<crate::cli::enrich::Resume>,

    #[command(flatten)]
    format: FormatArg,
}

const EXAMPLES: &str = "\
Reads the tables that the manifests name, joins each event with their rows and
writes it once per rule that wants it. The Redis and the Kafka topics in the
manifests are not touched, unless an option says so: rows are held in memory. A
summary goes to standard error.

With --events manifest --output manifest, in a weft that `make install` built,
it does what weft enrich does, from topic to topic, with the syncs beside it. It
ends when the mapping's consumer group has delivered what was in the topic at
the start; with --follow it goes on until SIGINT or SIGTERM.

Examples:
  # Events from a file, enriched events to the terminal
  weft run -f manifests/ --events events.jsonl

  # In a pipe, with what cannot be sent kept for later
  tail -f events.jsonl \\
    | weft run -f manifests/ --dead-letters dead.jsonl > enriched.jsonl

  # A SQLite file in place of the warehouse that the manifests name
  weft run -f manifests/ --warehouse prod=sqlite:./sample.db < events.jsonl

  # The whole path of a cluster: warehouse, Redis, Kafka to Kafka
  weft run -f manifests/ --events manifest --output manifest --store manifest

Exit codes:
  0  done
  1  stopped by something that may pass, such as a full disk: try again
  2  wrong arguments, manifests, tables or columns: do not try again
  3  done, but with dead letters or rejected rows";

/// Where manifests come from, and whose copies they are for.
fn manifests(args: &Args) -> ManifestArgs {
    ManifestArgs {
        #[cfg(feature = "redis")]
        installation: args.installation.clone(),
        ..args.manifests.clone()
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut loaded = mapping::manifests(&manifests(args), &args.events)?;
    let secrets = args.secrets.secrets(std::mem::take(&mut loaded.manifests.secrets));
    #[cfg(not(feature = "kafka"))]
    stream::is_meant(args)?;
    #[cfg(feature = "kafka")]
    if stream::is_meant(args)? {
        let plan = mapping::choose(&loaded.planned, args.mapping.as_deref())?;
        return stream::run(args, &loaded.planned, plan, secrets);
    }
    files::refuse_losing_inputs(args, &loaded)?;
    let planned = &loaded.planned;
    let plan = mapping::choose(planned, args.mapping.as_deref())?;
    end_between_lines().context("failed to watch for signals").map_err(Failure::Transient)?;
    #[cfg(feature = "redis")]
    if args.store.is_given() {
        return stored::run(args, planned, plan, secrets);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("failed to start the runtime").map_err(Failure::Transient)?;
    runtime.block_on(run_mapping(args, planned, plan, &secrets))
}

async fn run_mapping(args: &Args, planned: &Planned, plan: &EnrichPlan, secrets: &Secrets) -> Result<Exit, Failure> {
    // What is told soonest comes first: a missing file of events need not wait for the tables.
    let events = Events::open(&args.events)?;
    let Prepared { store, reports, join } = Prepared::new(planned, plan, secrets).await?;
    let mut entities = Entities::default();
    for report in &reports {
        entities.add(&report.entity, report, report.rejected());
    }
    enrich(args, plan, events, &store, &join, &entities).await
}

/// Says why events wait, and that they no longer do.
fn tell_of_outage(reason: Option<&NoAnswer>) {
    match reason {
        Some(reason) => tell(format_args!("waiting: {reason}")),
        None => tell(format_args!("going on: the store answers again")),
    }
}

/// Enriches the events with the rows of a store.
async fn enrich(
    args: &Args,
    plan: &EnrichPlan,
    events: Events,
    store: &impl Reader,
    join: &Join,
    entities: &Entities,
) -> Result<Exit, Failure> {
    let (output, dead_letters) = files::outputs(args)?;
    let mut pipeline = Pipeline {
        join,
        lookup: Lookup::new(store, OnUnavailable::Pause, tell_of_outage),
        is_interactive: events.is_interactive(),
        dead_letters: DeadLetters::new(dead_letters, &plan.mapping, &events.name()),
        lines: Lines::new(events, args.max_event_bytes as usize),
        output,
    };
    let progress = Progress::of_events(is_stdio(&args.output));
    let (summary, ended) = pipeline.run(|events| progress.events(events)).await;
    progress.finish();
    report::print(&summary, entities, args.format.format)?;
    ended.map_err(|error| Failure::Transient(error.into()))?;
    Ok(if summary.dead_letters() > 0 || entities.rejected { Exit::Incomplete } else { Exit::Done })
}
