use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::DynamicObject;
use serde_json::{Value, json};
use weft_api::{DataGraph, Entity, Warehouse};

use super::tests::{NOW, child, condition, entity, graph, reported, warehouse, whole};
use crate::apply::resource;
use crate::driver::{Decision, Finalizer, Kind as _, Observed, Settings};
use crate::events::Told;
use crate::world::Objects;

/// The entity, deleted so many seconds ago.
fn deleted(seconds: i64) -> Entity {
    let mut entity = reported(entity(), &whole(&entity(), Vec::new()));
    entity.metadata.finalizers = Some(vec!["weft.dev/cleanup".into()]);
    entity.metadata.deletion_timestamp = Some(Time(Timestamp::from_second(NOW - seconds).unwrap()));
    entity
}

fn finish(
    entity: &Entity,
    warehouses: Vec<Warehouse>,
    graphs: Vec<DataGraph>,
    children: Vec<DynamicObject>,
) -> Decision {
    let objects = Objects { warehouses, graphs, entities: vec![entity.clone()], mappings: Vec::new() };
    let settings = Settings::of_tests();
    let now = Timestamp::from_second(NOW).unwrap();
    entity.finish(&Observed {
        objects,
        children,
        probes: Vec::new(),
        said: Default::default(),
        settings: &settings,
        now,
    })
}

fn whole_finish(seconds: i64, children: Vec<DynamicObject>) -> Decision {
    finish(&deleted(seconds), vec![warehouse()], vec![graph()], children)
}

/// A manifest as the cluster has it.
fn there(manifest: &Value) -> DynamicObject {
    let mut object: DynamicObject = serde_json::from_value(manifest.clone()).unwrap();
    object.types = Some(kube::core::TypeMeta {
        api_version: manifest["apiVersion"].as_str().unwrap().into(),
        kind: manifest["kind"].as_str().unwrap().into(),
    });
    object
}

/// The Job of the clean-up and a pod of it that ended so.
fn answered(code: i32, answer: &str) -> Vec<DynamicObject> {
    let first = whole_finish(1, Vec::new());
    let job = there(child(&first, "Job").unwrap());
    let plan = there(child(&first, "ConfigMap").unwrap());
    let mut pod = DynamicObject::new("pod", &resource("v1", "Pod")).within("shop");
    pod.metadata.labels = job.metadata.labels.clone();
    pod.data = json!({ "status": { "containerStatuses": [{
        "name": "weft", "image": "", "imageID": "", "ready": false, "restartCount": 0,
        "state": { "terminated": { "exitCode": code, "message": answer } },
    }] } });
    vec![job, plan, pod]
}

fn told(decision: &Decision) -> (String, String) {
    let [told]: &[Told; 1] = decision.events.as_slice().try_into().unwrap();
    let event = told.event();
    (event.reason, event.note.unwrap())
}

#[test]
fn an_entity_waits_for_the_operator_once_it_is_copied_and_not_before() {
    assert_eq!(whole(&entity(), Vec::new()).finalizer, Finalizer::Set);
    let mut not_copied = entity();
    not_copied.spec.enrichment_enabled = false;
    assert_eq!(whole(&not_copied, Vec::new()).finalizer, Finalizer::Kept);
    let blocked = super::tests::decide(&entity(), Vec::new(), vec![graph()], Vec::new());
    assert_eq!(blocked.finalizer, Finalizer::Kept);
}

#[test]
fn a_deleted_entity_gets_a_clean_up_that_nothing_deletes_with_it_and_loses_what_would_copy_again() {
    let synced = whole(&entity(), Vec::new());
    let children = ["CronJob", "Job"].map(|kind| there(child(&synced, kind).unwrap())).to_vec();
    let decision = whole_finish(1, children);
    let job = child(&decision, "Job").unwrap();
    assert_eq!(job["metadata"].get("ownerReferences"), None, "a deletion in the foreground would take it along");
    assert_eq!(child(&decision, "ConfigMap").unwrap()["metadata"].get("ownerReferences"), None);
    let pod = &job["spec"]["template"]["spec"];
    assert_eq!(pod["containers"][0]["args"][0], "cleanup");
    assert_eq!(pod["volumes"][0]["configMap"]["name"], child(&decision, "ConfigMap").unwrap()["metadata"]["name"]);
    assert_eq!(pod["volumes"][1]["secret"]["secretName"], "warehouse");
    let mut unwanted: Vec<_> = decision.unwanted.iter().map(|it| it.kind).collect();
    unwanted.sort_unstable();
    assert_eq!(unwanted, ["CronJob", "Job"]);
    assert_eq!((decision.finalizer, decision.events.len()), (Finalizer::Kept, 0));
    assert_eq!(condition(&decision, "Ready").1, "CleaningUp");
    assert_eq!(decision.again.map(|it| it.as_secs()), Some(600));
}

