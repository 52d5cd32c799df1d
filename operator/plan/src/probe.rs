//! What is to be tried out of the connections that objects name.

use weft_api::{DataGraph, Warehouse};
use weft_plan_types::{PLAN_VERSION, ProbePlan, ProbeTarget, StorePlan};

use crate::catalog::Catalog;
use crate::connection;
use crate::diagnostic::{ObjectRef, name, namespace};
use crate::entity::owner;
use crate::resources::PlannedProbe;

/// The probe of a Warehouse, if its settings are sound.
pub(crate) fn of_warehouse(warehouse: &Warehouse, catalog: &Catalog<'_>) -> Option<PlannedProbe> {
    let plan = connection::warehouse(warehouse, catalog.options).ok()?;
    Some(PlannedProbe {
        object: ObjectRef::of("Warehouse", warehouse),
        plan: ProbePlan {
            version: PLAN_VERSION,
            namespace: namespace(warehouse).to_owned(),
            target: ProbeTarget::Warehouse(plan),
        },
    })
}

/// The probe of a DataGraph's store, if it names one.
pub(crate) fn of_graph(graph: &DataGraph, catalog: &Catalog<'_>) -> Option<PlannedProbe> {
    let redis = graph.spec.store.redis.as_ref()?;
    Some(PlannedProbe {
        object: ObjectRef::of("DataGraph", graph),
        plan: ProbePlan {
            version: PLAN_VERSION,
            namespace: namespace(graph).to_owned(),
            target: ProbeTarget::Store(StorePlan {
                owner: owner(namespace(graph), name(graph), catalog),
                writer: connection::redis_writer(redis),
                reader: connection::redis_reader(redis),
            }),
        },
    })
}
