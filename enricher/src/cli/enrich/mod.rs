//! `weft enrich`: from a Kafka topic to another, until it is told to stop.

mod args;
mod logs;
mod session;

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use signal_hook::consts::{SIGINT, SIGTERM};
use weft_plan_types::Owner;
use weft_store::redis::RedisStore;

use super::{Exit, Failure};
use crate::enrich::Status;
pub(crate) use args::Args;
use args::Chosen;
use session::Session;

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let Chosen { plan, secrets, connections } = args.open()?;
    logs::start(args.logs);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.context("failed to start the runtime").map_err(Failure::Transient)?;
    let status = Arc::new(Status::default());
    stop_on_signals(&status)?;
    let session = Session::new(&plan, &secrets, &status, runtime.handle(), args.resume.is_some())?;
    tracing::info!(mapping = plan.mapping, group = plan.source.group_id, "starts");
    let Some(connection) = session.until_there(|| runtime.block_on(connections.lookups(&plan)))? else {
        return Ok(Exit::Done);
    };
    let Owner { installation, namespace, graph } = &plan.owner;
    let owner = format!("{installation}/{namespace}/{graph}");
    let store = RedisStore::new(connection, namespace, graph, &owner, None);
    match session.run(&store)? {
        0 => Ok(Exit::Done),
        left => {
            let message = "stopped with outputs that no broker has acknowledged; they are sent again at the next start";
            Err(Failure::Transient(anyhow!("{message} ({left})")))
        }
    }
}

/// Lets SIGTERM and SIGINT end the enricher once it has delivered what it has read; the second one ends it at once.
fn stop_on_signals(status: &Arc<Status>) -> Result<(), Failure> {
    let signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]);
    let mut signals = signals.context("failed to watch for signals").map_err(Failure::Transient)?;
    let status = Arc::clone(status);
    std::thread::spawn(move || {
        for signal in signals.forever() {
            if status.is_stopped() {
                // 128 + the signal's number is how shells name such an end.
                std::process::exit(128 + signal);
            }
            tracing::info!("stops: delivers what it has read, then leaves the group");
            status.stop();
        }
    });
    Ok(())
}
