//! Brings children and status to what was decided, and writes only what differs.

use kube::api::{ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde_json::{Value, json};

use crate::child::{hash, kind_of};
use crate::election::Election;
use crate::metrics::Metrics;

/// Who the API server notes down as the owner of the fields.
const FIELD_MANAGER: &str = "weft-operator";
/// On an Entity that may have a copy: it waits until that is removed.
pub(crate) const FINALIZER: &str = "weft.dev/cleanup";
/// What was applied last, so that a field that is wanted no more is seen.
const APPLIED: &str = "weft.dev/applied";

/// A child as it should be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) manifest: Value,
    /// It never changes once it is there: made if it is missing, else left alone.
    pub(crate) once: bool,
}

/// A child that should not be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unwanted {
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
}

/// Why the cluster is not as it was decided.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplyError {
    /// Another replica acts.
    #[error("this replica does not hold the lease")]
    NotLeading,
    /// The child was not written.
    #[error("failed to write {kind} {name}")]
    Write {
        kind: String,
        name: String,
        #[source]
        source: kube::Error,
    },
    /// The child was not deleted.
    #[error("failed to delete {kind} {name}")]
    Delete {
        kind: &'static str,
        name: String,
        #[source]
        source: kube::Error,
    },
    /// The status was not written.
    #[error("failed to write the status of {kind} {name}")]
    Status {
        kind: String,
        name: String,
        #[source]
        source: kube::Error,
    },
}

impl ApplyError {
    /// Whether nothing can be made any more, because the namespace is being deleted.
    pub(crate) fn is_of_terminating_namespace(&self) -> bool {
        let Self::Write { source: kube::Error::Api(status), .. } = self else { return false };
        let causes = status.details.iter().flat_map(|details| &details.causes);
        causes.into_iter().any(|cause| cause.reason == "NamespaceTerminating")
    }

    /// For the metrics.
    pub(crate) fn category(&self) -> &'static str {
        match self {
            Self::NotLeading => "not_leading",
            Self::Write { source, .. } | Self::Delete { source, .. } | Self::Status { source, .. } => match source {
                kube::Error::Api(status) if status.code == 403 => "forbidden",
                kube::Error::Api(status) if status.code == 409 => "conflict",
                kube::Error::Api(status) if (400..500).contains(&status.code) => "refused",
                kube::Error::Api(_) => "server",
                _ => "connection",
            },
        }
    }
}

/// Writes to one namespace.
pub(crate) struct Writer<'a> {
    pub(crate) client: &'a Client,
    pub(crate) namespace: &'a str,
    pub(crate) election: &'a Election,
    pub(crate) metrics: &'a Metrics,
}

impl Writer<'_> {
    /// Writes the child, unless what was observed is already so.
    pub(crate) async fn child(&self, wanted: &Wanted, observed: &[DynamicObject]) -> Result<(), ApplyError> {
        let (kind, name) = (text(&wanted.manifest, "/kind"), text(&wanted.manifest, "/metadata/name"));
        let found = observed.iter().find(|it| kind_of(it) == kind && it.name_any() == name);
        let manifest = stamped(&wanted.manifest);
        if found.is_some_and(|found| wanted.once || is_so(&manifest, found)) {
            return Ok(());
        }
        self.may_write()?;
        let api = self.api(&wanted.manifest);
        let answer = if wanted.once {
            self.metrics.wrote(&kind, "create");
            created(&api, manifest).await
        } else {
            self.metrics.wrote(&kind, "apply");
            let params = PatchParams::apply(FIELD_MANAGER).force();
            api.patch(&name, &params, &Patch::Apply(&manifest)).await.map(drop)
        };
        answer.map_err(|source| ApplyError::Write { kind, name, source })
    }

    /// Deletes the child and what it made.
    pub(crate) async fn without(&self, unwanted: &Unwanted) -> Result<(), ApplyError> {
        self.may_write()?;
        let Unwanted { api_version, kind, name } = unwanted;
        self.metrics.wrote(kind, "delete");
        let api = self.api(&json!({ "apiVersion": api_version, "kind": kind }));
        match api.delete(name, &DeleteParams::background()).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(source) => Err(ApplyError::Delete { kind, name: name.clone(), source }),
        }
    }

    /// Writes the status of an object, unless it is so already.
    pub(crate) async fn status(
        &self,
        kind: &str,
        name: &str,
        status: &Value,
        observed: Option<&Value>,
    ) -> Result<(), ApplyError> {
        if observed == Some(status) {
            return Ok(());
        }
        self.may_write()?;
        self.metrics.wrote(kind, "status");
        let manifest = json!({
            "apiVersion": weft_api::API_VERSION, "kind": kind, "metadata": { "name": name }, "status": status,
        });
        let params = PatchParams::apply(FIELD_MANAGER).force();
        match self.api(&manifest).patch_status(name, &params, &Patch::Apply(&manifest)).await {
            Ok(_) => Ok(()),
            // It was deleted meanwhile.
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(source) => Err(ApplyError::Status { kind: kind.to_owned(), name: name.to_owned(), source }),
        }
    }

    /// Lets an object wait for the operator when it is deleted, or no longer.
    pub(crate) async fn finalizer<K>(&self, object: &K, waits: bool) -> Result<(), ApplyError>
    where
        K: Resource<DynamicType = ()>,
    {
        let before = object.finalizers();
        if before.iter().any(|it| it == FINALIZER) == waits {
            return Ok(());
        }
        self.may_write()?;
        let (kind, name) = (K::kind(&()).into_owned(), object.name_any());
        self.metrics.wrote(&kind, "finalizer");
        let mut finalizers: Vec<_> = before.iter().filter(|it| *it != FINALIZER).cloned().collect();
        finalizers.extend(waits.then(|| FINALIZER.to_owned()));
        // With the resource version: others have finalizers too.
        let patch = json!({ "metadata": { "resourceVersion": object.resource_version(), "finalizers": finalizers } });
        let manifest = json!({ "apiVersion": K::api_version(&()), "kind": kind });
        match self.api(&manifest).patch(&name, &PatchParams::default(), &Patch::Merge(&patch)).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(source) => Err(ApplyError::Write { kind, name, source }),
        }
    }

    pub(crate) fn may_write(&self) -> Result<(), ApplyError> {
        if self.election.may_write() { Ok(()) } else { Err(ApplyError::NotLeading) }
    }

    fn api(&self, manifest: &Value) -> Api<DynamicObject> {
        Api::namespaced_with(
            self.client.clone(),
            self.namespace,
            &resource(&text(manifest, "/apiVersion"), &text(manifest, "/kind")),
        )
    }
}

