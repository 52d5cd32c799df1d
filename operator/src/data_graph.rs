//! A DataGraph owns the Jobs that test the connection to its store, and their plans (ConfigMaps).
//! It is woken by itself, its Warehouse, its Entities, and those Jobs and their pods.
//! It waits for its Warehouse, and for the answer of a test; while that is a failure it tests again and again.
//! Deleted, it takes its children along, and leaves its Entities and EnrichmentMappings with what they had.

use serde_json::Value;
use weft_api::{DataGraph, PodTemplate};
use weft_plan::Planned;

use crate::condition::{Finding, Is, conditions};
use crate::driver::{Decision, Kind, Observed, diagnosed, first_error, is_stalled};
use crate::probe::{Noted, tested};
use crate::reason::Reason;
use crate::warehouse::is_local;
use crate::world::Objects;

/// What is the case of a DataGraph whose test succeeded.
const USABLE: &str = "the store lets in who writes and who reads, and allows what they do";

impl Kind for DataGraph {
    const KIND: &'static str = "DataGraph";
    const PARENT: Option<&'static str> = None;
    const PROBE: Option<&'static str> = Some("graph-probe");

    fn decide(&self, observed: &Observed<'_>) -> Decision {
        let before = self.status.clone().unwrap_or_default();
        let mut noted = Noted::of(&before);
        let mut decision = Decision::default();
        let planned = observed.planned();
        let name = self.metadata.name.as_deref().unwrap_or_default();
        let error = first_error(&planned, Self::KIND, name);
        let valid = match error {
            Some(error) => diagnosed("Valid", error),
            None => Finding::new("Valid", Is::True, Reason::Valid, "the graph and what it refers to fit"),
        };
        let connected = tested(self, &planned, &mut noted, USABLE, observed, &mut decision);
        let usable = || connected.as_ref().map_or_else(|| valid.also("Ready", Is::True), |it| it.also("Ready", it.is));
        let ready = unusable(self, &planned, &observed.objects).unwrap_or_else(usable);
        let stalled = error.is_some_and(is_stalled).then(|| ready.also("Stalled", Is::True));
        let findings = std::iter::once(ready).chain(stalled).chain([valid]).chain(connected).collect();
        let conditions = conditions(&before.conditions, self.metadata.generation, observed.now, findings);
        decision.status = serde_json::to_value(noted.status(conditions)).unwrap_or_default();
        decision
    }

    fn pod_template(&self) -> Option<&PodTemplate> {
        self.spec.pod_template.as_ref()
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
