//! observe -> decide -> apply -> report, the same for every kind.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt as _, stream};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::DynamicObject;
use kube::runtime::Controller;
use kube::runtime::controller::{Action, Config};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Client, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use weft_plan::{Diagnostic, Options, Planned, Severity};

use crate::admin::Health;
use crate::apply::{ApplyError, Unwanted, Wanted, Writer};
use crate::condition::{Finding, Is, conditions};
use crate::election::Election;
use crate::reason::Reason;
use crate::world::{Guarded, Objects, World};

/// How long to wait after a write that failed.
const RETRY: Duration = Duration::from_secs(5);

/// What the operator was told, as far as decisions need it.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) installation: String,
    pub(crate) data_plane_image: String,
}

/// What every reconcile needs.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) world: World,
    pub(crate) election: Arc<Election>,
    pub(crate) health: Arc<Health>,
    pub(crate) settings: Settings,
}

/// What a decision is made from, besides the object.
pub(crate) struct Observed<'a> {
    /// All that is in the namespace.
    pub(crate) objects: Objects,
    /// What was made of the object, and its pods.
    pub(crate) children: Vec<DynamicObject>,
    pub(crate) settings: &'a Settings,
    pub(crate) now: Timestamp,
}

/// What should be.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Decision {
    /// In the order in which they are written.
    pub(crate) children: Vec<Wanted>,
    pub(crate) unwanted: Vec<Unwanted>,
    pub(crate) status: Value,
    /// When to look again though nothing changes.
    pub(crate) again: Option<Duration>,
}

/// A kind that the operator acts for.
pub(crate) trait Kind:
    Resource<DynamicType = ()> + DeserializeOwned + Clone + Debug + Send + Sync + 'static
{
    /// As manifests spell it.
    const KIND: &'static str;
    /// As the labels of its children spell it; none has no children.
    const PARENT: Option<&'static str>;

    /// What should be: no I/O, no clock.
    fn decide(&self, observed: &Observed<'_>) -> Decision;

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
    if object.meta().deletion_timestamp.is_some() {
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
            let children =
                K::PARENT.map(|parent| context.world.children(parent, &namespace, &name)).unwrap_or_default();
            let observed = Observed {
                objects: context.world.objects(&namespace),
                children,
                settings: &context.settings,
                now: Timestamp::now(),
            };
            (sound.decide(&observed), observed.children, sound.status())
        }
        Err(_) => (odd(object, Timestamp::now()), Vec::new(), None),
    };
    for child in &decision.children {
        writer.child(child, &children).await?;
    }
    for child in &decision.unwanted {
        writer.without(child).await?;
    }
    writer.status(K::KIND, &name, &decision.status, status.as_ref()).await?;
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