/// How the API server names a kind.
pub(crate) fn resource(api_version: &str, kind: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let gvk = GroupVersionKind::gvk(group, version, kind);
    if kind == "Entity" { ApiResource::from_gvk_with_plural(&gvk, "entities") } else { ApiResource::from_gvk(&gvk) }
}

/// Another replica, or this one before it was ended, may have made it.
async fn created(api: &Api<DynamicObject>, manifest: Value) -> Result<(), kube::Error> {
    let object: DynamicObject = serde_json::from_value(manifest).map_err(kube::Error::SerdeError)?;
    match api
        .create(&PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() }, &object)
        .await
    {
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        answer => answer.map(drop),
    }
}

fn text(manifest: &Value, pointer: &str) -> String {
    manifest.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The manifest with the hash of itself.
fn stamped(manifest: &Value) -> Value {
    let mut stamped = manifest.clone();
    stamped["metadata"]["annotations"][APPLIED] = hash(&[&manifest.to_string()]).into();
    stamped
}

/// Whether the object has every field as the manifest has it; more that it has, the API server or another filled in.
fn is_so(manifest: &Value, found: &DynamicObject) -> bool {
    let Ok(found) = serde_json::to_value(found) else { return false };
    is_within(manifest, &found)
}

fn is_within(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            wanted.iter().all(|(name, wanted)| found.get(name).is_some_and(|found| is_within(wanted, found)))
        }
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len() && wanted.iter().zip(found).all(|(wanted, found)| is_within(wanted, found))
        }
        (wanted, found) => wanted == found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(manifest: Value) -> DynamicObject {
        serde_json::from_value(manifest).unwrap()
    }

    fn manifest(spec: Value) -> Value {
        json!({ "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "a" }, "spec": spec })
    }

    #[test]
    fn what_the_api_server_fills_in_is_no_difference() {
        let wanted = stamped(&manifest(json!({ "list": [{ "name": "x" }] })));
        let mut there = wanted.clone();
        there["spec"]["list"][0]["imagePullPolicy"] = "Always".into();
        there["metadata"]["uid"] = "1".into();
        assert!(is_so(&wanted, &found(there)));
    }

    #[test]
    fn a_field_that_somebody_changed_or_that_is_wanted_no_more_is_a_difference() {
        let before = stamped(&manifest(json!({ "suspend": true, "schedule": "x" })));
        let changed = stamped(&manifest(json!({ "suspend": false, "schedule": "x" })));
        let less = stamped(&manifest(json!({ "suspend": true })));
        assert!(!is_so(&changed, &found(before.clone())));
        assert!(!is_so(&less, &found(before)));
    }

    #[test]
    fn kinds_are_named_as_the_api_server_names_them() {
        for (api_version, kind, plural) in [
            ("weft.dev/v1alpha1", "Entity", "entities"),
            ("weft.dev/v1alpha1", "Warehouse", "warehouses"),
            ("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
            ("v1", "ConfigMap", "configmaps"),
        ] {
            assert_eq!(resource(api_version, kind).plural, plural);
        }
    }
}
