//! What the enrichers say of themselves. The operator asks their admin ports, keeps the answers, and wakes a mapping where
//! what is said of it is new: those that are not ready every few seconds, for what they wait for, and all of them once a
//! minute, for how many keys had a row. Nothing of it is written anywhere but what turns a condition.

mod http;
mod lookups;
mod pod;
mod word;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join;
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{MissedTickBehavior, interval};

pub(crate) use lookups::Alias;
pub(crate) use pod::is_waiting;
pub(crate) use word::{Wait, Word};

use weft_api::EnrichmentMapping;

use crate::driver::Kind as _;
use crate::world::{Changed, World};
use http::{Unanswered, get};
use lookups::{Counts, Lookups};
use pod::Pod;

/// How often those are asked that are not ready.
const WORDS_EVERY: Duration = Duration::from_secs(5);
/// How often all are asked for their counters.
const COUNTS_EVERY: Duration = Duration::from_secs(60);
/// How many are asked at once.
const AT_ONCE: usize = 16;
/// The longest answers: ten thousand partitions, four thousand aliases.
const LONGEST_WORD: usize = 4 << 20;
const LONGEST_COUNTS: usize = 4 << 20;

/// What the enrichers said lately.
#[derive(Default)]
pub(crate) struct Enrichers(Mutex<BTreeMap<(String, String), OfMapping>>);

/// Of one mapping.
#[derive(Default)]
struct OfMapping {
    heard: BTreeMap<String, Heard>,
    lookups: Lookups,
}

/// What the enrichers of one mapping said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    /// Of those that are asked, by the names of their pods.
    pub(crate) heard: BTreeMap<String, Heard>,
    /// The aliases whose keys mostly have no row; `None` until that was counted for long enough.
    pub(crate) misses: Option<BTreeSet<Alias>>,
}

/// What one enricher said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Its last answer.
    word: Option<Word>,
    /// So many questions in a row were not answered, for this reason.
    silent: u32,
    why: Option<Unanswered>,
}

impl Heard {
    /// Why it does not answer, if it was asked often enough to tell.
    pub(crate) fn silence(&self) -> Option<String> {
        self.why.filter(|_| self.silent >= 3).map(|why| why.to_string())
    }

    /// Takes an answer; gives whether a mapping is to be told.
    pub(crate) fn take(&mut self, answer: Result<Word, Unanswered>) -> bool {
        let is_first = self.word.is_none() && self.silent == 0;
        let before = (self.silence(), self.waits().to_vec());
        match answer {
            Ok(word) => *self = Self { word: Some(word), silent: 0, why: None },
            Err(why) => {
                self.silent = self.silent.saturating_add(1);
                self.why = Some(why);
                if self.silence().is_some() {
                    self.word = None;
                }
            }
        }
        is_first || before != (self.silence(), self.waits().to_vec())
    }

    /// What it waits for.
    pub(crate) fn waits(&self) -> &[Wait] {
        self.word.as_ref().map_or(&[], |word| &word.waits)
    }
}

impl Enrichers {
    /// What those of an object said; only mappings have any.
    pub(crate) fn said(&self, namespace: &str, mapping: &str, kind: &str) -> Said {
        let all = self.all();
        if kind != EnrichmentMapping::KIND {
            return Said::default();
        }
        let Some(of) = all.get(&(namespace.to_owned(), mapping.to_owned())) else { return Said::default() };
        Said { heard: of.heard.clone(), misses: of.lookups.judged().cloned() }
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<(String, String), OfMapping>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks again and again. Never ends.
    pub(crate) async fn ask(&self, world: &World, changes: &UnboundedSender<Changed>) {
        world.complete().await;
        let words = async {
            let mut times = interval(WORDS_EVERY);
            times.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                times.tick().await;
                wake(changes, self.words(world).await);
            }
        };
        let counts = async {
            let mut times = interval(COUNTS_EVERY);
            times.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                times.tick().await;
                wake(changes, self.counts(world).await);
            }
        };
        join(words, counts).await;
    }

    /// Asks those that are not ready what they wait for; gives the mappings to look at again.
    async fn words(&self, world: &World) -> BTreeSet<(String, String)> {
        let asked: Vec<_> = pods(world).into_iter().filter(|pod| !pod.is_ready).collect();
        let names: HashSet<_> = asked.iter().map(|pod| (pod.namespace.clone(), pod.name.clone())).collect();
        for ((namespace, _), of) in self.all().iter_mut() {
            of.heard.retain(|name, _| names.contains(&(namespace.clone(), name.clone())));
        }
        let mut answers = stream::iter(asked)
            .map(|pod| async move {
                let answer = get(pod.address, "/v1/lag", LONGEST_WORD).await;
                let word = answer.and_then(|bytes| Word::read(&bytes, &pod.mapping).ok_or(Unanswered::Odd));
                (pod, word)
            })
            .buffer_unordered(AT_ONCE);
        let mut woken = BTreeSet::new();
        while let Some((pod, word)) = answers.next().await {
            let mapping = (pod.namespace, pod.mapping);
            let is_new = self.all().entry(mapping.clone()).or_default().heard.entry(pod.name).or_default().take(word);
            if is_new {
                woken.insert(mapping);
            }
        }
        woken
    }

    /// Asks all for their counters; gives the mappings to look at again.
    async fn counts(&self, world: &World) -> BTreeSet<(String, String)> {
        let pods = pods(world);
        let uids: HashSet<String> = pods.iter().map(|pod| pod.uid.clone()).collect();
        let mut answers = stream::iter(pods)
            .map(|pod| async move {
                let answer = get(pod.address, "/metrics", LONGEST_COUNTS).await;
                (pod, answer)
            })
            .buffer_unordered(AT_ONCE);
        let mut told: BTreeMap<(String, String), HashMap<String, Counts>> = BTreeMap::new();
        while let Some((pod, answer)) = answers.next().await {
            let of = told.entry((pod.namespace, pod.mapping)).or_default();
            if let Ok(bytes) = answer {
                of.insert(pod.uid, lookups::read(&String::from_utf8_lossy(&bytes)));
            }
        }
        let mut all = self.all();
        // Of a mapping that has no enricher nothing is known.
        all.retain(|mapping, _| told.contains_key(mapping));
        let mut woken = BTreeSet::new();
        for (mapping, told) in told {
            let of = all.entry(mapping.clone()).or_default();
            of.lookups.keep(|uid| uids.contains(uid));
            if of.lookups.take(told) {
                woken.insert(mapping);
            }
        }
        woken
    }
}

fn pods(world: &World) -> Vec<Pod> {
    world.enrichers().iter().filter_map(|child| Pod::of(child)).collect()
}

fn wake(changes: &UnboundedSender<Changed>, mappings: BTreeSet<(String, String)>) {
    for (namespace, name) in mappings {
        drop(changes.send(Changed::MappingChild(namespace, name)));
    }
}
