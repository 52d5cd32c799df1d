//! What is made of an entity: the ConfigMap with its plan, the CronJob, and Jobs for copies that are due at once.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::DynamicObject;
use serde_json::{Value, json};
use weft_api::{Entity, EntityStatus};
use weft_plan::PlannedSync;

use super::Copy;
use super::retry::{self, Retry};
use crate::apply::{Unwanted, Wanted};
use crate::child::{CLEANUP, PLAN, Parent, hash, kind_of};
use crate::driver::Observed;
use crate::pod::{PLAN_FILE, Program, pod_spec, secrets_of_sync};
use crate::pod_template::{of_sync, templated};

/// Copies now, if its value is another than before.
const SYNC: &str = "weft.dev/sync";
/// Applies the held run of this number.
const APPROVE: &str = "weft.dev/approve";
/// How many ended Jobs and plans are kept.
const KEPT_JOBS: usize = 3;
const KEPT_PLANS: usize = 2;

/// Why a copy is due at once.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Trigger {
    /// What is copied is new or changed.
    changed: bool,
    asked: Option<String>,
    approved: Option<String>,
    /// The pod of the failure after which it is tried again.
    failed: Option<String>,
    /// The plan that the copy before was for.
    before: Option<String>,
}

/// When a failed copy is tried again; not while one is under way, nor if none is to start.
pub(super) fn next_try(sync: &PlannedSync, status: &EntityStatus, observed: &Observed<'_>) -> Option<Retry> {
    let is_running = |it: &&DynamicObject| kind_of(it) == "Job" && !is_ended(it);
    let may_start = !sync.suspended && !observed.children.iter().any(|it| is_running(&it));
    may_start.then(|| retry::of_failure(status, observed.now)).flatten()
}

/// Why a copy is due at once, if one is.
pub(super) fn trigger(
    entity: &Entity,
    sync: &PlannedSync,
    copy: &Copy,
    status: &EntityStatus,
    retry: Option<&Retry>,
) -> Option<Trigger> {
    let annotated = |name: &str, handled: Option<&String>| {
        let value = entity.annotations().get(name).map(|value| value.chars().take(256).collect::<String>());
        value.filter(|value| Some(value) != handled)
    };
    let held = status.held_run.map(|run| run.to_string());
    let trigger = Trigger {
        changed: !sync.suspended && status.plan.as_ref() != Some(&copy.plan),
        asked: annotated(SYNC, status.last_handled_sync.as_ref()),
        approved: annotated(APPROVE, status.last_handled_approval.as_ref()).filter(|run| held.as_ref() == Some(run)),
        failed: retry.filter(|retry| retry.left.is_zero()).map(|retry| retry.pod.clone()),
        before: status.plan.clone(),
    };
    let occasions = [&trigger.asked, &trigger.approved, &trigger.failed];
    (trigger.changed || occasions.iter().any(|it| it.is_some())).then_some(trigger)
}

impl Trigger {
    /// The name of its Job: the same for the same occasion, so that it is made once.
    fn job_name(&self, copy: &Copy) -> String {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        let parts = [&self.before, &self.asked, &self.approved, &self.failed].map(text);
        copy.parent.child_name(&[&copy.plan, &copy.occasion, &parts[0], &parts[1], &parts[2], &parts[3]])
    }

    /// Notes down that its Job was made.
    pub(super) fn handled(self, copy: &Copy, status: &mut EntityStatus) {
        status.plan = Some(copy.plan.clone());
        status.last_handled_sync = self.asked.or(status.last_handled_sync.take());
        status.last_handled_approval = self.approved.or(status.last_handled_approval.take());
    }
}

/// The children, in the order in which they need each other.
pub(super) fn wanted(
    copy: &Copy,
    sync: &PlannedSync,
    trigger: Option<&Trigger>,
    observed: &Observed<'_>,
) -> Vec<Wanted> {
    let plan = Wanted { manifest: plan_manifest(&copy.parent, &copy.plan, &copy.plan_text), once: true };
    let schedule = Wanted { manifest: cron_job(copy, sync, observed), once: false };
    let now = trigger.map(|trigger| Wanted { manifest: job(copy, sync, trigger, observed), once: true });
    [plan, schedule].into_iter().chain(now).collect()
}

/// The name of the ConfigMap with a plan.
pub(crate) fn plan_name(parent: &Parent, plan: &str) -> String {
    parent.child_name(&["plan", parent.only_child_name().as_str(), plan])
}

/// The ConfigMap with a plan.
pub(crate) fn plan_manifest(parent: &Parent, plan: &str, text: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": parent.metadata(&plan_name(parent, plan), Some(plan)),
        "immutable": true,
        "data": { "plan.json": text },
    })
}

fn cron_job(copy: &Copy, sync: &PlannedSync, observed: &Observed<'_>) -> Value {
    let name = copy.parent.only_child_name();
    json!({
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": copy.parent.metadata(&name, None),
        "spec": {
            "schedule": spread(&sync.schedule, &name),
            "timeZone": sync.time_zone,
            "suspend": sync.suspended,
            "concurrencyPolicy": "Forbid",
            // A start that was missed for longer is left out: the next one copies what changed anyhow.
            "startingDeadlineSeconds": 600,
            "successfulJobsHistoryLimit": KEPT_JOBS,
            "failedJobsHistoryLimit": KEPT_JOBS,
            "jobTemplate": {
                "metadata": { "labels": labels(copy) },
                "spec": job_spec(copy, sync, None, observed),
            },
        },
    })
}

fn job(copy: &Copy, sync: &PlannedSync, trigger: &Trigger, observed: &Observed<'_>) -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": copy.parent.metadata(&trigger.job_name(copy), Some(&copy.plan)),
        "spec": job_spec(copy, sync, trigger.approved.as_deref(), observed),
    })
}

