use jiff::Timestamp;
use kube::api::DynamicObject;
use serde_json::{Value, json};
use weft_api::{DataGraph, Warehouse};

use crate::apply::resource;
use crate::driver::{Decision, Kind as _, Observed, Settings};
use crate::world::Objects;

/// 2026-11-23T09:00:00Z.
const NOW: i64 = 1_795_424_400;

const CONNECTED: &str = r#"{"kind":"Warehouse","namespace":"shop","name":"prod","outcome":"connected",
    "server":"PostgreSQL 17.2","steps":[{"step":"log in","outcome":"ok"}],"seconds":0.1}"#;
const FAILED: &str = r#"{"kind":"Warehouse","namespace":"shop","name":"prod","outcome":"failed","steps":[
    {"step":"log in","outcome":"ok"},
    {"step":"write a table in bookkeeping","outcome":"failed","error":"run: GRANT it","transient":false}],"seconds":0.1}"#;

fn warehouse() -> Warehouse {
    serde_yaml::from_str(
        "apiVersion: weft.dev/v1alpha1
kind: Warehouse
metadata: {name: prod, namespace: shop, uid: u-1, generation: 1}
spec: {postgres: {host: db, database: shop, user: weft, auth: {password: {secretRef: {name: warehouse, key: password}}}}}",
    )
    .unwrap()
}

/// What is decided so many seconds after [`NOW`].
fn decide(warehouse: &Warehouse, probes: Vec<DynamicObject>, second: i64) -> Decision {
    let warehouses = vec![warehouse.clone()];
    let objects = Objects { warehouses, graphs: Vec::new(), entities: Vec::new(), mappings: Vec::new() };
    let settings = Settings::of_tests();
    let now = Timestamp::from_second(NOW + second).unwrap();
    warehouse.decide(&Observed {
        objects,
        children: Vec::new(),
        probes,
        said: Default::default(),
        settings: &settings,
        now,
    })
}

/// The warehouse once the decision's status was written.
fn reported(warehouse: &Warehouse, decision: &Decision) -> Warehouse {
    let status = serde_json::from_value(decision.status.clone()).unwrap();
    Warehouse { status: Some(status), ..warehouse.clone() }
}

fn job(decision: &Decision) -> Option<&Value> {
    decision.children.iter().map(|it| &it.manifest).find(|it| it["kind"] == "Job")
}

fn job_name(decision: &Decision) -> String {
    job(decision).unwrap()["metadata"]["name"].as_str().unwrap().to_owned()
}

fn condition<'a>(decision: &'a Decision, aspect: &str) -> (&'a str, &'a str, &'a str) {
    let conditions = decision.status["conditions"].as_array().unwrap();
    let found = conditions.iter().find(|it| it["type"] == aspect).unwrap();
    let text = |name: &str| found[name].as_str().unwrap();
    (text("status"), text("reason"), text("message"))
}

/// A pod of a Job.
fn pod(job: &str, status: Value) -> DynamicObject {
    let mut pod = DynamicObject::new(&format!("{job}-x"), &resource("v1", "Pod")).within("shop");
    pod.metadata.labels = Some([("weft.dev/test".to_owned(), job.to_owned())].into());
    pod.data = json!({ "status": status });
    pod
}

fn state(state: Value) -> Value {
    json!({ "phase": "Pending", "containerStatuses": [{
        "name": "weft", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": state,
    }] })
}

/// The pod of a Job that ended so many seconds after [`NOW`] with this answer.
fn answered(job: &str, second: i64, answer: &str) -> DynamicObject {
    let finished = Timestamp::from_second(NOW + second).unwrap().to_string();
    pod(job, state(json!({ "terminated": { "exitCode": 1, "finishedAt": finished, "message": answer } })))
}

