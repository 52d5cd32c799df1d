//! The PodMonitors of the chart, without a Prometheus: whether what they choose is there, and answers.

use serde::Deserialize as _;
use serde_json::Value;

use crate::cluster::{helm, kubectl};
use crate::installation::{SYSTEM, values};

/// The monitors lead to the metrics of the operator and of the enrichers of a namespace.
pub(crate) fn find_every_program(namespace: &str) {
    let values = format!("{},monitoring.podMonitors=true,monitoring.labels.release=prometheus", values());
    // This Helm does not know its own version.
    let chart = ["template", "weft", "charts/weft", "--kube-version", "1.34.0", "--namespace", SYSTEM];
    let text = helm(&[&chart[..], &["--set", &values, "--show-only", "templates/monitoring.yaml"]].concat());
    let monitors: Vec<Value> =
        serde_yaml::Deserializer::from_str(&text).map(|document| Value::deserialize(document).unwrap()).collect();
    assert_eq!(monitors.len(), 2, "{text}");
    for (monitor, (namespace, metric)) in
        monitors.iter().zip([(SYSTEM, "weft_operator_"), (namespace, "weft_enricher_events_total")])
    {
        assert_eq!(monitor["metadata"]["labels"]["release"], "prometheus");
        let labels = monitor["spec"]["selector"]["matchLabels"].as_object().unwrap();
        let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap())).collect();
        let found = kubectl(&["get", "pods", "-n", namespace, "-l", &labels.join(","), "-o", "json"]);
        let found: Value = serde_json::from_str(&found).unwrap();
        let pods = found["items"].as_array().unwrap();
        assert!(!pods.is_empty(), "no pod of {namespace} has {labels:?}");
        for pod in pods {
            let ports = &pod["spec"]["containers"][0]["ports"];
            let endpoint = &monitor["spec"]["podMetricsEndpoints"][0]["port"];
            let port = ports.as_array().unwrap().iter().find(|port| port["name"] == *endpoint).unwrap();
            let name = pod["metadata"]["name"].as_str().unwrap();
            let path = format!("/api/v1/namespaces/{namespace}/pods/{name}:{}/proxy/metrics", port["containerPort"]);
            let metrics = kubectl(&["get", "--raw", &path]);
            assert!(metrics.contains(metric), "{name} has no {metric}: {metrics}");
        }
    }
}
