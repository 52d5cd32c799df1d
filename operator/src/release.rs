//! Before the operator is removed: lets Entities go without it. Their copies stay, and so does what runs.

use anyhow::Context as _;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::json;

use crate::apply::{FINALIZER, resource};
use crate::election::Election;

/// Takes the finalizer off every Entity, once no other replica acts.
pub(crate) async fn entities(client: &Client, election: &Election, namespaces: &[String]) -> anyhow::Result<()> {
    election.seized().await.context("failed to take the lease over")?;
    let kind = resource(weft_api::API_VERSION, "Entity");
    let everywhere: Vec<Api<DynamicObject>> = match namespaces {
        [] => vec![Api::all_with(client.clone(), &kind)],
        some => some.iter().map(|namespace| Api::namespaced_with(client.clone(), namespace, &kind)).collect(),
    };
    for api in everywhere {
        let entities = match api.list_metadata(&ListParams::default()).await {
            // Without their definition there are none.
            Err(kube::Error::Api(status)) if status.code == 404 => continue,
            entities => entities.context("failed to list the Entities")?,
        };
        for entity in entities.items.iter().filter(|it| it.finalizers().iter().any(|it| it == FINALIZER)) {
            let (namespace, name) = (entity.namespace().unwrap_or_default(), entity.name_any());
            let left: Vec<_> = entity.finalizers().iter().filter(|it| *it != FINALIZER).collect();
            let patch = json!({ "metadata": { "resourceVersion": entity.resource_version(), "finalizers": left } });
            let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), &namespace, &kind);
            match api.patch(&name, &PatchParams::default(), &Patch::Merge(&patch)).await {
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                patched => drop(patched.with_context(|| format!("failed to release Entity {namespace}/{name}"))?),
            }
            tracing::info!(%namespace, name, "its copy stays in the store and the bookkeeping; `weft cleanup` removes it");
        }
    }
    Ok(())
}
