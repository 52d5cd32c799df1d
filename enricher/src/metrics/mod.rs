//! What an enricher counts, for Prometheus. Labels are names of the mapping and words of this code, never parts of events.

mod store;

pub(crate) use store::StoreMetrics;

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Encoder as _, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use crate::enrich::Pause;
use crate::join::Join;
use crate::run::{Outcomes, Summary};

/// Bounds of lookups in seconds: a hot cache takes microseconds, trouble takes minutes.
const LOOKUP_SECONDS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Bounds of deliveries in seconds: from what a broker takes at best to a backlog of a night.
const DELIVERY_SECONDS: [f64; 16] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 28_800.0];

/// The rule under which records are counted that are no events.
const NO_RULE: &str = "-";

/// The counters of one enricher.
pub(crate) struct Metrics {
    registry: Registry,
    events: IntCounterVec,
    lookups: IntCounterVec,
    tombstones: IntCounter,
    dead_letters: IntCounter,
    rebalances: IntCounter,
    lookup_seconds: Histogram,
    delivery_seconds: Histogram,
}

/// What an enricher waits for, and how far behind it is: there from its start on.
pub(crate) struct Waits {
    registry: Registry,
    lag: IntGaugeVec,
    paused: IntGaugeVec,
    forwarding: IntGauge,
}

impl Metrics {
    /// All of them at 0, for every rule and alias.
    pub(crate) fn new(join: &Join) -> prometheus::Result<Self> {
        let registry = Registry::new();
        let counters = |name, help, labels: &[&str]| {
            let made = IntCounterVec::new(Opts::new(name, help), labels)?;
            registered(&registry, made)
        };
        let counter = |name, help| registered(&registry, IntCounter::new(name, help)?);
        let histogram = |name, help, bounds: &[f64]| {
            let options = HistogramOpts::new(name, help).buckets(bounds.to_vec());
            registered(&registry, Histogram::with_opts(options)?)
        };
        let metrics = Self {
            events: counters(
                "weft_enricher_events_total",
                "Events by rule and outcome; an event counts once under each rule.",
                &["rule", "outcome", "reason"],
            )?,
            lookups: counters(
                "weft_enricher_lookups_total",
                "Lookups by alias and result.",
                &["rule", "alias", "result"],
            )?,
            tombstones: counter("weft_enricher_tombstones_total", "Records without a value, passed on as they are.")?,
            dead_letters: counter("weft_enricher_dead_letters_total", "Records written to the dead letters' topic.")?,
            rebalances: counter("weft_enricher_rebalances_total", "Times that the group took or gave partitions.")?,
            lookup_seconds: histogram(
                "weft_enricher_lookup_seconds",
                "How long the lookups of a batch took.",
                &LOOKUP_SECONDS,
            )?,
            delivery_seconds: histogram(
                "weft_enricher_end_to_end_seconds",
                "From an event's timestamp to its acknowledgement, of one event in 64.",
                &DELIVERY_SECONDS,
            )?,
            registry,
        };
        for (rule, name) in join.rules().enumerate() {
            let count = |outcome, reason| metrics.events.with_label_values(&[name, outcome, reason]);
            for outcome in ["enriched", "partially_enriched", "unenriched", "dropped"] {
                count(outcome, "");
            }
            count("unenriched", "unavailable");
            count("filtered", "when");
            count("filtered", "consent");
            for alias in join.aliases(rule) {
                for result in ["found", "missing", "no_key", "bad_key", "unavailable"] {
                    metrics.lookups.with_label_values(&[name, alias, result]);
                }
            }
        }
        Ok(metrics)
    }

