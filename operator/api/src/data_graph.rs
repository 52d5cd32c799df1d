use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{LocalRef, Redis, Status};

/// Which warehouse the entities of the graph are read from, and where their copy is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "weft.dev",
    version = "v1alpha1",
    kind = "DataGraph",
    namespaced,
    shortname = "dg",
    category = "weft",
    status = "Status",
    derive = "PartialEq",
    doc = "A set of entities: the warehouse they are read from and the store their copy is kept in. Entities and EnrichmentMappings refer to it."
)]
pub struct DataGraphSpec {
    /// The Warehouse that holds the tables of the graph's entities.
    pub warehouse_ref: LocalRef,
    /// Where the copy of the entities is kept. `weft run` on a laptop keeps it in memory instead.
    pub store: Store,
}

/// Where the copy of a graph's entities is kept: exactly one of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Store {
    /// A Redis server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redis: Option<Redis>,
}
