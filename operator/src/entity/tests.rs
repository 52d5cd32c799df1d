use jiff::Timestamp;
use kube::api::DynamicObject;
use serde_json::{Value, json};
use weft_api::{DataGraph, Entity, Warehouse};

use crate::apply::resource;
use crate::driver::{Decision, Kind as _, Observed, Settings};
use crate::world::Objects;

/// 2026-11-23T09:00:00Z.
pub(super) const NOW: i64 = 1_795_424_400;

fn of_yaml<K: serde::de::DeserializeOwned>(yaml: &str) -> K {
    serde_yaml::from_str(yaml).unwrap()
}

pub(super) fn warehouse() -> Warehouse {
    of_yaml(
        "apiVersion: weft.dev/v1alpha1
kind: Warehouse
metadata: {name: prod, namespace: shop, generation: 1}
spec: {postgres: {host: db, database: shop, user: weft, auth: {password: {secretRef: {name: warehouse, key: password}}}}}",
    )
}

pub(super) fn graph() -> DataGraph {
    of_yaml(
        "apiVersion: weft.dev/v1alpha1
kind: DataGraph
metadata: {name: main, namespace: shop, generation: 1}
spec: {warehouseRef: {name: prod}, store: {redis: {url: 'redis://redis:6379/0'}}}",
    )
}

pub(super) fn entity() -> Entity {
    of_yaml(
        "apiVersion: weft.dev/v1alpha1
kind: Entity
metadata: {name: product, namespace: shop, uid: u-1, generation: 1}
spec: {dataGraphRef: {name: main}, tableRef: public.products, primaryKey: [sku]}",
    )
}

pub(super) fn decide(
    entity: &Entity,
    warehouses: Vec<Warehouse>,
    graphs: Vec<DataGraph>,
    children: Vec<DynamicObject>,
) -> Decision {
    let objects = Objects { warehouses, graphs, entities: vec![entity.clone()], mappings: Vec::new() };
    let settings = Settings::of_tests();
    let now = Timestamp::from_second(NOW).unwrap();
    entity.decide(&Observed {
        objects,
        children,
        probes: Vec::new(),
        said: Default::default(),
        settings: &settings,
        now,
    })
}

pub(super) fn whole(entity: &Entity, children: Vec<DynamicObject>) -> Decision {
    decide(entity, vec![warehouse()], vec![graph()], children)
}

/// The entity once the decision's status was written.
pub(super) fn reported(mut entity: Entity, decision: &Decision) -> Entity {
    entity.status = serde_json::from_value(decision.status.clone()).unwrap();
    entity
}

pub(super) fn child<'a>(decision: &'a Decision, kind: &str) -> Option<&'a Value> {
    decision.children.iter().map(|it| &it.manifest).find(|it| it["kind"] == kind)
}

pub(super) fn condition<'a>(decision: &'a Decision, aspect: &str) -> (&'a str, &'a str, &'a str) {
    let conditions = decision.status["conditions"].as_array().unwrap();
    let found = conditions.iter().find(|it| it["type"] == aspect).unwrap();
    let text = |name: &str| found[name].as_str().unwrap();
    (text("status"), text("reason"), text("message"))
}

/// A pod of the entity that ended with this answer.
fn pod(name: &str, second: i64, answer: &str) -> DynamicObject {
    let finished = Timestamp::from_second(NOW + second).unwrap().to_string();
    let mut pod = DynamicObject::new(name, &resource("v1", "Pod")).within("shop");
    pod.data = json!({ "status": { "phase": "Succeeded", "containerStatuses": [{
        "name": "weft", "image": "", "imageID": "", "ready": false, "restartCount": 0,
        "state": { "terminated": { "exitCode": 0, "finishedAt": finished, "message": answer } },
    }] } });
    pod
}

