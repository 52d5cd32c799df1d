//! A DataGraph: its Warehouse and its store exist, its relationships are sound.

use weft_api::{DataGraph, Redis};
use weft_plan_types::WarehousePlan;

use crate::catalog::Catalog;
use crate::diagnostic::{Findings, ObjectRef, Report, name, namespace};
use crate::suggestion::did_you_mean;
use crate::{Reason, connection, relationship, schedule};

type Check = fn(&DataGraph, &Catalog<'_>, &mut Report<'_>);

/// In the order a user would fix them.
const CHECKS: [Check; 8] = [
    has_a_warehouse,
    warehouse_can_be_reached,
    has_a_store,
    schedule::of_graph_is_sound,
    relationship::have_slugs_of_their_own,
    relationship::have_entities_at_their_ends,
    relationship::join_columns_stand_once,
    relationship::are_not_deep,
];

pub(crate) fn check(graph: &DataGraph, catalog: &Catalog<'_>, findings: &mut Findings) {
    let mut report = findings.about(ObjectRef::of("DataGraph", graph));
    CHECKS.iter().for_each(|check| check(graph, catalog, &mut report));
}

fn has_a_warehouse(graph: &DataGraph, catalog: &Catalog<'_>, report: &mut Report<'_>) {
    let (space, wanted) = (namespace(graph), &graph.spec.warehouse_ref.name);
    if catalog.warehouse(space, wanted).is_none() {
        let help = did_you_mean(wanted, catalog.warehouse_names(space), || "create it in this namespace".to_owned());
        let message = format!("there is no Warehouse `{wanted}` in namespace `{space}`");
        report.error(Reason::UnknownWarehouse, "spec.warehouseRef.name", message, help);
    }
}

/// Reported on the graph, for the Warehouse alone is in nobody's way.
fn warehouse_can_be_reached(graph: &DataGraph, catalog: &Catalog<'_>, report: &mut Report<'_>) {
    let Some(warehouse) = catalog.warehouse(namespace(graph), &graph.spec.warehouse_ref.name) else { return };
    if let Err(fault) = connection::warehouse(warehouse, catalog.options) {
        let message = format!("Warehouse `{}` cannot be reached: {fault}", name(warehouse));
        report.error(Reason::InvalidSpec, "spec.warehouseRef", message, "correct the Warehouse");
    }
}

fn has_a_store(graph: &DataGraph, _: &Catalog<'_>, report: &mut Report<'_>) {
    if graph.spec.store.redis.is_none() {
        report.error(Reason::InvalidSpec, "spec.store", "the store names no kind", "add `redis` with its `url`");
    }
}

/// A graph's warehouse and store, if it is sound.
pub(crate) fn backends<'a>(graph: &'a DataGraph, catalog: &Catalog<'a>) -> Option<(WarehousePlan, &'a Redis)> {
    let warehouse = catalog.warehouse(namespace(graph), &graph.spec.warehouse_ref.name)?;
    Some((connection::warehouse(warehouse, catalog.options).ok()?, graph.spec.store.redis.as_ref()?))
}

/// An error on an object whose graph does not exist.
pub(crate) fn report_unknown(namespace: &str, wanted: &str, catalog: &Catalog<'_>, report: &mut Report<'_>) {
    let help = did_you_mean(wanted, catalog.graph_names(namespace), || "create it in this namespace".to_owned());
    let message = format!("there is no DataGraph `{wanted}` in namespace `{namespace}`");
    report.error(Reason::UnknownDataGraph, "spec.dataGraphRef.name", message, help);
}
