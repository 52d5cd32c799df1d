use std::collections::BTreeMap;
use std::time::Duration;

use weft_store::backoff::Backoff;
use weft_store::{Reader, Unavailable};

use super::NoAnswer;
use super::level::{Asked, ask_all};
use super::outage::{Outage, Tell, Waits};
use crate::join::{Batch, Join};

/// The pauses between two tries to get an answer: so long, at most, a batch waits after the store can answer again.
const PAUSES: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));

/// What becomes of a batch whose rows the store cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnUnavailable {
    /// It waits until they can be told.
    Pause,
    /// It goes on without them once they have been lacking for so long; `Batch::unanswered` names the aliases of an
    /// event that have no answer.
    #[cfg_attr(not(any(test, feature = "kafka")), expect(dead_code, reason = "lines have no header to say it in"))]
    Forward(Duration),
    /// It is given back at once.
    Stop,
}

/// Asks a store for the rows of batches, any number of them side by side.
pub(crate) struct Lookup<'run, S> {
    store: S,
    on_unavailable: OnUnavailable,
    outage: Outage<'run>,
}

/// A batch that was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Interrupted {
    /// It waited no longer.
    Cancelled,
    /// The store cannot tell: always if [`Unavailable::ColumnsChanged`], where the join has to be made anew, and
    /// whatever the reason under [`OnUnavailable::Stop`].
    NoAnswer(NoAnswer),
}

impl<'run, S: Reader> Lookup<'run, S> {
    /// Asks `store`. `tell` hears of it when answers begin to lack and when they are there again.
    pub(crate) fn new(
        store: S,
        on_unavailable: OnUnavailable,
        tell: impl Fn(Option<&NoAnswer>) + Send + Sync + 'run,
    ) -> Self {
        let tell: Box<Tell<'run>> = Box::new(tell);
        let patience = match on_unavailable {
            OnUnavailable::Forward(patience) => Some(patience),
            OnUnavailable::Pause | OnUnavailable::Stop => None,
        };
        Self { store, on_unavailable, outage: Outage::new(tell, patience) }
    }

    /// The store that is asked.
    #[cfg(feature = "kafka")]
    pub(crate) fn store(&self) -> &S {
        &self.store
    }

    /// Asks for every row that the batch needs and gives it the answers; `bytes` gives the event with a number. Gives
    /// the number of keys that have no answer, 0 unless [`OnUnavailable::Forward`].
    ///
    /// Once `cancel` is ready it waits no longer: the batch then is as if it had not been asked for.
    pub(crate) async fn answer<'event>(
        &self,
        join: &Join,
        batch: &mut Batch,
        bytes: impl Fn(usize) -> &'event [u8],
        cancel: impl Future<Output = ()>,
    ) -> Result<usize, Interrupted> {
        tokio::select! {
            biased;
            answered = self.levels(join, batch, bytes) => answered.map_err(Interrupted::NoAnswer),
            () = cancel => Err(Interrupted::Cancelled),
        }
    }

    async fn levels<'event>(
        &self,
        join: &Join,
        batch: &mut Batch,
        bytes: impl Fn(usize) -> &'event [u8],
    ) -> Result<usize, NoAnswer> {
        let mut lacking = 0;
        for level in 0..join.levels() {
            if level > 0 {
                batch.follow_hops(join, level, &bytes);
            }
            let keys = batch.keys_needed(join, level);
            let mut asked: Vec<Asked<'_>> = keys.map(|(entity, slug, keys)| Asked::new(entity, slug, keys)).collect();
            lacking += self.level(&mut asked).await?;
            let answers: Vec<_> = asked.into_iter().map(|asked| (asked.entity, asked.answers)).collect();
            for (entity, answers) in answers {
                batch.answer(level, entity, answers);
            }
        }
        Ok(lacking)
    }

    /// Asks for the keys of a level until they are answered, or need not be. Gives the number of those that are not.
    async fn level(&self, asked: &mut [Asked<'_>]) -> Result<usize, NoAnswer> {
        let mut pauses = PAUSES;
        let mut waits: BTreeMap<&str, Waits<'_>> = BTreeMap::new();
        loop {
            ask_all(asked, &self.store).await;
            for answered in asked.iter().filter(|asked| asked.lacking() == 0) {
                drop(waits.remove(answered.slug));
                self.outage.is_over(answered.slug);
            }
            let no_answers = asked.iter().filter_map(Asked::no_answer);
            // What asking again cannot change comes first.
            let Some(no_answer) = no_answers.min_by_key(|no| no.reason != Unavailable::ColumnsChanged) else {
                return Ok(0);
            };
            if no_answer.reason == Unavailable::ColumnsChanged || self.on_unavailable == OnUnavailable::Stop {
                return Err(no_answer);
            }
            for lacking in asked.iter() {
                let Some(no_answer) = lacking.no_answer() else { continue };
                self.outage.goes_on(&no_answer);
                if self.on_unavailable == OnUnavailable::Pause {
                    waits.entry(lacking.slug).or_insert_with(|| self.outage.wait(&no_answer));
                }
            }
            let lacking = asked.iter().filter(|asked| asked.lacking() > 0);
            if self.outage.may_go_on(lacking.map(|asked| asked.slug)) {
                return Ok(asked.iter().map(Asked::lacking).sum());
            }
            tokio::time::sleep(pauses.next_pause()).await;
        }
    }
}
