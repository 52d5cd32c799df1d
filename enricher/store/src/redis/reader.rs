//! The reader: answers from buckets that are provably of the committed run or a later one, and from no others.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use redis::aio::{ConnectionLike, ConnectionManager};
use redis::{RedisError, Value};
use tokio::time::Instant;

use super::columns::Translation;
use super::control::{self, Columns, Control};
use super::writer::read_meta;
use super::{AllRows, ChangeFeed, Keys, LAYOUT, Meta, OLDEST_LAYOUT, Snapshot, StoreError, bucket_of};
use crate::{Answer, EntityMeta, Reader, Row, Unavailable};

/// How long a meta is believed. So long, at most, a reader may answer from a run that is not the newest committed one;
/// what a bucket says of itself shows most changes at once.
const META_BELIEVED: Duration = Duration::from_secs(2);

/// The entities of one data graph in Redis.
///
/// A row has the columns that [`Reader::meta`] last told for its entity. A column that a later run adds does not show
/// until `meta` is asked again; once one of the told columns is gone, or the key is another, the answer is
/// [`Unavailable::ColumnsChanged`] until then.
#[derive(Debug)]
pub struct RedisStore<C = ConnectionManager> {
    pub(super) connection: C,
    namespace: String,
    graph: String,
    owner: String,
    max_staleness: Option<Duration>,
    entities: Mutex<HashMap<String, Arc<Known>>>,
    /// How many requests were sent.
    round_trips: Arc<AtomicU64>,
}

/// What is known of an entity. Never changed, only replaced.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(super) keys: Keys,
    pub(crate) meta: Meta,
    pub(crate) committed: Snapshot,
    /// `None` if it is of another connection.
    read_at: Option<Instant>,
    /// The newest run seen in a bucket when the meta was read: it is no reason to read the meta again.
    seen: u64,
    /// The columns of the rows that are answered.
    pub(crate) told: Arc<EntityMeta>,
    /// How rows are read, by what their bucket says of their columns; `None` if they are as told.
    translations: HashMap<Columns, Option<Translation>>,
}

/// What one round of questions brought.
#[derive(Debug, Default)]
struct Round {
    /// The positions of the keys that were not answered.
    unanswered: Vec<usize>,
    /// The newest run that a bucket was at.
    newest: u64,
}

impl RedisStore {
    /// Reads all rows of an entity, bucket by bucket.
    pub fn all_rows(&self, slug: &str) -> AllRows<'_> {
        AllRows::new(self, slug)
    }
}

impl<C: ConnectionLike + Clone> RedisStore<C> {
    /// The entities of a data graph that belong to `owner`: `<installation>/<namespace>/<graph>`. Rows that were
    /// neither read nor verified within `max_staleness` count as unavailable.
    pub fn new(connection: C, namespace: &str, graph: &str, owner: &str, max_staleness: Option<Duration>) -> Self {
        let (namespace, graph, owner) = (namespace.to_owned(), graph.to_owned(), owner.to_owned());
        let round_trips = Arc::default();
        Self { connection, namespace, graph, owner, max_staleness, entities: Mutex::default(), round_trips }
    }

    /// The same on a connection that was made anew: what was told stays.
    pub(crate) fn on(&self, connection: C) -> Self {
        let mut entities = self.lock().clone();
        entities.values_mut().for_each(|known| *known = Arc::new(Known { read_at: None, ..Known::clone(known) }));
        Self {
            connection,
            namespace: self.namespace.clone(),
            graph: self.graph.clone(),
            owner: self.owner.clone(),
            max_staleness: self.max_staleness,
            entities: Mutex::new(entities),
            round_trips: Arc::clone(&self.round_trips),
        }
    }

    /// Counts requests here.
    pub(crate) fn counting(mut self, round_trips: &Arc<AtomicU64>) -> Self {
        self.round_trips = Arc::clone(round_trips);
        self
    }

    /// Reads the meta anew; what was told stays. If it cannot be used, the one before is believed no longer.
    pub(crate) async fn refresh(&self, slug: &str) -> Result<Arc<Known>, Unavailable> {
        let seen = self.remembered(slug).map_or(0, |known| known.seen);
        let read = self.read(slug, seen, false).await;
        if read.is_err()
            && let Some(known) = self.lock().get_mut(slug)
        {
            *known = Arc::new(Known { read_at: None, ..Known::clone(known) });
        }
        read
    }

