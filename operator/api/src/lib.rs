//! The four resource types of `weft.dev/v1alpha1`: their schema, validation rules, printer columns and conditions.
//!
//! One file per kind, and one per block that several kinds share. What a user can get wrong in one object is refused
//! here: by the schema's types and bounds, and by the rules in it.

// The schema derive copies each type into a function, where `pub` reaches nobody.
#![allow(unreachable_pub)]

mod amount;
mod connection_status;
mod crds;
mod data_graph;
mod duration;
mod enrichment_mapping;
mod enrichment_rule;
mod entity;
mod entity_alias;
mod entity_status;
mod kafka;
mod metadata;
mod pod_resources;
mod pod_template;
mod postgres;
mod redis;
mod reference;
mod relationship;
mod schedule;
mod secret;
mod status;
mod sync;
mod tls;
mod violation;
mod warehouse;

pub use amount::Amount;
pub use connection_status::{ConnectionStatus, ConnectionTest};
pub use crds::{crd, crds, generated};
pub use data_graph::{DataGraph, DataGraphSpec, Store};
pub use duration::duration;
pub use enrichment_mapping::{
    DeadLetter, DeadLetterTopic, Destination, EnrichmentMapping, EnrichmentMappingSpec, EnrichmentMappingStatus,
    OnUnavailable, Source,
};
pub use enrichment_rule::{Consent, Enrichment, EnrichmentRule, EnrichmentSource, IfMissing, OnMissing};
pub use entity::{Entity, EntitySpec};
pub use entity_alias::{EntityAlias, KeyMatch};
pub use entity_status::{EntityStatus, SyncRows, SyncRun};
pub use kafka::{KafkaAuth, KafkaSource, KafkaTls, KafkaTopic, Sasl, SaslMechanism};
pub use pod_resources::{Amounts, Resources};
pub use pod_template::{PodTemplate, PullSecret, TaintEffect, Toleration, TolerationOperator};
pub use postgres::{Postgres, PostgresAuth, PostgresTls, TlsMode};
pub use redis::{Redis, RedisTls, RedisUser};
pub use reference::LocalRef;
pub use relationship::{JoinColumns, Relationship};
pub use secret::{SecretKey, SecretValue};
pub use status::Status;
pub use sync::{MassChangeGuard, SyncSettings};
pub use tls::ClientCertificate;
pub use violation::{Validate, Violation};
pub use warehouse::{Bookkeeping, Limits, Sqlite, Warehouse, WarehouseSpec};

/// The API group of every kind.
pub const GROUP: &str = "weft.dev";

/// The API version of every kind.
pub const VERSION: &str = "v1alpha1";

/// The `apiVersion` line of every manifest.
pub const API_VERSION: &str = "weft.dev/v1alpha1";
