//! Whether the enrichers run, and what those wait for that do not.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt as _;
use kube::api::DynamicObject;

use super::children::running;
use crate::child::kind_of;
use crate::condition::{Finding, Is};
use crate::driver::Observed;
use crate::enrichers::{Said, Wait, is_waiting};
use crate::entity::pod_waiting;
use crate::reason::Reason;

/// What ends only when a person says so.
const FOR_A_PERSON: [&str; 2] = ["OffsetsLost", "BreakerOpen"];
/// So many pauses are told at once.
const MOST_TOLD: usize = 3;

/// How many enrichers there are, and how many of them do their work.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    there: i32,
    updated: i32,
    ready: i32,
}

impl Count {
    pub(super) fn of(deployment: Option<&Deployment>) -> Self {
        let status = deployment.and_then(|it| it.status.as_ref());
        let count = |of: Option<i32>| of.unwrap_or(0);
        status.map_or_else(Self::default, |it| Self {
            there: count(it.replicas),
            updated: count(it.updated_replicas),
            ready: count(it.available_replicas),
        })
    }

    /// Whether events are enriched.
    pub(super) fn available(self, why: &Finding) -> Finding {
        why.also("Available", if self.ready > 0 { Is::True } else { Is::False })
    }
}

/// Whether the enrichers run.
pub(super) fn state(
    deployment: Option<&Deployment>,
    plan: &str,
    replicas: i32,
    before: &[Condition],
    observed: &Observed<'_>,
) -> Vec<Finding> {
    let count = Count::of(deployment);
    let Count { there, updated, ready } = count;
    let told = |is: Is, reason: &str, message: String| {
        let found = Finding::new("Ready", is, reason, message);
        let available = count.available(&found);
        vec![found, available]
    };
    let status = deployment.and_then(|it| it.status.as_ref());
    let is_current = deployment.is_some_and(|it| {
        it.metadata.generation == status.and_then(|status| status.observed_generation)
            && running(Some(it)) == [plan.to_owned()]
            && it.spec.as_ref().and_then(|spec| spec.replicas) == Some(replicas)
    });
    if is_current && replicas == 0 && there == 0 {
        let message = "no event is read, for spec.suspend is true or spec.replicas is 0; the group keeps its place";
        return told(Is::True, &Reason::Suspended.to_string(), message.to_owned());
    }
    if let Some(message) = pod_waiting(&observed.children) {
        return told(Is::False, &Reason::PodWaiting.to_string(), message);
    }
    if is_current && updated == replicas && there == replicas && ready == replicas {
        let message = format!("{replicas} of {replicas} enrichers run");
        return told(Is::True, &Reason::Running.to_string(), message);
    }
    let run = format!("{ready} of {replicas} enrichers run");
    let waits = waits(&observed.children, &observed.said);
    if let Some(first) = waits.first() {
        let message = format!("{run}; the others wait: {}", in_words(&waits));
        return told(Is::False, &first.reason, message);
    }
    // One that was not asked yet may say what stands there already.
    let stood = before.iter().find(|it| it.type_ == "Ready" && it.status == "False");
    if let Some(stood) = stood.filter(|_| is_unheard(&observed.children, &observed.said)) {
        return told(Is::False, &stood.reason, stood.message.clone());
    }
    let message = match silent(&observed.children, &observed.said) {
        Some((pod, why)) => format!(
            "{run}; pod {pod} does not answer the operator on its admin port ({why}): its log and `kubectl describe pod {pod}` \
             tell more; where a NetworkPolicy is, let the operator reach the enrichers' port 8080"
        ),
        None => format!("{run}; `kubectl describe pod` and their logs tell what the others wait for"),
    };
    told(Is::False, &Reason::Progressing.to_string(), message)
}

/// What enrichers wait for that are not ready: what only a person can end comes first.
pub(super) fn waits(children: &[DynamicObject], said: &Said) -> Vec<Wait> {
    let pods = children.iter().filter(|it| kind_of(it) == "Pod" && is_waiting(it));
    let heard = pods.filter_map(|pod| said.heard.get(&pod.name_any()));
    let mut waits: Vec<_> = heard.flat_map(|heard| heard.waits().iter().cloned()).collect();
    waits.sort_by_key(|wait| (!FOR_A_PERSON.contains(&wait.reason.as_str()), wait.clone()));
    waits.dedup();
    waits
}

/// The pauses, with what helps.
pub(super) fn in_words(waits: &[Wait]) -> String {
    let told: Vec<_> = waits.iter().take(MOST_TOLD).map(|wait| format!("{}: {}", wait.reason, wait.message)).collect();
    let more = match waits.len().saturating_sub(MOST_TOLD) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    format!("{}{more}", told.join("; "))
}

/// Whether a pod is not ready and was not asked why.
fn is_unheard(children: &[DynamicObject], said: &Said) -> bool {
    let mut pods = children.iter().filter(|it| kind_of(it) == "Pod" && is_waiting(it));
    pods.any(|pod| !said.heard.contains_key(&pod.name_any()))
}

/// A pod that does not answer, and why.
fn silent(children: &[DynamicObject], said: &Said) -> Option<(String, String)> {
    let pods = children.iter().filter(|it| kind_of(it) == "Pod" && is_waiting(it)).map(|it| it.name_any());
    pods.filter_map(|pod| said.heard.get(&pod)?.silence().map(|why| (pod, why))).min()
}