    /// The change feed of an entity.
    pub(crate) fn feed(&self, slug: &str) -> ChangeFeed<C> {
        ChangeFeed::new(self.connection.clone(), &Keys::new(&self.namespace, &self.graph, slug))
    }

    /// How long the data of an entity will count as fresh; `None` if for ever.
    pub(crate) fn fresh_for(&self, known: &Known) -> Option<Duration> {
        Some(self.max_staleness?.saturating_sub(age(known.meta.fresh_at()?)))
    }

    /// What the store says of an entity that has rows to answer from: which run they are of and when they were read.
    pub async fn entity(&self, slug: &str) -> Result<Meta, Unavailable> {
        Ok(self.read(slug, 0, false).await?.meta.clone())
    }

    /// Reads the meta anew. What was told stays, unless `tell_anew`.
    pub(super) async fn read(&self, slug: &str, seen: u64, tell_anew: bool) -> Result<Arc<Known>, Unavailable> {
        let keys = Keys::new(&self.namespace, &self.graph, slug);
        self.round_trips.fetch_add(1, Ordering::Relaxed);
        let read = read_meta(&mut self.connection.clone(), &keys, "read the store's meta").await;
        let meta = read.map_err(|error| reason(&error))?.ok_or(Unavailable::NotSynced)?;
        if meta.owner != self.owner {
            return Err(Unavailable::StoreOwned);
        }
        let committed = meta.committed.clone().ok_or(Unavailable::NotSynced)?;
        let before = self.remembered(slug).filter(|_| !tell_anew);
        let told = before.map_or_else(|| Arc::new(committed.entity.clone()), |before| Arc::clone(&before.told));
        let mut translations = HashMap::new();
        for snapshot in [Some(&committed), meta.applying.as_ref()].into_iter().flatten() {
            if snapshot.entity == *told {
                translations.insert(Columns::of(&told), None);
            } else if let Some(translation) = Translation::between(&snapshot.entity, &told) {
                translations.insert(Columns::of(&snapshot.entity), Some(translation));
            }
        }
        let read_at = Some(Instant::now());
        let known = Arc::new(Known { keys, meta, committed, read_at, seen, told, translations });
        self.lock().insert(slug.to_owned(), Arc::clone(&known));
        Ok(known)
    }

