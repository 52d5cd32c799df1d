//! An EnrichmentMapping owns its plans (ConfigMaps), its Deployment, its PodDisruptionBudget, and the Jobs that test its
//! topics.
//! It is woken by itself, its DataGraph, its Warehouse, the Entities of its graph and its children.
//! It waits until each Entity it uses was copied once; meanwhile its children stay as they are.
//! Deleted, it takes its children along; its consumer group stays.

#[cfg(test)]
mod tests;

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::DynamicObject;
use serde_json::{Value, json};
use weft_api::{EnrichmentMapping, EnrichmentMappingStatus, Entity, PodTemplate};
use weft_plan::{Planned, PlannedEnrichment};
use weft_plan_types::canonical_bytes;

use crate::apply::Wanted;
use crate::child::{PLAN, Parent, hash, kind_of};
use crate::condition::{Finding, Is, conditions};
use crate::data_graph::unusable;
use crate::driver::{Decision, Kind, Observed, diagnosed, first_error, is_stalled};
use crate::entity::{old_plans, plan_manifest, plan_name, pod_waiting};
use crate::pod::{PLAN_FILE, Program, pod_spec, secrets_of_enricher};
use crate::pod_template::{of_enricher, templated};
use crate::probe::{Noted, tested};
use crate::reason::Reason;

/// What is the case of a mapping whose test succeeded.
const USABLE: &str = "the brokers let the user in, who may read and write the topics and use the group";

impl Kind for EnrichmentMapping {
    const KIND: &'static str = "EnrichmentMapping";
    const PARENT: Option<&'static str> = Some("mapping");
    const PROBE: Option<&'static str> = Some("mapping-probe");

    fn decide(&self, observed: &Observed<'_>) -> Decision {
        let parent = Parent::of("mapping", self);
        let planned = observed.planned();
        let mut decision = Decision::default();
        let deployment = deployment_of(&observed.children);
        let mut findings = match runnable(self, &planned, observed) {
            Err(blocked) => blocked,
            Ok(enrichment) => {
                let replicas = if enrichment.suspended { 0 } else { self.spec.replicas };
                let text = canonical_bytes(&enrichment.plan)
                    .ok()
                    .and_then(|bytes| String::from_utf8(bytes).ok())
                    .unwrap_or_default();
                let plan = hash(&[&text]);
                decision.children = vec![
                    Wanted { manifest: plan_manifest(&parent, &plan, &text), once: true },
                    Wanted {
                        manifest: deployment_manifest(&parent, enrichment, &plan, replicas, self, observed),
                        once: false,
                    },
                    Wanted { manifest: budget(&parent), once: false },
                ];
                decision.unwanted = old_plans(&observed.children, &plan, &running(deployment.as_ref()));
                available(deployment.as_ref(), &plan, replicas, &observed.children)
            }
        };
        let before = self.status.clone().unwrap_or_default();
        let (test, tested_at) = (before.test.clone(), before.last_test_time.clone());
        let mut noted = Noted {
            test,
            last_test_time: tested_at,
            last_handled_probe: before.last_handled_probe.clone(),
            ..Noted::default()
        };
        if let Some(connected) = tested(self, &planned, &mut noted, USABLE, observed, &mut decision) {
            findings = with_connection(findings, connected);
        }
        let status = EnrichmentMappingStatus {
            conditions: conditions(&before.conditions, self.metadata.generation, observed.now, findings),
            replicas: Some(deployment.as_ref().and_then(|it| it.status.as_ref()?.replicas).unwrap_or(0)),
            selector: Some(selector(&parent)),
            last_test_time: noted.last_test_time,
            last_handled_probe: noted.last_handled_probe,
            test: noted.test,
        };
        decision.status = serde_json::to_value(status).unwrap_or_default();
        decision
    }

    fn pod_template(&self) -> Option<&PodTemplate> {
        self.spec.pod_template.as_ref()
    }

    fn status(&self) -> Option<Value> {
        serde_json::to_value(self.status.as_ref()?).ok()
    }
}

/// The plan, if everything is there that it needs.
fn runnable<'a>(
    mapping: &EnrichmentMapping,
    planned: &'a Planned,
    observed: &Observed<'_>,
) -> Result<&'a PlannedEnrichment, Vec<Finding>> {
    let name = mapping.metadata.name.as_deref().unwrap_or_default();
    if let Some(error) = first_error(planned, EnrichmentMapping::KIND, name) {
        let ready = diagnosed("Ready", error);
        let stalled = ready.also("Stalled", Is::True);
        return Err(if is_stalled(error) { vec![ready, stalled] } else { vec![ready] });
    }
    let wanted = &mapping.spec.data_graph_ref.name;
    let blocked = |reason: Reason, message: String| vec![Finding::new("Ready", Is::False, reason, message)];
    let graph = observed.objects.graphs.iter().find(|it| it.metadata.name.as_ref() == Some(wanted));
    if let Some(trouble) = graph.and_then(|graph| unusable(graph, planned, &observed.objects)) {
        return Err(blocked(
            Reason::DataGraphNotReady,
            format!("DataGraph `{wanted}` is not ready: {}", trouble.message),
        ));
    }
    let enrichment = planned.enrichments.iter().find(|it| it.object.name == name);
    let enrichment =
        enrichment.ok_or_else(|| blocked(Reason::DataGraphNotReady, format!("DataGraph `{wanted}` gives no plan")))?;
    let is_copied = |slug: &str| observed.objects.entities.iter().any(|entity| is_copied(entity, wanted, slug));
    let missing = enrichment.plan.entities.iter().find(|entity| !is_copied(&entity.slug));
    match missing {
        Some(entity) => {
            let message = format!(
                "the Entity with the slug `{}` was not copied yet; its condition Synced tells how far it is",
                entity.slug
            );
            Err(blocked(Reason::EntityNotSynced, message))
        }
        None => Ok(enrichment),
    }
}

