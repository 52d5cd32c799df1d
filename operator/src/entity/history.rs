//! What the pods of an entity's Jobs answered, in its status.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt as _;
use kube::api::DynamicObject;
use weft_api::{EntityStatus, SyncRun};

use super::answer::Answer;
use crate::child::{CLEANUP, kind_of};
use crate::pod::CONTAINER;

/// How many answers are kept.
const KEPT: usize = 10;

/// The status with the answers that it does not have yet.
pub(super) fn updated(mut status: EntityStatus, children: &[DynamicObject]) -> EntityStatus {
    let oldest =
        status.history.last().filter(|_| status.history.len() >= KEPT).and_then(|it| it.completion_time.clone());
    let is_new = |(run, _): &(SyncRun, Option<i64>)| {
        let known = status.history.iter().any(|it| it.pod == run.pod);
        let left_out =
            oldest.as_ref().is_some_and(|oldest| run.completion_time.as_ref().is_none_or(|it| it.0 <= oldest.0));
        !known && !left_out
    };
    let mut new: Vec<_> = children.iter().filter_map(ended).filter(is_new).collect();
    new.sort_by_key(|(run, _)| (run.completion_time.as_ref().map(|time| time.0), run.pod.clone()));
    for (run, held) in new {
        match run.outcome.as_str() {
            "synced" | "unchanged" => {
                status.held_run = None;
                status.last_sync = Some(run.clone());
            }
            "held" => status.held_run = held.or(run.run),
            _ => {}
        }
        status.history.insert(0, run);
    }
    status.history.truncate(KEPT);
    status
}

/// How a pod of a sync ended, if it did, and the run that waits for approval.
fn ended(child: &DynamicObject) -> Option<(SyncRun, Option<i64>)> {
    if kind_of(child) != "Pod" || child.labels().contains_key(CLEANUP) {
        return None;
    }
    let name = child.name_any();
    let pod: Pod = child.clone().try_parse().ok()?;
    let status = pod.status?;
    let container = status.container_statuses.iter().flatten().find(|it| it.name == CONTAINER);
    let terminated = container.and_then(|it| it.state.as_ref()?.terminated.as_ref());
    match terminated {
        Some(terminated) => Some(answered(name, terminated)),
        // The node that ran it is gone, or put it out.
        None if status.phase.as_deref() == Some("Failed") => {
            let why = status.message.or(status.reason).unwrap_or_else(|| "it ended before it began".to_owned());
            Some((unknown(name, format!("the pod did not answer: {why}"), None, None), None))
        }
        None => None,
    }
}

fn answered(pod: String, terminated: &ContainerStateTerminated) -> (SyncRun, Option<i64>) {
    let (start_time, completion_time) = (terminated.started_at.clone(), terminated.finished_at.clone());
    let ended = completion_time.as_ref().map(|time| time.0.as_second());
    let answer = terminated.message.as_deref().and_then(|message| Answer::read(message, ended));
    let Some(answer) = answer else {
        let why = terminated.reason.as_deref().unwrap_or("Error");
        let message = format!(
            "the pod ended without an answer: {why}, exit code {}; its log may tell more",
            terminated.exit_code
        );
        return (unknown(pod, message, start_time, completion_time), None);
    };
    let run = SyncRun {
        pod,
        outcome: answer.outcome.to_owned(),
        run: answer.run,
        mode: answer.mode.map(str::to_owned),
        start_time,
        completion_time,
        snapshot_time: answer.snapshot_time.and_then(time),
        verified_time: answer.verified_time.and_then(time),
        rows: answer.rows,
        message: answer.error.or_else(|| answer.held_reason.map(held_because)),
        reason: answer.held_reason.map(str::to_owned),
    };
    (run, answer.held_run)
}

fn held_because(reason: &str) -> String {
    match reason {
        "HeldEmptySource" => "the table has no rows left that can be used",
        "HeldMassDeletion" => "more rows are gone than massChangeGuard.maxDeletedPercent allows",
        "HeldMassChange" => "more rows changed than massChangeGuard.maxChangedPercent allows",
        "HeldKeyType" => "a key column has another type than before",
        _ => "it would change more than is allowed",
    }
    .to_owned()
}

fn unknown(pod: String, message: String, start_time: Option<Time>, completion_time: Option<Time>) -> SyncRun {
    SyncRun {
        pod,
        outcome: "unknown".to_owned(),
        run: None,
        mode: None,
        start_time,
        completion_time,
        snapshot_time: None,
        verified_time: None,
        rows: None,
        reason: None,
        message: Some(cut(&message, 1000)),
    }
}

fn time(seconds: i64) -> Option<Time> {
    Timestamp::from_second(seconds).ok().map(Time)
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}
