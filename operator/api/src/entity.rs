use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{LocalRef, Status};

/// A table of the warehouse whose rows events can be joined with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "weft.dev",
    version = "v1alpha1",
    kind = "Entity",
    namespaced,
    plural = "entities",
    shortname = "ent",
    category = "weft",
    status = "Status",
    derive = "PartialEq",
    doc = "A table (or view) of a DataGraph's warehouse whose rows events can be joined with."
)]
pub struct EntitySpec {
    /// The DataGraph the entity belongs to.
    pub data_graph_ref: LocalRef,
    /// The name by which mappings refer to the entity: lower case letters, digits, `-` and `_`. Default: metadata.name.
    /// It cannot change: consumers depend on it. `profile` is reserved. Unique in its graph; of two entities with one
    /// slug the older stays valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub slug: Option<String>,
    /// A name for people. Default: the slug. It may change at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub display_name: Option<String>,
    /// The table, view or materialised view, as the warehouse names it: 1 to 3 parts separated by dots, such as
    /// `PRODUCTION.PROD.PRODUCT_SKUS` (SQLite 1 part, PostgreSQL 2). A part with a dot or a blank is quoted with `"` or
    /// back-ticks, doubled inside. If there is no such table, the sync fails and lists those with a similar name.
    #[schemars(length(min = 1, max = 1024))]
    pub table_ref: String,
    /// The columns that together identify a row; an event is joined by giving a value for each. Rows in which one is
    /// NULL, and rows that share a key, are rejected and counted. Floating point, JSON and array columns cannot be
    /// keys.
    #[schemars(length(min = 1, max = 16), inner(length(min = 1, max = 300)))]
    pub primary_key: Vec<String>,
    /// Whether the table is copied to the store, so that mappings can use it. Default true. When false, a mapping that
    /// uses the entity turns Ready=False, reason EnrichmentNotEnabled.
    #[serde(default = "enabled")]
    pub enrichment_enabled: bool,
    /// The columns to copy; the primary key always is. Default: all. A mapping that uses another column turns
    /// Ready=False, reason ColumnNotSynced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1000), inner(length(min = 1, max = 300)))]
    pub columns: Option<Vec<String>>,
}

fn enabled() -> bool {
    true
}

impl Entity {
    /// The name everything refers to the entity by: `spec.slug`, or metadata.name where it is absent.
    pub fn slug(&self) -> &str {
        self.spec.slug.as_deref().or(self.metadata.name.as_deref()).unwrap_or_default()
    }
}