const SYNCED: &str = r#"{"entity":"product","outcome":"synced","run":7,"mode":"full","snapshotTime":1795424390,
    "verifiedTime":1795424390,"rows":{"added":3,"changed":0,"removed":0,"rejected":0,"total":3},
    "buckets":{"total":1,"rebuilt":1,"patched":0,"kept":0,"left":0},"seconds":0.2}"#;
const HELD: &str = r#"{"entity":"product","outcome":"held","run":9,"mode":"incremental",
    "rows":{"added":0,"changed":0,"removed":3,"rejected":0,"total":0},
    "held":{"run":8,"reason":"HeldMassDeletion"},"seconds":0.2}"#;

#[test]
fn a_new_entity_gets_a_plan_a_schedule_and_a_copy_at_once() {
    let decision = whole(&entity(), Vec::new());
    let kinds: Vec<_> = decision.children.iter().map(|it| it.manifest["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["ConfigMap", "CronJob", "Job"]);
    let plan = child(&decision, "ConfigMap").unwrap();
    let pod = &child(&decision, "Job").unwrap()["spec"]["template"]["spec"];
    assert_eq!(pod["volumes"][0]["configMap"]["name"], plan["metadata"]["name"]);
    assert_eq!(pod["volumes"][1]["secret"], json!({ "secretName": "warehouse", "optional": true }));
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(condition(&decision, "Ready").0, "False");
    assert_eq!(condition(&decision, "Synced").0, "Unknown");
}

#[test]
fn nothing_is_copied_again_once_the_copy_is_noted_down() {
    let first = whole(&entity(), Vec::new());
    let second = whole(&reported(entity(), &first), Vec::new());
    assert!(child(&second, "Job").is_none());
    assert_eq!(second.status, first.status, "an equal status is not written again");
}

#[test]
fn the_job_of_one_occasion_has_one_name_and_that_of_another_occasion_another() {
    let name = |decision: &Decision| child(decision, "Job").unwrap()["metadata"]["name"].clone();
    let first = whole(&entity(), Vec::new());
    assert_eq!(name(&first), name(&whole(&entity(), Vec::new())), "killed before the status was written");
    let mut asked = reported(entity(), &first);
    asked.metadata.annotations = Some([("weft.dev/sync".to_owned(), "now".to_owned())].into());
    let second = whole(&asked, Vec::new());
    assert_ne!(name(&first), name(&second));
    assert!(child(&whole(&reported(asked, &second), Vec::new()), "Job").is_none(), "an annotation asks once");
}

#[test]
fn a_change_of_what_is_copied_starts_a_copy_and_a_change_of_the_schedule_does_not() {
    let synced = reported(entity(), &whole(&entity(), Vec::new()));
    let mut rescheduled = synced.clone();
    rescheduled.spec.schedule = Some("*/5 * * * *".into());
    let decision = whole(&rescheduled, Vec::new());
    assert!(child(&decision, "Job").is_none());
    assert_eq!(child(&decision, "CronJob").unwrap()["spec"]["schedule"], "*/5 * * * *");
    let mut changed = synced;
    changed.spec.columns = Some(vec!["name".into()]);
    assert!(child(&whole(&changed, Vec::new()), "Job").is_some());
}

#[test]
fn a_suspended_entity_copies_only_when_it_is_asked_to() {
    let mut suspended = entity();
    suspended.spec.suspend = true;
    let decision = whole(&suspended, Vec::new());
    assert!(child(&decision, "Job").is_none());
    assert_eq!(child(&decision, "CronJob").unwrap()["spec"]["suspend"], true);
    suspended.metadata.annotations = Some([("weft.dev/sync".to_owned(), "1".to_owned())].into());
    assert!(child(&whole(&suspended, Vec::new()), "Job").is_some());
}

#[test]
fn a_copy_that_ended_well_makes_the_entity_ready_until_its_rows_are_too_old() {
    let synced = reported(entity(), &whole(&entity(), Vec::new()));
    let decision = whole(&synced, vec![pod("a", 0, SYNCED)]);
    assert_eq!(condition(&decision, "Ready"), ("True", "Synced", "the store has 3 rows"));
    assert_eq!(decision.status["lastSync"]["run"], 7);
    // Two and a half hours after it was verified, which was ten seconds ago.
    assert_eq!(decision.again.map(|it| it.as_secs()), Some(9_000 - 10 + 1));
    let mut old = reported(entity(), &decision);
    old.status.as_mut().unwrap().last_sync.as_mut().unwrap().verified_time =
        Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(Timestamp::from_second(NOW - 9_001).unwrap()));
    let decision = whole(&old, Vec::new());
    assert_eq!(condition(&decision, "Ready").1, "Stale");
    assert_eq!(condition(&decision, "Synced").0, "True");
}

#[test]
fn a_held_run_is_shown_with_its_cure_and_applied_once_it_is_approved() {
    let first = whole(&entity(), Vec::new());
    let decision = whole(&reported(entity(), &first), vec![pod("a", 0, SYNCED), pod("b", 60, HELD)]);
    let (status, reason, message) = condition(&decision, "Ready");
    assert_eq!((status, reason), ("False", "HeldMassDeletion"));
    assert!(message.contains("kubectl annotate -n shop entity product --overwrite weft.dev/approve=8"), "{message}");
    assert_eq!(decision.status["heldRun"], 8);
    assert_eq!(decision.status["lastSync"]["run"], 7, "the rows are still those of the run before");
    let mut approved = reported(entity(), &decision);
    approved.metadata.annotations = Some([("weft.dev/approve".to_owned(), "7".to_owned())].into());
    assert!(child(&whole(&approved, Vec::new()), "Job").is_none(), "no other run than the held one");
    approved.metadata.annotations = Some([("weft.dev/approve".to_owned(), "8".to_owned())].into());
    let decision = whole(&approved, Vec::new());
    let args = &child(&decision, "Job").unwrap()["spec"]["template"]["spec"]["containers"][0]["args"];
    assert!(args.as_array().unwrap().ends_with(&[json!("--approve"), json!("8")]), "{args}");
}

#[test]
fn a_failed_copy_says_why_and_an_answer_that_is_lost_says_so() {
    let synced = reported(entity(), &whole(&entity(), Vec::new()));
    let failed = r#"{"entity":"product","outcome":"failed","error":"password authentication failed","seconds":0.1}"#;
    let decision = whole(&synced, vec![pod("a", 0, failed)]);
    assert_eq!(condition(&decision, "Ready"), ("False", "SyncFailed", "password authentication failed"));
    let decision = whole(&synced, vec![pod("a", 0, "")]);
    assert_eq!(condition(&decision, "Synced").1, "ResultUnknown");
}

#[test]
fn an_answer_counts_once_however_often_its_pod_is_seen() {
    let synced = reported(entity(), &whole(&entity(), Vec::new()));
    let pods: Vec<_> = (0..12).map(|n| pod(&format!("p{n}"), n, SYNCED)).collect();
    let first = whole(&synced, pods.clone());
    assert_eq!(first.status["history"].as_array().unwrap().len(), 10);
    let second = whole(&reported(entity(), &first), pods);
    assert_eq!(second.status, first.status);
}

#[test]
fn what_is_missing_blocks_is_named_and_takes_no_child_away() {
    for (warehouses, graphs, reason, names) in [
        (vec![warehouse()], Vec::new(), "UnknownDataGraph", "main"),
        (Vec::new(), vec![graph()], "DataGraphNotReady", "prod"),
    ] {
        let plan = DynamicObject::new("plan", &resource("v1", "ConfigMap")).within("shop");
        let decision = decide(&entity(), warehouses, graphs, vec![plan]);
        let (status, found, message) = condition(&decision, "Ready");
        assert_eq!((status, found), ("False", reason));
        assert!(message.contains(names), "{message}");
        assert_eq!((decision.children, decision.unwanted), (Vec::new(), Vec::new()));
    }
}

#[test]
fn the_last_two_plans_are_kept_and_those_that_a_job_runs() {
    let plan = |name: &str, age: i64, hash: &str| {
        let mut plan = DynamicObject::new(name, &resource("v1", "ConfigMap")).within("shop");
        plan.metadata.labels = Some([("weft.dev/plan".to_owned(), hash.to_owned())].into());
        let time = Timestamp::from_second(NOW - age).unwrap();
        plan.metadata.creation_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(time));
        plan
    };
    let mut job = DynamicObject::new("job", &resource("batch/v1", "Job")).within("shop");
    job.metadata.labels = Some([("weft.dev/plan".to_owned(), "c".to_owned())].into());
    job.data = json!({ "spec": { "template": {} } });
    let children = vec![plan("one", 1, "a"), plan("two", 2, "b"), plan("three", 3, "c"), job];
    let decision = whole(&entity(), children);
    let names: Vec<_> = decision.unwanted.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["two"]);
}

