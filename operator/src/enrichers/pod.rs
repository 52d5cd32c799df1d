//! The pods that can be asked.

use std::net::{IpAddr, SocketAddr};

use kube::ResourceExt as _;
use kube::api::DynamicObject;
use serde_json::Value;

use crate::child::parent_of;

/// The name of the port.
const ADMIN: &str = "admin";

/// An enricher that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pod {
    pub(super) namespace: String,
    pub(super) mapping: String,
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) address: SocketAddr,
    pub(super) is_ready: bool,
}

impl Pod {
    /// The pod, if it runs and has an address of its own: the operator asks nothing of the network of a node.
    pub(super) fn of(child: &DynamicObject) -> Option<Self> {
        let Some(("mapping", mapping)) = parent_of(child) else { return None };
        if !runs(child) || child.data.pointer("/spec/hostNetwork") == Some(&Value::Bool(true)) {
            return None;
        }
        let ip: IpAddr = child.data.pointer("/status/podIP")?.as_str()?.parse().ok()?;
        let ports = child.data.pointer("/spec/containers/0/ports")?.as_array()?;
        let port = ports.iter().find(|port| port["name"] == ADMIN)?["containerPort"].as_u64()?;
        Some(Self {
            namespace: child.namespace().unwrap_or_default(),
            mapping: mapping.to_owned(),
            name: child.name_any(),
            uid: child.uid().unwrap_or_default(),
            address: SocketAddr::new(ip, u16::try_from(port).ok()?),
            is_ready: is_ready(child),
        })
    }
}

/// Whether a pod runs and is not ready.
pub(crate) fn is_waiting(pod: &DynamicObject) -> bool {
    runs(pod) && !is_ready(pod)
}

fn runs(pod: &DynamicObject) -> bool {
    let is_running = pod.data.pointer("/status/phase").is_some_and(|phase| phase == "Running");
    is_running && pod.metadata.deletion_timestamp.is_none()
}

fn is_ready(pod: &DynamicObject) -> bool {
    let conditions = pod.data.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().any(|it| it["type"] == "Ready" && it["status"] == "True")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(of: &str, rest: Value) -> DynamicObject {
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": "orders-1", "namespace": "shop", "uid": "u",
                "labels": { "weft.dev/owner-kind": of, "weft.dev/owner": "orders" },
            },
            "spec": { "containers": [{ "name": "weft", "ports": [{ "name": "admin", "containerPort": 8080 }] }] },
            "status": { "phase": "Running", "podIP": "10.1.2.3" },
        });
        for (pointer, value) in rest.as_object().unwrap() {
            let (parent, field) = pointer.rsplit_once('/').unwrap();
            pod.pointer_mut(parent).unwrap()[field] = value.clone();
        }
        serde_json::from_value(pod).unwrap()
    }

    #[test]
    fn an_enricher_is_asked_where_it_runs() {
        let found = Pod::of(&pod("mapping", json!({}))).unwrap();
        assert_eq!((found.mapping.as_str(), found.address.to_string()), ("orders", "10.1.2.3:8080".to_owned()));
        assert!(!found.is_ready);
        let ready = json!({ "/status/conditions": [{ "type": "Ready", "status": "True" }] });
        assert!(Pod::of(&pod("mapping", ready)).unwrap().is_ready);
        let six = Pod::of(&pod("mapping", json!({ "/status/podIP": "fd00::1" }))).unwrap();
        assert_eq!(six.address.to_string(), "[fd00::1]:8080");
    }

    #[test]
    fn nothing_else_is_asked() {
        assert_eq!(Pod::of(&pod("entity", json!({}))), None);
        for rest in [
            json!({ "/spec/hostNetwork": true }),
            json!({ "/status/phase": "Pending" }),
            json!({ "/status/podIP": "metadata.internal" }),
            json!({ "/metadata/deletionTimestamp": "2026-01-01T00:00:00Z" }),
            json!({ "/spec/containers": [{ "name": "weft" }] }),
        ] {
            assert_eq!(Pod::of(&pod("mapping", rest.clone())), None, "{rest}");
        }
    }
}
