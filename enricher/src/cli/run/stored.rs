//! `weft run --store`: the rows are those of a Redis, which is synced first, and again while events are read.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use weft_plan::{Planned, PlannedSync, Schedule};
use weft_plan_types::{EnrichPlan, OnUnavailable};
use weft_store::redis::RedisStore;
use weft_sync::{Held, Report, Request};

use super::report::Entities;
use super::{Args, enrich};
use crate::cli::events::Events;
use crate::cli::sync::sync_one;
use crate::cli::{Exit, Failure, mapping, tell};
use crate::connect::{Connections, Secrets};

/// How long a sync may wait for another one of the same entity.
const WAIT: Duration = Duration::from_secs(900);

/// Syncs the entities of a mapping, then enriches the events.
pub(super) fn run(args: &Args, planned: &Planned, plan: &EnrichPlan, secrets: Secrets) -> Result<Exit, Failure> {
    let runtime = runtime()?;
    let connections = Arc::new(Connections::new(secrets, args.store.access()?));
    let syncs: Vec<PlannedSync> = mapping::syncs(planned, plan).cloned().collect();
    runtime.block_on(async {
        let events = Events::open(&args.events)?;
        let entities = sync_all(&syncs, &connections).await?;
        let store = store(&connections, plan).await?;
        let join = mapping::join(plan, &store).await?;
        if plan.on_unavailable == OnUnavailable::Forward {
            tell(format_args!("note: onUnavailable: Forward is for the events of a topic; these wait for their rows"));
        }
        if args.follow {
            follow(Arc::clone(&connections), syncs)?;
        }
        enrich(args, plan, events, &store, &join, &entities).await
    })
}

/// Syncs entities, one after the other; what is suspended is left as it is.
pub(super) async fn sync_all(syncs: &[PlannedSync], connections: &Connections) -> Result<Entities, Failure> {
    let mut entities = Entities::default();
    for sync in syncs {
        let slug = &sync.plan.entity.slug;
        if sync.suspended {
            tell(format_args!("note: entity {slug} is suspended: its rows are those that the store has"));
            continue;
        }
        let report = sync_one(&sync.plan, connections, Request::default(), WAIT).await?;
        warn(slug, &report);
        entities.add(slug, &report, report.rows.rejected);
    }
    Ok(entities)
}

/// Syncs whenever schedules say so, from now until the process ends. Reading events holds up its own thread.
pub(super) fn follow(connections: Arc<Connections>, syncs: Vec<PlannedSync>) -> Result<(), Failure> {
    let runtime = runtime()?;
    std::thread::spawn(move || runtime.block_on(on_schedule(connections, syncs)));
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("failed to start the runtime").map_err(Failure::Transient)
}

async fn store(connections: &Connections, plan: &EnrichPlan) -> Result<RedisStore, Failure> {
    let owner = &plan.owner;
    let connection = connections.lookups(plan).await?;
    Ok(RedisStore::new(connection, &owner.namespace, &owner.graph, &owner.to_string(), plan.max_staleness()))
}

/// Says what a person has to know of a sync that went through.
fn warn(slug: &str, report: &Report) {
    let style = anstyle::AnsiColor::Yellow.on_default().bold();
    for (reason, count) in &report.rejected {
        tell(format_args!("{style}warning{style:#}: entity {slug}: rejected {count}: {}", reason.text()));
    }
    if let Some(Held { run: Some(run), reason, .. }) = report.held {
        tell(format_args!(
            "{style}warning{style:#}: entity {slug}: run {run} is held, {}; its rows are those of the last sync",
            reason.text()
        ));
    }
}

/// Syncs each entity whenever its schedule says so; what fails is told, and tried again the next time.
async fn on_schedule(connections: Arc<Connections>, syncs: Vec<PlannedSync>) {
    let running = syncs.iter().filter(|sync| !sync.suspended);
    let scheduled = running.filter_map(|sync| Some((sync, Schedule::parse(&sync.schedule, &sync.time_zone)?)));
    let mut due: Vec<(i64, &PlannedSync, Schedule)> =
        scheduled.filter_map(|(sync, schedule)| Some((schedule.next_after(now())?, sync, schedule))).collect();
    loop {
        due.sort_by_key(|(next, ..)| *next);
        let Some((next, sync, schedule)) = due.first_mut() else { return };
        tokio::time::sleep(Duration::from_secs(u64::try_from(*next - now()).unwrap_or_default())).await;
        let slug = &sync.plan.entity.slug;
        match sync_one(&sync.plan, &connections, Request::default(), WAIT).await {
            Ok(report) => warn(slug, &report),
            Err(trouble) => tell(format_args!("entity {slug}: not synced: {trouble}")),
        }
        // A schedule that has no further time stays where it is, long after the events have ended.
        *next = schedule.next_after(now()).unwrap_or(i64::MAX);
    }
}

/// Unix seconds.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
