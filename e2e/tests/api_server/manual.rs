//! `kubectl explain` is the manual.

use kube::Client;
use serde_json::Value;

use crate::{
    cases::FILES,
    cluster::{eventually, with_cluster},
};

#[tokio::test]
#[ignore = "needs an API server: e2e/test-crds.sh"]
async fn kubectl_explain_describes_every_field() {
    with_cluster(async |cluster| {
        for (kind, _) in FILES {
            let what = format!("{kind} is published");
            let schema = eventually(&what, async || published(&cluster.client, kind).await).await;
            let mut silent = Vec::new();
            walk(kind, &schema, &mut silent);
            assert!(silent.is_empty(), "these fields have no description: {}", silent.join(", "));
            for field in ["spec", "status"] {
                assert!(schema["properties"][field]["properties"].is_object(), "{kind}.{field} is described in parts");
            }
        }
    })
    .await;
}

/// What `kubectl explain` reads. It is published some time after a CRD is established.
async fn published(client: &Client, kind: &str) -> Option<Value> {
    let url = format!("/openapi/v3/apis/{}", weft_api::API_VERSION);
    let request = http::Request::get(url).body(Vec::new()).unwrap();
    let mut document: Value = client.request(request).await.ok()?;
    let schema = document.pointer_mut(&format!("/components/schemas/dev.weft.v1alpha1.{kind}"))?.take();
    // Of a definition that has changed, the old one may still be there.
    (schema["properties"]["spec"].is_object()).then_some(schema)
}

fn walk(path: &str, schema: &Value, silent: &mut Vec<String>) {
    let properties = schema["properties"].as_object();
    for (name, field) in properties.into_iter().flatten() {
        let path = format!("{path}.{name}");
        if field["description"].as_str().is_none_or(str::is_empty) && !is_standard(field) {
            silent.push(path.clone());
        }
        walk(&path, field, silent);
        walk(&path, &field["items"], silent);
    }
}

/// Kubernetes describes its own blocks, such as `metadata`, in another place.
fn is_standard(field: &Value) -> bool {
    field.get("$ref").is_some() || field.get("allOf").is_some()
}
