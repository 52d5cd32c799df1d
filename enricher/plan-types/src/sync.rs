use serde::{Deserialize, Serialize};

use crate::{RedisConnection, WarehousePlan};

/// Who writes an entity's rows: `<installation>/<namespace>/<graph>`, the same for ever, without UIDs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// The installation's id; `local` on a laptop.
    pub installation: String,
    /// The namespace of the data graph.
    pub namespace: String,
    /// The data graph's name.
    pub graph: String,
}

impl std::fmt::Display for Owner {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}/{}", self.installation, self.namespace, self.graph)
    }
}

/// How one entity's table is copied into the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncPlan {
    /// See [`crate::PLAN_VERSION`].
    pub version: u32,
    /// Who the copy belongs to.
    pub owner: Owner,
    /// Where the table lies.
    pub warehouse: WarehousePlan,
    /// Where the copy goes, with the writer's credentials.
    pub store: RedisConnection,
    /// What is copied.
    pub entity: EntityPlan,
    /// How much may change before somebody has to approve it.
    pub guard: GuardPlan,
}

/// How much of a table may change from one run to the next; a run that would change more is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GuardPlan {
    /// The share of the rows that may be removed, in percent.
    pub max_deleted_percent: u32,
    /// The share of the rows that may change, in percent.
    pub max_changed_percent: u32,
    /// A table of fewer rows may change as it likes.
    pub min_rows: u64,
}

/// One table (or view) and the part of it that is copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntityPlan {
    /// The name everything refers to it by.
    pub slug: String,
    /// The table's name, outermost part first, unquoted.
    pub table: Vec<String>,
    /// The key columns, in the order the user gave.
    pub primary_key: Vec<String>,
    /// The other columns to copy; `None` means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
}
