//! What `kubectl get`, `kubectl scale` and autoscalers see.

use kube::{
    Api, ResourceExt,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use weft_api::EnrichmentMapping;

use crate::{
    cases::{self, FILES},
    cluster::{Cluster, object, ready_condition, with_cluster},
};

#[tokio::test]
#[ignore = "needs an API server: e2e/test-crds.sh"]
async fn a_list_shows_whether_each_resource_is_ready_and_why() {
    with_cluster(async |cluster| {
        for (kind, reference) in
            [("DataGraph", "prod"), ("EnrichmentMapping", "main"), ("Entity", "main"), ("Warehouse", "db.shop.svc")]
        {
            let api = cluster.resources(kind);
            let name = api.create(&PostParams::default(), &object(&cases::table(kind).base)).await.unwrap().name_any();
            let status = json!({"status": {"conditions": [ready_condition()]}});
            api.patch_status(&name, &PatchParams::default(), &Patch::Merge(&status)).await.unwrap();

            let row = row(&cluster, kind).await;
            assert_eq!(row[..4], [json!(name), json!("True"), json!("Synced"), json!(reference)], "{kind}");
            assert_eq!(row.last(), Some(&json!("all is well")), "{kind}");
        }
        assert_eq!(FILES.len(), 4, "every kind is listed above");
    })
    .await;
}

/// The only row of the table that `kubectl get -o wide` prints.
async fn row(cluster: &Cluster, kind: &str) -> Vec<Value> {
    let url = cluster.resources(kind).resource_url().to_owned();
    let request = http::Request::get(url)
        .header("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
        .body(Vec::new())
        .unwrap();
    let table: Value = cluster.client.request(request).await.unwrap();
    table["rows"][0]["cells"].as_array().unwrap().clone()
}

#[tokio::test]
#[ignore = "needs an API server: e2e/test-crds.sh"]
async fn a_mapping_scales_through_its_subresource() {
    with_cluster(async |cluster| {
        let resources = cluster.resources("EnrichmentMapping");
        let name = resources
            .create(&PostParams::default(), &object(&cases::table("EnrichmentMapping").base))
            .await
            .unwrap()
            .name_any();
        let mappings: Api<EnrichmentMapping> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
        let observed = json!({"status": {"replicas": 2, "selector": "app=weft"}});
        mappings.patch_status(&name, &PatchParams::default(), &Patch::Merge(&observed)).await.unwrap();

        let scale = mappings.get_scale(&name).await.unwrap();
        assert_eq!(scale.spec.and_then(|spec| spec.replicas), Some(1), "the default");
        let status = scale.status.unwrap();
        assert_eq!((status.replicas, status.selector.as_deref()), (2, Some("app=weft")));

        let wanted = json!({"spec": {"replicas": 3}});
        mappings.patch_scale(&name, &PatchParams::default(), &Patch::Merge(&wanted)).await.unwrap();
        assert_eq!(mappings.get(&name).await.unwrap().spec.replicas, 3);
    })
    .await;
}

#[tokio::test]
#[ignore = "needs an API server: e2e/test-crds.sh"]
async fn a_status_does_not_come_with_the_spec_nor_the_spec_with_a_status() {
    with_cluster(async |cluster| {
        for (kind, _) in FILES {
            let api = cluster.resources(kind);
            let mut manifest = cases::table(kind).base;
            manifest["status"] = json!({"conditions": [ready_condition()]});
            let made = api.create(&PostParams::default(), &object(&manifest)).await.unwrap();
            assert_eq!(made.data.get("status"), None, "{kind}");

            let both = json!({"spec": null, "status": {"conditions": [ready_condition()]}});
            let patched = api.patch_status(&made.name_any(), &PatchParams::default(), &Patch::Merge(&both)).await;
            assert_eq!(patched.unwrap().data["spec"], made.data["spec"], "{kind}");
            api.delete(&made.name_any(), &DeleteParams::default()).await.unwrap();
        }
    })
    .await;
}
