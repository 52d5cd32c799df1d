//! What is told of a store that does not answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use weft_store::Unavailable;

use super::NoAnswer;

/// Hears why the store does not answer, once for each entity and reason, and `None` when it answers for all again.
pub(crate) type Tell<'run> = dyn Fn(Option<&NoAnswer>) + Send + Sync + 'run;

/// The entities that answers are lacking of, whoever found out.
pub(super) struct Outage<'run> {
    tell: Box<Tell<'run>>,
    /// How long answers are waited for until batches go on without; `None` if they always wait.
    patience: Option<Duration>,
    /// Whether something was told: nearly always not, and then there is nothing to lock.
    is_on: AtomicBool,
    entities: Mutex<BTreeMap<String, Lacking>>,
}

struct Lacking {
    reason: Unavailable,
    /// How many batches wait for it.
    waiting: usize,
    since: Instant,
    /// When an answer was lacking last.
    last: Instant,
    /// Batches went on without.
    is_forwarded: bool,
}

/// A batch that waits for an entity's answers.
pub(super) struct Waits<'a> {
    outage: &'a Outage<'a>,
    entity: String,
}

impl<'run> Outage<'run> {
    pub(super) fn new(tell: Box<Tell<'run>>, patience: Option<Duration>) -> Self {
        Self { tell, patience, is_on: AtomicBool::new(false), entities: Mutex::default() }
    }

    /// Answers of an entity are lacking.
    pub(super) fn goes_on(&self, no_answer: &NoAnswer) {
        self.lacking(no_answer, 0);
    }

    /// Answers of an entity are lacking, and a batch waits for them as long as what this gives is kept.
    pub(super) fn wait<'a>(&'a self, no_answer: &NoAnswer) -> Waits<'a> {
        self.lacking(no_answer, 1);
        Waits { outage: self, entity: no_answer.entity.clone() }
    }

    fn lacking(&self, no_answer: &NoAnswer, waiting: usize) {
        let NoAnswer { entity, reason } = no_answer;
        let mut entities = self.entities();
        let told = entities.get(entity).map(|lacking| lacking.reason);
        let now = Instant::now();
        let begun = Lacking { reason: *reason, waiting: 0, since: now, last: now, is_forwarded: false };
        let lacking = entities.entry(entity.clone()).or_insert(begun);
        (lacking.reason, lacking.waiting, lacking.last) = (*reason, lacking.waiting + waiting, now);
        self.is_on.store(true, Ordering::Relaxed);
        // An age that grows is no news.
        if told.is_none_or(|told| std::mem::discriminant(&told) != std::mem::discriminant(reason)) {
            (self.tell)(Some(no_answer));
        }
    }

    /// Whether a batch that these entities lack answers for may go on without.
    pub(super) fn may_go_on<'a>(&self, mut lacking: impl Iterator<Item = &'a str>) -> bool {
        let Some(patience) = self.patience else { return false };
        let mut entities = self.entities();
        lacking.all(|entity| {
            let Some(lacking) = entities.get_mut(entity) else { return true };
            lacking.is_forwarded |= lacking.since.elapsed() >= patience;
            lacking.is_forwarded
        })
    }

    /// An entity has answered a batch. If batches went on without, that may be for other keys than those that are gone:
    /// the outage is over once nothing has been lacking for as long as it took to give up.
    pub(super) fn is_over(&self, entity: &str) {
        if !self.is_on.load(Ordering::Relaxed) {
            return;
        }
        let mut entities = self.entities();
        let is_calm = |lacking: &Lacking| !lacking.is_forwarded || Some(lacking.last.elapsed()) >= self.patience;
        if entities.get(entity).is_some_and(|lacking| lacking.waiting == 0 && is_calm(lacking)) {
            entities.remove(entity);
            if entities.is_empty() {
                self.is_on.store(false, Ordering::Relaxed);
                (self.tell)(None);
            }
        }
    }

    fn entities(&self) -> MutexGuard<'_, BTreeMap<String, Lacking>> {
        self.entities.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        if let Some(lacking) = self.outage.entities().get_mut(&self.entity) {
            lacking.waiting = lacking.waiting.saturating_sub(1);
        }
    }
}
