//! A Warehouse owns the Jobs that test its connection, and their plans (ConfigMaps).
//! It is woken by itself and by those Jobs and their pods.
//! It waits for the answer of a test; while that is a failure it tests again and again.
//! Deleted, it takes its children along; its DataGraphs say that it is gone.

use serde_json::Value;
use weft_api::{PodTemplate, Warehouse};

use crate::condition::{Finding, Is, conditions};
use crate::driver::{Decision, Kind, Observed};
use crate::probe::{Noted, tested};
use crate::reason::Reason;

/// What is the case of a Warehouse whose test succeeded.
const USABLE: &str = "the user can log in, and write, read and drop a table in bookkeeping";

impl Kind for Warehouse {
    const KIND: &'static str = "Warehouse";
    const PARENT: Option<&'static str> = None;
    const PROBE: Option<&'static str> = Some("warehouse-probe");

    fn decide(&self, observed: &Observed<'_>) -> Decision {
        let before = self.status.clone().unwrap_or_default();
        let mut noted = Noted::of(&before);
        let mut decision = Decision::default();
        let stalled = |reason: Reason, message: &str| {
            let ready = Finding::new("Ready", Is::False, reason, message);
            let stalled = ready.also("Stalled", Is::True);
            vec![ready, stalled]
        };
        let findings = if is_local(self) {
            let message =
                "spec.sqlite: a pod has no such file; give spec.postgres, or use `weft run` where the file is";
            stalled(Reason::LocalOnly, message)
        } else {
            match tested(self, &observed.planned(), &mut noted, USABLE, observed, &mut decision) {
                Some(connected) => vec![connected.also("Ready", connected.is), connected],
                None => {
                    let message =
                        "spec: the settings do not fit together; `weft validate` says what is wrong with them";
                    stalled(Reason::InvalidObject, message)
                }
            }
        };
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

/// Whether it is a file, which no pod has.
pub(crate) fn is_local(warehouse: &Warehouse) -> bool {
    warehouse.spec.sqlite.is_some()
}
