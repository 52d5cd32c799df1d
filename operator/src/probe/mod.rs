//! Whether the connection that an object names can be used: a Job tries it out when it changes, when somebody asks for it
//! (`weft.dev/probe`), and again and again while it fails; it answers in its pod's termination message.

mod answer;
mod job;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{Resource, ResourceExt as _};
use weft_api::{ConnectionStatus, ConnectionTest};
use weft_plan::Planned;
use weft_plan_types::ProbePlan;

use crate::apply::{Unwanted, Wanted};
use crate::condition::{Finding, Is};
use crate::driver::{Decision, Kind, Observed};
use crate::reason::Reason;
use answer::Answer;
use job::Subject;

/// Tests now, if its value is another than before.
const PROBE: &str = "weft.dev/probe";
/// How long after a first test that failed there is another, and after all that follow: who has cured something wants to
/// see it soon.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
const NEXT_PAUSES: Duration = Duration::from_secs(60);

/// What an object's status keeps of its tests.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Noted {
    pub(crate) server_version: Option<String>,
    pub(crate) last_test_time: Option<Time>,
    pub(crate) last_handled_probe: Option<String>,
    pub(crate) test: Option<ConnectionTest>,
}

/// What is to be done to know whether a connection can be used, and what is known of it.
struct Probing {
    children: Vec<Wanted>,
    unwanted: Vec<Unwanted>,
    connected: Finding,
    noted: Noted,
    /// When to look again though nothing changes.
    again: Option<Duration>,
}

impl Noted {
    pub(crate) fn of(status: &ConnectionStatus) -> Self {
        let ConnectionStatus { server_version, last_test_time, last_handled_probe, test, .. } = status.clone();
        Self { server_version, last_test_time, last_handled_probe, test }
    }

    /// The status with these conditions.
    pub(crate) fn status(self, conditions: Vec<Condition>) -> ConnectionStatus {
        let Self { server_version, last_test_time, last_handled_probe, test } = self;
        ConnectionStatus { conditions, server_version, last_test_time, last_handled_probe, test }
    }
}

/// Decides about the test of the connection that an object names, if it names one, and adds what is to be done. `usable`
/// says what is the case if it succeeds.
pub(crate) fn tested<K: Kind>(
    object: &K,
    planned: &Planned,
    noted: &mut Noted,
    usable: &str,
    observed: &Observed<'_>,
    decision: &mut Decision,
) -> Option<Finding> {
    let name = object.meta().name.as_deref().unwrap_or_default();
    let probe = planned.probes.iter().find(|it| it.object.kind == K::KIND && it.object.name == name)?;
    let probing = probing(object, &probe.plan, std::mem::take(noted), usable, observed);
    decision.children.extend(probing.children);
    decision.unwanted.extend(probing.unwanted);
    decision.again = decision.again.into_iter().chain(probing.again).min();
    *noted = probing.noted;
    Some(probing.connected)
}

/// Decides about the test of a connection. `usable` says what is the case if it succeeds.
fn probing<K: Kind>(object: &K, plan: &ProbePlan, noted: Noted, usable: &str, observed: &Observed<'_>) -> Probing {
    let subject = Subject::of(object, plan);
    let mut noted = begun(object, &subject, noted);
    let mut test = noted.test.take().unwrap_or_default();
    let mut again = None;
    let mut waits = None;
    if let Some(job) = test.job.clone() {
        match answer::of(&job, observed) {
            Answer::UnderWay => {}
            Answer::Later(pause) => again = Some(pause),
            Answer::Waits(message) => waits = Some(message),
            Answer::Given(given) => {
                noted.server_version = given.server.or(noted.server_version);
                noted.last_test_time = Some(given.at);
                (test.job, test.outcome, test.message) = (None, Some(given.outcome.to_owned()), given.message);
            }
        }
    }
    if test.job.is_none() && test.outcome.as_deref() != Some(answer::CONNECTED) {
        let tested = noted.last_test_time.as_ref().map_or(observed.now, |time| time.0);
        match left(tested, pause(test.attempt), observed.now) {
            Some(left) => again = Some(left),
            None => {
                test.attempt = test.attempt.saturating_add(1);
                test.job = Some(subject.job_name(test.attempt, noted.last_handled_probe.as_deref()));
            }
        }
    }
    let connected = connected(object, &test, noted.server_version.as_deref(), usable, waits);
    let children = subject.wanted(test.job.as_deref(), observed);
    let unwanted = subject.outlived(test.job.as_deref(), &observed.probes);
    noted.test = Some(test);
    Probing { children, unwanted, connected, noted, again }
}

/// With a first test, where what is to be tested is another or somebody asks for it.
fn begun<K: Resource>(object: &K, subject: &Subject, mut noted: Noted) -> Noted {
    let asked = object.annotations().get(PROBE).map(|value| value.chars().take(256).collect::<String>());
    let asked = asked.filter(|value| Some(value) != noted.last_handled_probe.as_ref());
    let is_other = noted.test.as_ref().is_none_or(|test| test.plan != subject.plan);
    if is_other || asked.is_some() {
        noted.last_handled_probe = asked.or(noted.last_handled_probe);
        let job = subject.job_name(0, noted.last_handled_probe.as_deref());
        noted.test = Some(ConnectionTest { plan: subject.plan.clone(), job: Some(job), ..ConnectionTest::default() });
    }
    noted
}

/// How long to wait after a test that failed.
fn pause(attempt: i32) -> Duration {
    if attempt == 0 { FIRST_PAUSE } else { NEXT_PAUSES }
}

/// What is left of a pause; `None` if it is over.
fn left(since: Timestamp, pause: Duration, now: Timestamp) -> Option<Duration> {
    let passed = Duration::try_from(now.duration_since(since)).unwrap_or_default();
    pause.checked_sub(passed).filter(|left| !left.is_zero())
}

fn connected<K: Kind>(
    object: &K,
    test: &ConnectionTest,
    server: Option<&str>,
    usable: &str,
    waits: Option<String>,
) -> Finding {
    let found = |is, reason: Reason, message: String| Finding::new("Connected", is, reason, message);
    let said = || test.message.clone().unwrap_or_default();
    match test.outcome.as_deref() {
        None => match waits {
            Some(message) => found(Is::Unknown, Reason::PodWaiting, message),
            None => found(Is::Unknown, Reason::Connecting, "a pod tests the connection".to_owned()),
        },
        Some(answer::CONNECTED) => {
            let server = server.map_or_else(String::new, |server| format!("; {server}"));
            found(Is::True, Reason::Connected, format!("{usable}{server}"))
        }
        Some(answer::UNKNOWN) => found(Is::Unknown, Reason::ResultUnknown, format!("{}; {}", said(), again(object))),
        Some(_) => found(Is::False, Reason::ConnectionFailed, format!("{}; {}", said(), again(object))),
    }
}

fn again<K: Kind>(object: &K) -> String {
    format!(
        "it is tested again within a minute, and at once on: kubectl annotate -n {} {} {} --overwrite {PROBE}=\"$(date)\"",
        object.namespace().unwrap_or_default(),
        K::KIND.to_lowercase(),
        object.name_any()
    )
}
