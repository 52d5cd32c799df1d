use serde::{Deserialize, Serialize};

use crate::{KafkaTopic, Owner, RedisConnection, WarehousePlan};

/// A connection that is to be tried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProbePlan {
    /// See [`crate::PLAN_VERSION`].
    pub version: u32,
    /// The namespace of the object that names the connection, where its Secrets are too.
    pub namespace: String,
    /// What is tried out.
    pub target: ProbeTarget,
}

/// What a probe tries out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ProbeTarget {
    /// Whether a warehouse lets its user in, and keep books.
    Warehouse(WarehousePlan),
    /// Whether a store lets in whoever fills it and whoever reads it, and allows what they do.
    Store(StorePlan),
    /// Whether brokers let a mapping in, and allow what an enricher does with its topics.
    Stream(Box<StreamPlan>),
}

/// The store of a data graph, and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StorePlan {
    /// The data graph.
    pub owner: Owner,
    /// The store, as whom syncs log in.
    pub writer: RedisConnection,
    /// The store, as whom enrichers log in.
    pub reader: RedisConnection,
}

/// The topics of a mapping, and how to reach them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamPlan {
    /// Whose entities the mapping uses.
    pub owner: Owner,
    /// The mapping's name.
    pub mapping: String,
    /// Where events come from.
    pub source: KafkaTopic,
    /// The consumer group.
    pub group_id: String,
    /// Where enriched events go.
    pub destination: KafkaTopic,
    /// Where events go that cannot be delivered.
    pub dead_letter: KafkaTopic,
}
