//! Pure: from resources to diagnostics and plans.
//!
//! What one object alone can get wrong is refused by its schema; here is what needs two objects or a language. The
//! planner takes objects as they come, also such as never saw a schema: it answers with diagnostics, never a panic.

mod catalog;
mod condition_reason;
mod connection;
mod data_graph;
mod diagnostic;
mod entity;
mod identifier;
mod mapping;
mod probe;
mod reason;
mod relationship;
mod resources;
mod schedule;
mod suggestion;
mod table_ref;

pub use condition_reason::ConditionReason;
pub use diagnostic::{Diagnostic, ObjectRef, Severity};
pub use reason::Reason;
pub use resources::{Options, Planned, PlannedEnrichment, PlannedProbe, PlannedSync, Resources};
pub use schedule::Schedule;
pub use suggestion::{closest, either, listed};

use catalog::Catalog;
use diagnostic::Findings;

/// Checks all resources and plans what is sound: a sync for each enabled entity, an enrichment for each mapping,
/// a probe for each connection.
///
/// Diagnostics and plans are sorted by object, so the order of the resources does not matter; a name of a kind should
/// stand once in its namespace.
pub fn plan(resources: &Resources<'_>, options: &Options) -> Planned {
    let catalog = Catalog::of(resources, options);
    let mut findings = Findings::default();
    catalog.graphs().for_each(|graph| data_graph::check(graph, &catalog, &mut findings));
    let syncs = catalog.entities().filter_map(|entity| entity::planned(entity, &catalog, &mut findings)).collect();
    let enrichments =
        catalog.mappings().filter_map(|mapping| mapping::planned(mapping, &catalog, &mut findings)).collect();
    let of_warehouses = catalog.warehouses().filter_map(|warehouse| probe::of_warehouse(warehouse, &catalog));
    let of_graphs = catalog.graphs().filter_map(|graph| probe::of_graph(graph, &catalog));
    let of_mappings = catalog.mappings().filter_map(|mapping| probe::of_mapping(mapping, &catalog));
    let probes = of_warehouses.chain(of_graphs).chain(of_mappings).collect();
    Planned { diagnostics: findings.into_diagnostics(), syncs, enrichments, probes }
}