    /// Adds what became of events since it was called last.
    pub(crate) fn add(&self, summary: &Summary) {
        let add = |rule: &str, outcome, reason: &str, number: u64| {
            if number > 0 {
                self.events.with_label_values(&[rule, outcome, reason]).inc_by(number);
            }
        };
        for (reason, number) in &summary.unparsable {
            add(NO_RULE, "dead_lettered", reason, *number);
        }
        for rule in &summary.rules {
            let Outcomes { enriched, partially_enriched, unenriched, unavailable, filtered, dropped, dead_lettered } =
                &rule.outcomes;
            add(&rule.name, "enriched", "", *enriched);
            add(&rule.name, "partially_enriched", "", *partially_enriched);
            add(&rule.name, "unenriched", "", *unenriched);
            add(&rule.name, "unenriched", "unavailable", *unavailable);
            add(&rule.name, "filtered", "when", filtered.when);
            add(&rule.name, "filtered", "consent", filtered.consent);
            add(&rule.name, "dropped", "", *dropped);
            dead_lettered.iter().for_each(|(reason, number)| add(&rule.name, "dead_lettered", reason, *number));
            for alias in &rule.lookups {
                let results = [
                    ("found", alias.found),
                    ("missing", alias.missing),
                    ("no_key", alias.no_key),
                    ("bad_key", alias.bad_key),
                    ("unavailable", alias.unavailable),
                ];
                for (result, number) in results.into_iter().filter(|(_, number)| *number > 0) {
                    self.lookups.with_label_values(&[&rule.name, &alias.name, result]).inc_by(number);
                }
            }
        }
    }

    /// A record without a value was passed on.
    pub(crate) fn tombstone(&self) {
        self.tombstones.inc();
    }

    /// A dead letter was sent.
    pub(crate) fn dead_letter(&self) {
        self.dead_letters.inc();
    }

    /// How many dead letters were written.
    pub(crate) fn dead_letters(&self) -> u64 {
        self.dead_letters.get()
    }

    /// The group took or gave partitions.
    pub(crate) fn rebalance(&self) {
        self.rebalances.inc();
    }

    /// The lookups of a batch took so long.
    pub(crate) fn lookup_took(&self, time: Duration) {
        self.lookup_seconds.observe(time.as_secs_f64());
    }

    /// An event was delivered so many milliseconds after its timestamp.
    pub(crate) fn delivered_after(&self, milliseconds: i64) {
        self.delivery_seconds.observe(milliseconds.max(0) as f64 / 1000.0);
    }

    /// All of it in Prometheus' text format.
    pub(crate) fn text(&self) -> Vec<u8> {
        text(&self.registry)
    }
}

impl Waits {
    /// Nothing is waited for, and no partition is read.
    pub(crate) fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let gauges =
            |name, help, labels: &[&str]| registered(&registry, IntGaugeVec::new(Opts::new(name, help), labels)?);
        let gauge = |name, help| registered(&registry, IntGauge::new(name, help)?);
        Ok(Self {
            lag: gauges(
                "weft_enricher_lag_records",
                "Records not committed, by partition of this member.",
                &["partition"],
            )?,
            paused: gauges("weft_enricher_paused", "1 for what the enricher waits for.", &["reason"])?,
            forwarding: gauge(
                "weft_enricher_forwarding",
                "1 while events are sent without rows that the store cannot tell.",
            )?,
            registry,
        })
    }

    /// How far partitions are behind; those that are not named are not this member's.
    pub(crate) fn set_lag(&self, lag: impl Iterator<Item = (i32, i64)>) {
        self.lag.reset();
        lag.for_each(|(partition, records)| self.lag.with_label_values(&[&partition.to_string()]).set(records));
    }

    /// What the enricher waits for, and 0 for whatever else it might.
    pub(crate) fn set_paused(&self, is_waited_for: impl Fn(Pause) -> bool) {
        for pause in Pause::ALL {
            self.paused.with_label_values(&[&pause.to_string()]).set(i64::from(is_waited_for(*pause)));
        }
    }

    /// Whether events are sent without rows that the store cannot tell.
    pub(crate) fn set_forwarding(&self, is_so: bool) {
        self.forwarding.set(i64::from(is_so));
    }

    /// All of it in Prometheus' text format.
    pub(crate) fn text(&self) -> Vec<u8> {
        text(&self.registry)
    }
}

fn text(registry: &Registry) -> Vec<u8> {
    let mut text = Vec::new();
    if let Err(error) = TextEncoder::new().encode(&registry.gather(), &mut text) {
        tracing::warn!(%error, "failed to write the metrics");
    }
    text
}

fn registered<C: Collector + Clone + 'static>(registry: &Registry, made: C) -> prometheus::Result<C> {
    registry.register(Box::new(made.clone()))?;
    Ok(made)
}
