//! What is to be tried out of the connections that objects name.

use weft_api::Warehouse;
use weft_plan_types::{PLAN_VERSION, ProbePlan, ProbeTarget};

use crate::catalog::Catalog;
use crate::connection;
use crate::diagnostic::{ObjectRef, namespace};
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
