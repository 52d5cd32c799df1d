//! A shop's mapping, and what is decided about it.

mod breaking;
mod matching;
mod pauses;

use jiff::Timestamp;
use kube::api::DynamicObject;
use serde_json::{Value, json};
use weft_api::{DataGraph, EnrichmentMapping, Entity, Warehouse};

use crate::apply::{Wanted, resource};
use crate::driver::{Decision, Kind as _, Observed, Settings};
use crate::enrichers::Said;
use crate::world::Objects;

/// 2026-11-23T09:00:00Z.
const NOW: i64 = 1_795_424_400;

fn of_yaml<K: serde::de::DeserializeOwned>(yaml: &str) -> K {
    serde_yaml::from_str(yaml).unwrap()
}

fn warehouse() -> Warehouse {
    of_yaml(
        "apiVersion: weft.dev/v1alpha1
kind: Warehouse
metadata: {name: prod, namespace: shop, generation: 1}
spec: {postgres: {host: db, database: shop, user: weft, auth: {password: {secretRef: {name: warehouse, key: password}}}}}",
    )
}

fn graph() -> DataGraph {
    of_yaml(
        "apiVersion: weft.dev/v1alpha1
kind: DataGraph
metadata: {name: main, namespace: shop, generation: 1}
spec:
  warehouseRef: {name: prod}
  store: {redis: {url: 'redis://redis:6379/0', reader: {username: r, password: {secretRef: {name: reader, key: p}}}}}",
    )
}

/// An entity that was copied, or not yet.
fn entity(is_copied: bool) -> Entity {
    let mut entity: Entity = of_yaml(
        "apiVersion: weft.dev/v1alpha1
kind: Entity
metadata: {name: product, namespace: shop, uid: u-1, generation: 1}
spec: {dataGraphRef: {name: main}, tableRef: public.products, primaryKey: [sku]}
status: {lastSync: {pod: p, outcome: synced, run: 7}}",
    );
    entity.status = entity.status.filter(|_| is_copied);
    entity
}

fn mapping() -> EnrichmentMapping {
    of_yaml(
        "apiVersion: weft.dev/v1alpha1
kind: EnrichmentMapping
metadata: {name: orders, namespace: shop, uid: u-2, generation: 1}
spec:
  dataGraphRef: {name: main}
  source: {kafka: {bootstrapServers: ['kafka:9092'], topic: events}}
  destination: {kafka: {bootstrapServers: ['kafka:9092'], topic: enriched}}
  deadLetter: {kafka: {topic: dead}}
  replicas: 2
  rules:
  - name: all
    entities: [{as: product, entity: product, match: [{column: sku, path: $.properties.sku}]}]
    enrichments: [{from: {as: product, column: name}, to: $.properties.name}]",
    )
}

fn whole() -> Objects {
    Objects {
        warehouses: vec![warehouse()],
        graphs: vec![graph()],
        entities: vec![entity(true)],
        mappings: vec![mapping()],
    }
}

fn decide(mapping: &EnrichmentMapping, objects: Objects, children: Vec<DynamicObject>) -> Decision {
    decide_hearing(mapping, objects, children, Said::default())
}

fn decide_hearing(mapping: &EnrichmentMapping, objects: Objects, children: Vec<DynamicObject>, said: Said) -> Decision {
    let objects = Objects { mappings: vec![mapping.clone()], ..objects };
    let settings = Settings::of_tests();
    let now = Timestamp::from_second(NOW).unwrap();
    let mut decision =
        mapping.decide(&Observed { objects, children, probes: Vec::new(), said, settings: &settings, now });
    let is_probe = |it: &Wanted| it.manifest["metadata"]["labels"]["weft.dev/owner-kind"] == "mapping-probe";
    decision.children.retain(|it| !is_probe(it));
    decision
}

fn child<'a>(decision: &'a Decision, kind: &str) -> Option<&'a Value> {
    decision.children.iter().map(|it| &it.manifest).find(|it| it["kind"] == kind)
}

fn condition<'a>(decision: &'a Decision, aspect: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let conditions = decision.status["conditions"].as_array().unwrap();
    let found = conditions.iter().find(|it| it["type"] == aspect)?;
    let text = |name: &str| found[name].as_str().unwrap();
    Some((text("status"), text("reason"), text("message")))
}

fn plan_of(decision: &Decision) -> &Value {
    &child(decision, "Deployment").unwrap()["spec"]["template"]["metadata"]["labels"]["weft.dev/plan"]
}

