//! After trouble with a sink: wait until what is on its way has arrived, go back to what has not, and try again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::error::RDKafkaErrorCode;
use weft_store::backoff::Backoff;

use super::flow::{SETTLE, Trial};
use super::{Flow, Pause, Trouble};
use crate::sink::Sink;

/// The pauses before a sink is tried again.
const OPEN_AGAIN: Backoff = Backoff::new(Duration::from_millis(250), LONGEST_PAUSE);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

const STEP: Duration = Duration::from_millis(50);

impl<S: Sink, L: Sink> Flow<'_, S, L> {
    /// Opens the sinks, however long that takes; `false` if the enricher was asked to end meanwhile.
    pub(super) fn open(&mut self) -> bool {
        self.open_again(None)
    }

    /// Gets over trouble, however long that takes; `false` if the enricher was asked to end meanwhile.
    pub(super) fn recover(&mut self, trouble: &Trouble) -> bool {
        let again = self.trial.is_some();
        self.status.waits(trouble);
        self.hold_back();
        let since = Instant::now();
        while self.sink.waiting() + self.letters.waiting() > 0 && since.elapsed() < SETTLE && !self.is_ended() {
            self.settle(STEP);
            self.tend();
        }
        self.held.clear();
        self.samples.clear();
        let back = self.assignment.go_back();
        if let Err(error) = self.source.go_to(&back) {
            // To read on from elsewhere would pass over it: another membership begins at what is committed.
            tracing::warn!(%error, "failed to go back to what was not delivered; joins the group again");
            self.fatal = Some(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail));
            return false;
        }
        self.pause_all();
        // What failed in its first trial too is not hurried.
        let mut pauses = OPEN_AGAIN;
        self.open_again(Some((trouble.pause, if again { LONGEST_PAUSE } else { pauses.next_pause() })))
    }

    fn open_again(&mut self, after: Option<(Pause, Duration)>) -> bool {
        let (mut pause, mut pauses) = (after.map_or(Duration::ZERO, |(_, pause)| pause), OPEN_AGAIN);
        let letters_only = after.is_some_and(|(pause, _)| pause == Pause::DeadLetterUnwritable);
        let mut seen = BTreeSet::new();
        loop {
            let since = Instant::now();
            while since.elapsed() < pause {
                self.wait_paused(STEP);
                if self.is_ended() {
                    return false;
                }
            }
            let opened = if letters_only { Ok(()) } else { self.sink.open() };
            let Err(trouble) = opened.and_then(|()| self.letters.open()) else { break };
            self.status.waits(&trouble);
            seen.insert(trouble.pause);
            pause = pauses.next_pause();
            if self.is_ended() {
                return false;
            }
        }
        self.trouble = None;
        // Whether what was reported is over shows when the first output is delivered.
        let tried = after.map(|(pause, _)| pause);
        self.trial = tried.map(|pause| Trial { pause, of_letters: letters_only, since: Instant::now() });
        seen.into_iter().filter(|pause| Some(*pause) != tried).for_each(|pause| self.status.goes_on(pause));
        self.read_on();
        true
    }
}
