//! An EnrichmentMapping owns its plans (ConfigMaps), its Deployment, its PodDisruptionBudget, and the Jobs that test its
//! topics.
//! It is woken by itself, its DataGraph, its Warehouse, the Entities of its graph, its children and what its enrichers say.
//! It waits until each Entity it uses was copied once; meanwhile its children stay as they are, by the plan of before.
//! Deleted, it takes its children along; its consumer group stays.

mod blocked;
mod children;
mod matching;
mod running;
#[cfg(test)]
mod tests;

use serde_json::Value;
use weft_api::{EnrichmentMapping, PodTemplate};
use weft_plan_types::canonical_bytes;

use crate::apply::Wanted;
use crate::child::{Parent, hash};
use crate::condition::{Finding, Is, conditions};
use crate::driver::{Decision, Kind, Observed};
use crate::entity::{old_plans, plan_manifest};
use crate::probe::{Noted, tested};
use crate::reason::Reason;
use blocked::runnable;
use children::{budget, deployment_manifest, deployment_of, rescaled, selector};

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
        let mut status = self.status.clone().unwrap_or_default();
        let deployment = deployment_of(&observed.children);
        let replicas = if self.spec.suspend { 0 } else { self.spec.replicas };
        let mut findings = match runnable(self, &planned, observed) {
            Err(blocked) if deployment.is_none() => blocked.findings(),
            Err(blocked) => {
                let rescaled = rescaled(&parent, &observed.children, replicas);
                decision.children = rescaled.map(|manifest| Wanted { manifest, once: false }).into_iter().collect();
                let waits = running::waits(&observed.children, &observed.said);
                let waits = (!waits.is_empty()).then(|| running::in_words(&waits));
                blocked.kept(running::Count::of(deployment.as_ref()), waits)
            }
            Ok(enrichment) => {
                let text = canonical_bytes(&enrichment.plan)
                    .ok()
                    .and_then(|bytes| String::from_utf8(bytes).ok())
                    .unwrap_or_default();
                let plan = hash(&[&text]);
                let enrichers = deployment_manifest(&parent, enrichment, &plan, replicas, self, observed);
                decision.children = vec![
                    Wanted { manifest: plan_manifest(&parent, &plan, &text), once: true },
                    Wanted { manifest: enrichers, once: false },
                    Wanted { manifest: budget(&parent), once: false },
                ];
                decision.unwanted = old_plans(&observed.children, &plan, &children::running(deployment.as_ref()));
                running::state(deployment.as_ref(), &plan, replicas, &status.conditions, observed)
            }
        };
        let mut noted = Noted {
            test: status.test.take(),
            last_test_time: status.last_test_time.take(),
            last_handled_probe: status.last_handled_probe.take(),
            ..Noted::default()
        };
        if let Some(connected) = tested(self, &planned, &mut noted, USABLE, observed, &mut decision) {
            findings = with_connection(findings, connected);
        }
        if deployment.is_some() {
            let matching = matching::matching(&status.conditions, &observed.said);
            decision.events.extend(matching::turned(&status.conditions, &matching));
            findings.push(matching);
        }
        status.conditions = conditions(&status.conditions, self.metadata.generation, observed.now, findings);
        status.replicas = Some(deployment.as_ref().and_then(|it| it.status.as_ref()?.replicas).unwrap_or(0));
        status.selector = Some(selector(&parent));
        status.last_test_time = noted.last_test_time;
        status.last_handled_probe = noted.last_handled_probe;
        status.test = noted.test;
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
