//! The reader of a Redis with a hot cache in front.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use tokio::sync::Notify;

use super::cache::{HotCache, HotEntity, Plan};
use super::{Counters, Follower};
use crate::redis::{Access, ConnectError, RedisStore, connect_once};
use crate::{Answer, EntityMeta, Reader, Unavailable};

/// The bytes of answers that are kept unless told otherwise: some 70,000 rows of 250 B.
pub const DEFAULT_CACHE_BYTES: u64 = 32 << 20;

/// Whose entities are read, and how.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The namespace of the data graph.
    pub namespace: String,
    /// The data graph.
    pub graph: String,
    /// Whose the entities have to be: `<installation>/<namespace>/<graph>`.
    pub owner: String,
    /// Rows that were neither read nor verified for so long count as unavailable.
    pub max_staleness: Option<Duration>,
    /// The bytes of answers that are kept, see [`HotStore`]; 0 keeps none.
    pub cache_bytes: u64,
}

/// Gives the address and the password, whenever a connection is made.
pub type GetAccess = dyn Fn() -> Access + Send + Sync;

/// The entities of one data graph in Redis, with the answers that were asked for kept in memory as long as they are
/// [valid](super).
///
/// Somebody has to run [`HotStore::follow`]: it follows the change feeds, without which nothing is answered from memory,
/// and connects again after an outage.
///
/// The bound on memory counts the bytes of key and row, and 200 for each answer. A batch that is all hits takes no lock
/// but shared ones, waits for nothing and allocates nothing for a key.
pub struct HotStore {
    get_access: Box<GetAccess>,
    pub(super) cache: HotCache,
    keeps: bool,
    /// Entities that nobody follows yet.
    pub(super) arrivals: Mutex<Vec<(String, Arc<HotEntity>)>>,
    link: RwLock<Link>,
    /// Wakes whoever follows.
    pub(super) wake: Notify,
}

/// The last connection there was, and why it must not be used any more.
struct Link {
    session: Arc<Session>,
    down: Option<Unavailable>,
}

/// One connection. Whatever follows from what was read over it ends with it.
pub(super) struct Session {
    pub(super) store: RedisStore<MultiplexedConnection>,
    /// Something failed that may be the connection's fault.
    pub(super) is_broken: AtomicBool,
}

impl HotStore {
    /// Connects. `get_access` is asked again for each later connection.
    pub async fn connect(
        scope: &Scope,
        get_access: impl Fn() -> Access + Send + Sync + 'static,
    ) -> Result<Arc<Self>, ConnectError> {
        let Scope { namespace, graph, owner, max_staleness, cache_bytes } = scope;
        let connection = connect_once(&get_access()).await?;
        let cache = HotCache::new(*cache_bytes);
        let store = RedisStore::new(connection, namespace, graph, owner, *max_staleness);
        let store = store.counting(&cache.counters().round_trips);
        let session = Session { store, is_broken: AtomicBool::new(false) };
        Ok(Arc::new(Self {
            get_access: Box::new(get_access),
            cache,
            keeps: *cache_bytes > 0,
            arrivals: Mutex::default(),
            link: RwLock::new(Link { session: Arc::new(session), down: None }),
            wake: Notify::new(),
        }))
    }

