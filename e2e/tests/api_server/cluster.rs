//! The API server under test, with the CRDs in it, and a namespace per test.

use std::time::Duration;

use k8s_openapi::{
    api::core::v1::Namespace, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client, ResourceExt,
    api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use tokio::task::LocalSet;

/// A connection to the API server that KUBECONFIG names, and a namespace that is removed at the end.
pub(crate) struct Cluster {
    pub(crate) client: Client,
    pub(crate) namespace: String,
}

/// Runs a test in a namespace of its own, once the CRDs are established. The namespace goes, whatever the test does.
pub(crate) async fn with_cluster(test: impl AsyncFnOnce(Cluster) + 'static) {
    let client = Client::try_default().await.expect("KUBECONFIG names an API server; e2e/test-crds.sh starts one");
    install(&client).await;

    let namespaces: Api<Namespace> = Api::all(client.clone());
    let made = Namespace {
        metadata: kube::api::ObjectMeta { generate_name: Some("weft-e2e-".into()), ..Default::default() },
        ..Default::default()
    };
    let namespace = namespaces.create(&PostParams::default(), &made).await.unwrap().name_any();
    let cluster = Cluster { client, namespace: namespace.clone() };
    let here = LocalSet::new();
    let running = here.spawn_local(async move { test(cluster).await });
    let outcome = here.run_until(running).await;
    namespaces.delete(&namespace, &DeleteParams::default()).await.unwrap();
    if let Err(failure) = outcome {
        std::panic::resume_unwind(failure.into_panic());
    }
}

async fn install(client: &Client) {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for crd in weft_api::crds() {
        let name = crd.name_any();
        let params = PatchParams::apply("weft-e2e").force();
        api.patch(&name, &params, &Patch::Apply(&crd)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        eventually(&format!("{name} is established"), async || {
            let conditions = api.get(&name).await.ok()?.status?.conditions?;
            conditions.into_iter().find(|condition| condition.type_ == "Established" && condition.status == "True")
        })
        .await;
    }
}

impl Cluster {
    /// The resources of one kind in the test's namespace, whatever they hold.
    pub(crate) fn resources(&self, kind: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource(kind))
    }
}

fn resource(kind: &str) -> ApiResource {
    let names = weft_api::crds().into_iter().map(|crd| crd.spec.names).find(|names| names.kind == kind);
    let plural = names.unwrap_or_else(|| panic!("{kind} is no kind of Weft's")).plural;
    ApiResource {
        group: weft_api::GROUP.into(),
        version: weft_api::VERSION.into(),
        api_version: weft_api::API_VERSION.into(),
        kind: kind.into(),
        plural,
    }
}

/// A manifest as the API takes it.
pub(crate) fn object(manifest: &Value) -> DynamicObject {
    let mut manifest = manifest.clone();
    // Where it goes is the test's choice.
    if let Some(namespace) = manifest.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        namespace.remove("namespace");
    }
    serde_json::from_value(manifest).unwrap()
}

/// A condition that is true and ready, as the operator writes it.
pub(crate) fn ready_condition() -> Value {
    json!({
        "type": "Ready", "status": "True", "reason": "Synced", "message": "all is well",
        "observedGeneration": 1, "lastTransitionTime": "2026-01-31T00:00:00Z",
    })
}

/// Asks until there is an answer, at most half a minute.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        let mut pause = tokio::time::interval(Duration::from_millis(100));
        loop {
            pause.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), asking)
        .await
        .unwrap_or_else(|_| panic!("gave up waiting until {what}"))
}
