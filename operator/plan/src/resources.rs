use std::collections::BTreeMap;

use weft_api::{DataGraph, EnrichmentMapping, Entity, Warehouse};
use weft_plan_types::{EnrichPlan, ProbePlan, RedisConnection, SyncPlan};

use crate::{Diagnostic, ObjectRef};

/// Everything a plan is made from, in any order.
#[derive(Clone, Debug, Default)]
pub struct Resources<'a> {
    /// The databases.
    pub warehouses: Vec<&'a Warehouse>,
    /// The sets of entities.
    pub data_graphs: Vec<&'a DataGraph>,
    /// The tables.
    pub entities: Vec<&'a Entity>,
    /// The streams.
    pub mappings: Vec<&'a EnrichmentMapping>,
}

/// What a plan depends on besides the resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The installation's id, the first part of every [`weft_plan_types::Owner`].
    pub installation: String,
    /// SQLite files that stand in for the Warehouses of these names, in any namespace.
    pub local_warehouses: BTreeMap<String, String>,
}

impl Default for Options {
    /// A laptop: the installation `local`, each Warehouse as its manifest says.
    fn default() -> Self {
        Self { installation: "local".to_owned(), local_warehouses: BTreeMap::new() }
    }
}

/// What came of the resources.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planned {
    /// What is wrong or odd, by kind, namespace, name and place in the object.
    pub diagnostics: Vec<Diagnostic>,
    /// One for each enabled entity that is sound.
    pub syncs: Vec<PlannedSync>,
    /// One for each mapping that is sound.
    pub enrichments: Vec<PlannedEnrichment>,
    /// One for each Warehouse whose settings are sound, for each DataGraph that names a store, and for each
    /// EnrichmentMapping that names its topics.
    pub probes: Vec<PlannedProbe>,
}

/// How one entity is copied.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedSync {
    /// The Entity.
    pub object: ObjectRef,
    /// When it is copied: five cron fields or a name such as `@hourly`.
    pub schedule: String,
    /// The time zone of the schedule, as the time zone database names it.
    pub time_zone: String,
    /// Whether its manifest, or its graph's, says not to copy it on a schedule.
    pub suspended: bool,
    /// Where its copy is, with the reader's credentials; the plan has the writer's.
    pub reader: RedisConnection,
    /// Its plan; when it is copied is no part of it.
    pub plan: SyncPlan,
}

/// How one stream is enriched.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedEnrichment {
    /// The EnrichmentMapping.
    pub object: ObjectRef,
    /// Whether its manifest says not to run it.
    pub suspended: bool,
    /// Its plan.
    pub plan: EnrichPlan,
}

/// How a connection is tried out.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedProbe {
    /// The object that names the connection.
    pub object: ObjectRef,
    /// Its plan.
    pub plan: ProbePlan,
}
