//! What only the end of all other tests tells: `e2e/test-cluster.sh` runs these by themselves, last.

use std::collections::BTreeSet;

use serde::Deserialize as _;
use serde_json::Value;

use crate::audit;
use crate::cluster::helm;
use crate::installation::{SYSTEM, values};

/// What the operator may do although no request in the log shows that it does, and why it needs it.
const UNSEEN: [(&str, &str, &str); 8] = [
    ("create", "cronjobs", "an apply is a patch, and of what is not there yet the API server asks for this too"),
    ("create", "deployments", "as of cronjobs"),
    ("create", "poddisruptionbudgets", "as of cronjobs"),
    ("patch", "events", "an event that repeats becomes one with a count, and none need repeat"),
    ("update", "warehouses/finalizers", "where blockOwnerDeletion is guarded, the API server asks for it with a child"),
    ("update", "datagraphs/finalizers", "as of warehouses"),
    ("update", "entities/finalizers", "as of warehouses"),
    ("update", "enrichmentmappings/finalizers", "as of warehouses"),
];

#[test]
#[ignore = "needs a node: e2e/test-cluster.sh"]
fn the_operator_may_do_what_it_did_and_nothing_else() {
    let granted = granted();
    // What is no object, such as the version, everybody may get.
    let objects = audit::requests().into_iter().filter(|it| !it.resource.is_empty());
    let used: BTreeSet<_> = objects.map(|it| (it.verb, it.resource)).collect();
    assert!(used.len() > 20, "the log shows too little: {used:?}");
    let unseen = UNSEEN.map(|(verb, resource, _)| (verb.to_owned(), resource.to_owned()));
    let idle: Vec<_> = granted.iter().filter(|it| !used.contains(it) && !unseen.contains(it)).collect();
    assert!(idle.is_empty(), "granted and never used; take it away, or say in UNSEEN what needs it: {idle:?}");
    let missing: Vec<_> = used.difference(&granted).collect();
    assert!(missing.is_empty(), "asked for and not granted: {missing:?}");
}

/// The verbs and resources in the roles of the chart.
fn granted() -> BTreeSet<(String, String)> {
    // This Helm does not know its own version.
    let chart = ["template", "weft", "charts/weft", "--kube-version", "1.34.0", "--namespace", SYSTEM];
    let text = helm(&[&chart[..], &["--set", &values(), "--show-only", "templates/rbac.yaml"]].concat());
    let objects = serde_yaml::Deserializer::from_str(&text).map(|document| Value::deserialize(document).unwrap());
    let rules = objects.filter_map(|object| object["rules"].as_array().cloned()).flatten();
    let texts = |rule: &Value, name: &str| -> Vec<String> {
        rule[name].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let pairs = |rule: Value| {
        let (verbs, resources) = (texts(&rule, "verbs"), texts(&rule, "resources"));
        resources
            .into_iter()
            .flat_map(move |resource| verbs.clone().into_iter().map(move |verb| (verb, resource.clone())))
    };
    rules.flat_map(pairs).collect()
}
