//! The rows that are kept: bounded in bytes, the least wanted go first.

use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Buf as _, Bytes};
use foldhash::fast::RandomState;
use quick_cache::unsync::Cache;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};

use crate::{Answer, Row};

/// What an entry takes beside the bytes of its key and row: its place in the slab and in the index, the place of one
/// that went in half of the entries, the counter that makes the bytes shared, and what an allocator adds to both.
pub(super) const ENTRY_BYTES: usize = 200;

/// An entry of which the number of entries is estimated, so that the rows that went are remembered in proportion.
const USUAL_BYTES: u64 = ENTRY_BYTES as u64 + 250;

/// Which row is meant, by a hash that only its own entry answers to: two keys with one hash turn each other out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name(u64);

/// Rows of all entities, by [`Name`].
///
/// S3-FIFO (Yang et al., SOSP 2023) with the key and the row of an entry in one piece of shared memory: a hit costs a
/// reference count, and one cold place in memory beside the index.
pub(super) struct Rows {
    cache: Cache<Name, Stored, Weights, BuildHasherDefault<Identity>, Evictions>,
    hasher: RandomState,
}

/// An answer that is kept.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// The key, then the row.
    text: Bytes,
    key: u32,
    is_found: bool,
    entity: u32,
    /// Where the key stands among all hashes: which bucket it is in, whatever their number.
    place: u32,
}

impl Stored {
    /// A copy of the answer to be kept, and the answer that shares its bytes; `None` if there is nothing to be kept.
    pub(super) fn new(entity: u32, key: &[u8], place: u32, answer: &Answer) -> Option<(Self, Answer)> {
        let row: &[u8] = match answer {
            Answer::Found(row) => row.as_bytes(),
            Answer::Missing => &[],
            Answer::Unavailable(_) => return None,
        };
        let length = u32::try_from(key.len()).ok()?;
        let text = Bytes::from([key, row].concat());
        let is_found = matches!(answer, Answer::Found(_));
        let stored = Self { text, key: length, is_found, entity, place };
        let answer = stored.answer(key)?;
        Some((stored, answer))
    }

    fn answer(&self, key: &[u8]) -> Option<Answer> {
        if self.text.get(..self.key as usize) != Some(key) {
            return None;
        }
        if !self.is_found {
            return Some(Answer::Missing);
        }
        let mut row = self.text.clone();
        row.advance(self.key as usize);
        Some(Answer::Found(Row::from_bytes(row)))
    }
}

impl Rows {
    /// Holds at most so many bytes, counted as the bytes of keys and rows and [`ENTRY_BYTES`] for each.
    pub(super) fn new(bytes: u64, evictions: Arc<AtomicU64>) -> Self {
        let entries = usize::try_from(bytes / USUAL_BYTES).unwrap_or(usize::MAX).max(1);
        let options = OptionsBuilder::new().weight_capacity(bytes).estimated_items_capacity(entries).build();
        let options = options.expect("both capacities are set");
        let cache = Cache::with_options(options, Weights, BuildHasherDefault::default(), Evictions(evictions));
        Self { cache, hasher: RandomState::default() }
    }

    /// The name of a key of an entity.
    pub(super) fn name(hasher: &RandomState, entity: u32, key: &[u8]) -> Name {
        Name(hasher.hash_one((entity, key)))
    }

    /// What makes names. It stays the same, so that names can be made without a lock.
    pub(super) fn hasher(&self) -> RandomState {
        self.hasher.clone()
    }

    /// The answers that are kept, one for each key, in order.
    pub(super) fn answers(&self, entity: u32, names: &[Name], keys: &[&[u8]], mut take: impl FnMut(usize, Answer)) {
        let stored: Vec<Option<&Stored>> = names.iter().map(|name| self.cache.get(name)).collect();
        // Rows lie all over a memory that no processor's cache holds: touched without waiting, they come together.
        let touched = stored.iter().filter_map(|stored| stored.as_ref()?.text.first());
        std::hint::black_box(touched.fold(0, |sum: u8, byte| sum ^ byte));
        for (position, (stored, key)) in stored.into_iter().zip(keys).enumerate() {
            let answer = stored.filter(|stored| stored.entity == entity).and_then(|stored| stored.answer(key));
            if let Some(answer) = answer {
                take(position, answer);
            }
        }
    }

    /// The answer that is kept for one key.
    pub(super) fn answer(&self, entity: u32, name: Name, key: &[u8]) -> Option<Answer> {
        self.cache.peek(&name).filter(|stored| stored.entity == entity)?.answer(key)
    }

    /// Keeps an answer.
    pub(super) fn insert(&mut self, name: Name, stored: Stored) {
        self.cache.insert(name, stored);
    }

    /// Forgets the answer with a name; whether there was one.
    pub(super) fn remove(&mut self, name: Name) -> bool {
        self.cache.remove(&name).is_some()
    }

    /// Forgets the answers of an entity whose place is one of these; gives how many there were.
    pub(super) fn remove_places(&mut self, entity: u32, is_meant: impl Fn(u32) -> bool) -> u64 {
        let before = self.cache.len();
        self.cache.retain(|_, stored| stored.entity != entity || !is_meant(stored.place));
        (before - self.cache.len()) as u64
    }

    /// How many answers are kept.
    pub(super) fn len(&self) -> usize {
        self.cache.len()
    }

    /// The bytes that count against the bound.
    pub(super) fn bytes(&self) -> u64 {
        self.cache.weight()
    }
}

#[derive(Clone, Copy, Debug)]
struct Weights;

impl Weighter<Name, Stored> for Weights {
    fn weight(&self, _: &Name, stored: &Stored) -> u64 {
        (stored.text.len() + ENTRY_BYTES) as u64
    }
}

#[derive(Clone, Debug)]
struct Evictions(Arc<AtomicU64>);

impl Lifecycle<Name, Stored> for Evictions {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: Name, _: Stored) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A name is a hash already.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, &byte| hash.rotate_left(8) ^ u64::from(byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
