//! What the rows kept in memory and the store behind them do, for Prometheus.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus::{Gauge, IntCounter, IntGauge, Registry};
use weft_store::hot::{Counters, HotStore};

use super::{registered, text};

/// A counter of the store.
type Total = (&'static str, &'static str, fn(&Counters) -> &AtomicU64);

/// What only grows.
const TOTALS: [Total; 8] = [
    ("weft_enricher_cache_hits_total", "Keys that were answered from memory.", |counters| &counters.hits),
    ("weft_enricher_cache_negative_hits_total", "Of the hits: keys that are known to have no row.", |counters| {
        &counters.negative
    }),
    ("weft_enricher_cache_misses_total", "Keys that were not answered from memory.", |counters| &counters.misses),
    (
        "weft_enricher_cache_joined_total",
        "Of the misses: keys that another batch was asking for already.",
        |counters| &counters.joined,
    ),
    ("weft_enricher_cache_evictions_total", "Answers that made room for others.", |counters| &counters.evictions),
    (
        "weft_enricher_cache_invalidations_total",
        "Answers that were forgotten because a sync changed their rows.",
        |counters| &counters.invalidations,
    ),
    (
        "weft_enricher_cache_resets_total",
        "Times that all answers of an entity were forgotten: the change feed had a gap, the connection was lost, or the \
         columns changed.",
        |counters| &counters.drops,
    ),
    (
        "weft_enricher_store_requests_total",
        "Requests to the store, lookups and the change feed together.",
        |counters| &counters.round_trips,
    ),
];

/// The counters of a store with its cache.
pub(crate) struct StoreMetrics {
    store: Arc<HotStore>,
    registry: Registry,
    totals: Vec<IntCounter>,
    bytes: IntGauge,
    entries: IntGauge,
    /// `None` if no rows are kept, so that there is no feed to read.
    feed_read: Option<Gauge>,
}

impl StoreMetrics {
    /// Those of a store.
    pub(crate) fn new(store: Arc<HotStore>) -> prometheus::Result<Self> {
        let registry = Registry::new();
        let totals = TOTALS.iter().map(|(name, help, _)| registered(&registry, IntCounter::new(*name, *help)?));
        let gauge = |name, help| registered(&registry, IntGauge::new(name, help)?);
        let feed_read = || {
            let help = "When the change feeds of all entities were last read to their ends, in Unix seconds.";
            registered(&registry, Gauge::new("weft_enricher_feed_read_timestamp_seconds", help)?)
        };
        Ok(Self {
            totals: totals.collect::<prometheus::Result<_>>()?,
            bytes: gauge("weft_enricher_cache_bytes", "Bytes of rows in memory; --cache-mib bounds them.")?,
            entries: gauge("weft_enricher_cache_entries", "Answers in memory.")?,
            feed_read: store.keeps_rows().then(feed_read).transpose()?,
            store,
            registry,
        })
    }

    /// All of it in Prometheus' text format.
    pub(crate) fn text(&self) -> Vec<u8> {
        let counters = self.store.counters();
        for ((_, _, read), total) in TOTALS.iter().zip(&self.totals) {
            total.inc_by(read(counters).load(Ordering::Relaxed).saturating_sub(total.get()));
        }
        let now = |counter: &AtomicU64| i64::try_from(counter.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        self.bytes.set(now(&counters.bytes));
        self.entries.set(now(&counters.entries));
        if let Some(feed_read) = &self.feed_read {
            let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            feed_read.set(since_1970.saturating_sub(self.store.feed_lag()).as_secs_f64());
        }
        text(&self.registry)
    }
}
