//! A DataGraph owns nothing but its status.
//! It is woken by itself, its Warehouse and its Entities.
//! It waits for its Warehouse.
//! Deleted, it leaves its Entities and EnrichmentMappings with what they had.

use serde_json::Value;
use weft_api::DataGraph;
use weft_plan::Planned;

use crate::condition::{Finding, Is};
use crate::driver::{Decision, Kind, Observed, diagnosed, first_error, is_stalled, plain_status};
use crate::reason::Reason;
use crate::warehouse::is_local;
use crate::world::Objects;

impl Kind for DataGraph {
    const KIND: &'static str = "DataGraph";
    const PARENT: Option<&'static str> = None;
    const PROBE: Option<&'static str> = None;

    fn decide(&self, observed: &Observed<'_>) -> Decision {
        let before = self.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        let planned = observed.planned();
        let name = self.metadata.name.as_deref().unwrap_or_default();
        let error = first_error(&planned, Self::KIND, name);
        let valid = match error {
            Some(error) => diagnosed("Valid", error),
            None => Finding::new("Valid", Is::True, Reason::Valid, "the graph and what it refers to fit"),
        };
        let ready = unusable(self, &planned, &observed.objects).unwrap_or_else(|| valid.also("Ready", Is::True));
        let stalled = error.is_some_and(is_stalled).then(|| ready.also("Stalled", Is::True));
        let findings = std::iter::once(ready).chain(stalled).chain([valid]).collect();
        let status = plain_status(before, self.metadata.generation, observed.now, findings);
        Decision { status, ..Decision::default() }
    }

    fn status(&self) -> Option<Value> {
        serde_json::to_value(self.status.as_ref()?).ok()
    }
}

/// Why the graph is not ready, if it is not.
pub(crate) fn unusable(graph: &DataGraph, planned: &Planned, objects: &Objects) -> Option<Finding> {
    let name = graph.metadata.name.as_deref().unwrap_or_default();
    if let Some(error) = first_error(planned, DataGraph::KIND, name) {
        return Some(diagnosed("Ready", error));
    }
    let wanted = &graph.spec.warehouse_ref.name;
    let warehouse = objects.warehouses.iter().find(|it| it.metadata.name.as_ref() == Some(wanted));
    warehouse.is_some_and(is_local).then(|| {
        let message = format!("Warehouse `{wanted}` is a file, which no pod has: give it spec.postgres");
        Finding::new("Ready", Is::False, Reason::LocalOnly, message)
    })
}
