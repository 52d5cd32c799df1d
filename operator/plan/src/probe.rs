//! What is to be tried out of the connections that objects name.

use weft_api::{DataGraph, EnrichmentMapping, Warehouse};
use weft_plan_types::{PLAN_VERSION, ProbePlan, ProbeTarget, StorePlan, StreamPlan};

use crate::catalog::Catalog;
use crate::connection;
use crate::diagnostic::{ObjectRef, name, namespace};
use crate::entity::owner;
use crate::mapping::endpoint;
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

/// The probe of a mapping's topics, if it names them all. Its rules and entities may be wrong.
pub(crate) fn of_mapping(mapping: &EnrichmentMapping, catalog: &Catalog<'_>) -> Option<PlannedProbe> {
    let (source, destination, dead_letter) = endpoint::plans(mapping)?;
    Some(PlannedProbe {
        object: ObjectRef::of("EnrichmentMapping", mapping),
        plan: ProbePlan {
            version: PLAN_VERSION,
            namespace: namespace(mapping).to_owned(),
            target: ProbeTarget::Stream(Box::new(StreamPlan {
                owner: owner(namespace(mapping), &mapping.spec.data_graph_ref.name, catalog),
                mapping: name(mapping).to_owned(),
                source: source.topic,
                group_id: source.group_id,
                destination,
                dead_letter,
            })),
        },
    })
}
