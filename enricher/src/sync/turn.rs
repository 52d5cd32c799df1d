//! Whose turn it is: one run of an entity at a time, and so many of one warehouse as it may have.

use std::time::{Duration, Instant};

use weft_plan_types::SyncPlan;
use weft_store::redis::{ConnectionManager, Keys, Lease, StoreError, slot};

use super::{News, SyncFailure};

/// How often it is asked whether somebody is done.
const ASKED_EVERY: Duration = Duration::from_millis(250);

/// What a run waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// The end of another run of the same entity.
    Entity,
    /// One of the runs that its warehouse may have at a time.
    Warehouse,
}

impl Waiting {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Entity => "another sync of it was at work",
            Self::Warehouse => "its warehouse had as many syncs as limits.maxConcurrentSyncs allows",
        }
    }
}

/// The right to run, for as long as it is kept.
pub(crate) struct Turn {
    entity: Lease,
    /// One of the warehouse's, for who reads from it.
    warehouse: Option<Lease>,
}

impl Turn {
    /// Waits for it.
    pub(crate) async fn take(
        plan: &SyncPlan,
        store: &ConnectionManager,
        wait: Duration,
        tell: &mut (dyn FnMut(News) + Send),
    ) -> Result<Self, SyncFailure> {
        let owner = &plan.owner;
        let slots: Vec<String> = (0..plan.warehouse.max_concurrent_syncs)
            .map(|number| slot(&owner.namespace, &plan.warehouse.name, number))
            .collect();
        let started = Instant::now();
        // Who waits for the entity must not keep others from the warehouse.
        let entity = lease(store, &key(plan), Waiting::Entity, started, wait, tell).await?;
        match lease(store, &slots, Waiting::Warehouse, started, wait, tell).await {
            Ok(warehouse) => Ok(Self { entity, warehouse: Some(warehouse) }),
            Err(failure) => {
                // What is not given back ends by itself.
                let _ = entity.release().await;
                Err(failure)
            }
        }
    }

    /// Waits for the end of what is at work on the entity.
    pub(crate) async fn of_entity(
        plan: &SyncPlan,
        store: &ConnectionManager,
        wait: Duration,
        tell: &mut (dyn FnMut(News) + Send),
    ) -> Result<Self, SyncFailure> {
        let entity = lease(store, &key(plan), Waiting::Entity, Instant::now(), wait, tell).await?;
        Ok(Self { entity, warehouse: None })
    }

    /// Does the work, and keeps the turn meanwhile. If it is lost all the same the work goes on: that two runs are at
    /// work does no harm.
    pub(crate) async fn keep_during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let lost = async {
            if let Some(warehouse) = &self.warehouse {
                warehouse.lost().await;
            }
        };
        tokio::select! {
            done = &mut work => return done,
            ((), ()) = async { tokio::join!(self.entity.lost(), lost) } => {}
        }
        work.await
    }

    /// Lets the next one run.
    pub(crate) async fn give_back(self) -> Result<(), StoreError> {
        if let Some(warehouse) = self.warehouse {
            warehouse.release().await?;
        }
        self.entity.release().await
    }
}

fn key(plan: &SyncPlan) -> [String; 1] {
    [Keys::new(&plan.owner.namespace, &plan.owner.graph, &plan.entity.slug).lease()]
}

async fn lease(
    store: &ConnectionManager,
    keys: &[String],
    waiting: Waiting,
    started: Instant,
    wait: Duration,
    tell: &mut (dyn FnMut(News) + Send),
) -> Result<Lease, SyncFailure> {
    let mut is_told = false;
    loop {
        if let Some(lease) = Lease::acquire_any(store, keys).await? {
            return Ok(lease);
        }
        if started.elapsed() >= wait {
            return Err(SyncFailure::Busy(waiting, wait));
        }
        if !is_told {
            tell(News::Waits(waiting));
            is_told = true;
        }
        tokio::time::sleep(ASKED_EVERY).await;
    }
}
