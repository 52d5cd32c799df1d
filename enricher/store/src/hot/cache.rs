use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use tokio::sync::watch;

use super::Counters;
use super::flight::{Flight, Flights, Landed, Waiting};
use super::rows::{Name, Rows, Stored};
use crate::Answer;
use crate::redis::{Change, bucket_at, place};

/// The answers of a store's entities.
///
/// A hit takes one shared lock for a whole batch. Where both locks are held, the one of the flights came first.
pub(crate) struct HotCache {
    began: Instant,
    hasher: RandomState,
    entities: RwLock<HashMap<String, Arc<HotEntity>>>,
    flights: Mutex<Flights>,
    rows: RwLock<Rows>,
    counters: Arc<Counters>,
}

/// An entity whose answers are kept.
#[derive(Debug)]
pub(crate) struct HotEntity {
    number: u32,
    /// Until when answers are valid, in nanoseconds since the cache began. Becomes 0 with the flights locked.
    valid_until: AtomicU64,
    /// When the feed was last read to its end, likewise; 0 if never.
    followed_at: AtomicU64,
}

/// What is left to be done about the keys of a batch.
#[derive(Default)]
pub(crate) struct Plan<'cache> {
    /// The positions of the keys that the store has to be asked for.
    pub(crate) ask: Vec<usize>,
    /// The keys that others are asking for.
    pub(crate) joined: Vec<(usize, Waiting)>,
    /// To be told what came; nothing is kept if there is none.
    pub(crate) lead: Option<Lead<'cache>>,
}

/// Somebody who asks for keys that others may be waiting for. If it is dropped, those ask for themselves.
pub(crate) struct Lead<'cache> {
    cache: &'cache HotCache,
    entity: u32,
    flight: Arc<Flight>,
    lands: watch::Sender<Option<Landed>>,
    /// In the order of [`Plan::ask`].
    names: Vec<Name>,
    /// In the same order.
    places: Vec<u32>,
}

impl HotCache {
    /// Holds at most so many bytes, counted as the bytes of keys and rows and some 200 for each.
    pub(crate) fn new(bytes: u64) -> Self {
        let counters = Arc::new(Counters::default());
        let rows = Rows::new(bytes, Arc::clone(&counters.evictions));
        Self {
            began: Instant::now(),
            hasher: rows.hasher(),
            entities: RwLock::default(),
            flights: Mutex::new(HashMap::with_hasher(BuildHasherDefault::default())),
            rows: RwLock::new(rows),
            counters,
        }
    }

    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// The entity, whose answers are not valid before [`HotCache::renew`]; and whether it is new.
    pub(crate) fn entity(&self, slug: &str) -> (Arc<HotEntity>, bool) {
        if let Some(entity) = self.entities.read().unwrap_or_else(PoisonError::into_inner).get(slug) {
            return (Arc::clone(entity), false);
        }
        let mut entities = self.entities.write().unwrap_or_else(PoisonError::into_inner);
        let number = u32::try_from(entities.len()).expect("a mapping has few entities");
        let mut is_new = false;
        let entity = entities.entry(slug.to_owned()).or_insert_with(|| {
            is_new = true;
            Arc::new(HotEntity { number, valid_until: AtomicU64::new(0), followed_at: AtomicU64::new(0) })
        });
        (Arc::clone(entity), is_new)
    }

