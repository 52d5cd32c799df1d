//! What is made of a mapping: its enrichers, and how many of them may be disturbed at once.

use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt as _;
use kube::api::DynamicObject;
use serde_json::{Value, json};
use weft_api::EnrichmentMapping;
use weft_plan::PlannedEnrichment;

use crate::child::{PLAN, Parent, kind_of};
use crate::driver::Observed;
use crate::entity::plan_name;
use crate::pod::{PLAN_FILE, Program, pod_spec, secrets_of_enricher};
use crate::pod_template::{of_enricher, templated};

/// The enrichers as they are.
pub(super) fn deployment_of(children: &[DynamicObject]) -> Option<Deployment> {
    children.iter().find(|it| kind_of(it) == "Deployment").and_then(|it| it.clone().try_parse().ok())
}

/// The plan that the Deployment has.
pub(super) fn running(deployment: Option<&Deployment>) -> Vec<String> {
    let template = deployment.and_then(|it| it.spec.as_ref()?.template.metadata.as_ref());
    template.and_then(|it| it.labels.as_ref()?.get(PLAN).cloned()).into_iter().collect()
}

/// How the pods of the enrichers are found.
pub(super) fn selector(parent: &Parent) -> String {
    let labels = parent.selector();
    let pairs = labels.as_object().into_iter().flatten();
    pairs.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect::<Vec<_>>().join(",")
}

/// So many enrichers of a plan.
pub(super) fn deployment_manifest(
    parent: &Parent,
    enrichment: &PlannedEnrichment,
    plan: &str,
    replicas: i32,
    mapping: &EnrichmentMapping,
    observed: &Observed<'_>,
) -> Value {
    let mut labels = parent.labels();
    labels[PLAN] = plan.into();
    let probe = |path: &str| json!({ "httpGet": { "path": path, "port": "admin" }, "periodSeconds": 5 });
    let pod = pod_spec(&Program {
        image: &observed.settings.data_plane_image,
        args: ["enrich", "--plan", PLAN_FILE, "--admin", "0.0.0.0:8080"].map(str::to_owned).to_vec(),
        plan: &plan_name(parent, plan),
        secrets: secrets_of_enricher(&enrichment.plan),
        extra: json!({
            "ports": [{ "name": "admin", "containerPort": 8080, "protocol": "TCP" }],
            "livenessProbe": probe("/livez"),
            "readinessProbe": probe("/readyz"),
        }),
    });
    let mut pod = templated(pod, &of_enricher(mapping, &observed.objects));
    // Time to deliver what it has read.
    pod["terminationGracePeriodSeconds"] = 60.into();
    let template = json!({ "metadata": { "labels": labels }, "spec": pod });
    manifest(parent, replicas, &template)
}

/// So many of the enrichers that there are, whatever they run: the plan of before.
pub(super) fn rescaled(parent: &Parent, children: &[DynamicObject], replicas: i32) -> Option<Value> {
    let deployment = children.iter().find(|it| kind_of(it) == "Deployment")?;
    let is_so = deployment.data.pointer("/spec/replicas").and_then(Value::as_i64) == Some(replicas.into());
    let template = deployment.data.pointer("/spec/template").filter(|_| !is_so)?;
    Some(manifest(parent, replicas, template)).filter(|it| it["metadata"]["name"] == deployment.name_any())
}

fn manifest(parent: &Parent, replicas: i32, template: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": parent.metadata(&parent.only_child_name(), None),
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 2,
            "selector": { "matchLabels": parent.selector() },
            "template": template,
        },
    })
}

/// One enricher at a time may be disturbed.
pub(super) fn budget(parent: &Parent) -> Value {
    json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": parent.metadata(&parent.only_child_name(), None),
        "spec": { "maxUnavailable": 1, "selector": { "matchLabels": parent.selector() } },
    })
}