#[test]
fn where_warehouse_and_graph_are_gone_it_goes_by_what_a_sync_went_by_and_gives_up_where_there_is_none() {
    let synced = whole(&entity(), Vec::new());
    let job = there(child(&synced, "Job").unwrap());
    let decision = finish(&deleted(1), Vec::new(), Vec::new(), vec![job]);
    let pod = &child(&decision, "Job").unwrap()["spec"]["template"]["spec"];
    assert_eq!(pod["containers"][0]["args"][0], "cleanup");
    assert_eq!(pod["volumes"][0]["configMap"]["name"], child(&synced, "ConfigMap").unwrap()["metadata"]["name"]);
    let decision = finish(&deleted(1), Vec::new(), Vec::new(), Vec::new());
    assert_eq!(decision.finalizer, Finalizer::Gone);
    let (reason, note) = told(&decision);
    assert_eq!(reason, "CleanupGaveUp");
    assert!(note.contains("weft:shop/main/product:*") && note.contains("weft cleanup"), "{note}");
}

#[test]
fn once_nothing_is_left_the_entity_goes_and_the_clean_up_with_it() {
    for outcome in ["removed", "absent"] {
        let decision = whole_finish(5, answered(0, &format!(r#"{{"entity":"product","outcome":"{outcome}"}}"#)));
        assert_eq!(decision.finalizer, Finalizer::Gone);
        assert_eq!(told(&decision).0, "CleanedUp");
        let unwanted: Vec<_> = decision.unwanted.iter().map(|it| it.kind).collect();
        assert_eq!(unwanted, ["Job", "ConfigMap"]);
    }
}

#[test]
fn what_another_try_would_not_change_is_given_up_at_once_and_anything_else_at_the_deadline() {
    let failed = r#"{"entity":"product","outcome":"failed","error":"secret warehouse is missing"}"#;
    for (seconds, code, answer, is_over) in [
        (5, 2, failed, true),
        (5, 5, r#"{"entity":"product","outcome":"refused","error":"owned by another"}"#, true),
        (5, 2, "garbage", true),
        (5, 1, failed, false),
        (5, 137, "", false),
        (599, 1, failed, false),
        (600, 1, failed, true),
        (601, 137, "", true),
    ] {
        let decision = whole_finish(seconds, answered(code, answer));
        let is_gone = decision.finalizer == Finalizer::Gone;
        assert_eq!(is_gone, is_over, "after {seconds} s, exit code {code}: {answer}");
        if is_gone {
            assert_eq!(told(&decision).0, "CleanupGaveUp");
        } else {
            assert!(child(&decision, "Job").is_none(), "one clean-up at a time");
        }
        if answer == failed {
            let said = if is_gone { told(&decision).1 } else { condition(&decision, "Ready").2.to_owned() };
            assert!(said.contains("secret warehouse is missing"), "{said}");
        }
    }
}

#[test]
fn the_answer_of_a_clean_up_is_none_of_a_sync() {
    let decision = whole(&entity(), answered(0, r#"{"entity":"product","outcome":"removed"}"#));
    assert_eq!(decision.status.get("history"), None, "of an entity of that name that was made anew");
}

#[test]
fn the_pod_of_a_clean_up_runs_where_those_of_syncs_do() {
    let mut warehouse = warehouse();
    warehouse.spec.pod_template = Some(serde_yaml::from_str("{nodeSelector: {disk: fast}}").unwrap());
    let decision = finish(&deleted(1), vec![warehouse], vec![graph()], Vec::new());
    let pod = &child(&decision, "Job").unwrap()["spec"]["template"]["spec"];
    assert_eq!(pod["nodeSelector"], json!({ "disk": "fast" }));
}
