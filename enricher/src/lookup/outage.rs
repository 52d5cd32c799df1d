//! What is told of a store that does not answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use weft_store::Unavailable;

use super::NoAnswer;

/// Hears why the store does not answer, once for each entity and reason, and `None` when it answers for all again.
pub(crate) type Tell = dyn Fn(Option<&NoAnswer>) + Send + Sync;

/// The entities that answers are lacking of, whoever found out.
pub(super) struct Outage {
    tell: Box<Tell>,
    /// Whether something was told: nearly always not, and then there is nothing to lock.
    is_on: AtomicBool,
    entities: Mutex<BTreeMap<String, Lacking>>,
}

struct Lacking {
    reason: Unavailable,
    /// How many batches wait for it.
    waiting: usize,
}

/// A batch that waits for an entity's answers.
pub(super) struct Waits<'a> {
    outage: &'a Outage,
    entity: String,
}

impl Outage {
    pub(super) fn new(tell: Box<Tell>) -> Self {
        Self { tell, is_on: AtomicBool::new(false), entities: Mutex::default() }
    }

    /// Answers of an entity are lacking.
    pub(super) fn goes_on(&self, no_answer: &NoAnswer) {
        self.lacking(no_answer, 0);
    }

    /// Answers of an entity are lacking, and a batch waits for them as long as what this gives is kept.
    pub(super) fn wait(&self, no_answer: &NoAnswer) -> Waits<'_> {
        self.lacking(no_answer, 1);
        Waits { outage: self, entity: no_answer.entity.clone() }
    }

    fn lacking(&self, no_answer: &NoAnswer, waiting: usize) {
        let NoAnswer { entity, reason } = no_answer;
        let mut entities = self.entities();
        let told = entities.get(entity).map(|lacking| lacking.reason);
        let lacking = entities.entry(entity.clone()).or_insert(Lacking { reason: *reason, waiting: 0 });
        (lacking.reason, lacking.waiting) = (*reason, lacking.waiting + waiting);
        self.is_on.store(true, Ordering::Relaxed);
        // An age that grows is no news.
        if told.is_none_or(|told| std::mem::discriminant(&told) != std::mem::discriminant(reason)) {
            (self.tell)(Some(no_answer));
        }
    }

    /// An entity has answered a batch.
    pub(super) fn is_over(&self, entity: &str) {
        if !self.is_on.load(Ordering::Relaxed) {
            return;
        }
        let mut entities = self.entities();
        if entities.get(entity).is_some_and(|lacking| lacking.waiting == 0) {
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