/// The Deployment of a decision as the cluster has it: so many of its pods run.
fn deployment(decision: &Decision, available: i32) -> DynamicObject {
    let manifest = child(decision, "Deployment").unwrap();
    let name = manifest["metadata"]["name"].as_str().unwrap();
    let mut deployment = DynamicObject::new(name, &resource("apps/v1", "Deployment")).within("shop");
    deployment.metadata.generation = Some(1);
    let replicas = &manifest["spec"]["replicas"];
    deployment.data = json!({ "spec": manifest["spec"], "status": {
        "observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas, "availableReplicas": available,
    } });
    deployment
}

#[test]
fn a_mapping_whose_entities_were_copied_gets_a_plan_enrichers_and_a_budget_and_no_writer_of_the_store() {
    let decision = decide(&mapping(), whole(), Vec::new());
    let kinds: Vec<_> = decision.children.iter().map(|it| it.manifest["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["ConfigMap", "Deployment", "PodDisruptionBudget"]);
    let pod = &child(&decision, "Deployment").unwrap()["spec"]["template"]["spec"];
    assert_eq!(pod["volumes"][0]["configMap"]["name"], child(&decision, "ConfigMap").unwrap()["metadata"]["name"]);
    let secrets: Vec<_> = pod["volumes"].as_array().unwrap().iter().filter_map(|it| it.get("secret")).collect();
    assert_eq!(secrets, [&json!({ "secretName": "reader", "optional": true })]);
    assert_eq!(condition(&decision, "Ready").unwrap().1, "Progressing");
}

#[test]
fn a_mapping_is_ready_once_all_of_its_enrichers_run() {
    let first = decide(&mapping(), whole(), Vec::new());
    for (available, ready, reason, is_available) in
        [(2, "True", "Running", "True"), (1, "False", "Progressing", "True"), (0, "False", "Progressing", "False")]
    {
        let decision = decide(&mapping(), whole(), vec![deployment(&first, available)]);
        let (status, found, message) = condition(&decision, "Ready").unwrap();
        assert_eq!((status, found), (ready, reason), "{available} available");
        assert!(message.contains(&format!("{available} of 2")), "{message}");
        assert_eq!(condition(&decision, "Available").unwrap().0, is_available, "{available} available");
    }
}

#[test]
fn before_its_entity_was_copied_a_mapping_starts_nothing_and_names_the_entity() {
    let objects = Objects { entities: vec![entity(false)], ..whole() };
    let decision = decide(&mapping(), objects, Vec::new());
    let (status, reason, message) = condition(&decision, "Ready").unwrap();
    assert_eq!((status, reason), ("False", "EntityNotSynced"));
    assert!(message.contains("`product`"), "{message}");
    assert_eq!(decision.children, Vec::new());
}

#[test]
fn what_is_missing_blocks_is_named_and_takes_no_child_away() {
    let running = deployment(&decide(&mapping(), whole(), Vec::new()), 2);
    for (objects, reason, names) in [
        (Objects { graphs: Vec::new(), ..whole() }, "UnknownDataGraph", "main"),
        (Objects { warehouses: Vec::new(), ..whole() }, "DataGraphNotReady", "prod"),
        (Objects { entities: vec![entity(false)], ..whole() }, "EntityNotSynced", "product"),
    ] {
        let decision = decide(&mapping(), objects, vec![running.clone()]);
        let (status, found, message) = condition(&decision, "Ready").unwrap();
        assert_eq!((status, found), ("False", reason));
        assert!(message.contains(names) && message.contains("keep to the plan of before"), "{message}");
        assert_eq!(condition(&decision, "Available").unwrap().0, "True", "its enrichers go on");
        assert!(condition(&decision, "Stalled").is_none(), "{reason}");
        assert_eq!((&decision.children, &decision.unwanted), (&Vec::new(), &Vec::new()));
        assert_eq!(decision.status["replicas"], 2, "`kubectl scale` and autoscalers read it");
    }
}

#[test]
fn what_only_the_mapping_itself_can_mend_stalls_it() {
    let mut wrong = mapping();
    wrong.spec.rules[0].enrichments[0].from.alias = "brand".into();
    let decision = decide(&wrong, whole(), Vec::new());
    assert_eq!(condition(&decision, "Ready").unwrap().0, "False");
    assert_eq!(condition(&decision, "Stalled").unwrap().0, "True");
}

#[test]
fn another_plan_rolls_the_enrichers_and_another_number_of_replicas_does_not() {
    let first = decide(&mapping(), whole(), Vec::new());
    let mut scaled = mapping();
    scaled.spec.replicas = 5;
    let decision = decide(&scaled, whole(), Vec::new());
    assert_eq!(plan_of(&decision), plan_of(&first));
    assert_eq!(child(&decision, "Deployment").unwrap()["spec"]["replicas"], 5);
    let mut edited = mapping();
    edited.spec.rules[0].when = Some("type = \"track\"".into());
    assert_ne!(plan_of(&decide(&edited, whole(), Vec::new())), plan_of(&first));
}

#[test]
fn a_suspended_mapping_has_no_enrichers_and_that_is_as_it_should_be() {
    let mut suspended = mapping();
    suspended.spec.suspend = true;
    let first = decide(&suspended, whole(), Vec::new());
    assert_eq!(child(&first, "Deployment").unwrap()["spec"]["replicas"], 0);
    let decision = decide(&suspended, whole(), vec![deployment(&first, 0)]);
    assert_eq!(condition(&decision, "Ready").map(|it| (it.0, it.1)), Some(("True", "Suspended")));
    assert_eq!(condition(&decision, "Available").unwrap().0, "False");
}

#[test]
fn an_equal_situation_gives_an_equal_status() {
    let first = decide(&mapping(), whole(), Vec::new());
    let mut reported = mapping();
    reported.status = serde_json::from_value(first.status.clone()).unwrap();
    assert_eq!(decide(&reported, whole(), Vec::new()).status, first.status);
}

#[test]
fn a_pod_template_changes_the_pods_of_enrichers_and_not_their_plan() {
    let before = decide(&mapping(), whole(), Vec::new());
    let mut given = mapping();
    given.spec.pod_template = Some(of_yaml("{nodeSelector: {disk: fast}}"));
    let mut objects = whole();
    objects.graphs[0].spec.pod_template =
        Some(of_yaml("{nodeSelector: {zone: a}, imagePullSecrets: [{name: registry}]}"));
    let after = decide(&given, objects, Vec::new());
    let pod = |decision: &Decision| child(decision, "Deployment").unwrap()["spec"]["template"]["spec"].clone();
    assert_eq!(pod(&after)["nodeSelector"], json!({ "disk": "fast" }));
    assert_eq!(pod(&after)["imagePullSecrets"], json!([{ "name": "registry" }]));
    assert_ne!(pod(&before), pod(&after), "the Deployment replaces its pods");
    assert_eq!(plan_of(&before), plan_of(&after));
}

#[test]
fn topics_that_cannot_be_used_are_told_before_how_many_enrichers_run_and_take_none_of_them_away() {
    let first = decide(&mapping(), whole(), Vec::new());
    assert_eq!(condition(&first, "Connected").map(|it| (it.0, it.1)), Some(("Unknown", "Connecting")));
    let mut failed = mapping();
    failed.status = serde_json::from_value(first.status.clone()).unwrap();
    let status = failed.status.as_mut().unwrap();
    status.last_test_time = serde_json::from_value(json!("2026-11-23T09:00:00Z")).unwrap();
    let test = status.test.as_mut().unwrap();
    (test.job, test.outcome, test.message) = (None, Some("failed".into()), Some("there is no topic".into()));
    for (suspend, ready, reason) in [(false, "False", "ConnectionFailed"), (true, "True", "Suspended")] {
        failed.spec.suspend = suspend;
        let running = deployment(&decide(&failed, whole(), Vec::new()), if suspend { 0 } else { 2 });
        let decision = decide(&failed, whole(), vec![running]);
        assert_eq!(condition(&decision, "Ready").map(|it| (it.0, it.1)), Some((ready, reason)));
        let (is, why, message) = condition(&decision, "Connected").unwrap();
        assert_eq!((is, why), ("False", "ConnectionFailed"));
        assert!(message.contains("there is no topic") && message.contains("enrichmentmapping orders"), "{message}");
        assert_eq!(condition(&decision, "Available").unwrap().0, if suspend { "False" } else { "True" });
        assert_eq!(decision.children.len(), 3);
    }
    let blocked = decide(&failed, Objects { entities: vec![entity(false)], ..whole() }, Vec::new());
    assert_eq!(condition(&blocked, "Ready").unwrap().1, "EntityNotSynced");
    assert_eq!(condition(&blocked, "Connected").unwrap().1, "ConnectionFailed");
}
