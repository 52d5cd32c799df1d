//! What the pod of a test answered.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt as _;
use kube::api::DynamicObject;
use serde::Deserialize;

use super::job::TEST;
use crate::child::kind_of;
use crate::driver::Observed;
use crate::entity::pod_waiting;
use crate::pod::CONTAINER;

/// How a test ends.
pub(super) const CONNECTED: &str = "connected";
pub(super) const FAILED: &str = "failed";
pub(super) const UNKNOWN: &str = "unknown";

/// What is seen of a Job's pod may be older than what is seen of the Job.
const POD_SEEN_WITHIN: Duration = Duration::from_secs(10);

/// Longer messages than the status has room for do not come; a pod's log has all.
const MESSAGE_CHARACTERS: usize = 4000;

/// The JSON of `weft probe --result`.
#[derive(Debug, Deserialize)]
struct Told {
    outcome: String,
    server: Option<String>,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
struct Step {
    step: String,
    error: Option<String>,
}

/// What is seen of a test.
pub(super) enum Answer {
    /// Nothing yet.
    UnderWay,
    /// Its Job has ended and no pod of it is seen, which may change within this time.
    Later(Duration),
    /// Its pod cannot start, and why.
    Waits(String),
    /// It has ended.
    Given(Given),
}

/// How a test ended.
pub(super) struct Given {
    pub(super) outcome: &'static str,
    pub(super) server: Option<String>,
    /// What failed; none if nothing did.
    pub(super) message: Option<String>,
    pub(super) at: Time,
}

/// What the test that this Job makes answered.
pub(super) fn of(job: &str, observed: &Observed<'_>) -> Answer {
    let is_its = |it: &&DynamicObject| kind_of(it) == "Pod" && it.labels().get(TEST).is_some_and(|of| of == job);
    let pods: Vec<_> = observed.probes.iter().filter(is_its).cloned().collect();
    if let Some(given) = pods.iter().find_map(|pod| ended(pod, observed.now)) {
        return Answer::Given(given);
    }
    if !pods.is_empty() {
        return pod_waiting(&pods).map_or(Answer::UnderWay, Answer::Waits);
    }
    let job = observed.probes.iter().find(|it| kind_of(it) == "Job" && it.name_any() == job);
    let Some((since, why)) = job.and_then(job_ended) else { return Answer::UnderWay };
    match super::left(since, POD_SEEN_WITHIN, observed.now) {
        Some(left) => Answer::Later(left),
        None => Answer::Given(unknown(&format!("the pod of the test did not answer: {why}"), Time(observed.now))),
    }
}

/// How a pod ended, if it did.
fn ended(pod: &DynamicObject, now: Timestamp) -> Option<Given> {
    let pod: Pod = pod.clone().try_parse().ok()?;
    let status = pod.status?;
    let container = status.container_statuses.iter().flatten().find(|it| it.name == CONTAINER);
    match container.and_then(|it| it.state.as_ref()?.terminated.as_ref()) {
        Some(terminated) => Some(told(terminated, now)),
        // The node that ran it is gone, or put it out.
        None if status.phase.as_deref() == Some("Failed") => {
            let why = status.message.or(status.reason).unwrap_or_else(|| "it ended before it began".to_owned());
            Some(unknown(&format!("the pod of the test did not answer: {why}"), Time(now)))
        }
        None => None,
    }
}

fn told(terminated: &ContainerStateTerminated, now: Timestamp) -> Given {
    let at = terminated.finished_at.clone().unwrap_or(Time(now));
    let told = terminated.message.as_deref().and_then(|message| serde_json::from_str::<Told>(message).ok());
    let Some(told) = told else {
        let why = terminated.reason.as_deref().unwrap_or("Error");
        let code = terminated.exit_code;
        return unknown(&format!("the pod of the test ended without an answer: {why}, exit code {code}"), at);
    };
    if told.outcome == CONNECTED {
        let server = told.server.map(|server| cut(&server, 256));
        return Given { outcome: CONNECTED, server, message: None, at };
    }
    let failed = |step: Step| Some(format!("failed to {}: {}", step.step, step.error?));
    let failed: Vec<_> = told.steps.into_iter().filter_map(failed).collect();
    Given { outcome: FAILED, server: None, message: Some(cut(&failed.join("; "), MESSAGE_CHARACTERS)), at }
}

fn unknown(message: &str, at: Time) -> Given {
    Given { outcome: UNKNOWN, server: None, message: Some(cut(message, MESSAGE_CHARACTERS)), at }
}

/// When and why a Job ended, if it did.
fn job_ended(job: &DynamicObject) -> Option<(Timestamp, String)> {
    let job: Job = job.clone().try_parse().ok()?;
    let ends = |it: &&k8s_openapi::api::batch::v1::JobCondition| {
        matches!(it.type_.as_str(), "Complete" | "Failed") && it.status == "True"
    };
    let conditions = job.status?.conditions?;
    let ended = conditions.iter().find(ends)?;
    let why = ended.message.clone().or(ended.reason.clone()).unwrap_or_else(|| "its pod is gone".to_owned());
    Some((ended.last_transition_time.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0), why))
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}
