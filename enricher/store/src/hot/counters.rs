use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a hot cache did and holds, for whoever shows it. Counts only grow, unless they say otherwise.
#[derive(Debug, Default)]
pub struct Counters {
    /// Keys that were answered from memory.
    pub hits: AtomicU64,
    /// Of the hits: keys that are known to have no row.
    pub negative: AtomicU64,
    /// Keys that were not.
    pub misses: AtomicU64,
    /// Of the misses: keys that another batch was asking for already.
    pub joined: AtomicU64,
    /// Answers that made room for others.
    pub evictions: Arc<AtomicU64>,
    /// Answers that were forgotten because the feed named them.
    pub invalidations: AtomicU64,
    /// How often everything of an entity was forgotten: the feed had a gap, the connection was lost, or the meta is
    /// another.
    pub drops: AtomicU64,
    /// Requests to the store and their answers, lookups and the feed together.
    pub round_trips: Arc<AtomicU64>,
    /// The bytes that are held now.
    pub bytes: AtomicU64,
    /// The answers that are held now.
    pub entries: AtomicU64,
}

impl Counters {
    pub(super) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, Ordering::Relaxed);
    }
}
