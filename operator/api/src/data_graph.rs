use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{
    ConnectionStatus, LocalRef, PodTemplate, Redis, Relationship, SyncSettings, Validate, Violation,
    metadata::{self, NAME_LENGTH},
    violation::{CelRule, Violations},
};

const ONE_STORE: CelRule = CelRule::new("has(self.redis)", "say where the copy is kept: give `redis`");

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
    status = "ConnectionStatus",
    derive = "PartialEq",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Warehouse", type_ = "string", json_path = ".spec.warehouseRef.name"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].message", priority = "1"),
    validation = NAME_LENGTH,
    doc = "A set of entities: the warehouse they are read from and the store their copy is kept in. Entities and EnrichmentMappings refer to it."
)]
pub struct DataGraphSpec {
    /// The Warehouse that holds the tables of the graph's entities.
    pub warehouse_ref: LocalRef,
    /// Where the copy of the entities is kept. `weft run` on a laptop keeps it in memory instead.
    pub store: Store,
    /// When the tables are copied, and how much may change at once. Default: hourly, with a guard against mass changes.
    #[serde(default)]
    pub sync: SyncSettings,
    /// How rows of the graph's entities lead to each other, for hops (`entities[].via` of a rule) to go along. Default:
    /// none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["slug".into()]))]
    pub relationships: Vec<Relationship>,
    /// What all pods of the graph are given: enrichers of its mappings, where their own `podTemplate` leaves a field out, and
    /// syncs of its entities, where their Warehouse's does; and tests of the store. A change replaces enrichers one by one; syncs have it from the
    /// next one on. `weft run` does without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_template: Option<PodTemplate>,
}

/// Where the copy of a graph's entities is kept: exactly one of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ONE_STORE)]
pub struct Store {
    /// A Redis server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redis: Option<Redis>,
}

impl Validate for DataGraph {
    fn violations(&self, _old: Option<&Self>) -> Vec<Violation> {
        let mut found = Violations::default();
        metadata::check(&self.metadata, &mut found);
        let redis = &self.spec.store.redis;
        found.unless(redis.is_some(), "spec.store", ONE_STORE);
        if let Some(redis) = redis {
            redis.check("spec.store.redis", &mut found);
        }
        self.spec.sync.check("spec.sync", &mut found);
        for (at, relationship) in self.spec.relationships.iter().enumerate() {
            relationship.check(&format!("spec.relationships[{at}]"), &mut found);
        }
        if let Some(template) = &self.spec.pod_template {
            template.check("spec.podTemplate", &mut found);
        }
        found.sorted()
    }
}
