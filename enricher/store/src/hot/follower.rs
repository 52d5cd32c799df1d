//! Follows the change feeds.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;

use super::LEASE;
use super::cache::HotEntity;
use super::store::{HotStore, Session};
use crate::backoff::Backoff;
use crate::redis::{ChangeFeed, News, ROUND};
use crate::{EntityMeta, Unavailable};

/// How often the feeds are read. What changed shows after this time and one round trip, and after [`LEASE`] whatever
/// happens.
const EVERY: Duration = Duration::from_millis(500);

/// The pauses between two tries to connect.
const RECONNECT: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));

/// Follows the change feeds of a [`HotStore`], and makes its connection anew when it breaks.
pub struct Follower<'store> {
    store: &'store HotStore,
    entities: Vec<Followed>,
    backoff: Backoff,
}

/// What is known of an entity from its feed and meta.
struct Followed {
    slug: String,
    entity: Arc<HotEntity>,
    /// `None` while it is not followed.
    feed: Option<(ChangeFeed<MultiplexedConnection>, State)>,
}

/// What answers that are kept have in common.
struct State {
    run: u64,
    buckets: u32,
    columns: EntityMeta,
    told: Arc<EntityMeta>,
}

/// The connection may be at fault.
struct Broken;

impl<'store> Follower<'store> {
    pub(super) fn new(store: &'store HotStore) -> Self {
        Self { store, entities: Vec::new(), backoff: RECONNECT }
    }

    /// Reads each feed to its end, or tries once to connect. Gives the time after which to do so again.
    pub async fn step(&mut self) -> Duration {
        let mut session = self.store.last_session();
        if session.is_broken.load(Ordering::Relaxed) {
            // First nobody asks over the old connection any more, then nothing of it is left.
            self.store.set_down(Unavailable::Unreachable);
            self.entities.iter_mut().for_each(|followed| followed.lose(self.store));
            session = match self.store.connect_anew(&session).await {
                Ok(session) => session,
                Err(reason) => {
                    self.store.set_down(reason);
                    return self.backoff.next_pause();
                }
            };
        }
        self.take_up();
        for followed in &mut self.entities {
            if let Err(Broken) = followed.read(self.store, &session).await {
                session.is_broken.store(true, Ordering::Relaxed);
                return self.backoff.next_pause();
            }
        }
        self.backoff.reset();
        EVERY
    }

    /// Goes on with the entities that were asked for since.
    fn take_up(&mut self) {
        let mut arrivals = self.store.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        self.entities.extend(arrivals.drain(..).map(|(slug, entity)| Followed { slug, entity, feed: None }));
    }
}

impl Drop for Follower<'_> {
    /// Whoever follows next has to know of the entities.
    fn drop(&mut self) {
        let mut arrivals = self.store.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        for mut followed in self.entities.drain(..) {
            followed.lose(self.store);
            arrivals.push((followed.slug, followed.entity));
        }
    }
}

impl Followed {
    /// Reads the meta, then the feed to its end.
    async fn read(&mut self, store: &HotStore, session: &Session) -> Result<(), Broken> {
        let started = Instant::now();
        let known = match session.store.refresh(&self.slug).await {
            Ok(known) => known,
            Err(Unavailable::Unreachable) => return Err(Broken),
            Err(_) => {
                self.lose(store);
                return Ok(());
            }
        };
        let committed = &known.committed;
        if self.feed.as_ref().is_some_and(|(_, state)| {
            !state.goes_on_as(committed.buckets, &committed.entity, &known.told, committed.run)
        }) {
            self.lose(store);
        }
        let state = State {
            run: committed.run,
            buckets: committed.buckets,
            columns: committed.entity.clone(),
            told: Arc::clone(&known.told),
        };
        let mut feed = self.feed.take().map_or_else(|| session.store.feed(&self.slug), |(feed, _)| feed);
        loop {
            store.counters().round_trips.fetch_add(1, Ordering::Relaxed);
            match feed.poll().await {
                Ok(News::Changes(changes)) => {
                    store.cache.apply(&self.entity, &changes);
                    if changes.len() < ROUND {
                        break;
                    }
                }
                // It is known where the feed is now, and nothing from before is left.
                Ok(News::Gap) if feed.is_followed() => store.cache.lose(&self.entity),
                Err(error) if error.is_transient() => {
                    self.lose(store);
                    return Err(Broken);
                }
                Ok(News::Gap) | Err(_) => {
                    self.lose(store);
                    return Ok(());
                }
            }
        }
        self.feed = Some((feed, state));
        let lasts = session.store.fresh_for(&known).map_or(LEASE, |fresh| fresh.min(LEASE));
        store.cache.renew(&self.entity, started, started + lasts);
        Ok(())
    }

    fn lose(&mut self, store: &HotStore) {
        self.feed = None;
        store.cache.lose(&self.entity);
    }
}

impl State {
    /// Whether what is kept is still right by what the meta says.
    fn goes_on_as(&self, buckets: u32, columns: &EntityMeta, told: &Arc<EntityMeta>, run: u64) -> bool {
        self.buckets == buckets && self.columns == *columns && self.told == *told && run >= self.run
    }
}
