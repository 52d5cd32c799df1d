use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use weft_plan_types::EnrichPlan;

use super::lag::PartitionLag;
use super::{Pause, Trouble};
use crate::metrics::{Metrics, StoreMetrics, Waits};
use crate::run::Summary;

/// How long an enricher that is asked to end may take to deliver what it has read: less than the 30 s that Kubernetes
/// gives a pod.
const DRAIN: Duration = Duration::from_secs(20);

/// How long the pipeline may be at one thing: far longer than any question it asks may take.
const ALIVE: Duration = Duration::from_secs(120);

/// How long a member without partitions waits to be given some. The group does not say when there are none for it.
const IDLE: Duration = Duration::from_secs(15);

/// What an enricher does at the moment, for whoever asks: the admin port, and the log when it changes.
pub(crate) struct Status {
    mapping: String,
    group: String,
    topic: String,
    started: Instant,
    stopped: OnceLock<Instant>,
    /// When the pipeline moved last, in milliseconds since the start.
    moved: AtomicU64,
    waits: Waits,
    metrics: OnceLock<Metrics>,
    totals: Mutex<Option<Summary>>,
    store: OnceLock<StoreMetrics>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The rules are ready, and the group was asked for partitions at this time.
    joining: Option<Instant>,
    /// The group has given partitions.
    joined: bool,
    /// What it waits for.
    waits: BTreeMap<Pause, String>,
    /// Why events are sent without their rows.
    forwards: Option<String>,
    lag: Vec<PartitionLag>,
}

impl Status {
    /// The enricher of a plan, which has done nothing yet.
    pub(crate) fn new(plan: &EnrichPlan) -> prometheus::Result<Self> {
        Ok(Self {
            mapping: plan.mapping.clone(),
            group: plan.source.group_id.clone(),
            topic: plan.source.topic.topic.clone(),
            started: Instant::now(),
            stopped: OnceLock::new(),
            moved: AtomicU64::new(0),
            waits: Waits::new()?,
            metrics: OnceLock::new(),
            totals: Mutex::default(),
            store: OnceLock::new(),
            state: Mutex::default(),
        })
    }

    /// Asks the enricher to end.
    pub(crate) fn stop(&self) {
        let _ = self.stopped.set(Instant::now());
    }