fn job_spec(copy: &Copy, sync: &PlannedSync, approved: Option<&str>, observed: &Observed<'_>) -> Value {
    let mut args =
        ["sync", "--plan", PLAN_FILE, "--result", "/dev/termination-log", "-o", "json"].map(str::to_owned).to_vec();
    if let Some(run) = approved {
        args.extend(["--approve".to_owned(), run.to_owned()]);
    }
    let pod = pod_spec(&Program {
        image: &observed.settings.data_plane_image,
        args,
        plan: &plan_name(&copy.parent, &copy.plan),
        secrets: secrets_of_sync(&sync.plan),
        extra: json!({}),
    });
    let mut pod = templated(pod, &of_sync(&sync.plan.owner.graph, &observed.objects));
    pod["restartPolicy"] = "Never".into();
    // Time to cancel the statement at the warehouse.
    pod["terminationGracePeriodSeconds"] = 30.into();
    json!({
        "backoffLimit": 3,
        // 2 configuration, 3 rejected rows, 4 held, 5 refused: another try would end the same way.
        "podFailurePolicy": { "rules": [{
            "action": "FailJob",
            "onExitCodes": { "operator": "In", "values": [2, 3, 4, 5] },
        }] },
        "template": { "metadata": { "labels": labels(copy) }, "spec": pod },
    })
}

fn labels(copy: &Copy) -> Value {
    let mut labels = copy.parent.labels();
    labels[PLAN] = copy.plan.clone().into();
    labels
}

/// The schedule as cron keeps it: those of a whole hour or day at a minute of the entity's own, so that not all start
/// at once.
fn spread(schedule: &str, name: &str) -> String {
    let minute = u32::from_str_radix(&hash(&["minute", name]), 16).unwrap_or_default() % 60;
    match schedule {
        "@hourly" => format!("{minute} * * * *"),
        "@daily" => format!("{minute} 0 * * *"),
        other => other.to_owned(),
    }
}

/// The CronJobs of an entity that is not copied any more.
pub(super) fn all_schedules(children: &[DynamicObject]) -> Vec<Unwanted> {
    let schedules = children.iter().filter(|it| kind_of(it) == "CronJob");
    schedules.map(|it| Unwanted { api_version: "batch/v1", kind: "CronJob", name: it.name_any() }).collect()
}

/// Plans that nothing runs any more, and Jobs that ended long ago.
pub(super) fn outlived(copy: &Copy, observed: &Observed<'_>) -> Vec<Unwanted> {
    let mut jobs: Vec<_> = observed.children.iter().filter(|it| kind_of(it) == "Job").collect();
    let running: Vec<_> =
        jobs.iter().filter(|job| !is_ended(job)).filter_map(|job| job.labels().get(PLAN).cloned()).collect();
    // Those of the CronJob are its own to delete.
    let is_own = |job: &&DynamicObject| job.owner_references().iter().any(|owner| owner.kind == "Entity");
    jobs.retain(|job| is_ended(job) && is_own(job));
    jobs.sort_by_key(|job| std::cmp::Reverse((job.creation_timestamp().map(|time| time.0), job.name_any())));
    let jobs = jobs.into_iter().skip(KEPT_JOBS);
    let jobs = jobs.map(|it| Unwanted { api_version: "batch/v1", kind: "Job", name: it.name_any() });
    old_plans(&observed.children, &copy.plan, &running).into_iter().chain(jobs).collect()
}

/// The ConfigMaps of plans but the one that is wanted, the newest before it, and those that something runs.
pub(crate) fn old_plans(children: &[DynamicObject], wanted: &str, running: &[String]) -> Vec<Unwanted> {
    let plan = |it: &DynamicObject| it.labels().get(PLAN).cloned().unwrap_or_default();
    let is_plan = |it: &DynamicObject| kind_of(it) == "ConfigMap" && !it.labels().contains_key(CLEANUP);
    let mut others: Vec<_> = children.iter().filter(|it| is_plan(it) && plan(it) != wanted).collect();
    others.sort_by_key(|it| std::cmp::Reverse((it.creation_timestamp().map(|time| time.0), it.name_any())));
    let old = others.into_iter().skip(KEPT_PLANS - 1).filter(|it| !running.contains(&plan(it)));
    old.map(|it| Unwanted { api_version: "v1", kind: "ConfigMap", name: it.name_any() }).collect()
}

pub(crate) fn is_ended(job: &DynamicObject) -> bool {
    let job: Option<Job> = job.clone().try_parse().ok();
    let conditions = job.and_then(|job| job.status?.conditions).unwrap_or_default();
    conditions.iter().any(|it| matches!(it.type_.as_str(), "Complete" | "Failed") && it.status == "True")
}

/// What a pod waits for that may never come, such as its image.
pub(crate) fn pod_waiting(children: &[DynamicObject]) -> Option<String> {
    let pods = children.iter().filter(|it| kind_of(it) == "Pod" && !it.labels().contains_key(CLEANUP));
    let pods = pods.filter_map(|it| it.clone().try_parse::<Pod>().ok());
    let waits = pods.filter_map(|pod| {
        let name = pod.name_any();
        let statuses = pod.status?.container_statuses?;
        let waiting = statuses.into_iter().find_map(|it| it.state?.waiting)?;
        let reason = waiting.reason?;
        let message = waiting.message.unwrap_or_default();
        let is_usual = matches!(reason.as_str(), "ContainerCreating" | "PodInitializing");
        (!is_usual).then(|| format!("pod {name} cannot start, {reason}: {message}"))
    });
    waits.min()
}
