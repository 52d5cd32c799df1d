//! What becomes of the copy of a deleted entity: a Job removes it, and the entity stays until the Job has answered, until
//! the deadline, or until it is clear that no Job can.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};
use kube::ResourceExt as _;
use kube::api::DynamicObject;
use serde_json::{Value, json};
use weft_api::Entity;

use super::answer::CleanupAnswer;
use super::children::is_ended;
use super::{Copy, copied};
use crate::apply::{Unwanted, Wanted};
use crate::child::{CLEANUP, Parent, kind_of};
use crate::condition::{Finding, Is, conditions};
use crate::driver::{Decision, Finalizer, Observed};
use crate::events::Told;
use crate::pod::{CONTAINER, PLAN_FILE, Program, pod_spec, secrets_of_sync};
use crate::pod_template::{of_sync, templated};
use crate::reason::Reason;

/// Exit codes of `weft cleanup` after which another try would end the same way: configuration, refused.
const FINAL: [i32; 2] = [2, 5];
/// How long an ended Job stays whose removal was missed.
const KEPT_SECONDS: u32 = 3600;

/// How it ended.
enum Ended {
    Removed,
    /// It stays, for this reason.
    GaveUp(String),
}

/// What is to be done before the entity may go.
pub(super) fn finish(entity: &Entity, observed: &Observed<'_>) -> Decision {
    let uid = entity.metadata.uid.as_deref().unwrap_or_default();
    let own: Vec<_> =
        observed.children.iter().filter(|it| it.labels().get(CLEANUP).map(String::as_str) == Some(uid)).collect();
    let since = entity.metadata.deletion_timestamp.as_ref().map_or(observed.now, |time| time.0);
    let lasts = observed.settings.cleanup_deadline;
    let left = left(since, lasts, observed.now);
    let said: Vec<_> = own.iter().filter_map(|pod| answered(pod)).collect();
    if let Some(ended) = said.iter().find_map(|(code, answer)| final_answer(*code, answer)) {
        return over(entity, ended, &own);
    }
    let last_error = said.into_iter().find_map(|(_, answer)| match answer {
        Some(CleanupAnswer::Failed(error)) => Some(error),
        _ => None,
    });
    let Some(left) = left else {
        let why = last_error.unwrap_or_else(|| "the clean-up did not answer".to_owned());
        return over(entity, Ended::GaveUp(format!("not done within {} s: {why}", lasts.as_secs())), &own);
    };
    let mut decision = Decision { again: Some(left + Duration::from_secs(1)), ..Decision::default() };
    if !own.iter().any(|it| kind_of(it) == "Job") {
        let Some(children) = wanted(entity, uid, left, observed) else {
            let why = "what it takes to reach the store and the warehouse is gone: the DataGraph, the Warehouse, or the \
                       Jobs that knew them";
            return over(entity, Ended::GaveUp(why.to_owned()), &own);
        };
        decision.children = children;
    }
    decision.unwanted = syncs(&observed.children);
    let so_far = last_error.map_or_else(String::new, |error| format!("; the last try failed: {error}"));
    let message = format!(
        "its copy is being removed from the store and the bookkeeping; that is given up {} s after the deletion{so_far}",
        lasts.as_secs()
    );
    let mut status = entity.status.clone().unwrap_or_default();
    let findings = vec![Finding::new("Ready", Is::False, Reason::CleaningUp, message)];
    status.conditions = conditions(&status.conditions, entity.metadata.generation, observed.now, findings);
    decision.status = serde_json::to_value(status).unwrap_or_default();
    decision
}

/// The time until the deadline; `None` once it is over.
fn left(since: Timestamp, lasts: Duration, now: Timestamp) -> Option<Duration> {
    let gone = u64::try_from(now.as_second().saturating_sub(since.as_second())).unwrap_or(0);
    lasts.checked_sub(Duration::from_secs(gone)).filter(|left| !left.is_zero())
}

/// How a pod of the clean-up ended, if it did: its exit code and its answer.
fn answered(pod: &DynamicObject) -> Option<(i32, Option<CleanupAnswer>)> {
    if kind_of(pod) != "Pod" {
        return None;
    }
    let status = pod.clone().try_parse::<Pod>().ok()?.status?;
    let container = status.container_statuses?.into_iter().find(|it| it.name == CONTAINER)?;
    let ContainerStateTerminated { exit_code, message, .. } = container.state?.terminated?;
    Some((exit_code, message.as_deref().and_then(CleanupAnswer::read)))
}

/// What it means, if another try would not answer otherwise.
fn final_answer(code: i32, answer: &Option<CleanupAnswer>) -> Option<Ended> {
    match answer {
        Some(CleanupAnswer::Removed) => Some(Ended::Removed),
        Some(CleanupAnswer::Refused(error)) => Some(Ended::GaveUp(error.clone())),
        Some(CleanupAnswer::Failed(error)) if FINAL.contains(&code) => Some(Ended::GaveUp(error.clone())),
        None if FINAL.contains(&code) => Some(Ended::GaveUp(format!("its pod ended with exit code {code}"))),
        _ => None,
    }
}