    fn remembered(&self, slug: &str) -> Option<Arc<Known>> {
        self.lock().get(slug).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Known>>> {
        self.entities.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of an entity, not older than [`META_BELIEVED`].
    pub(super) async fn known(&self, slug: &str) -> Result<Arc<Known>, Unavailable> {
        let remembered = self.remembered(slug);
        let believed = remembered.as_ref().filter(|known| known.read_at.is_some_and(|at| at.elapsed() < META_BELIEVED));
        let known = match believed {
            Some(known) => Arc::clone(known),
            None => self.read(slug, remembered.map_or(0, |known| known.seen), false).await?,
        };
        match (self.max_staleness, known.meta.fresh_at()) {
            (Some(most), Some(fresh_at)) if age(fresh_at) > most => {
                Err(Unavailable::TooOld { seconds: age(fresh_at).as_secs() })
            }
            _ => Ok(known),
        }
    }

    /// Asks for the keys at some positions, in one round; `answers` has a place for each.
    async fn ask(&self, known: &Known, keys: &[&[u8]], positions: Vec<usize>, answers: &mut [Answer]) -> Round {
        let mut by_bucket: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for position in positions {
            by_bucket.entry(bucket_of(keys[position], known.committed.buckets)).or_default().push(position);
        }
        let mut pipeline = redis::pipe();
        for (&bucket, positions) in &by_bucket {
            let command = pipeline.cmd("HMGET").arg(known.keys.bucket(known.committed.buckets, bucket));
            command.arg(control::FIELD);
            positions.iter().for_each(|&position| {
                command.arg(keys[position]);
            });
        }
        let mut round = Round::default();
        self.round_trips.fetch_add(1, Ordering::Relaxed);
        let replies: Result<Vec<Value>, RedisError> = pipeline.query_async(&mut self.connection.clone()).await;
        let mut replies = match replies {
            Ok(replies) => replies.into_iter(),
            Err(error) => {
                let reason = reason(&StoreError::new("look up rows in the store", &error));
                for position in by_bucket.into_values().flatten() {
                    answers[position] = Answer::Unavailable(reason);
                    round.unanswered.push(position);
                }
                return round;
            }
        };
        for positions in by_bucket.into_values() {
            let mut fields = match replies.next() {
                Some(Value::Array(fields)) if fields.len() == positions.len() + 1 => fields.into_iter(),
                _ => Vec::new().into_iter(),
            };
            let judged = known.judge(fields.next(), &mut round.newest);
            for position in positions {
                answers[position] = match &judged {
                    Ok(translation) => answer(fields.next(), translation.as_ref()),
                    Err(reason) => Answer::Unavailable(*reason),
                };
                if matches!(answers[position], Answer::Unavailable(_)) {
                    round.unanswered.push(position);
                }
            }
        }
        round
    }
}

impl Known {
    /// How to read the rows of a bucket with this control field, or why they are no answer.
    pub(super) fn judge(&self, field: Option<Value>, newest: &mut u64) -> Result<&Option<Translation>, Unavailable> {
        let Some(Value::BulkString(text)) = field else { return Err(Unavailable::BucketLost) };
        let control = Control::parse(&text).ok_or(Unavailable::BucketLost)?;
        *newest = (*newest).max(control.run);
        if !(OLDEST_LAYOUT..=LAYOUT).contains(&control.layout) {
            return Err(Unavailable::OtherLayout);
        }
        if control.run < self.committed.run {
            return Err(Unavailable::BucketOld);
        }
        let translation = control.columns.and_then(|columns| self.translations.get(&columns));
        translation.ok_or(Unavailable::ColumnsChanged)
    }

    /// Whether another meta may bring other answers.
    fn differs(&self, other: &Self) -> bool {
        (&self.committed, &self.meta.applying) != (&other.committed, &other.meta.applying)
    }
}

impl<C: ConnectionLike + Clone + Send + Sync> Reader for RedisStore<C> {
    async fn meta(&self, slug: &str) -> Result<EntityMeta, Unavailable> {
        let known = self.read(slug, 0, true).await?;
        Ok(EntityMeta::clone(&known.told))
    }

    async fn fetch(&self, slug: &str, keys: &[&[u8]], answers: &mut Vec<Answer>) {
        let start = answers.len();
        answers.extend(keys.iter().map(|_| Answer::Unavailable(Unavailable::BucketLost)));
        let answers = &mut answers[start..];
        let known = match self.known(slug).await {
            Ok(known) => known,
            Err(reason) => return answers.fill(Answer::Unavailable(reason)),
        };
        let round = self.ask(&known, keys, (0..keys.len()).collect(), answers).await;
        if round.newest.max(known.committed.run) <= known.seen.max(known.committed.run) && round.unanswered.is_empty() {
            return;
        }
        // A bucket is not as the meta has it: the meta is from before.
        match self.read(slug, round.newest, false).await {
            Ok(anew) if anew.differs(&known) && !round.unanswered.is_empty() => {
                self.ask(&anew, keys, round.unanswered, answers).await;
            }
            Ok(_) => {}
            Err(reason) => {
                for position in round.unanswered {
                    answers[position] = Answer::Unavailable(reason);
                }
            }
        }
    }
}

/// The answer that a field of a sound bucket is.
pub(super) fn answer(field: Option<Value>, translation: Option<&Translation>) -> Answer {
    match (field, translation) {
        (Some(Value::BulkString(row)), None) => Answer::Found(Row::from_bytes(Bytes::from(row))),
        (Some(Value::BulkString(row)), Some(translation)) => {
            let row = translation.apply(Bytes::from(row));
            row.map_or(Answer::Unavailable(Unavailable::ColumnsChanged), Answer::Found)
        }
        (Some(Value::Nil), _) => Answer::Missing,
        _ => Answer::Unavailable(Unavailable::BucketLost),
    }
}

/// Why there is no answer, if the store cannot be asked.
pub(super) fn reason(error: &StoreError) -> Unavailable {
    match error {
        StoreError::OtherLayout { .. } | StoreError::Foreign { .. } => Unavailable::OtherLayout,
        StoreError::Refused { .. } if !error.is_transient() => Unavailable::Denied,
        StoreError::Refused { .. } | StoreError::Unreachable { .. } => Unavailable::Unreachable,
    }
}

/// How long ago a time in Unix seconds was.
fn age(time: u64) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(Duration::from_secs(time))
}
