//! `weft enrich`: from a Kafka topic to another, until it is told to stop.

mod admin;
mod args;
pub(crate) mod logs;
mod session;

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use signal_hook::consts::{SIGINT, SIGTERM};
use weft_plan_types::{EnrichPlan, Owner};
use weft_store::hot::{HotStore, Scope};

use super::{Exit, Failure};
use crate::connect::Connections;
use crate::enrich::Status;
use crate::metrics::StoreMetrics;
use args::Chosen;
pub(crate) use args::{Args, Resume};
pub(crate) use session::Session;

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let Chosen { plan, secrets, connections } = args.open()?;
    logs::start(args.logs, "info");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.context("failed to start the runtime").map_err(Failure::Transient)?;
    let status = Arc::new(status(&plan)?);
    stop_on_signals(&status)?;
    let session = Session::new(&plan, &secrets, &status, runtime.handle(), &args.resume)?;
    tracing::info!(mapping = plan.mapping, group = plan.source.group_id, "starts");
    if let Some(address) = args.admin {
        admin::serve(address, &status, runtime.handle())?;
    }
    let connections = Arc::new(connections);
    let connect = || runtime.block_on(connect(&plan, &connections, args.cache_mib));
    let Some(store) = session.until_there(connect)? else { return Ok(Exit::Done) };
    let counters = StoreMetrics::new(Arc::clone(&store)).context("failed to make the counters");
    status.looks_up_in(counters.map_err(Failure::Configuration)?);
    match session.run(&store)? {
        0 => Ok(Exit::Done),
        left => {
            let message = "stopped with outputs that no broker has acknowledged; they are sent again at the next start";
            Err(Failure::Transient(anyhow!("{message} ({left})")))
        }
    }
}

/// What the enricher of a plan does, which has done nothing yet.
pub(crate) fn status(plan: &EnrichPlan) -> Result<Status, Failure> {
    Status::new(plan).context("failed to make the gauges").map_err(Failure::Configuration)
}

/// How many MiB of rows are kept in memory unless told.
pub(crate) const CACHE_MIB: u32 = 32;

/// Connects to the store of a mapping, and follows its changes. Its secrets are read again for each later connection.
pub(crate) async fn connect(
    plan: &EnrichPlan,
    connections: &Arc<Connections>,
    cache_mib: u32,
) -> Result<Arc<HotStore>, Failure> {
    let Owner { installation, namespace, graph } = plan.owner.clone();
    let owner = format!("{installation}/{namespace}/{graph}");
    let max_staleness = plan.max_staleness();
    let scope = Scope { namespace, graph, owner, max_staleness, cache_bytes: u64::from(cache_mib) << 20 };
    let first = connections.lookup_access(plan)?;
    let (later, later_plan) = (Arc::clone(connections), plan.clone());
    // Where a secret cannot be read at the moment, the one before may still do.
    let access = move || later.lookup_access(&later_plan).unwrap_or_else(|_| first.clone());
    let store = HotStore::connect(&scope, access).await;
    let store = store.map_err(|refusal| connections.lookups_refused(plan, refusal))?;
    let followed = Arc::clone(&store);
    tokio::spawn(async move { followed.follow().await });
    Ok(store)
}

/// Lets SIGTERM and SIGINT end the enricher once it has delivered what it has read; the second one ends it at once.
pub(crate) fn stop_on_signals(status: &Arc<Status>) -> Result<(), Failure> {
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
