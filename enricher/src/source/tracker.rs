use std::collections::VecDeque;

/// Which offsets of one partition are finished, and up to which one all are.
///
/// Offsets come in their order, with gaps where a log was compacted or holds what only brokers read. Each is begun with
/// one hold, gains one for each output, and is finished when the last hold is released. What is safe to commit is the
/// offset behind the last one before which everything is finished.
#[derive(Debug, Default)]
pub(crate) struct Tracker {
    /// The number of the first entry; entries are numbered without gaps.
    first: u64,
    entries: VecDeque<Entry>,
    safe: Option<i64>,
}

#[derive(Debug)]
struct Entry {
    offset: i64,
    holds: u32,
}

impl Tracker {
    /// Takes the next offset, with one hold; gives its number, which counts up to `2^40` and starts again.
    pub(super) fn begin(&mut self, offset: i64) -> u64 {
        self.entries.push_back(Entry { offset, holds: 1 });
        (self.first + self.entries.len() as u64 - 1) & Self::MASK
    }

    /// Numbers have 40 bits: far more than are ever unfinished at a time.
    pub(super) const MASK: u64 = (1 << 40) - 1;

    /// Adds a hold to an offset that is not finished.
    pub(super) fn hold(&mut self, number: u64) {
        if let Some(entry) = self.entry(number) {
            entry.holds += 1;
        }
    }

    /// Releases a hold.
    pub(super) fn release(&mut self, number: u64) {
        if let Some(entry) = self.entry(number) {
            entry.holds = entry.holds.saturating_sub(1);
        }
        while let Some(finished) = self.entries.pop_front_if(|entry| entry.holds == 0) {
            (self.safe, self.first) = (Some(finished.offset + 1), (self.first + 1) & Self::MASK);
        }
    }

    /// Notes that there is nothing before an offset, where nothing is unfinished.
    pub(super) fn pass(&mut self, offset: i64) {
        if self.entries.is_empty() {
            self.safe = self.safe.max(Some(offset));
        }
    }

    /// The offset of the entry with a number, if it is not finished.
    pub(super) fn offset(&self, number: u64) -> Option<i64> {
        let position = number.wrapping_sub(self.first) & Self::MASK;
        self.entries.get(usize::try_from(position).ok()?).map(|entry| entry.offset)
    }

    /// The offset to commit, that is the next one to read; `None` while nothing is finished.
    pub(super) fn safe(&self) -> Option<i64> {
        self.safe
    }

    /// The first offset that is not finished.
    pub(super) fn unfinished(&self) -> Option<i64> {
        self.entries.front().map(|entry| entry.offset)
    }

    /// How many offsets wait, finished ones behind an unfinished one among them.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        let position = number.wrapping_sub(self.first) & Self::MASK;
        self.entries.get_mut(usize::try_from(position).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cases;

    /// What may happen next: the number picks among what is possible.
    #[derive(Clone, Debug)]
    enum Step {
        Begin { gap: u8, outputs: u8 },
        Release(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..3u8, 0..4u8).prop_map(|(gap, outputs)| Step::Begin { gap, outputs }),
            any::<usize>().prop_map(Step::Release),
        ]
    }

    #[test]
    fn what_is_safe_to_commit_is_all_finished_and_all_that_is() {
        let histories = (any::<u64>(), prop::collection::vec(step(), 0..60));
        let property = |(first, steps): (u64, Vec<Step>)| {
            let mut tracker = Tracker { first: first & Tracker::MASK, ..Tracker::default() };
            // The model: each offset with its holds, in order.
            let (mut offsets, mut holds, mut open) = (Vec::new(), Vec::new(), Vec::new());
            let mut next = 0;
            for step in steps {
                match step {
                    Step::Begin { gap, outputs } => {
                        let offset = next + i64::from(gap);
                        next = offset + 1;
                        let number = tracker.begin(offset);
                        (0..outputs).for_each(|_| tracker.hold(number));
                        open.extend(std::iter::repeat_n((offsets.len(), number), usize::from(outputs) + 1));
                        offsets.push(offset);
                        holds.push(u32::from(outputs) + 1);
                    }
                    Step::Release(pick) if !open.is_empty() => {
                        let (position, number) = open.swap_remove(pick % open.len());
                        holds[position] -= 1;
                        tracker.release(number);
                    }
                    Step::Release(_) => {}
                }
                let unfinished = holds.iter().position(|holds| *holds > 0).unwrap_or(holds.len());
                let safe = unfinished.checked_sub(1).map(|last| offsets[last] + 1);
                prop_assert_eq!(tracker.safe(), safe);
                prop_assert_eq!(tracker.unfinished(), offsets.get(unfinished).copied());
                prop_assert_eq!(tracker.len(), offsets.len() - unfinished);
            }
            Ok(())
        };
        cases::runner(1).run(&histories, property).unwrap();
    }
}
