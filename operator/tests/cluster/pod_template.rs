//! What users give the pods: it changes those and nothing else, and goes again.

use serde_json::{Value, json};

use crate::bench::{self, Bench, KINDS, Operator};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an API server: run e2e/test-crds.sh"]
async fn a_pod_template_replaces_enrichers_changes_the_schedule_starts_no_copy_and_is_written_once() {
    let bench = Bench::new(1).await;
    let namespace = &bench.namespaces[0];
    let _operator = Operator::start(&bench, "a");
    for kind in KINDS {
        bench.apply(namespace, kind).await;
    }
    bench.converged(namespace).await;
    bench.settled().await;
    let before = bench.children(namespace).await;
    let pods = async || {
        let deployment = bench.find(namespace, "apps/v1", "Deployment").await.unwrap();
        let schedule = bench.find(namespace, "batch/v1", "CronJob").await.unwrap();
        let pod = |object: &Value, path: &str| object.pointer(path).unwrap().clone();
        [pod(&deployment.data, "/spec/template/spec"), pod(&schedule.data, "/spec/jobTemplate/spec/template/spec")]
    };
    let plain = pods().await;
    // Written otherwise than the API server writes it.
    let template = json!({
        "resources": { "requests": { "cpu": "0.5" }, "limits": { "cpu": 1, "memory": "1.5Gi" } },
        "nodeSelector": { "disk": "fast" },
        "tolerations": [{ "key": "dedicated", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 30 }],
        "serviceAccountName": "data-plane",
        "imagePullSecrets": [{ "name": "registry" }],
    });
    bench.patch(namespace, "DataGraph", "main", json!({ "spec": { "podTemplate": template } })).await;
    for place in [0, 1] {
        let pod = bench
            .eventually("the pods have what they are given", async || {
                pods().await.into_iter().nth(place).filter(|pod| pod["serviceAccountName"] == "data-plane")
            })
            .await;
        let container = &pod["containers"][0];
        let resources = json!({ "requests": { "cpu": "500m" }, "limits": { "cpu": "1", "memory": "1536Mi" } });
        assert_eq!(container["resources"], resources);
        assert_eq!(pod["nodeSelector"], template["nodeSelector"]);
        assert_eq!(pod["tolerations"], template["tolerations"]);
        assert_eq!(pod["imagePullSecrets"], template["imagePullSecrets"]);
    }
    bench.settled().await;
    assert_eq!(bench.children(namespace).await, before, "no copy was started and no plan made");
    let writes = bench.writes().await;
    tokio::time::sleep(bench::quiet()).await;
    assert_eq!(bench.writes().await, writes, "what the API server writes otherwise is no difference");

    bench.patch(namespace, "DataGraph", "main", json!({ "spec": { "podTemplate": null } })).await;
    bench.eventually("the pods are as they were", async || (pods().await == plain).then_some(())).await;
    bench.removed().await;
}
