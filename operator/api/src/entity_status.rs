use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::status::conditions;

/// What the operator observed of an entity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntityStatus {
    /// What is the case, by type: `Synced` tells how the last copy ended, `Fresh` whether the rows are young enough;
    /// `Ready` sums them up, and its reason and message say what unblocks it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
    /// The hash of the plan that a copy was last started for, apart from the schedule. A change of what is copied
    /// starts another copy at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub plan: Option<String>,
    /// The value of the annotation `weft.dev/sync` that a copy was last started for. Another value starts one at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub last_handled_sync: Option<String>,
    /// The value of the annotation `weft.dev/approve` that was last acted upon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub last_handled_approval: Option<String>,
    /// The run that waits for approval: annotate the Entity with `weft.dev/approve` and this number to apply it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub held_run: Option<i64>,
    /// The last copy that brought the rows up to date, or found them so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sync: Option<SyncRun>,
    /// The last copies, the newest first, however they ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub history: Vec<SyncRun>,
}

/// One copy of a table, as it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncRun {
    /// The pod that ran it.
    #[schemars(length(max = 253))]
    pub pod: String,
    /// How it ended: `synced`, `unchanged`, `held`, `failed`, `refused`, or `unknown` where no answer came.
    #[schemars(length(max = 32))]
    pub outcome: String,
    /// The run's number. Absent if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub run: Option<i64>,
    /// What it compared the table with: `incremental`, `full` or `approved`. Absent if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub mode: Option<String>,
    /// When it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<Time>,
    /// When the rows in the store were read from the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_time: Option<Time>,
    /// When they were last found to be those of the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_time: Option<Time>,
    /// How many rows it moved. Absent if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<SyncRows>,
    /// Why it was held, as one word. Absent if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub reason: Option<String>,
    /// Why it failed or was held. Absent if it did its work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub message: Option<String>,
}

/// The rows of one copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncRows {
    /// New in the table.
    #[schemars(range(min = 0))]
    pub added: i64,
    /// With other values than before.
    #[schemars(range(min = 0))]
    pub changed: i64,
    /// Gone from the table, or not usable any more.
    #[schemars(range(min = 0))]
    pub removed: i64,
    /// Rows of the table that cannot be used: without a key, with one that another row has, or too large.
    #[schemars(range(min = 0))]
    pub rejected: i64,
    /// Rows of the store after the copy; of a held one, as it would be.
    #[schemars(range(min = 0))]
    pub total: i64,
}
