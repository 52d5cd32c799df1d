//! observe -> decide -> apply -> report, the same for every kind.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt as _, stream};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};
use kube::api::DynamicObject;
use kube::runtime::Controller;
use kube::runtime::controller::{Action, Config};
use kube::runtime::events::Recorder;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use weft_api::PodTemplate;
use weft_plan::{Diagnostic, Options, Planned, Severity};

use crate::admin::Health;
use crate::apply::{ApplyError, FINALIZER, Unwanted, Wanted, Writer};
use crate::condition::{Finding, Is, conditions};
use crate::election::Election;
use crate::enrichers::{Enrichers, Said};
use crate::events::{Told, turned};
use crate::reason::Reason;
use crate::world::{Guarded, Objects, World};

/// How long to wait after a write that failed.
const RETRY: Duration = Duration::from_secs(5);

/// What the operator was told, as far as decisions need it.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) installation: String,
    pub(crate) data_plane_image: String,
    /// Whether copies of deleted Entities are removed.
    pub(crate) clean_up: bool,
    /// So long a deleted Entity waits for its copy to be removed.
    pub(crate) cleanup_deadline: Duration,
}

#[cfg(test)]
impl Settings {
    /// Those of the tests that decide without a cluster.
    pub(crate) fn of_tests() -> Self {
        Self {
            installation: "test".into(),
            data_plane_image: "weft:1".into(),
            clean_up: true,
            cleanup_deadline: Duration::from_secs(600),
        }
    }
}

/// What every reconcile needs.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) world: World,
    pub(crate) election: Arc<Election>,
    pub(crate) health: Arc<Health>,
    pub(crate) settings: Settings,
    pub(crate) recorder: Recorder,
    pub(crate) enrichers: Arc<Enrichers>,
    /// What was last told of an object, by its uid: a copy of the cluster may lag behind.
    pub(crate) told: Mutex<HashMap<String, Told>>,
}

impl Context {
    /// Whether something else was last told of an object.
    fn is_new(&self, object: &ObjectMeta, turned: &Told) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let uid = object.uid.clone().unwrap_or_default();
        told.insert(uid, turned.clone()).is_none_or(|before| before.reason != turned.reason)
    }

    /// It is gone.
    fn forget(&self, object: &ObjectMeta) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.remove(object.uid.as_deref().unwrap_or_default());
    }
}

/// What a decision is made from, besides the object.
pub(crate) struct Observed<'a> {
    /// All that is in the namespace.
    pub(crate) objects: Objects,
    /// What was made of the object, and its pods.
    pub(crate) children: Vec<DynamicObject>,
    /// What was made to test its connection.
    pub(crate) probes: Vec<DynamicObject>,
    /// What the enrichers of a mapping say of themselves.
    pub(crate) said: Said,
    pub(crate) settings: &'a Settings,
    pub(crate) now: Timestamp,
}

/// What should be.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Decision {
    /// In the order in which they are written.
    pub(crate) children: Vec<Wanted>,
    pub(crate) unwanted: Vec<Unwanted>,
    /// None leaves it as it is.
    pub(crate) status: Value,
    pub(crate) finalizer: Finalizer,
    /// To be told of the object, besides that it turned ready or not.
    pub(crate) events: Vec<Told>,
    /// When to look again though nothing changes.
    pub(crate) again: Option<Duration>,
}

/// Whether the object waits for the operator when it is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Finalizer {
    /// As it is.
    #[default]
    Kept,
    /// It has to.
    Set,
    /// It does not, or no longer.
    Gone,
}

/// A kind that the operator acts for.
pub(crate) trait Kind:
    Resource<DynamicType = ()> + DeserializeOwned + Clone + Debug + Send + Sync + 'static
{
    /// As manifests spell it.
    const KIND: &'static str;
    /// As the labels of its children spell it; none has no children.
    const PARENT: Option<&'static str>;
    /// As the labels of what tests its connection spell it; none has no connection.
    const PROBE: Option<&'static str>;

    /// What should be: no I/O, no clock.
    fn decide(&self, observed: &Observed<'_>) -> Decision;

    /// What is to be done once it was deleted and waits for the operator.
    fn finish(&self, _: &Observed<'_>) -> Decision {
        Decision { finalizer: Finalizer::Gone, ..Decision::default() }
    }

    /// What the user gives the pods that test its connection.
    fn pod_template(&self) -> Option<&PodTemplate> {
        None
    }

    /// The status as it is.
    fn status(&self) -> Option<Value>;
}

impl Observed<'_> {
    /// Diagnostics and plans of the namespace.
    pub(crate) fn planned(&self) -> Planned {
        let installation = self.settings.installation.clone();
        weft_plan::plan(&self.objects.resources(), &Options { installation, ..Options::default() })
    }
}

/// The first error of an object, in the order a user would fix them.
pub(crate) fn first_error<'a>(planned: &'a Planned, kind: &str, name: &str) -> Option<&'a Diagnostic> {
    let is_its = |it: &&Diagnostic| it.object.kind == kind && it.object.name == name;
    planned.diagnostics.iter().filter(is_its).find(|it| it.severity == Severity::Error)
}

/// What a diagnostic says of an aspect.
pub(crate) fn diagnosed(aspect: &'static str, diagnostic: &Diagnostic) -> Finding {
    let Diagnostic { field, message, help, .. } = diagnostic;
    Finding::new(aspect, Is::False, diagnostic.reason, format!("{field}: {message}; {help}"))
}