#[test]
fn a_copy_that_failed_is_tried_again_after_ever_longer_pauses_until_it_is_held_or_suspended() {
    let first = whole(&entity(), Vec::new());
    let failed = |second| {
        let answer = r#"{"entity":"product","outcome":"failed","error":"no such Secret","seconds":0.1}"#;
        pod(&format!("failed-{second}"), second, answer)
    };
    let after = |pods: Vec<DynamicObject>| whole(&reported(entity(), &first), pods);
    let early = after(vec![failed(-14)]);
    assert_eq!((child(&early, "Job"), early.again.map(|it| it.as_secs())), (None, Some(1)));
    let due = after(vec![failed(-15)]);
    assert!(child(&due, "Job").is_some());
    let once_more = whole(&reported(entity(), &due), vec![failed(-15)]);
    let name = |decision: &Decision| child(decision, "Job").unwrap()["metadata"]["name"].clone();
    assert_eq!(name(&once_more), name(&due), "it is made once");
    let twice = after(vec![failed(-60), failed(-29)]);
    assert_eq!((child(&twice, "Job"), twice.again.map(|it| it.as_secs())), (None, Some(1)));
    let often = after((0..9).map(|number| failed(-2000 + number)).chain([failed(-299)]).collect());
    assert_eq!((child(&often, "Job"), often.again.map(|it| it.as_secs())), (None, Some(1)));
    // Somebody has to approve.
    assert!(child(&after(vec![failed(-500), pod("held", -400, HELD)]), "Job").is_none());
    // One is under way.
    let mut job = DynamicObject::new("running", &resource("batch/v1", "Job")).within("shop");
    job.data = json!({ "status": { "active": 1 } });
    assert!(child(&after(vec![failed(-15), job]), "Job").is_none());
    let mut suspended = reported(entity(), &first);
    suspended.spec.suspend = true;
    assert!(child(&whole(&suspended, vec![failed(-15)]), "Job").is_none());
}

#[test]
fn pods_of_a_sync_have_what_the_warehouse_gives_them_and_else_what_the_graph_does_and_that_starts_no_copy() {
    let synced = reported(entity(), &whole(&entity(), Vec::new()));
    let mut warehouse = warehouse();
    warehouse.spec.pod_template = Some(of_yaml("{resources: {limits: {memory: 1Gi}}, nodeSelector: {disk: fast}}"));
    let mut graph = graph();
    graph.spec.pod_template = Some(of_yaml("{nodeSelector: {zone: a}, serviceAccountName: weft}"));
    graph.metadata.generation = Some(2);
    let decision = decide(&synced, vec![warehouse], vec![graph], Vec::new());
    assert!(child(&decision, "Job").is_none());
    let pod = &child(&decision, "CronJob").unwrap()["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    assert_eq!(pod["containers"][0]["resources"], json!({ "limits": { "memory": "1Gi" } }));
    assert_eq!(pod["nodeSelector"], json!({ "disk": "fast" }));
    assert_eq!(pod["serviceAccountName"], "weft");
    assert_eq!(pod["automountServiceAccountToken"], false);
}
