//! An Entity owns its plans (ConfigMaps), its CronJob and the Jobs that are run at once.
//! It is woken by itself, its DataGraph, its Warehouse, Entities of its graph, its children and their pods.
//! It waits for its DataGraph and its Warehouse; meanwhile its children stay.
//! Deleted, it takes its children along, and its copy by a Job that it waits for.

mod answer;
mod children;
mod cleaning;
#[cfg(test)]
mod cleaning_tests;
mod history;
mod retry;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use weft_api::{Entity, EntityStatus};
use weft_plan::{Planned, PlannedSync, Schedule};
use weft_plan_types::canonical_bytes;

pub(crate) use children::{is_ended, old_plans, plan_manifest, plan_name, pod_waiting};

use crate::child::{Parent, hash};
use crate::condition::{Finding, Is, conditions};
use crate::data_graph::unusable;
use crate::driver::{Decision, Finalizer, Kind, Observed, diagnosed, first_error, is_stalled};
use crate::reason::Reason;

impl Kind for Entity {
    const KIND: &'static str = "Entity";
    const PARENT: Option<&'static str> = Some("entity");
    const PROBE: Option<&'static str> = None;

    fn decide(&self, observed: &Observed<'_>) -> Decision {
        let planned = observed.planned();
        let mut status = history::updated(self.status.clone().unwrap_or_default(), &observed.children);
        let mut decision = Decision::default();
        let findings = match copied(self, &planned, observed) {
            Err(blocked) => blocked,
            Ok(None) => {
                decision.unwanted = children::all_schedules(&observed.children);
                let message = "the table is not copied, for spec.enrichmentEnabled is false";
                vec![Finding::new("Ready", Is::True, Reason::NotEnabled, message)]
            }
            Ok(Some(sync)) => {
                let wanted = Copy::of(self, sync, observed);
                let retry = children::next_try(sync, &status, observed);
                let trigger = children::trigger(self, sync, &wanted, &status, retry.as_ref());
                // From now on there is something outside of the cluster.
                decision.finalizer = if observed.settings.clean_up { Finalizer::Set } else { Finalizer::Kept };
                decision.children = children::wanted(&wanted, sync, trigger.as_ref(), observed);
                decision.unwanted = children::outlived(&wanted, observed);
                if let Some(trigger) = trigger {
                    trigger.handled(&wanted, &mut status);
                }
                let (findings, again) = state(self, sync, &status, observed);
                let next_try = retry.map(|retry| retry.left).filter(|left| !left.is_zero());
                decision.again = again.into_iter().chain(next_try).min();
                findings
            }
        };
        status.conditions = conditions(&status.conditions, self.metadata.generation, observed.now, findings);
        decision.status = serde_json::to_value(status).unwrap_or_default();
        decision
    }

    fn finish(&self, observed: &Observed<'_>) -> Decision {
        cleaning::finish(self, observed)
    }

    fn status(&self) -> Option<Value> {
        serde_json::to_value(self.status.as_ref()?).ok()
    }
}

/// One entity's copy, named.
pub(crate) struct Copy {
    pub(crate) parent: Parent,
    /// The hash of the plan.
    pub(crate) plan: String,
    /// The plan, as the ConfigMap holds it.
    pub(crate) plan_text: String,
    /// What tells two occasions to copy by the same plan apart.
    pub(crate) occasion: String,
}

impl Copy {
    fn of(entity: &Entity, sync: &PlannedSync, observed: &Observed<'_>) -> Self {
        // The planner refuses a plan that is too large.
        let plan_text =
            canonical_bytes(&sync.plan).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let graph = observed
            .objects
            .graphs
            .iter()
            .find(|it| it.metadata.name.as_ref() == Some(&entity.spec.data_graph_ref.name));
        let generations = [entity.metadata.generation, graph.and_then(|graph| graph.metadata.generation)];
        let uid = entity.metadata.uid.as_deref().unwrap_or_default();
        Self {
            parent: Parent::of("entity", entity),
            plan: hash(&[&plan_text]),
            plan_text,
            occasion: format!("{uid} {generations:?}"),
        }
    }
}

/// How the entity is copied; `None` if it is not to be, an error if it cannot be.
fn copied<'a>(
    entity: &Entity,
    planned: &'a Planned,
    observed: &Observed<'_>,
) -> Result<Option<&'a PlannedSync>, Vec<Finding>> {
    let name = entity.metadata.name.as_deref().unwrap_or_default();
    if let Some(error) = first_error(planned, Entity::KIND, name) {
        let ready = diagnosed("Ready", error);
        let stalled = ready.also("Stalled", Is::True);
        return Err(if is_stalled(error) { vec![ready, stalled] } else { vec![ready] });
    }
    let wanted = &entity.spec.data_graph_ref.name;
    let graph = observed.objects.graphs.iter().find(|it| it.metadata.name.as_ref() == Some(wanted));
    if let Some(trouble) = graph.and_then(|graph| unusable(graph, planned, &observed.objects)) {
        let message = format!("DataGraph `{wanted}` is not ready: {}", trouble.message);
        return Err(vec![Finding::new("Ready", Is::False, Reason::DataGraphNotReady, message)]);
    }
    Ok(planned.syncs.iter().find(|sync| sync.object.name == name))
}

