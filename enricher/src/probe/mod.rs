//! Tries out the connections that objects name, step by step, as those who need them would use them.
//!
//! What a probe writes it removes; what a probe that was killed has left, a later one removes.

mod steps;
mod store;
#[cfg(feature = "kafka")]
mod stream;
mod warehouse;

use weft_plan_types::{ProbePlan, ProbeTarget};

use crate::connect::Secrets;
pub(crate) use steps::Step;
#[cfg(test)]
pub(crate) use steps::Trouble;

/// How a probe ended.
#[derive(Debug)]
pub(crate) struct Probed {
    /// What was tried, in order.
    pub(crate) steps: Vec<Step>,
    /// What answers there, with its version.
    pub(crate) server: Option<String>,
}

/// The kind and the name of the object that names the connection.
pub(crate) fn object(plan: &ProbePlan) -> (&'static str, &str) {
    match &plan.target {
        ProbeTarget::Warehouse(warehouse) => ("Warehouse", &warehouse.name),
        ProbeTarget::Store(store) => ("DataGraph", &store.owner.graph),
        ProbeTarget::Stream(stream) => ("EnrichmentMapping", &stream.mapping),
    }
}

/// Tries a connection out.
pub(crate) async fn probe(plan: &ProbePlan, secrets: &Secrets) -> Probed {
    match &plan.target {
        ProbeTarget::Warehouse(warehouse) => warehouse::probe(warehouse, &plan.namespace, secrets).await,
        ProbeTarget::Store(plan) => store::probe(plan, secrets).await,
        #[cfg(feature = "kafka")]
        ProbeTarget::Stream(plan) => stream::probe(plan, secrets).await,
        #[cfg(not(feature = "kafka"))]
        ProbeTarget::Stream(_) => {
            let text = "this weft was built without Kafka; build it with `make install`".to_owned();
            let trouble = Some(steps::Trouble { text, is_transient: false });
            Probed { steps: vec![Step { name: "log in at the source", trouble }], server: None }
        }
    }
}
