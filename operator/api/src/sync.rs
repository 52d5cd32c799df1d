use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::{
    schedule::{SCHEDULE, TIME_ZONE},
    violation::Violations,
};

/// When the entities of a graph are copied, and how much may change at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncSettings {
    /// When the tables are copied, unless an Entity has a schedule of its own: five cron fields, or `@hourly`, `@daily`,
    /// `@weekly`, `@monthly` or `@yearly`. Default `@hourly`. A copy that is still running is not started again.
    #[serde(default = "hourly")]
    #[schemars(length(min = 1, max = 128))]
    #[x_kube(validation = &SCHEDULE)]
    pub schedule: String,
    /// The time zone of the schedules of the graph and its entities, as the time zone database names it, such as
    /// `Europe/Berlin`. Default `Etc/UTC`.
    #[serde(default = "utc")]
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = &TIME_ZONE)]
    pub time_zone: String,
    /// Do not copy the graph's entities on a schedule. Default false. Enrichers go on with the rows that were copied.
    #[serde(default)]
    pub suspend: bool,
    /// How much of a table may change from one copy to the next before somebody has to approve it. Default: 20 % may be
    /// deleted, 80 % may change.
    #[serde(default)]
    pub mass_change_guard: MassChangeGuard,
}

/// How much of a table may change from one copy to the next. A sync that would change more is held: the rows stay as they
/// were, and `weft sync --approve RUN` applies it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct MassChangeGuard {
    /// The share of the rows, in percent, that a copy may remove. Default 20; 100 allows all. A table that has become
    /// empty is held also then.
    #[serde(default = "deleted")]
    #[schemars(range(min = 0, max = 100))]
    pub max_deleted_percent: i32,
    /// The share of the rows, in percent, that a copy may change. Default 80; 100 allows all.
    #[serde(default = "changed")]
    #[schemars(range(min = 0, max = 100))]
    pub max_changed_percent: i32,
    /// Tables of fewer rows may change as they like. Default 100.
    #[serde(default = "min_rows")]
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub min_rows: i32,
}

fn hourly() -> String {
    "@hourly".to_owned()
}

fn utc() -> String {
    "Etc/UTC".to_owned()
}

fn deleted() -> i32 {
    20
}

fn changed() -> i32 {
    80
}

fn min_rows() -> i32 {
    100
}

impl Default for SyncSettings {
    fn default() -> Self {
        Self { schedule: hourly(), time_zone: utc(), suspend: false, mass_change_guard: MassChangeGuard::default() }
    }
}

impl Default for MassChangeGuard {
    fn default() -> Self {
        Self { max_deleted_percent: deleted(), max_changed_percent: changed(), min_rows: min_rows() }
    }
}

impl SyncSettings {
    pub(crate) fn check(&self, place: &str, found: &mut Violations) {
        found.text(&self.schedule, format!("{place}.schedule"), &SCHEDULE);
        found.text(&self.time_zone, format!("{place}.timeZone"), &TIME_ZONE);
    }
}
