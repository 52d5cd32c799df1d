//! The removal of one entity's copy and what is around it: its turn among the entity's syncs, and how it is stopped.

use std::time::Duration;

use weft_plan_types::{Refusal, SyncPlan};
use weft_store::redis::{ConnectionManager, StoreError};
use weft_sync::{Cleaned, Cleaning, Remedy, Removing, SyncError, cleanup};
use weft_warehouse::Warehouse;

use crate::sync::{News, SyncFailure, Turn, Waiting, writer};

/// Why a copy was not removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CleanupFailure {
    /// The copy is another owner's.
    #[error(
        "the store's copy belongs to {owner}, not to {me} ({}); if nobody needs it any more, remove it with \
         --take-over",
        Refusal::StoreOwned
    )]
    Owned {
        /// Whose it is.
        owner: String,
        /// Who asked.
        me: String,
    },
    /// Store or warehouse did not do what they were asked.
    #[error(transparent)]
    Sync(SyncError),
    /// The store could not be asked whose turn it is.
    #[error(transparent)]
    Store(StoreError),
    /// A sync was at work for as long as it may be waited for.
    #[error("a sync of it was at work for {} s; try again, or wait longer with --wait", .0.as_secs())]
    Busy(Duration),
    /// Something reads tables that were to be dropped.
    #[error("{0} of its tables in bookkeeping are in use, by a backup perhaps; everything else is removed; try again")]
    InUse(u64),
    /// A signal ended it.
    #[error("interrupted; run it again to remove what is left")]
    Interrupted,
}

impl CleanupFailure {
    /// What is to be done about it.
    pub(crate) fn remedy(&self) -> Remedy {
        match self {
            Self::Owned { .. } => Remedy::Leave,
            Self::Sync(error) => error.remedy(),
            Self::Store(error) if !error.is_transient() => Remedy::Change,
            Self::Store(_) | Self::Busy(_) | Self::InUse(_) | Self::Interrupted => Remedy::Retry,
        }
    }
}

impl From<SyncError> for CleanupFailure {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Owned { owner, me } => Self::Owned { owner, me },
            other => Self::Sync(other),
        }
    }
}

impl From<SyncFailure> for CleanupFailure {
    fn from(failure: SyncFailure) -> Self {
        match failure {
            SyncFailure::Sync(error) => error.into(),
            SyncFailure::Store(error) => Self::Store(error),
            SyncFailure::Busy(_, waited) => Self::Busy(waited),
            SyncFailure::Interrupted => Self::Interrupted,
        }
    }
}

/// What is told while a copy is removed.
pub(crate) enum Step {
    /// It waits for the end of a sync.
    Waits(Waiting),
    /// It is at work.
    Removes(Removing),
}

/// Removes the copy of one entity once no sync of it is at work; a dry run waits for nobody. Once `stop` is done the
/// statement that runs is ended at the server, and the turn is given back.
pub(crate) async fn cleanup_entity(
    plan: &SyncPlan,
    warehouse: &impl Warehouse,
    store: &ConnectionManager,
    cleaning: Cleaning,
    wait: Duration,
    tell: &mut (dyn FnMut(Step) + Send),
    stop: impl Future<Output = ()>,
) -> Result<Cleaned, CleanupFailure> {
    let mut stop = std::pin::pin!(stop);
    let turn = if cleaning.dry_run {
        None
    } else {
        let mut news = |news| {
            if let News::Waits(waiting) = news {
                tell(Step::Waits(waiting));
            }
        };
        tokio::select! {
            turn = Turn::of_entity(plan, store, wait, &mut news) => Some(turn?),
            () = &mut stop => return Err(CleanupFailure::Interrupted),
        }
    };
    let writer = writer(plan, store);
    let work = async {
        let mut told = |removing| tell(Step::Removes(removing));
        cleanup(plan, warehouse, &writer, cleaning, &mut told).await
    };
    let work = async {
        match &turn {
            Some(turn) => turn.keep_during(work).await,
            None => work.await,
        }
    };
    let outcome = tokio::select! {
        outcome = work => outcome.map_err(CleanupFailure::from),
        () = stop => {
            warehouse.cancel().await;
            Err(CleanupFailure::Interrupted)
        }
    };
    if let Some(turn) = turn {
        // What is not given back ends by itself.
        let _ = turn.give_back().await;
    }
    match outcome {
        Ok(cleaned) if cleaned.undropped > 0 => Err(CleanupFailure::InUse(cleaned.undropped)),
        outcome => outcome,
    }
}
