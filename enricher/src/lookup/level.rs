//! The keys of one level.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use weft_store::{Answer, Reader, Unavailable};

use super::NoAnswer;

/// The distinct keys that one entity is asked for, and what was answered so far.
pub(super) struct Asked<'batch> {
    /// The entity's number in the join.
    pub(super) entity: usize,
    pub(super) slug: &'batch str,
    keys: Vec<&'batch [u8]>,
    /// One per key, once it was asked for.
    pub(super) answers: Vec<Answer>,
}

impl<'batch> Asked<'batch> {
    pub(super) fn new(entity: usize, slug: &'batch str, keys: Vec<&'batch [u8]>) -> Self {
        let answers = Vec::with_capacity(keys.len());
        Self { entity, slug, keys, answers }
    }

    /// Asks for the keys that have no answer.
    async fn ask(&mut self, store: &impl Reader) {
        if self.answers.is_empty() {
            return store.fetch(self.slug, &self.keys, &mut self.answers).await;
        }
        let open: Vec<usize> = self.open().map(|(position, _)| position).collect();
        if open.is_empty() {
            return;
        }
        let keys: Vec<&[u8]> = open.iter().map(|&position| self.keys[position]).collect();
        let mut answers = Vec::with_capacity(keys.len());
        store.fetch(self.slug, &keys, &mut answers).await;
        for (position, answer) in open.into_iter().zip(answers) {
            self.answers[position] = answer;
        }
    }

    /// The keys without an answer, by their position, and why.
    fn open(&self) -> impl Iterator<Item = (usize, Unavailable)> {
        self.answers.iter().enumerate().filter_map(|(position, answer)| match answer {
            Answer::Unavailable(reason) => Some((position, *reason)),
            Answer::Found(_) | Answer::Missing => None,
        })
    }

    /// Why keys have no answer; what asking again cannot change comes first.
    pub(super) fn no_answer(&self) -> Option<NoAnswer> {
        let reason = self.open().map(|(_, reason)| reason);
        let reason = reason.min_by_key(|reason| *reason != Unavailable::ColumnsChanged)?;
        Some(NoAnswer { entity: self.slug.to_owned(), reason })
    }

    /// How many keys have no answer.
    pub(super) fn lacking(&self) -> usize {
        self.open().count()
    }
}

/// Asks for the keys of all entities that have no answer, side by side.
pub(super) async fn ask_all(asked: &mut [Asked<'_>], store: &impl Reader) {
    if let [only] = asked {
        return only.ask(store).await;
    }
    let mut asking: Vec<Pin<Box<_>>> = asked.iter_mut().map(|asked| Box::pin(asked.ask(store))).collect();
    poll_fn(|context| {
        asking.retain_mut(|asking| asking.as_mut().poll(context).is_pending());
        if asking.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
