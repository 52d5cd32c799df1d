//! What the operator counts.

use prometheus::{Encoder as _, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

/// The counters of the process.
pub(crate) struct Metrics {
    registry: Registry,
    reconciles: HistogramVec,
    errors: IntCounterVec,
    writes: IntCounterVec,
    leader: IntGauge,
    cleanups: IntCounterVec,
}

impl Metrics {
    /// All at zero. Fails only if two have one name.
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let reconciles = HistogramVec::new(
            HistogramOpts::new("weft_operator_reconcile_seconds", "How long it took to reconcile an object."),
            &["kind"],
        )?;
        let errors = IntCounterVec::new(
            Opts::new("weft_operator_reconcile_errors_total", "Reconciles that failed, by what failed."),
            &["kind", "category"],
        )?;
        let writes = IntCounterVec::new(
            Opts::new("weft_operator_writes_total", "Requests that change an object, by its kind and what they do."),
            &["kind", "verb"],
        )?;
        let leader = IntGauge::new("weft_operator_leader", "1 while this replica is the one that acts.")?;
        let cleanups = IntCounterVec::new(
            Opts::new("weft_operator_cleanups_total", "Copies of deleted Entities: removed, or given up."),
            &["outcome"],
        )?;
        registry.register(Box::new(cleanups.clone()))?;
        registry.register(Box::new(reconciles.clone()))?;
        registry.register(Box::new(errors.clone()))?;
        registry.register(Box::new(writes.clone()))?;
        registry.register(Box::new(leader.clone()))?;
        Ok(Self { registry, reconciles, errors, writes, leader, cleanups })
    }

    pub(crate) fn reconciled(&self, kind: &str, seconds: f64) {
        self.reconciles.with_label_values(&[kind]).observe(seconds);
    }

    pub(crate) fn failed(&self, kind: &str, category: &str) {
        self.errors.with_label_values(&[kind, category]).inc();
    }

    pub(crate) fn wrote(&self, kind: &str, verb: &str) {
        self.writes.with_label_values(&[kind, verb]).inc();
    }

    /// A deleted Entity went: its copy is `removed`, or the operator `gave_up`.
    pub(crate) fn cleaned(&self, outcome: &str) {
        self.cleanups.with_label_values(&[outcome]).inc();
    }

    pub(crate) fn leads(&self, leads: bool) {
        self.leader.set(leads.into());
    }

    /// In the text format of Prometheus.
    pub(crate) fn text(&self) -> String {
        let mut bytes = Vec::new();
        // It fails only if the buffer does.
        drop(TextEncoder::new().encode(&self.registry.gather(), &mut bytes));
        String::from_utf8(bytes).unwrap_or_default()
    }
}
