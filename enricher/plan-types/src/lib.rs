//! What the data plane reads: one [`SyncPlan`] per entity, one [`EnrichPlan`] per mapping, and one [`ProbePlan`] per
//! connection.
//!
//! A plan holds names and settings only: no types and no row positions (the data plane reads those from the
//! store's meta), nothing of replicas, suspension, pods or status. Its bytes are canonical: the same resources
//! give the same bytes in any order, so a plan can be named by its content.

mod canonical;
mod connection;
mod enrich;
mod probe;
mod read;
mod reason;
mod sync;

pub use canonical::{MAX_PLAN_BYTES, PlanTooLarge, canonical_bytes};
pub use connection::{
    KafkaAuth, KafkaTls, KafkaTopic, PostgresAuth, PostgresConnection, RedisConnection, RedisUser, SecretFile, TlsMode,
    WarehouseConnection, WarehousePlan,
};
pub use enrich::{
    AliasPlan, ConsumerPlan, EnrichPlan, EnrichmentPlan, EntityKeys, HopPlan, IfMissing, KeyPlan, MatchPlan, OnMissing,
    OnUnavailable, RulePlan, StartFrom,
};
pub use probe::{ProbePlan, ProbeTarget, StorePlan, StreamPlan};
pub use read::{ReadError, read};
pub use reason::{HoldReason, Pause, Refusal};
pub use sync::{EntityPlan, GuardPlan, Owner, SyncPlan};

/// The version that every kind of plan carries; a reader accepts this one and the one before.
pub const PLAN_VERSION: u32 = 1;