fn is_copied(entity: &Entity, graph: &str, slug: &str) -> bool {
    let copied = entity.status.as_ref().is_some_and(|status| status.last_sync.is_some());
    copied && entity.spec.data_graph_ref.name == graph && entity.slug() == slug
}

fn deployment_of(children: &[DynamicObject]) -> Option<Deployment> {
    children.iter().find(|it| kind_of(it) == "Deployment").and_then(|it| it.clone().try_parse().ok())
}

/// The plan that the Deployment has.
fn running(deployment: Option<&Deployment>) -> Vec<String> {
    let template = deployment.and_then(|it| it.spec.as_ref()?.template.metadata.as_ref());
    template.and_then(|it| it.labels.as_ref()?.get(PLAN).cloned()).into_iter().collect()
}

fn selector(parent: &Parent) -> String {
    let labels = parent.selector();
    let pairs = labels.as_object().into_iter().flatten();
    pairs.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect::<Vec<_>>().join(",")
}

fn deployment_manifest(
    parent: &Parent,
    enrichment: &PlannedEnrichment,
    plan: &str,
    replicas: i32,
    mapping: &EnrichmentMapping,
    observed: &Observed<'_>,
) -> Value {
    let name = parent.only_child_name();
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
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": parent.metadata(&name, None),
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 2,
            "selector": { "matchLabels": parent.selector() },
            "template": { "metadata": { "labels": labels }, "spec": pod },
        },
    })
}

fn budget(parent: &Parent) -> Value {
    json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": parent.metadata(&parent.only_child_name(), None),
        "spec": { "maxUnavailable": 1, "selector": { "matchLabels": parent.selector() } },
    })
}

/// With whether the topics can be used. Enrichers wait for topics that cannot, or end: how many run says less than why. A
/// mapping that is blocked, or that has no enrichers as it should be, is so for other reasons.
fn with_connection(mut findings: Vec<Finding>, connected: Finding) -> Vec<Finding> {
    let hides = [Reason::Running, Reason::Progressing, Reason::PodWaiting].map(|reason| reason.to_string());
    for ready in findings.iter_mut().filter(|it| it.aspect == "Ready" && hides.contains(&it.reason)) {
        if connected.is == Is::False {
            *ready = connected.also("Ready", Is::False);
        }
    }
    findings.push(connected);
    findings
}

/// Whether the enrichers run.
fn available(deployment: Option<&Deployment>, plan: &str, replicas: i32, children: &[DynamicObject]) -> Vec<Finding> {
    let both = |is: Is, available: Is, reason: Reason, message: String| {
        let ready = Finding::new("Ready", is, reason, message);
        let available = ready.also("Available", available);
        vec![ready, available]
    };
    let status = deployment.and_then(|it| it.status.as_ref());
    let is_current = deployment.is_some_and(|it| {
        it.metadata.generation == status.and_then(|status| status.observed_generation)
            && running(Some(it)) == [plan.to_owned()]
            && it.spec.as_ref().and_then(|spec| spec.replicas) == Some(replicas)
    });
    let count = |of: Option<i32>| of.unwrap_or(0);
    let there = status.map_or(0, |it| count(it.replicas));
    let updated = status.map_or(0, |it| count(it.updated_replicas));
    let ready = status.map_or(0, |it| count(it.available_replicas));
    if is_current && replicas == 0 && there == 0 {
        let message = "no event is read, for spec.suspend is true or spec.replicas is 0; the group keeps its place";
        return both(Is::True, Is::False, Reason::Suspended, message.to_owned());
    }
    if let Some(message) = pod_waiting(children) {
        return both(Is::False, if ready > 0 { Is::True } else { Is::False }, Reason::PodWaiting, message);
    }
    if is_current && updated == replicas && there == replicas && ready == replicas {
        return both(Is::True, Is::True, Reason::Running, format!("{replicas} of {replicas} enrichers run"));
    }
    let message = format!(
        "{ready} of {replicas} enrichers run; `kubectl describe pod` and their logs tell what the others wait for"
    );
    both(Is::False, if ready > 0 { Is::True } else { Is::False }, Reason::Progressing, message)
}
