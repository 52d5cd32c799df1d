use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::status::conditions;

/// What the operator observed of an object that names a connection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionStatus {
    /// What is the case, by type: `Connected` tells whether the connection can be used, and if not at which step it
    /// fails and what helps; `Ready` sums the others up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
    /// What answered when the connection was last tested, with its version. Absent before somebody was let in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub server_version: Option<String>,
    /// When the last test of the connection ended. A connection that can be used is not tested again until it changes
    /// or somebody asks for it; one that cannot is tested again after 30 s, then each minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_test_time: Option<Time>,
    /// The value of the annotation `weft.dev/probe` that a test was last started for. Another value starts one at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub last_handled_probe: Option<String>,
    /// The test that is under way, or that ended last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<ConnectionTest>,
}

/// How far the test of a connection is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionTest {
    /// The hash of the plan with what is tested.
    #[schemars(length(max = 64))]
    pub plan: String,
    /// How many tests went before it that failed, since the connection changed or somebody asked for a test.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub attempt: i32,
    /// The Job that tests. Absent while none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub job: Option<String>,
    /// How the last one ended: `connected`, `failed`, or `unknown` where no answer came. Absent before the first has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub outcome: Option<String>,
    /// At what it failed, and what helps. Absent if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub message: Option<String>,
}