    /// Follows the change feeds and keeps the connection up, for as long as the store is asked.
    pub async fn follow(&self) -> std::convert::Infallible {
        let mut follower = self.follower();
        loop {
            let pause = follower.step().await;
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.wake.notified() => {}
            }
        }
    }

    /// What [`HotStore::follow`] does, step by step.
    pub fn follower(&self) -> Follower<'_> {
        Follower::new(self)
    }

    /// What was done so far.
    pub fn counters(&self) -> &Arc<Counters> {
        self.cache.counters()
    }

    /// Whether answers are kept in memory at all.
    pub fn keeps_rows(&self) -> bool {
        self.keeps
    }

    /// How long ago the change feeds were last read to their ends.
    pub fn feed_lag(&self) -> Duration {
        self.cache.feed_lag(Instant::now())
    }

    fn session(&self) -> Result<Arc<Session>, Unavailable> {
        let link = self.link.read().unwrap_or_else(PoisonError::into_inner);
        link.down.map_or_else(|| Ok(Arc::clone(&link.session)), Err)
    }

    pub(super) fn last_session(&self) -> Arc<Session> {
        Arc::clone(&self.link.read().unwrap_or_else(PoisonError::into_inner).session)
    }

    pub(super) fn set_down(&self, reason: Unavailable) {
        self.link.write().unwrap_or_else(PoisonError::into_inner).down = Some(reason);
    }

    /// Makes the connection anew. `before` is the last one there was.
    pub(super) async fn connect_anew(&self, before: &Session) -> Result<Arc<Session>, Unavailable> {
        let connection = connect_once(&(self.get_access)()).await.map_err(|error| match error {
            ConnectError::Refused { transient: true, .. } => Unavailable::Unreachable,
            _ => Unavailable::Denied,
        })?;
        let session = Arc::new(Session { store: before.store.on(connection), is_broken: AtomicBool::new(false) });
        let link = Link { session: Arc::clone(&session), down: None };
        *self.link.write().unwrap_or_else(PoisonError::into_inner) = link;
        Ok(session)
    }

    /// The entity; one that is new is going to be followed.
    fn entity(&self, slug: &str) -> Arc<HotEntity> {
        let (entity, is_new) = self.cache.entity(slug);
        if is_new && self.keeps {
            let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
            arrivals.push((slug.to_owned(), Arc::clone(&entity)));
            self.wake.notify_one();
        }
        entity
    }

    /// Asks the store.
    async fn ask(&self, slug: &str, keys: &[&[u8]], answers: &mut Vec<Answer>) {
        let session = match self.session() {
            Ok(session) => session,
            Err(reason) => return answers.extend(keys.iter().map(|_| Answer::Unavailable(reason))),
        };
        let start = answers.len();
        session.store.fetch(slug, keys, answers).await;
        let is_unreachable = |answer: &Answer| *answer == Answer::Unavailable(Unavailable::Unreachable);
        if answers[start..].iter().any(is_unreachable) {
            session.is_broken.store(true, Ordering::Relaxed);
            self.wake.notify_one();
        }
    }

    /// Does what the cache left to be done.
    async fn finish(&self, slug: &str, keys: &[&[u8]], plan: Plan<'_>, answers: &mut [Answer]) {
        let Plan { mut ask, joined, lead } = plan;
        if !ask.is_empty() {
            let asked: Vec<&[u8]> = ask.iter().map(|&position| keys[position]).collect();
            let mut came = Vec::with_capacity(asked.len());
            self.ask(slug, &asked, &mut came).await;
            if let Some(lead) = lead {
                lead.land(&mut came);
            }
            for (position, answer) in ask.drain(..).zip(came) {
                answers[position] = answer;
            }
        }
        for (position, waiting) in joined {
            match waiting.flight.landed().await {
                Some(landed) => answers[position] = landed[waiting.position].clone(),
                None => ask.push(position),
            }
        }
        // Whoever asked for these gave up.
        let asked: Vec<&[u8]> = ask.iter().map(|&position| keys[position]).collect();
        if !asked.is_empty() {
            let mut came = Vec::with_capacity(asked.len());
            self.ask(slug, &asked, &mut came).await;
            for (position, answer) in ask.into_iter().zip(came) {
                answers[position] = answer;
            }
        }
    }
}

impl Reader for HotStore {
    async fn meta(&self, slug: &str) -> Result<EntityMeta, Unavailable> {
        let entity = self.entity(slug);
        let meta = self.session()?.store.meta(slug).await;
        // What is kept may have other columns than what was told now.
        self.cache.clear(&entity);
        meta
    }

    async fn fetch(&self, slug: &str, keys: &[&[u8]], answers: &mut Vec<Answer>) {
        if !self.keeps {
            return self.ask(slug, keys, answers).await;
        }
        let start = answers.len();
        answers.resize(start + keys.len(), Answer::Unavailable(Unavailable::Unreachable));
        let answers = &mut answers[start..];
        let plan = self.cache.begin(&self.entity(slug), keys, Instant::now(), answers);
        if !plan.ask.is_empty() || !plan.joined.is_empty() {
            self.finish(slug, keys, plan, answers).await;
        }
    }
}

impl std::fmt::Debug for HotStore {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("HotStore").field("counters", self.counters()).finish_non_exhaustive()
    }
}
