//! Where a password could get to: what the cluster shows of a namespace and of the operator, and what programs show of
//! themselves.

use std::fs;

use crate::cluster::{ask, kubectl};
use crate::installation::SYSTEM;
use crate::servers::{READER_PASSWORD, SERVERS, WAREHOUSE_PASSWORD, WRITER_PASSWORD};

/// The passwords of the servers.
pub(crate) fn all() -> [String; 4] {
    let [warehouse, writer, reader] = [WAREHOUSE_PASSWORD, WRITER_PASSWORD, READER_PASSWORD].map(str::to_owned);
    [warehouse, writer, reader, SERVERS.kafka.password.clone()]
}

/// Every place and what stands there.
pub(crate) fn places(namespace: &str) -> Vec<(String, String)> {
    let mut places = Vec::new();
    for namespace in [namespace, SYSTEM] {
        for resource in kubectl(&["api-resources", "--namespaced", "--verbs=list", "-o", "name"]).lines() {
            if resource != "secrets" {
                let question = ["get", resource, "-n", namespace, "-o", "yaml"];
                places.push((format!("the {resource} of {namespace}"), kubectl(&question)));
            }
        }
        for pod in kubectl(&["get", "pods", "-n", namespace, "-o", "jsonpath={.items[*].metadata.name}"]).split(' ') {
            places.push((format!("the log of {pod}"), kubectl(&["logs", "-n", namespace, pod])));
            // A pod that has ended, such as a sync's, answers no more.
            let metrics = format!("/api/v1/namespaces/{namespace}/pods/{pod}:8080/proxy/metrics");
            if let Ok(text) = ask(&["get", "--raw", &metrics]) {
                places.push((format!("the metrics of {pod}"), text));
            }
        }
    }
    places.extend(processes());
    let has = |what: &str| places.iter().any(|(place, text)| place.starts_with(what) && !text.is_empty());
    for what in ["the events", "the entities", "the log of weft-operator", "the metrics of", "the process weft "] {
        assert!(has(what), "nothing was found of {what}");
    }
    places
}

/// Arguments and environment of the programs of pods, which this namespace of processes has too.
fn processes() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let read = |name: &str| {
            let bytes = fs::read(process.path().join(name)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let name = read("comm").trim().to_owned();
        if name.starts_with("weft") {
            found.push((format!("the process {name} "), read("cmdline") + &read("environ")));
        }
    }
    found
}
