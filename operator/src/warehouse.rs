//! A Warehouse owns nothing yet but its status.
//! It is woken by itself.
//! It waits for nothing.
//! Deleted, it leaves nothing behind; its DataGraphs say that it is gone.

use serde_json::Value;
use weft_api::Warehouse;

use crate::condition::{Finding, Is};
use crate::driver::{Decision, Kind, Observed, plain_status};
use crate::reason::Reason;

impl Kind for Warehouse {
    const KIND: &'static str = "Warehouse";
    const PARENT: Option<&'static str> = None;

    fn decide(&self, observed: &Observed<'_>) -> Decision {
        let before = self.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        let ready = ready(self);
        let stalled = (ready.is == Is::False).then(|| ready.also("Stalled", Is::True));
        let findings = std::iter::once(ready).chain(stalled).collect();
        let status = plain_status(before, self.metadata.generation, observed.now, findings);
        Decision { status, ..Decision::default() }
    }

    fn status(&self) -> Option<Value> {
        serde_json::to_value(self.status.as_ref()?).ok()
    }
}

fn ready(warehouse: &Warehouse) -> Finding {
    if is_local(warehouse) {
        let message = "spec.sqlite: a pod has no such file; give spec.postgres, or use `weft run` where the file is";
        return Finding::new("Ready", Is::False, Reason::LocalOnly, message);
    }
    let message = "the settings are sound; whether it can be reached, the Entities' condition Synced tells";
    Finding::new("Ready", Is::True, Reason::Accepted, message)
}

/// Whether it is a file, which no pod has.
pub(crate) fn is_local(warehouse: &Warehouse) -> bool {
    warehouse.spec.sqlite.is_some()
}
