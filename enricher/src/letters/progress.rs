use serde::{Deserialize, Serialize};

use super::{Filter, Letter};

/// Brokers keep so many bytes beside an offset (`offset.metadata.max.bytes`), unless they are told otherwise.
const NOTE_BYTES: usize = 4096;

/// Which letters of one partition were sent again.
///
/// All before an offset, the one that the group has committed; and behind it those that replays with a filter took, each
/// of which is remembered by its filter and how far it came. That stands in the commit's metadata, and goes as soon as
/// nothing is left out before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Every letter before it was sent.
    pub(crate) base: i64,
    taken: Vec<Taken>,
}

/// What one filter took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Taken {
    #[serde(flatten)]
    filter: Filter,
    from: i64,
    to: i64,
}

#[derive(Serialize, Deserialize)]
struct Note {
    taken: Vec<Taken>,
}

impl Progress {
    /// What the group has committed. A note that is none, as after offsets were reset, says nothing.
    pub(crate) fn new(base: i64, note: &str) -> Self {
        let note = serde_json::from_str(note).unwrap_or(Note { taken: Vec::new() });
        Self { base, taken: note.taken }
    }

    /// Nothing before this offset is there any more.
    pub(crate) fn begin_at(&mut self, oldest: i64) {
        self.base = self.base.max(oldest);
        self.taken.retain(|taken| taken.to > oldest);
    }

    /// The note for the commit of the base; `None` if it is longer than brokers keep.
    pub(crate) fn note(&self) -> Option<String> {
        if self.taken.is_empty() {
            return Some(String::new());
        }
        let note = serde_json::to_string(&Note { taken: self.taken.clone() }).ok()?;
        (note.len() <= NOTE_BYTES).then_some(note)
    }

    /// Whether a letter was sent again.
    pub(crate) fn has(&self, letter: &Letter<'_>, offset: i64) -> bool {
        self.has_parts(offset, letter.reason, letter.rule, letter.time())
    }

    fn has_parts(&self, offset: i64, reason: &str, rule: &str, time: Option<i64>) -> bool {
        let is_in = |taken: &Taken| (taken.from..taken.to).contains(&offset);
        offset < self.base
            || self.taken.iter().any(|taken| is_in(taken) && taken.filter.takes_parts(reason, rule, time))
    }

    /// The progress once every letter up to `to` that `filter` takes was sent too; `left` is the first that neither it nor
    /// an earlier one took.
    pub(crate) fn after(&self, filter: &Filter, left: Option<i64>, to: i64) -> Self {
        let base = left.unwrap_or(to).min(to).max(self.base);
        let (mut from, mut reached) = (base, to);
        let mut taken = Vec::with_capacity(self.taken.len() + 1);
        for before in self.taken.iter().filter(|before| before.to > base) {
            if before.filter == *filter {
                // It began at the base that there was then, and bases do not go back.
                (from, reached) = (from.min(before.from), reached.max(before.to));
            } else {
                taken.push(before.clone());
            }
        }
        if reached > base {
            taken.push(Taken { filter: filter.clone(), from, to: reached });
        }
        Self { base, taken }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cases;

    const REASONS: [&str; 3] = ["missing", "bad_parent", "too_large"];
    const RULES: [&str; 3] = ["-", "orders", "gone"];

    /// A run: its filter, and how many letters there are when it ends or is ended.
    #[derive(Clone, Debug)]
    struct Run {
        filter: Filter,
        share: u8,
    }

    fn run() -> impl Strategy<Value = Run> {
        let names = |all: &'static [&'static str]| {
            prop::sample::subsequence(all, 0..=all.len().min(2))
                .prop_map(|names| names.into_iter().map(str::to_owned).collect())
        };
        let time = || prop::option::of(0..40_i64);
        let parts = (names(&REASONS), names(&RULES), names(&RULES[2..]), time(), time(), any::<u8>());
        parts.prop_map(|(reasons, rules, without, since, until, share)| Run {
            filter: Filter { reasons, rules, without, since, until },
            share,
        })
    }

    #[test]
    fn what_was_sent_is_remembered_exactly_whatever_filters_replays_had_and_wherever_they_ended() {
        let letters = prop::collection::vec((0..3_usize, 0..3_usize, 0..40_i64), 1..30);
        let property = |(letters, runs): (Vec<(usize, usize, i64)>, Vec<Run>)| {
            let mut sent = vec![false; letters.len()];
            let mut progress = Progress::default();
            for Run { filter, share } in runs {
                let to = progress.base.max(letters.len() as i64 * i64::from(share) / 255);
                let mut left = None;
                for offset in progress.base..to {
                    let (reason, rule, time) = letters[offset as usize];
                    let (reason, rule, time) = (REASONS[reason], RULES[rule], Some(time));
                    let before = progress.has_parts(offset, reason, rule, time);
                    prop_assert_eq!(before, sent[offset as usize], "letter {}", offset);
                    if filter.takes_parts(reason, rule, time) {
                        sent[offset as usize] = true;
                    } else if !before && left.is_none() {
                        left = Some(offset);
                    }
                }
                progress = progress.after(&filter, left, to);
                let Some(note) = progress.note() else { return Ok(()) };
                progress = Progress::new(progress.base, &note);
                for (offset, (reason, rule, time)) in letters.iter().enumerate() {
                    let has = progress.has_parts(offset as i64, REASONS[*reason], RULES[*rule], Some(*time));
                    prop_assert_eq!(has, sent[offset], "letter {} after {:?}", offset, &filter);
                }
            }
            Ok(())
        };
        cases::runner(1).run(&(letters, prop::collection::vec(run(), 0..8)), property).unwrap();
    }

    #[test]
    fn a_replay_of_everything_leaves_no_note_and_a_note_that_is_none_says_nothing() {
        let some = Filter { reasons: vec!["missing".to_owned()], ..Filter::default() };
        let progress = Progress::default().after(&some, Some(3), 10);
        assert_eq!((progress.base, progress.note().unwrap().is_empty()), (3, false));
        let all = progress.after(&Filter::default(), None, 10);
        assert_eq!((all.base, all.note()), (10, Some(String::new())));
        assert_eq!(Progress::new(7, "by hand"), Progress { base: 7, taken: Vec::new() });
    }
}
