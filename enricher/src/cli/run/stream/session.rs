use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tokio::runtime::Runtime;
use weft_plan::{Planned, PlannedSync};
use weft_plan_types::EnrichPlan;

use super::ends::Ends;
use crate::cli::enrich::logs::{self, LogFormat};
use crate::cli::enrich::{CACHE_MIB, Session, connect, status, stop_on_signals};
use crate::cli::mapping::{self, Prepared};
use crate::cli::progress::Progress;
use crate::cli::run::report::{self, Entities};
use crate::cli::run::{Args, stored};
use crate::cli::{Exit, Failure, tell};
use crate::connect::{Connections, Secrets};
use crate::enrich::{Pause, Status};
use crate::letters::TopicError;

/// How often the group is asked how far it is.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// Syncs, and enriches the events of the mapping's topic.
pub(in crate::cli::run) fn run(
    args: &Args,
    planned: &Planned,
    plan: &EnrichPlan,
    secrets: Secrets,
) -> Result<Exit, Failure> {
    logs::start(Some(LogFormat::Text), "warn");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.context("failed to start the runtime").map_err(Failure::Transient)?;
    let status = Arc::new(status(plan)?);
    stop_on_signals(&status)?;
    let session = Session::new(plan, &secrets, &status, runtime.handle(), &args.resume)?.without_breaker();
    // A person is there to be told; nothing is waited for that may never come.
    let ends = Ends::new(session.check_topics().map_err(failure)?);
    let reached = Arc::new(AtomicBool::new(false));
    let begin = || {
        if !args.follow {
            end_at(ends, Arc::clone(&status), Arc::clone(&reached));
        }
    };
    let (left, entities) = if args.store.is_given() {
        let connections = Arc::new(Connections::new(secrets, args.store.access()?));
        let syncs: Vec<PlannedSync> = mapping::syncs(planned, plan).cloned().collect();
        let entities = runtime.block_on(stored::sync_all(&syncs, &connections))?;
        let store = runtime.block_on(connect(plan, &connections, CACHE_MIB))?;
        if args.follow {
            stored::follow(Arc::clone(&connections), syncs)?;
        }
        begin();
        (session.run(&store)?, entities)
    } else {
        let Prepared { store, reports, .. } = prepared(&runtime, planned, plan, &secrets)?;
        let mut entities = Entities::default();
        for report in &reports {
            entities.add(&report.entity, report, report.rejected());
        }
        begin();
        (session.run(&store)?, entities)
    };
    report::print(&status.totals(), &entities, args.format.format)?;
    // Nobody else is there to say that it may go on.
    if let Some(message) = status.waits_for(Pause::OffsetsLost) {
        return Err(Failure::Configuration(anyhow!("EnrichmentMapping {}: {message}", plan.mapping)));
    }
    if left > 0 || !(args.follow || reached.load(Ordering::Acquire)) {
        let message = "stopped before everything was delivered that was in the topic; run it again to go on";
        return Err(Failure::Transient(anyhow!(message)));
    }
    Ok(if status.dead_letters() > 0 || entities.rejected { Exit::Incomplete } else { Exit::Done })
}

fn prepared(runtime: &Runtime, planned: &Planned, plan: &EnrichPlan, secrets: &Secrets) -> Result<Prepared, Failure> {
    runtime.block_on(Prepared::new(planned, plan, secrets))
}

/// Ends the run once everything is delivered that was in the topic when it began.
fn end_at(mut ends: Ends, status: Arc<Status>, reached: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        let (mut progress, mut most): (Option<Progress>, u64) = (None, 0);
        while !status.is_stopped() {
            if status.waits_for(Pause::OffsetsLost).is_some() {
                status.stop();
                break;
            }
            match ends.left() {
                Ok(0) => {
                    reached.store(true, Ordering::Release);
                    status.stop();
                }
                Ok(left) => {
                    most = most.max(left);
                    progress.get_or_insert_with(|| Progress::of_records(left, "events")).records(most - left, most);
                }
                // The session says what it waits for; a group that may not be asked is in nobody's way but this one's.
                Err(error @ TopicError::GroupDenied { .. }) => {
                    return tell(format_args!("note: goes on until it is stopped: {error}"));
                }
                Err(_) => {}
            }
            std::thread::sleep(ASK_EVERY);
        }
        if let Some(progress) = progress {
            progress.finish();
        }
    });
}

fn failure(error: TopicError) -> Failure {
    if error.is_transient() { Failure::Transient(error.into()) } else { Failure::Configuration(error.into()) }
}