/// What is the case of an entity that is copied, and when that changes by itself.
fn state(
    entity: &Entity,
    sync: &PlannedSync,
    status: &EntityStatus,
    observed: &Observed<'_>,
) -> (Vec<Finding>, Option<Duration>) {
    let synced = synced(entity, sync, status, observed);
    let (fresh, again) = fresh(sync, status, observed.now);
    let ready = if synced.is == Is::True && fresh.is == Is::False {
        fresh.also("Ready", Is::False)
    } else {
        synced.also("Ready", if synced.is == Is::True { Is::True } else { Is::False })
    };
    (vec![ready, synced, fresh], again)
}

/// How the last copy ended.
fn synced(entity: &Entity, sync: &PlannedSync, status: &EntityStatus, observed: &Observed<'_>) -> Finding {
    if let Some(message) = children::pod_waiting(&observed.children) {
        return Finding::new("Synced", Is::False, Reason::PodWaiting, message);
    }
    let Some(last) = status.history.first() else {
        let message = if sync.suspended {
            "no copy was made yet, and spec.suspend (its own or its DataGraph's) lets none start"
        } else {
            "the first copy is under way"
        };
        return Finding::new("Synced", Is::Unknown, Reason::FirstSync, message);
    };
    let said = last.message.clone().unwrap_or_default();
    match last.outcome.as_str() {
        "synced" | "unchanged" => {
            let rows = last.rows.unwrap_or_default();
            let rejected = match rows.rejected {
                0 => String::new(),
                some => format!("; {some} rows of the table cannot be used, `weft sync --samples 5` shows their keys"),
            };
            Finding::new("Synced", Is::True, Reason::Synced, format!("the store has {} rows{rejected}", rows.total))
        }
        "held" => {
            let name = entity.metadata.name.as_deref().unwrap_or_default();
            let namespace = entity.metadata.namespace.as_deref().unwrap_or_default();
            let cure = status.held_run.map_or_else(String::new, |run| {
                format!(
                    "; to apply it: kubectl annotate -n {namespace} entity {name} --overwrite weft.dev/approve={run}"
                )
            });
            let reason = last.reason.clone().unwrap_or_else(|| Reason::Held.to_string());
            Finding::new("Synced", Is::False, reason, format!("the last copy waits for approval: {said}{cure}"))
        }
        "refused" => Finding::new("Synced", Is::False, Reason::SyncRefused, said),
        "unknown" => Finding::new("Synced", Is::False, Reason::ResultUnknown, said),
        _ => Finding::new("Synced", Is::False, Reason::SyncFailed, said),
    }
}

/// Whether the rows are at most two and a half periods old.
fn fresh(sync: &PlannedSync, status: &EntityStatus, now: Timestamp) -> (Finding, Option<Duration>) {
    let last = status.last_sync.as_ref();
    let verified =
        last.and_then(|it| it.verified_time.as_ref().or(it.snapshot_time.as_ref())).map(|time| time.0.as_second());
    let Some(verified) = verified else {
        return (Finding::new("Fresh", Is::Unknown, Reason::FirstSync, "no copy was made yet"), None);
    };
    let current =
        || Finding::new("Fresh", Is::True, Reason::Current, "the rows are younger than two and a half periods");
    let Some(period) = period(sync, verified) else { return (current(), None) };
    let deadline = verified.saturating_add(period.saturating_mul(5) / 2);
    let left = deadline.saturating_sub(now.as_second());
    if left > 0 {
        return (current(), Some(Duration::from_secs(left.unsigned_abs().saturating_add(1))));
    }
    let message = format!(
        "the rows were last read or found unchanged more than two and a half periods ({period} s each) ago; \
         the condition Synced and the pods of the CronJob tell why"
    );
    (Finding::new("Fresh", Is::False, Reason::Stale, message), None)
}

/// The time between two copies of the schedule, in seconds.
fn period(sync: &PlannedSync, from: i64) -> Option<i64> {
    let schedule = Schedule::parse(&sync.schedule, &sync.time_zone)?;
    let next = schedule.next_after(from)?;
    Some(schedule.next_after(next)? - next)
}
