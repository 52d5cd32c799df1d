//! The conditions of all objects as metrics: what the API server has when they are asked for, so that those of an object
//! go with it, and only the replica that acts tells them.

use kube::ResourceExt as _;
use kube::runtime::reflector::Store;
use prometheus::{IntGaugeVec, Opts, Registry, TextEncoder};
use serde_json::{Value, json};

use crate::driver::Kind;
use crate::reason::Reason;
use crate::world::{Guarded, World};

/// What a condition may be; of each there is a series, as of the conditions of pods.
const STATUSES: [&str; 3] = ["True", "False", "Unknown"];

struct Gauges {
    registry: Registry,
    conditions: IntGaugeVec,
    reasons: IntGaugeVec,
}

impl Gauges {
    fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let conditions = IntGaugeVec::new(
            Opts::new("weft_object_condition", "The conditions of objects: 1 for the status that each has, else 0."),
            &["kind", "namespace", "name", "type", "status"],
        )?;
        let reasons = IntGaugeVec::new(
            Opts::new("weft_object_condition_reason", "1 for the reason that each condition of an object has."),
            &["kind", "namespace", "name", "type", "reason"],
        )?;
        registry.register(Box::new(conditions.clone()))?;
        registry.register(Box::new(reasons.clone()))?;
        Ok(Self { registry, conditions, reasons })
    }

    /// Adds all objects of a kind.
    fn add<K: Kind>(&self, store: &Store<Guarded<K>>) {
        for object in store.state() {
            let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
            let status = match &object.0 {
                Ok(sound) => sound.status().unwrap_or_default(),
                // Its status cannot be read, but there is no other that it could have.
                Err(_) => {
                    let reason = Reason::InvalidObject.as_str();
                    json!({ "conditions": [{ "type": "Ready", "status": "False", "reason": reason }] })
                }
            };
            for condition in status.get("conditions").and_then(Value::as_array).into_iter().flatten() {
                let text = |field: &str| condition.get(field).and_then(Value::as_str).unwrap_or_default();
                let of = [K::KIND, &namespace, &name, text("type")];
                let labels = |last| [of[0], of[1], of[2], of[3], last];
                for status in STATUSES {
                    let is = i64::from(status == text("status"));
                    self.conditions.with_label_values(&labels(status)).set(is);
                }
                self.reasons.with_label_values(&labels(text("reason"))).set(1);
            }
        }
    }

    fn text(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

/// In the text format of Prometheus.
pub(crate) fn text(worlds: &[World]) -> Result<String, prometheus::Error> {
    let gauges = Gauges::new()?;
    for world in worlds {
        gauges.add(&world.warehouses);
        gauges.add(&world.graphs);
        gauges.add(&world.entities);
        gauges.add(&world.mappings);
    }
    gauges.text()
}

#[cfg(test)]
pub(crate) use tests::example;

#[cfg(test)]
mod tests {
    use kube::runtime::{reflector, watcher::Event};
    use weft_api::Entity;

    use super::*;

    fn entity(name: &str, spec: Value) -> Guarded<Entity> {
        let conditions = json!([
            { "type": "Ready", "status": "False", "reason": "SyncFailed", "message": "m",
              "lastTransitionTime": "2026-01-01T00:00:00Z" },
        ]);
        serde_json::from_value(json!({
            "apiVersion": weft_api::API_VERSION, "kind": "Entity", "metadata": { "namespace": "shop", "name": name },
            "spec": spec, "status": { "conditions": conditions },
        }))
        .unwrap()
    }

    fn sound(name: &str) -> Guarded<Entity> {
        entity(name, json!({ "dataGraphRef": { "name": "shop" }, "tableRef": "a.b", "primaryKey": ["ID"] }))
    }

    fn shown(store: &Store<Guarded<Entity>>) -> String {
        let gauges = Gauges::new().unwrap();
        gauges.add(store);
        gauges.text().unwrap()
    }

    /// The metrics of one object.
    pub(crate) fn example() -> String {
        let (store, mut writer) = reflector::store();
        writer.apply_watcher_event(&Event::Apply(sound("product")));
        shown(&store)
    }

    #[test]
    fn a_condition_is_told_with_its_status_and_reason_until_its_object_goes() {
        let (store, mut writer) = reflector::store();
        writer.apply_watcher_event(&Event::Apply(sound("product")));
        let text = shown(&store);
        let of = r#"kind="Entity",name="product",namespace="shop""#;
        for line in [
            format!(r#"weft_object_condition{{{of},status="False",type="Ready"}} 1"#),
            format!(r#"weft_object_condition{{{of},status="True",type="Ready"}} 0"#),
            format!(r#"weft_object_condition{{{of},status="Unknown",type="Ready"}} 0"#),
            format!(r#"weft_object_condition_reason{{{of},reason="SyncFailed",type="Ready"}} 1"#),
        ] {
            assert!(text.contains(&line), "{text}");
        }
        writer.apply_watcher_event(&Event::Delete(sound("product")));
        assert_eq!(shown(&store), "");
    }

    #[test]
    fn an_object_that_is_none_of_its_kind_is_told_as_not_ready() {
        let (store, mut writer) = reflector::store();
        writer.apply_watcher_event(&Event::Apply(entity("odd", json!({ "tableRef": 7 }))));
        assert!(shown(&store).contains(r#"reason="InvalidObject""#));
    }
}