    /// Answers what it can; `answers` has a place for each of the keys, which are distinct.
    pub(crate) fn begin(&self, entity: &HotEntity, keys: &[&[u8]], now: Instant, answers: &mut [Answer]) -> Plan<'_> {
        let names: Vec<Name> = keys.iter().map(|key| Rows::name(&self.hasher, entity.number, key)).collect();
        let mut is_open = vec![true; keys.len()];
        let (mut hits, mut negative) = (0, 0);
        {
            let rows = self.rows();
            if self.is_valid(entity, now) {
                rows.answers(entity.number, &names, keys, |position, answer| {
                    negative += usize::from(answer == Answer::Missing);
                    (answers[position], is_open[position]) = (answer, false);
                    hits += 1;
                });
            }
        }
        Counters::add(&self.counters.hits, hits);
        Counters::add(&self.counters.negative, negative);
        if hits == keys.len() {
            return Plan::default();
        }
        Counters::add(&self.counters.misses, keys.len() - hits);
        let open = is_open.into_iter().enumerate().filter_map(|(position, is_open)| is_open.then_some(position));
        self.ask(entity, keys, &names, open, now, answers)
    }

    /// What to do about keys that had no answer.
    fn ask(
        &self,
        entity: &HotEntity,
        keys: &[&[u8]],
        names: &[Name],
        open: impl Iterator<Item = usize>,
        now: Instant,
        answers: &mut [Answer],
    ) -> Plan<'_> {
        let mut plan = Plan::default();
        let mut flights = self.flights();
        if !self.is_valid(entity, now) {
            plan.ask.extend(open);
            return plan;
        }
        let rows = self.rows();
        for position in open {
            // It may have come since.
            if let Some(answer) = rows.answer(entity.number, names[position], keys[position]) {
                answers[position] = answer;
                continue;
            }
            let waiting = flights.get(&names[position]).filter(|waiting| {
                waiting.entity == entity.number && waiting.flight.key(waiting.position) == keys[position]
            });
            match waiting {
                Some(waiting) => plan.joined.push((position, waiting.clone())),
                None => plan.ask.push(position),
            }
        }
        drop(rows);
        Counters::add(&self.counters.joined, plan.joined.len());
        if plan.ask.is_empty() {
            return plan;
        }
        let (flight, lands) = Flight::new(plan.ask.iter().map(|&position| keys[position].into()).collect());
        let (mut taken, mut places) = (Vec::with_capacity(plan.ask.len()), Vec::with_capacity(plan.ask.len()));
        for (number, &position) in plan.ask.iter().enumerate() {
            let place = place(keys[position]);
            let waiting = Waiting { flight: Arc::clone(&flight), position: number, entity: entity.number, place };
            // Another key of the same name keeps its place; what comes for this one is then not kept.
            flights.entry(names[position]).or_insert(waiting);
            taken.push(names[position]);
            places.push(place);
        }
        plan.lead = Some(Lead { cache: self, entity: entity.number, flight, lands, names: taken, places });
        plan
    }

    /// Forgets what is kept and what is on its way; what is asked for from now on is kept.
    pub(crate) fn clear(&self, entity: &HotEntity) {
        let mut flights = self.flights();
        self.clear_in(entity, &mut flights);
    }

    /// The feed, or the connection, is lost: nothing is valid.
    pub(crate) fn lose(&self, entity: &HotEntity) {
        let mut flights = self.flights();
        entity.valid_until.store(0, Ordering::Release);
        self.clear_in(entity, &mut flights);
    }

    fn clear_in(&self, entity: &HotEntity, flights: &mut Flights) {
        flights.retain(|_, waiting| waiting.entity != entity.number);
        let mut rows = self.rows_mut();
        rows.remove_places(entity.number, |_| true);
        self.measure(&rows);
        Counters::add(&self.counters.drops, 1);
    }

    /// What the feed says, in its order.
    pub(crate) fn apply(&self, entity: &HotEntity, changes: &[Change]) {
        let mut whole: HashMap<u32, HashSet<u32>> = HashMap::new();
        let mut named = Vec::new();
        for change in changes {
            match change {
                Change::Rows { keys: Some(keys), .. } => {
                    named.extend(keys.iter().map(|key| Rows::name(&self.hasher, entity.number, key)));
                }
                Change::Rows { buckets, bucket, keys: None, .. } => {
                    whole.entry(*buckets).or_default().insert(*bucket);
                }
                Change::Committed { .. } => {}
            }
        }
        if named.is_empty() && whole.is_empty() {
            return;
        }
        let is_meant =
            |place: u32| whole.iter().any(|(&buckets, changed)| changed.contains(&bucket_at(place, buckets)));
        let mut flights = self.flights();
        let mut rows = self.rows_mut();
        let mut forgotten = 0;
        for name in named {
            flights.remove(&name);
            forgotten += u64::from(rows.remove(name));
        }
        if !whole.is_empty() {
            flights.retain(|_, waiting| waiting.entity != entity.number || !is_meant(waiting.place));
            forgotten += rows.remove_places(entity.number, is_meant);
        }
        self.counters.invalidations.fetch_add(forgotten, Ordering::Relaxed);
        self.measure(&rows);
    }

    /// The feed was read to its end as it was at a time: answers are valid until another. After a gap
    /// [`HotCache::lose`] comes first.
    pub(crate) fn renew(&self, entity: &HotEntity, read_at: Instant, until: Instant) {
        entity.followed_at.store(self.nanoseconds(read_at), Ordering::Relaxed);
        entity.valid_until.store(self.nanoseconds(until), Ordering::Release);
    }

    /// How long ago the feed was last read to its end; that of the entity where it is longest.
    pub(crate) fn feed_lag(&self, now: Instant) -> Duration {
        let entities = self.entities.read().unwrap_or_else(PoisonError::into_inner);
        let oldest = entities.values().map(|entity| entity.followed_at.load(Ordering::Relaxed)).min();
        oldest.map_or(Duration::ZERO, |oldest| Duration::from_nanos(self.nanoseconds(now).saturating_sub(oldest)))
    }

    fn is_valid(&self, entity: &HotEntity, now: Instant) -> bool {
        self.nanoseconds(now) < entity.valid_until.load(Ordering::Acquire)
    }

    fn nanoseconds(&self, time: Instant) -> u64 {
        u64::try_from(time.saturating_duration_since(self.began).as_nanos()).unwrap_or(u64::MAX)
    }

    fn measure(&self, rows: &Rows) {
        self.counters.bytes.store(rows.bytes(), Ordering::Relaxed);
        self.counters.entries.store(rows.len() as u64, Ordering::Relaxed);
    }

    fn flights(&self) -> MutexGuard<'_, Flights> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rows(&self) -> RwLockReadGuard<'_, Rows> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn rows_mut(&self) -> RwLockWriteGuard<'_, Rows> {
        self.rows.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lead<'_> {
    /// The answers came, one for each key of [`Plan::ask`]: keeps those that are still valid, and gives them to whoever
    /// waits. Afterwards `answers` share the bytes of what is kept.
    pub(crate) fn land(mut self, answers: &mut [Answer]) {
        let names = std::mem::take(&mut self.names);
        let mut stored = Vec::with_capacity(answers.len());
        for (position, (answer, place)) in answers.iter_mut().zip(&self.places).enumerate() {
            let kept = Stored::new(self.entity, self.flight.key(position), *place, answer);
            stored.push(kept.map(|(stored, shared)| {
                *answer = shared;
                stored
            }));
        }
        {
            let mut flights = self.cache.flights();
            let mut rows = self.cache.rows_mut();
            for (name, stored) in names.into_iter().zip(stored) {
                if self.is_on_its_way(&flights, name) {
                    flights.remove(&name);
                    if let Some(stored) = stored {
                        rows.insert(name, stored);
                    }
                }
            }
            self.cache.measure(&rows);
        }
        // Whoever waits holds the flight; nobody joins it any more.
        if Arc::strong_count(&self.flight) > 1 {
            let _ = self.lands.send(Some(Arc::new(answers.to_vec())));
        }
    }

    fn is_on_its_way(&self, flights: &Flights, name: Name) -> bool {
        flights.get(&name).is_some_and(|waiting| Arc::ptr_eq(&waiting.flight, &self.flight))
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        let mut flights = self.cache.flights();
        for &name in &self.names {
            if self.is_on_its_way(&flights, name) {
                flights.remove(&name);
            }
        }
    }
}
