//! One entity's sync and what is around it: its turn among others, and how it is stopped.

mod turn;

use std::time::Duration;

use weft_plan_types::SyncPlan;
use weft_store::redis::{ConnectionManager, Keys, Shards, StoreError, Writer};
use weft_sync::{Progress, Remedy, Report, Request, SyncError};
use weft_warehouse::Warehouse;

pub(crate) use turn::{Turn, Waiting};

/// Why an entity was not synced.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SyncFailure {
    /// The engine could not go on.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// The store could not be asked whose turn it is.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It waited for its turn as long as it may.
    #[error("{} for {}; try again, or wait longer with --wait", .0.text(), seconds(*.1))]
    Busy(Waiting, Duration),
    /// A signal ended it.
    #[error("interrupted; the next sync goes on from what this one has done")]
    Interrupted,
}

fn seconds(waited: Duration) -> String {
    format!("{} s", waited.as_secs())
}

impl SyncFailure {
    /// What is to be done about it.
    pub(crate) fn remedy(&self) -> Remedy {
        match self {
            Self::Sync(error) => error.remedy(),
            Self::Store(error) if error.is_transient() => Remedy::Retry,
            Self::Store(_) => Remedy::Change,
            Self::Busy(..) | Self::Interrupted => Remedy::Retry,
        }
    }
}

/// What is told while an entity is synced.
pub(crate) enum News {
    /// It waits for its turn.
    Waits(Waiting),
    /// It is at work.
    Works(Progress),
}

/// Syncs one entity when it is its turn; a dry run waits for nobody. Once `stop` is done the statement that runs is ended
/// at the server, and the turn is given back.
pub(crate) async fn sync_entity(
    plan: &SyncPlan,
    warehouse: &impl Warehouse,
    store: &ConnectionManager,
    request: Request,
    wait: Duration,
    tell: &mut (dyn FnMut(News) + Send),
    stop: impl Future<Output = ()>,
) -> Result<Report, SyncFailure> {
    let mut stop = std::pin::pin!(stop);
    let turn = match request.dry_run {
        true => None,
        false => tokio::select! {
            turn = Turn::take(plan, store, wait, tell) => Some(turn?),
            () = &mut stop => return Err(SyncFailure::Interrupted),
        },
    };
    let writer = writer(plan, store);
    let work = async {
        let mut progress = |progress| tell(News::Works(progress));
        weft_sync::sync(plan, warehouse, &writer, request, &mut progress).await
    };
    let work = async {
        match &turn {
            Some(turn) => turn.keep_during(work).await,
            None => work.await,
        }
    };
    let outcome = tokio::select! {
        outcome = work => outcome.map_err(SyncFailure::from),
        () = stop => {
            warehouse.cancel().await;
            Err(SyncFailure::Interrupted)
        }
    };
    if let Some(turn) = turn {
        // What is not given back ends by itself.
        let _ = turn.give_back().await;
    }
    outcome
}

/// The writer of a plan's entity.
pub(crate) fn writer(plan: &SyncPlan, store: &ConnectionManager) -> Writer {
    let owner = &plan.owner;
    let keys = Keys::new(&owner.namespace, &owner.graph, &plan.entity.slug);
    Writer::new(store.clone(), keys, &owner.to_string(), Shards::One)
}
