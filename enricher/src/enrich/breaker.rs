//! The breaker: a mapping of which nearly every event fails stops, in place of making a dead letter of each.
//!
//! It opens when, of the last [`WINDOW`] records, at least [`MOST_FAILED`] ended in a dead letter and nothing else: what
//! is sent by one rule, filtered or dropped has not failed. It counts records, not time, so that it is as quick with a fast
//! stream as it is sure with a slow one; a burst of bad records between good ones passes. Nothing is lost: what was read
//! is in the dead letters, the rest stays in its topic. A start of the enricher closes it.

use std::collections::{BTreeMap, VecDeque};

use super::{Pause, Trouble};

/// How many records are looked back on.
const WINDOW: usize = 1_000;

/// How many of them have to have failed.
const MOST_FAILED: usize = 900;

/// What became of the last records.
#[derive(Debug)]
pub(crate) struct Breaker {
    /// Why each failed, the newest last; `None` if it did not.
    last: VecDeque<Option<&'static str>>,
    failed: usize,
    hold: Hold,
}

/// Whether a person wants failures to be dead letters, however many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// The breaker may open.
    Not,
    /// It stays closed until records have stopped failing, once.
    Once,
    /// It stays closed.
    Always,
}

impl Breaker {
    /// Closed.
    pub(crate) fn new(hold: Hold) -> Self {
        Self { last: VecDeque::with_capacity(WINDOW), failed: 0, hold }
    }

    /// Counts a record, with why nothing became of it but a dead letter.
    pub(super) fn count(&mut self, failed: Option<&'static str>) {
        if self.last.len() == WINDOW && self.last.pop_front().is_some_and(|oldest| oldest.is_some()) {
            self.failed -= 1;
        }
        self.last.push_back(failed);
        self.failed += usize::from(failed.is_some());
        if self.hold == Hold::Once && self.last.len() == WINDOW && self.failed < MOST_FAILED {
            self.hold = Hold::Not;
        }
    }

    /// Notes that a record has failed that was counted as one that had not: its receiver told later.
    pub(super) fn correct(&mut self, failed: Option<&'static str>) {
        if let (Some(_), Some(newest)) = (failed, self.last.iter_mut().rev().find(|failed| failed.is_none())) {
            *newest = failed;
            self.failed += 1;
        }
    }

    /// Why the mapping stops, if it does.
    pub(super) fn open(&self) -> Option<Trouble> {
        if self.hold != Hold::Not || self.last.len() < WINDOW || self.failed < MOST_FAILED {
            return None;
        }
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        self.last.iter().flatten().for_each(|reason| *reasons.entry(reason).or_default() += 1);
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let reasons: Vec<_> = reasons.into_iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        let message = format!(
            "{} of the last {WINDOW} events became dead letters ({}); no more are read. Remove the cause and start it again, \
             or run with --resume BreakerOpen to go on although they fail",
            self.failed,
            reasons.join(", ")
        );
        Some(Trouble { pause: Pause::BreakerOpen, message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts records of which one in `one_in` is sound.
    fn count(breaker: &mut Breaker, records: usize, one_in: usize) {
        (0..records).for_each(|number| breaker.count((number % one_in > 0).then_some("missing")));
    }

    #[test]
    fn it_opens_when_nine_of_ten_of_a_thousand_failed_and_says_what_of() {
        let mut breaker = Breaker::new(Hold::Not);
        count(&mut breaker, 999, 10);
        assert_eq!(breaker.open(), None, "too few to tell");
        breaker.count(Some("invalid_json"));
        let trouble = breaker.open().unwrap();
        assert_eq!(trouble.pause, Pause::BreakerOpen);
        let begin = "900 of the last 1000 events became dead letters (missing 899, invalid_json 1); ";
        assert!(trouble.message.starts_with(begin), "{}", trouble.message);
        breaker.count(None);
        breaker.count(None);
        assert_eq!(breaker.open(), None, "one more is sound than a moment ago");
    }

    #[test]
    fn a_burst_among_sound_records_passes() {
        let mut breaker = Breaker::new(Hold::Not);
        count(&mut breaker, 500, 1);
        count(&mut breaker, 800, usize::MAX);
        assert_eq!(breaker.open(), None);
        count(&mut breaker, 500, 1);
        assert_eq!(breaker.failed, 500);
    }

    #[test]
    fn one_that_is_held_opens_only_after_records_were_sound_for_a_while() {
        let mut breaker = Breaker::new(Hold::Once);
        count(&mut breaker, 5_000, usize::MAX);
        assert_eq!(breaker.open(), None);
        count(&mut breaker, 200, 1);
        count(&mut breaker, 1_000, usize::MAX);
        assert!(breaker.open().is_some());
    }
}