/// Whether only a change of the object itself helps; else it waits for another.
pub(crate) fn is_stalled(diagnostic: &Diagnostic) -> bool {
    use weft_plan::Reason as Of;
    !matches!(diagnostic.reason, Of::UnknownWarehouse | Of::UnknownDataGraph | Of::UnknownEntity)
}

/// A status that has conditions only.
pub(crate) fn plain_status(
    before: &[Condition],
    generation: Option<i64>,
    now: Timestamp,
    findings: Vec<Finding>,
) -> Value {
    json!({ "conditions": conditions(before, generation, now, findings) })
}

/// Acts for every object of a kind that is woken. Ends with `woken`.
pub(crate) async fn run<K: Kind>(
    store: Store<Guarded<K>>,
    woken: impl Stream<Item = ObjectRef<Guarded<K>>> + Send + 'static,
    context: Arc<Context>,
) {
    let failed = |_: Arc<Guarded<K>>, error: &ApplyError, context: Arc<Context>| {
        context.health.metrics.failed(K::KIND, error.category());
        Action::requeue(RETRY)
    };
    // Events that come together are one occasion to look.
    let config = Config::default().debounce(Duration::from_millis(50)).concurrency(8);
    Controller::for_stream(stream::pending(), store)
        .with_config(config)
        .reconcile_on(woken)
        .run(|object, context| async move { reconcile::<K>(&object, &context).await }, failed, context)
        .for_each(|outcome| {
            if let Err(kube::runtime::controller::Error::ReconcilerFailed(error, object)) = outcome {
                let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                tracing::warn!(kind = K::KIND, %object, %error, cause, "failed to reconcile; tries again");
            }
            std::future::ready(())
        })
        .await;
}

async fn reconcile<K: Kind>(object: &Guarded<K>, context: &Context) -> Result<Action, ApplyError> {
    let began = Instant::now();
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    let is_deleted = object.meta().deletion_timestamp.is_some();
    if is_deleted && !object.finalizers().iter().any(|it| it == FINALIZER) {
        context.forget(object.meta());
        return Ok(Action::await_change());
    }
    let writer = Writer {
        client: &context.client,
        namespace: &namespace,
        election: &context.election,
        metrics: &context.health.metrics,
    };
    let (decision, children, status) = match &object.0 {
        Ok(sound) => {
            let of = |label: Option<_>| label.map(|label| context.world.children(label, &namespace, &name));
            let observed = Observed {
                objects: context.world.objects(&namespace),
                children: of(K::PARENT).unwrap_or_default(),
                probes: of(K::PROBE).unwrap_or_default(),
                said: context.enrichers.said(&namespace, &name, K::KIND),
                settings: &context.settings,
                now: Timestamp::now(),
            };
            let decision = if is_deleted { sound.finish(&observed) } else { sound.decide(&observed) };
            (decision, [observed.children, observed.probes].concat(), sound.status())
        }
        // What is left of it nobody can tell.
        Err(_) if is_deleted => (Decision { finalizer: Finalizer::Gone, ..Decision::default() }, Vec::new(), None),
        Err(_) => (odd(object, Timestamp::now()), Vec::new(), None),
    };
    if decision.finalizer == Finalizer::Set {
        writer.finalizer(object, true).await?;
    }
    for child in &decision.children {
        match writer.child(child, &children).await {
            // Where the namespace goes, nothing can be made that would remove anything; and its Secrets go too.
            Err(error) if is_deleted && error.is_of_terminating_namespace() => {
                tracing::warn!(kind = K::KIND, %namespace, name, "gives up cleaning up: its namespace is being deleted");
                context.health.metrics.cleaned("gave_up");
                writer.finalizer(object, false).await?;
                return Ok(Action::await_change());
            }
            written => written?,
        }
    }
    for child in &decision.unwanted {
        writer.without(child).await?;
    }
    if !decision.status.is_null() {
        writer.status(K::KIND, &name, &decision.status, status.as_ref()).await?;
    }
    let turned = turned(status.as_ref(), &decision.status).filter(|turned| context.is_new(object.meta(), turned));
    for told in turned.iter().chain(&decision.events) {
        writer.may_write()?;
        context.health.metrics.wrote("Event", "create");
        if let Err(error) = context.recorder.publish(&told.event(), &object.object_ref(&())).await {
            tracing::warn!(kind = K::KIND, %namespace, name, %error, "failed to tell an event");
        }
    }
    if decision.finalizer == Finalizer::Gone {
        writer.finalizer(object, false).await?;
        if is_deleted {
            context.forget(object.meta());
            let removed = decision.events.iter().any(|told| told.reason == Reason::CleanedUp.as_str());
            context.health.metrics.cleaned(if removed { "removed" } else { "gave_up" });
        }
    }
    context.health.metrics.reconciled(K::KIND, began.elapsed().as_secs_f64());
    Ok(decision.again.map_or_else(Action::await_change, Action::requeue))
}

/// What is said of an object that is none of its kind. Its own text may hold a secret.
fn odd<K: Kind>(object: &Guarded<K>, now: Timestamp) -> Decision {
    let message = format!(
        "the {} is not as this version of the operator knows the kind: apply it anew, or upgrade the operator",
        K::KIND
    );
    let ready = Finding::new("Ready", Is::False, Reason::InvalidObject, message);
    let stalled = ready.also("Stalled", Is::True);
    // Always the same bytes, for the status that is there cannot be read: a time of the object's own.
    let since = object.meta().creation_timestamp.as_ref().map_or(now, |time| time.0);
    let status = plain_status(&[], object.meta().generation, since, vec![ready, stalled]);
    Decision { status, ..Decision::default() }
}