/// The entity may go.
fn over(entity: &Entity, ended: Ended, own: &[&DynamicObject]) -> Decision {
    let told = match ended {
        Ended::Removed => Told::normal(
            Reason::CleanedUp.as_str(),
            "CleanUp",
            "the copy is removed from the store and the bookkeeping",
        ),
        Ended::GaveUp(why) => gave_up(entity, &why),
    };
    let unwanted = own.iter().filter_map(|it| match kind_of(it) {
        "Job" => Some(Unwanted { api_version: "batch/v1", kind: "Job", name: it.name_any() }),
        "ConfigMap" => Some(Unwanted { api_version: "v1", kind: "ConfigMap", name: it.name_any() }),
        _ => None,
    });
    Decision { unwanted: unwanted.collect(), finalizer: Finalizer::Gone, events: vec![told], ..Decision::default() }
}

/// Says what stays, and what removes it.
fn gave_up(entity: &Entity, why: &str) -> Told {
    let namespace = entity.metadata.namespace.as_deref().unwrap_or_default();
    let (graph, slug) = (&entity.spec.data_graph_ref.name, entity.slug());
    Told::warning(
        Reason::CleanupGaveUp.as_str(),
        "CleanUp",
        format!(
            "the copy stays, the keys weft:{namespace}/{graph}/{slug}:* and its tables in bookkeeping; with the manifests as \
             they were: weft cleanup -f MANIFESTS --entity {slug} --installation ID; why: {why}"
        ),
    )
}

/// What could write the copy again: schedules, and the Jobs of syncs that have not ended.
fn syncs(children: &[DynamicObject]) -> Vec<Unwanted> {
    let of = |it: &DynamicObject| match kind_of(it) {
        _ if it.labels().contains_key(CLEANUP) => None,
        "CronJob" => Some(Unwanted { api_version: "batch/v1", kind: "CronJob", name: it.name_any() }),
        "Job" if !is_ended(it) => Some(Unwanted { api_version: "batch/v1", kind: "Job", name: it.name_any() }),
        _ => None,
    };
    children.iter().filter_map(of).collect()
}

/// The Job, and the plan where it can be made anew; else the Job goes by the plan of a sync. `None` if neither is there.
fn wanted(entity: &Entity, uid: &str, left: Duration, observed: &Observed<'_>) -> Option<Vec<Wanted>> {
    let parent = Parent::of("entity", entity);
    let name = parent.child_name(&["cleanup", uid]);
    let args = ["cleanup", "--plan", PLAN_FILE, "--result", "/dev/termination-log", "-o", "json"].map(str::to_owned);
    let planned = observed.planned();
    let mut children = Vec::new();
    let mut pod = match copied(entity, &planned, observed) {
        Ok(Some(sync)) => {
            let copy = Copy::of(entity, sync, observed);
            let plan = json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": metadata(&parent, &name, uid),
                "immutable": true,
                "data": { "plan.json": copy.plan_text },
            });
            children.push(Wanted { manifest: plan, once: true });
            let pod = pod_spec(&Program {
                image: &observed.settings.data_plane_image,
                args: args.to_vec(),
                plan: &name,
                secrets: secrets_of_sync(&sync.plan),
                extra: json!({}),
            });
            templated(pod, &of_sync(&entity.spec.data_graph_ref.name, &observed.objects))
        }
        _ => {
            let mut pod = observed.children.iter().find_map(pod_of_sync)?.clone();
            pod["containers"][0]["args"] = json!(args);
            pod
        }
    };
    pod["restartPolicy"] = "Never".into();
    pod["terminationGracePeriodSeconds"] = 30.into();
    let job = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata(&parent, &name, uid),
        "spec": {
            // What may pass is tried again until the deadline.
            "backoffLimit": 100,
            "activeDeadlineSeconds": left.as_secs().max(1),
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "podFailurePolicy": { "rules": [{
                "action": "FailJob",
                "onExitCodes": { "operator": "In", "values": FINAL },
            }] },
            "template": { "metadata": { "labels": labels(&parent, uid) }, "spec": pod },
        },
    });
    children.push(Wanted { manifest: job, once: true });
    Some(children)
}

/// The pod of a sync as it was made.
fn pod_of_sync(child: &DynamicObject) -> Option<&Value> {
    let pod = match kind_of(child) {
        "CronJob" => child.data.pointer("/spec/jobTemplate/spec/template/spec"),
        "Job" => child.data.pointer("/spec/template/spec"),
        _ => None,
    };
    pod.filter(|pod| pod.pointer("/containers/0").is_some())
}

fn labels(parent: &Parent, uid: &str) -> Value {
    let mut labels = parent.labels();
    labels["app.kubernetes.io/component"] = "cleanup".into();
    labels[CLEANUP] = uid.into();
    labels
}

/// Without an owner: where an entity is deleted in the foreground, what it owns is deleted before it.
fn metadata(parent: &Parent, name: &str, uid: &str) -> Value {
    json!({ "name": name, "namespace": parent.namespace, "labels": labels(parent, uid) })
}