/// A Job that ended so many seconds after [`NOW`].
fn ended(name: &str, second: i64) -> DynamicObject {
    let time = Timestamp::from_second(NOW + second).unwrap().to_string();
    let mut job = DynamicObject::new(name, &resource("batch/v1", "Job")).within("shop");
    job.metadata.creation_timestamp = serde_json::from_value(json!(time)).unwrap();
    job.data = json!({ "status": { "conditions": [{
        "type": "Failed", "status": "True", "lastTransitionTime": time, "message": "Job was active longer than it may",
    }] } });
    job
}

/// A warehouse whose first test ended at [`NOW`] with this answer, and the decision that noted it down.
fn tested(answer: &str) -> (Warehouse, Decision) {
    let first = decide(&warehouse(), Vec::new(), 0);
    let decision = decide(&reported(&warehouse(), &first), vec![answered(&job_name(&first), 0, answer)], 0);
    (reported(&warehouse(), &decision), decision)
}

#[test]
fn a_new_warehouse_is_tested_at_once_and_nobody_knows_until_the_answer_is_there() {
    let decision = decide(&warehouse(), Vec::new(), 0);
    let kinds: Vec<_> = decision.children.iter().map(|it| it.manifest["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["ConfigMap", "Job"]);
    let pod = &job(&decision).unwrap()["spec"]["template"]["spec"];
    assert_eq!(pod["volumes"][0]["configMap"]["name"], decision.children[0].manifest["metadata"]["name"]);
    assert_eq!(pod["volumes"][1]["secret"], json!({ "secretName": "warehouse", "optional": true }));
    assert_eq!(pod["automountServiceAccountToken"], false);
    for aspect in ["Ready", "Connected"] {
        assert_eq!(condition(&decision, aspect).0, "Unknown");
        assert_eq!(condition(&decision, aspect).1, "Connecting");
    }
}

#[test]
fn a_test_has_one_job_whenever_the_operator_is_killed() {
    let first = decide(&warehouse(), Vec::new(), 0);
    let unwritten = decide(&warehouse(), Vec::new(), 5);
    assert_eq!(unwritten.children, first.children, "before the status was written");
    let again = decide(&reported(&warehouse(), &first), Vec::new(), 5);
    assert_eq!((&again.status, job_name(&again)), (&first.status, job_name(&first)), "and after it");
}

#[test]
fn a_connection_that_can_be_used_is_ready_and_nothing_is_written_any_more() {
    let (warehouse, decision) = tested(CONNECTED);
    let message = "the user can log in, and write, read and drop a table in bookkeeping; PostgreSQL 17.2";
    assert_eq!(condition(&decision, "Connected"), ("True", "Connected", message));
    assert_eq!(condition(&decision, "Ready"), ("True", "Connected", message));
    assert_eq!(decision.status["serverVersion"], "PostgreSQL 17.2");
    assert_eq!(decision.status["lastTestTime"], "2026-11-23T09:00:00Z");
    let later = decide(&warehouse, Vec::new(), 100_000);
    assert_eq!((&later.status, job(&later), later.again), (&decision.status, None, None));
}

#[test]
fn a_failure_says_step_cure_and_how_to_test_at_once_and_is_tested_again_until_it_is_cured() {
    let (mut warehouse, decision) = tested(FAILED);
    let (status, reason, message) = condition(&decision, "Ready");
    assert_eq!((status, reason), ("False", "ConnectionFailed"));
    assert!(message.starts_with("failed to write a table in bookkeeping: run: GRANT it; "), "{message}");
    assert!(
        message.ends_with("kubectl annotate -n shop warehouse prod --overwrite weft.dev/probe=\"$(date)\""),
        "{message}"
    );
    let mut jobs = std::collections::BTreeSet::new();
    let mut now = 0;
    for pause in [30, 60, 60, 60] {
        let early = decide(&warehouse, Vec::new(), now + pause - 1);
        assert_eq!((job(&early), early.again.map(|it| it.as_secs())), (None, Some(1)), "after {pause} s");
        now += pause;
        let due = decide(&warehouse, Vec::new(), now);
        assert!(jobs.insert(job_name(&due)), "each test is another Job");
        assert_eq!(condition(&due, "Connected"), condition(&decision, "Connected"), "it is a failure until it is none");
        warehouse = reported(&warehouse, &due);
        let failed = decide(&warehouse, vec![answered(&job_name(&due), now, FAILED)], now);
        assert_eq!(job(&failed), None);
        warehouse = reported(&warehouse, &failed);
    }
    let due = decide(&warehouse, Vec::new(), now + 60);
    let healed = decide(&reported(&warehouse, &due), vec![answered(&job_name(&due), now + 60, CONNECTED)], now + 61);
    assert_eq!(condition(&healed, "Ready").0, "True");
    assert_eq!(healed.again, None);
}

#[test]
fn an_annotation_asks_for_one_test() {
    let (mut warehouse, before) = tested(CONNECTED);
    warehouse.metadata.annotations = Some([("weft.dev/probe".to_owned(), "now".to_owned())].into());
    let asked = decide(&warehouse, Vec::new(), 60);
    assert_eq!(condition(&asked, "Connected").0, "Unknown");
    assert_eq!(asked.status["lastHandledProbe"], "now");
    assert!(!before.children.iter().any(|it| it.manifest["metadata"]["name"] == job_name(&asked).as_str()));
    warehouse = reported(&warehouse, &asked);
    let answer = decide(&warehouse, vec![answered(&job_name(&asked), 61, CONNECTED)], 61);
    assert_eq!((condition(&answer, "Connected").0, job(&answer)), ("True", None));
    warehouse = reported(&warehouse, &answer);
    assert_eq!(decide(&warehouse, Vec::new(), 62).status, answer.status);
}

#[test]
fn another_connection_is_tested_anew_and_the_answer_about_the_one_before_does_not_count() {
    let first = decide(&warehouse(), Vec::new(), 0);
    let mut changed = reported(&warehouse(), &first);
    changed.spec.postgres.as_mut().unwrap().host = "other".into();
    changed.metadata.generation = Some(2);
    let old = answered(&job_name(&first), 1, CONNECTED);
    let second = decide(&changed, vec![old.clone()], 2);
    assert_ne!(job_name(&second), job_name(&first));
    assert_eq!(condition(&second, "Connected").0, "Unknown");
    // And back to what it was.
    let mut back = reported(&warehouse(), &second);
    back.metadata.generation = Some(3);
    let third = decide(&back, vec![old], 3);
    assert_ne!(job_name(&third), job_name(&first));
    assert_eq!(condition(&third, "Connected").0, "Unknown");
}

#[test]
fn an_answer_that_vanished_is_unknown_and_asked_for_again() {
    let first = decide(&warehouse(), Vec::new(), 0);
    let (name, waiting) = (job_name(&first), reported(&warehouse(), &first));
    let at_once = decide(&waiting, vec![ended(&name, 180)], 180);
    assert_eq!((condition(&at_once, "Connected").1, at_once.again.map(|it| it.as_secs())), ("Connecting", Some(10)));
    let without_pod = decide(&waiting, vec![ended(&name, 180)], 190);
    let killed = pod(&name, state(json!({ "terminated": { "exitCode": 137, "reason": "OOMKilled" } })));
    let killed = decide(&waiting, vec![killed], 190);
    let evicted = pod(&name, json!({ "phase": "Failed", "reason": "Evicted" }));
    let evicted = decide(&waiting, vec![evicted], 190);
    for (decision, why) in [(without_pod, "longer than it may"), (killed, "OOMKilled"), (evicted, "Evicted")] {
        let (status, reason, message) = condition(&decision, "Ready");
        assert_eq!((status, reason), ("Unknown", "ResultUnknown"));
        assert!(message.contains(why), "{message}");
        let again = decide(&reported(&waiting, &decision), Vec::new(), 190 + 30);
        assert_ne!(job_name(&again), name);
    }
}

#[test]
fn a_pod_that_cannot_start_says_why() {
    let first = decide(&warehouse(), Vec::new(), 0);
    let waiting = state(json!({ "waiting": { "reason": "ImagePullBackOff", "message": "no such image" } }));
    let decision = decide(&reported(&warehouse(), &first), vec![pod(&job_name(&first), waiting)], 1);
    let (status, reason, message) = condition(&decision, "Connected");
    assert_eq!((status, reason), ("Unknown", "PodWaiting"));
    assert!(message.contains("no such image"), "{message}");
}

#[test]
fn the_last_three_jobs_that_ended_are_kept_for_their_logs() {
    let (warehouse, _) = tested(CONNECTED);
    let jobs = (0..5).map(|number| ended(&format!("job-{number}"), number)).collect();
    let decision = decide(&warehouse, jobs, 100);
    let mut names: Vec<_> = decision.unwanted.iter().map(|it| it.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["job-0", "job-1"]);
}

#[test]
fn a_file_is_not_tested_for_no_pod_has_it() {
    let mut local = warehouse();
    local.spec.postgres = None;
    local.spec.sqlite = Some(weft_api::Sqlite { path: "shop.db".into() });
    let decision = decide(&local, Vec::new(), 0);
    assert_eq!(decision.children, []);
    assert_eq!((condition(&decision, "Ready").1, condition(&decision, "Stalled").0), ("LocalOnly", "True"));
}

#[test]
fn a_graph_is_ready_when_its_store_can_be_used_by_who_writes_and_who_reads() {
    let mut graph: DataGraph = serde_yaml::from_str(
        "apiVersion: weft.dev/v1alpha1
kind: DataGraph
metadata: {name: main, namespace: shop, uid: u-2, generation: 1}
spec:
  warehouseRef: {name: prod}
  store: {redis: {url: 'redis://redis:6379/0', reader: {username: reader, password: {secretRef: {name: store, key: reader}}}}}",
    )
    .unwrap();
    let settings = Settings::of_tests();
    let now = Timestamp::from_second(NOW).unwrap();
    let decide = |graph: &DataGraph, warehouses: Vec<Warehouse>, probes: Vec<DynamicObject>| {
        let objects = Objects { warehouses, graphs: vec![graph.clone()], entities: Vec::new(), mappings: Vec::new() };
        graph.decide(&Observed {
            objects,
            children: Vec::new(),
            probes,
            said: Default::default(),
            settings: &settings,
            now,
        })
    };
    let first = decide(&graph, vec![warehouse()], Vec::new());
    let pod = &job(&first).unwrap()["spec"]["template"];
    assert_eq!(pod["metadata"]["labels"]["weft.dev/owner-kind"], "graph-probe");
    assert_eq!(pod["spec"]["volumes"][1]["secret"]["secretName"], "store");
    assert_eq!((condition(&first, "Ready").0, condition(&first, "Valid").0), ("Unknown", "True"));
    graph.status = Some(serde_json::from_value(first.status.clone()).unwrap());

    let failed = decide(&graph, vec![warehouse()], vec![answered(&job_name(&first), 0, FAILED)]);
    assert_eq!((condition(&failed, "Connected").1, condition(&failed, "Ready").0), ("ConnectionFailed", "False"));
    assert!(condition(&failed, "Ready").2.contains("annotate -n shop datagraph main"));
    let connected = vec![answered(&job_name(&first), 0, CONNECTED)];
    let alone = decide(&graph, Vec::new(), connected.clone());
    assert_eq!((condition(&alone, "Connected").0, condition(&alone, "Ready").1), ("True", "UnknownWarehouse"));
    let whole = decide(&graph, vec![warehouse()], connected);
    assert_eq!((condition(&whole, "Ready").0, condition(&whole, "Ready").1), ("True", "Connected"));
}