    /// Whether the enricher is asked to end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.get().is_some()
    }

    /// Whether the enricher was asked to end so long ago that it has to.
    pub(super) fn is_overdue(&self) -> bool {
        self.stopped.get().is_some_and(|stopped| stopped.elapsed() >= DRAIN)
    }

    /// Notes that the rules are ready, with the counters of them, and that the group is asked for partitions.
    pub(crate) fn joins(&self, metrics: Metrics) {
        let _ = self.metrics.set(metrics);
        self.state().joining = Some(Instant::now());
    }

    /// Takes the counters of the store that rows are looked up in.
    pub(crate) fn looks_up_in(&self, store: StoreMetrics) {
        let _ = self.store.set(store);
    }

    /// Notes that the group has given partitions.
    pub(super) fn joined(&self) {
        self.state().joined = true;
    }

    /// Notes that the pipeline moves.
    pub(crate) fn moves(&self) {
        let since = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(since, Ordering::Relaxed);
    }

    /// Whether the pipeline has moved lately.
    pub(crate) fn is_alive(&self) -> bool {
        let moved = Duration::from_millis(self.moved.load(Ordering::Relaxed));
        self.started.elapsed().saturating_sub(moved) < ALIVE
    }

    /// Notes what the enricher waits for; says so in the log unless it is known.
    pub(crate) fn waits(&self, trouble: &Trouble) {
        let before = self.state().waits.insert(trouble.pause, trouble.message.clone());
        if before.as_deref() != Some(&trouble.message) {
            tracing::warn!(reason = %trouble.pause, detail = trouble.message, "paused");
        }
    }

    /// Notes that the clients of the topics are made anew: what they waited for they say again.
    pub(crate) fn connects_anew(&self) {
        let stays = |pause: &Pause| {
            use Pause::{BreakerOpen, BreakingChange, EntityChanged, StoreUnavailable};
            matches!(pause, BreakerOpen | BreakingChange | EntityChanged | StoreUnavailable)
        };
        self.state().waits.retain(|pause, _| stays(pause));
    }

    /// Notes that a wait is over.
    pub(crate) fn goes_on(&self, pause: Pause) {
        if self.state().waits.remove(&pause).is_some() {
            tracing::info!(reason = %pause, "goes on");
        }
    }

    /// Notes why events are sent without the rows that the store cannot tell; `None` once it can.
    pub(crate) fn forwards(&self, message: Option<&str>) {
        let before = std::mem::replace(&mut self.state().forwards, message.map(str::to_owned));
        match message {
            Some(message) if before.as_deref() != Some(message) => {
                tracing::warn!(reason = %Pause::StoreUnavailable, detail = message, "sends events without rows (onUnavailable: Forward)");
            }
            None if before.is_some() => tracing::info!("sends events with their rows again"),
            _ => {}
        }
    }

    /// What has to happen before the enricher is ready; nothing if it is.
    pub(crate) fn unready(&self) -> Vec<String> {
        let state = self.state();
        let mut waits: Vec<_> = state.waits.iter().map(|(pause, message)| format!("{pause}: {message}")).collect();
        let is_given = state.joined || state.joining.is_some_and(|since| since.elapsed() >= IDLE);
        if waits.is_empty() && !is_given {
            waits.push("Starting: the consumer group has not given partitions yet".to_owned());
        }
        waits
    }

    /// The counters, once the rules are ready.
    pub(super) fn counters(&self) -> Option<&Metrics> {
        self.metrics.get()
    }

    /// Adds what became of events to the counters.
    pub(super) fn count(&self, summary: Summary) {
        if let Some(counters) = self.counters() {
            counters.add(&summary);
        }
        let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        match totals.as_mut() {
            Some(totals) => totals.add(&summary),
            None => *totals = Some(summary),
        }
    }

    /// What became of all events.
    pub(crate) fn totals(&self) -> Summary {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }

    /// How many dead letters were written, those that the destination does not take among them.
    pub(crate) fn dead_letters(&self) -> u64 {
        self.counters().map_or(0, Metrics::dead_letters)
    }

    /// The counters in Prometheus' text format.
    pub(crate) fn metrics(&self) -> Vec<u8> {
        {
            let state = self.state();
            self.waits.set_lag(state.lag.iter().filter_map(PartitionLag::records));
            self.waits.set_paused(|pause| state.waits.contains_key(&pause));
            self.waits.set_forwarding(state.forwards.is_some());
        }
        let mut text = self.waits.text();
        text.extend(self.metrics.get().map(Metrics::text).unwrap_or_default());
        text.extend(self.store.get().map(StoreMetrics::text).unwrap_or_default());
        text
    }

    /// Why the enricher waits for something, if it does.
    pub(crate) fn waits_for(&self, pause: Pause) -> Option<String> {
        self.state().waits.get(&pause).cloned()
    }

    /// Takes how far partitions are.
    pub(super) fn publish(&self, lag: Vec<PartitionLag>) {
        self.state().lag = lag;
    }

    /// How far partitions are, and what is waited for.
    pub(crate) fn lag(&self) -> serde_json::Value {
        let state = self.state();
        let waits: Vec<_> = state
            .waits
            .iter()
            .map(|(reason, message)| json!({"reason": reason.to_string(), "message": message}))
            .collect();
        let Self { mapping, group, topic, .. } = self;
        let forwards = state.forwards.as_ref();
        let forwards =
            forwards.map(|message| json!({"reason": Pause::StoreUnavailable.to_string(), "message": message}));
        json!({
            "mapping": mapping, "group": group, "topic": topic, "partitions": state.lag, "paused": waits,
            "forwarding": forwards,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
