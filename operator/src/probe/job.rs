//! What is made to test a connection: the ConfigMap with the plan, and a Job.

use std::collections::BTreeSet;

use kube::ResourceExt as _;
use kube::api::DynamicObject;
use serde_json::{Value, json};
use weft_api::PodTemplate;
use weft_plan_types::{ProbePlan, canonical_bytes};

use crate::apply::{Unwanted, Wanted};
use crate::child::{PLAN, Parent, hash, kind_of};
use crate::driver::{Kind, Observed};
use crate::entity::{is_ended, old_plans, plan_manifest, plan_name};
use crate::pod::{PLAN_FILE, Program, pod_spec, secrets_of_probe};
use crate::pod_template::templated;

/// The Job that a pod is of.
pub(super) const TEST: &str = "weft.dev/test";

/// How many ended Jobs are kept, for their pods' logs.
const KEPT_JOBS: usize = 3;

/// A test takes 30 s at most, the rest is for its pod to start.
const DEADLINE_SECONDS: u32 = 180;

/// What is tested, and of whom.
pub(super) struct Subject {
    parent: Parent,
    /// What tells the object from one of the same name, and its settings from those of before.
    occasion: String,
    /// The hash of the plan.
    pub(super) plan: String,
    text: String,
    secrets: BTreeSet<String>,
    template: PodTemplate,
}

impl Subject {
    pub(super) fn of<K: Kind>(object: &K, plan: &ProbePlan) -> Self {
        let text = canonical_bytes(plan).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let uid = object.uid().unwrap_or_default();
        Self {
            parent: Parent::of(K::PROBE.unwrap_or_default(), object),
            occasion: format!("{uid} {:?}", object.meta().generation),
            plan: hash(&[&text]),
            text,
            secrets: secrets_of_probe(plan),
            template: object.pod_template().cloned().unwrap_or_default(),
        }
    }

    /// The name of a test's Job: the same for the same occasion, so that it is made once.
    pub(super) fn job_name(&self, attempt: i32, asked: Option<&str>) -> String {
        let only = self.parent.only_child_name();
        let attempt = attempt.to_string();
        self.parent.child_name(&["test", &only, &self.plan, &self.occasion, asked.unwrap_or_default(), &attempt])
    }

    /// The plan, and the Job of the test that is under way.
    pub(super) fn wanted(&self, job: Option<&str>, observed: &Observed<'_>) -> Vec<Wanted> {
        let plan = Wanted { manifest: plan_manifest(&self.parent, &self.plan, &self.text), once: true };
        let job = job.map(|name| Wanted { manifest: self.job(name, observed), once: true });
        std::iter::once(plan).chain(job).collect()
    }

    fn job(&self, name: &str, observed: &Observed<'_>) -> Value {
        let args = ["probe", "--plan", PLAN_FILE, "--result", "/dev/termination-log", "-o", "json"];
        let pod = pod_spec(&Program {
            image: &observed.settings.data_plane_image,
            args: args.map(str::to_owned).to_vec(),
            plan: &plan_name(&self.parent, &self.plan),
            secrets: self.secrets.clone(),
            extra: json!({}),
        });
        let mut pod = templated(pod, &self.template);
        pod["restartPolicy"] = "Never".into();
        let mut labels = self.parent.labels();
        labels[PLAN] = self.plan.clone().into();
        labels[TEST] = name.into();
        json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": self.parent.metadata(name, Some(&self.plan)),
            "spec": {
                // Each test is one pod; the next one is another Job.
                "backoffLimit": 0,
                "activeDeadlineSeconds": DEADLINE_SECONDS,
                "template": { "metadata": { "labels": labels }, "spec": pod },
            },
        })
    }

    /// Plans that no test reads any more, and Jobs that ended long ago.
    pub(super) fn outlived(&self, current: Option<&str>, children: &[DynamicObject]) -> Vec<Unwanted> {
        let mut jobs: Vec<_> = children.iter().filter(|it| kind_of(it) == "Job").collect();
        let running: Vec<_> =
            jobs.iter().filter(|job| !is_ended(job)).filter_map(|job| job.labels().get(PLAN).cloned()).collect();
        jobs.retain(|job| is_ended(job) && current != Some(job.name_any().as_str()));
        jobs.sort_by_key(|job| std::cmp::Reverse((job.creation_timestamp().map(|time| time.0), job.name_any())));
        let jobs = jobs.into_iter().skip(KEPT_JOBS);
        let jobs = jobs.map(|it| Unwanted { api_version: "batch/v1", kind: "Job", name: it.name_any() });
        old_plans(children, &self.plan, &running).into_iter().chain(jobs).collect()
    }
}
