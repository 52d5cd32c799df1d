//! The operator on a real API server, which `e2e/test-crds.sh` finds or starts. No node is needed: the tests do what
//! kubelet and controllers would tell of pods and Deployments.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)] // also in what the tests share

mod bench;
mod gate;
mod installation;
mod kills;
mod orders;
mod pauses;
mod pod_template;

use std::time::Duration;

use bench::{Bench, KINDS, Operator};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an API server: run e2e/test-crds.sh"]
async fn a_mapping_waits_for_its_entity_and_says_so_and_suspending_it_stops_its_enrichers() {
    let bench = Bench::new(1).await;
    let namespace = &bench.namespaces[0];
    let _operator = Operator::start(&bench, "a");
    for kind in ["EnrichmentMapping", "Entity"] {
        bench.apply(namespace, kind).await;
    }
    bench.ready_reason(namespace, "EnrichmentMapping", "UnknownDataGraph").await;
    bench.apply(namespace, "DataGraph").await;
    bench.ready_reason(namespace, "Entity", "DataGraphNotReady").await;
    bench.ready_reason(namespace, "DataGraph", "UnknownWarehouse").await;
    bench.apply(namespace, "Warehouse").await;
    bench.ready_reason(namespace, "EnrichmentMapping", "EntityNotSynced").await;
    assert!(bench.find(namespace, "apps/v1", "Deployment").await.is_none(), "no event goes out without its rows");
    bench.converged(namespace).await;
    // What runs goes on while what it was made from is away.
    bench.delete(namespace, "Warehouse", "prod").await;
    bench.ready_reason(namespace, "DataGraph", "UnknownWarehouse").await;
    bench.ready_reason(namespace, "EnrichmentMapping", "DataGraphNotReady").await;
    assert!(bench.find(namespace, "apps/v1", "Deployment").await.is_some());
    bench.apply(namespace, "Warehouse").await;
    bench.ready_reason(namespace, "EnrichmentMapping", "Running").await;
    bench.patch(namespace, "EnrichmentMapping", "orders", json!({ "spec": { "suspend": true } })).await;
    bench
        .eventually("the Deployment has no replicas", async || {
            let deployment = bench.find(namespace, "apps/v1", "Deployment").await?;
            (deployment.data["spec"]["replicas"] == 0).then_some(())
        })
        .await;
    bench.removed().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an API server: run e2e/test-crds.sh"]
async fn one_odd_object_of_each_kind_stops_no_other_and_says_that_it_is_odd() {
    let bench = Bench::new(1).await;
    let namespace = &bench.namespaces[0];
    for kind in KINDS {
        bench.loosened(kind).await;
        for (name, rest) in [
            ("odd-spec", json!({ "spec": { "dataGraphRef": 7, "postgres": ["?"] } })),
            ("odd-none", json!({})),
            (
                "odd-list",
                json!({ "spec": { "postgres": 7, "rules": "a text", "store": [], "tableRef": {}, "warehouseRef": null } }),
            ),
        ] {
            bench.create_odd(namespace, kind, name, rest).await;
        }
    }
    let operator = Operator::start(&bench, "a");
    for kind in KINDS {
        bench.apply(namespace, kind).await;
    }
    bench.converged(namespace).await;
    for kind in KINDS {
        for name in ["odd-spec", "odd-none", "odd-list"] {
            bench
                .eventually(&format!("{kind} {name} says that it is odd"), async || {
                    (bench.reason_of(namespace, kind, name).await? == "InvalidObject").then_some(())
                })
                .await;
        }
    }
    drop(operator);
    for kind in KINDS {
        for name in ["odd-spec", "odd-none", "odd-list"] {
            bench.delete(namespace, kind, name).await;
        }
    }
    bench.install().await;
    bench.removed().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an API server: run e2e/test-crds.sh"]
async fn a_deleted_entity_waits_for_its_copy_to_be_removed_and_events_tell_how_that_ended() {
    let bench = Bench::new(2).await;
    let _operator = Operator::start(&bench, "a");
    let removed = json!({ "entity": "product", "outcome": "removed", "buckets": 1, "tables": 3 });
    let failed = json!({ "entity": "product", "outcome": "failed", "error": "there is no Secret warehouse" });
    for (namespace, code, answer, event) in [
        (&bench.namespaces[0], 0, removed, ("Normal", "CleanedUp")),
        (&bench.namespaces[1], 2, failed, ("Warning", "CleanupGaveUp")),
    ] {
        bench.apply(namespace, "Entity").await;
        bench.ready_reason(namespace, "Entity", "UnknownDataGraph").await;
        let blocked = bench.object(namespace, "Entity", "product").await.unwrap();
        assert_eq!(blocked.metadata.finalizers, None, "nothing was copied yet");
        for kind in KINDS {
            bench.apply(namespace, kind).await;
        }
        bench.converged(namespace).await;
        bench.delete(namespace, "Entity", "product").await;
        let job = bench
            .eventually("there is a clean-up", async || bench.of_cleanups(namespace, "batch/v1", "Job").await.pop())
            .await;
        bench
            .eventually("nothing copies it any more", async || {
                bench.find(namespace, "batch/v1", "CronJob").await.is_none().then_some(())
            })
            .await;
        bench.ready_reason(namespace, "Entity", "CleaningUp").await;
        bench.answered(namespace, &job, code, &answer).await;
        bench
            .eventually("the Entity is gone", async || {
                bench.object(namespace, "Entity", "product").await.is_none().then_some(())
            })
            .await;
        for (api_version, kind) in [("batch/v1", "Job"), ("v1", "ConfigMap")] {
            assert_eq!(bench.of_cleanups(namespace, api_version, kind).await.len(), 0, "{kind}");
        }
        let events = bench.events(namespace, "Entity", "product").await;
        let expected = [("Warning", "UnknownDataGraph"), ("Normal", "Synced"), event];
        for (kind, reason) in expected {
            let told = events.iter().filter(|it| (it.0.as_str(), it.1.as_str()) == (kind, reason)).count();
            assert_eq!(told, 1, "{kind} {reason}: {events:?}");
        }
    }
    bench.removed().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an API server: run e2e/test-crds.sh"]
async fn entities_that_were_released_wait_for_no_operator_and_none_makes_them_wait_again() {
    let bench = Bench::new(1).await;
    let namespace = &bench.namespaces[0];
    let _operator = Operator::start(&bench, "a");
    for kind in KINDS {
        bench.apply(namespace, kind).await;
    }
    bench.converged(namespace).await;
    let waits = async || bench.object(namespace, "Entity", "product").await.unwrap().metadata.finalizers.is_some();
    assert!(waits().await);
    let status = bench::operator(bench.kubeconfig(), &bench.namespaces, "release").arg("--release-entities").status();
    assert!(status.unwrap().success());
    assert!(!waits().await);
    // It would, if the other still acted.
    bench.patch(namespace, "Entity", "product", json!({ "spec": { "schedule": "*/5 * * * *" } })).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!waits().await);
    bench.removed().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an API server: run e2e/test-crds.sh"]
async fn an_operator_that_has_nothing_to_do_writes_nothing_not_even_when_it_starts_again() {
    let bench = Bench::new(1).await;
    let namespace = &bench.namespaces[0];
    let operator = Operator::start(&bench, "a");
    for kind in KINDS {
        bench.apply(namespace, kind).await;
    }
    bench.converged(namespace).await;
    bench.settled().await;
    let before = bench.writes().await;
    drop(operator);
    let _again = Operator::start(&bench, "b");
    bench.leads("b").await;
    // A measured time of quiet, and no wait for something to happen.
    tokio::time::sleep(bench::quiet()).await;
    assert_eq!(bench.writes().await, before);
    bench.removed().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an API server: run e2e/test-crds.sh"]
async fn a_leader_that_is_told_to_stop_hands_over_long_before_its_lease_runs_out() {
    let bench = Bench::new(1).await;
    let first = Operator::start(&bench, "a");
    bench.leads("a").await;
    let _second = Operator::start(&bench, "b");
    let began = std::time::Instant::now();
    first.terminate();
    bench.leads("b").await;
    assert!(began.elapsed() < Duration::from_secs(10), "it took {:?}", began.elapsed());
    bench.apply(&bench.namespaces[0], "Warehouse").await;
    bench.ready_reason(&bench.namespaces[0], "Warehouse", "Connecting").await;
    bench.removed().await;
}
