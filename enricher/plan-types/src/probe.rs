use serde::{Deserialize, Serialize};

use crate::WarehousePlan;

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
}
