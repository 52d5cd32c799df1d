use std::collections::HashMap;
use std::time::Instant;

use foldhash::fast::RandomState;

use super::Receipt;
use super::tracker::Tracker;

/// The partitions that are read, and how far. Pure: it is told what happened and says what to do.
#[derive(Debug, Default)]
pub(crate) struct Assignment {
    holdings: HashMap<u32, Holding, RandomState>,
    /// The holding of each partition.
    current: HashMap<i32, u32, RandomState>,
    /// The number of the next holding.
    next: u32,
}

/// One time that a partition is read, from its assignment, or from going back, to its end.
#[derive(Debug)]
struct Holding {
    partition: i32,
    /// The next offset to read, as far as is known here.
    position: i64,
    tracker: Tracker,
    /// Outputs that are taken by a sink and not settled.
    outputs: usize,
    /// The offset that the group was told last.
    committed: i64,
    /// What is counted already, when records are read again: of those before the offset everything, of the one at it
    /// so many rules.
    counted: (i64, usize),
    /// The same for what was refused after it was counted as sent.
    refused: (i64, usize),
    /// The timestamp of the record that was read last.
    read_at: Option<i64>,
    state: State,
}

/// How far a partition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) partition: i32,
    /// The first offset that is not delivered.
    pub(crate) delivered: i64,
    /// The next offset to read.
    pub(crate) position: i64,
    /// The timestamp of the record that was read last, in milliseconds since 1970.
    pub(crate) read_at: Option<i64>,
    /// It is read no further, until a person says so.
    pub(crate) halted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is read.
    Running,
    /// It is to be given back, once its outputs are settled and at this time at the latest.
    Revoked(Instant),
    /// It is not read on, until a person says so.
    Halted,
}

/// Under how many rules something of a record is counted; [`ALL_RULES`] if under all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) outcomes: usize,
    /// Refusals that were told after the output was counted as sent.
    pub(crate) refusals: usize,
}

/// More than any mapping has.
pub(crate) const ALL_RULES: usize = usize::MAX;

/// Holdings have numbers of 24 bits.
const HOLDINGS: u32 = 1 << 24;

impl Assignment {
    /// Takes a partition that is read from an offset on.
    pub(crate) fn add(&mut self, partition: i32, position: i64) {
        self.remove(partition);
        let number = self.next;
        self.next = (number + 1) % HOLDINGS;
        let tracker = Tracker::default();
        let holding = Holding {
            partition,
            position,
            tracker,
            outputs: 0,
            committed: position,
            counted: (position, 0),
            refused: (position, 0),
            read_at: None,
            state: State::Running,
        };
        self.holdings.insert(number, holding);
        self.current.insert(partition, number);
    }

    /// Forgets a partition.
    pub(crate) fn remove(&mut self, partition: i32) {
        if let Some(number) = self.current.remove(&partition) {
            self.holdings.remove(&number);
        }
    }

    /// Takes a record that was read; `None` if its partition is not, or no longer, to be read.
    pub(crate) fn begin(&mut self, partition: i32, offset: i64, timestamp: Option<i64>) -> Option<Receipt> {
        let number = *self.current.get(&partition)?;
        let holding = self.holdings.get_mut(&number)?;
        // What was read before the position went back, or before it was read at all, comes again.
        if holding.state != State::Running || offset < holding.position {
            return None;
        }
        (holding.position, holding.read_at) = (offset + 1, timestamp);
        Some(Receipt::new(number, holding.tracker.begin(offset)))
    }

    /// What of a record is counted already, because it was read before; `None` if it is not, or no longer, to be worked
    /// on.
    pub(crate) fn counted(&self, receipt: Receipt, offset: i64) -> Option<Counted> {
        let holding = self.holdings.get(&receipt.holding()).filter(|holding| holding.state == State::Running)?;
        let rules = |(next, rules): (i64, usize)| match offset.cmp(&next) {
            std::cmp::Ordering::Less => ALL_RULES,
            std::cmp::Ordering::Equal => rules,
            std::cmp::Ordering::Greater => 0,
        };
        Some(Counted { outcomes: rules(holding.counted), refusals: rules(holding.refused) })
    }

    /// Notes what of a record is counted.
    pub(crate) fn count(&mut self, receipt: Receipt, offset: i64, counted: Counted) {
        if let Some(holding) = self.holdings.get_mut(&receipt.holding()) {
            holding.counted = holding.counted.max((offset, counted.outcomes));
            holding.refused = holding.refused.max((offset, counted.refusals));
        }
    }

    /// Whether a record is of a partition that is this member's still.
    pub(crate) fn is_held(&self, receipt: Receipt) -> bool {
        self.holdings.contains_key(&receipt.holding())
    }

    /// The partition and the offset of a record that is not finished.
    pub(crate) fn place(&self, receipt: Receipt) -> Option<(i32, i64)> {
        let holding = self.holdings.get(&receipt.holding())?;
        Some((holding.partition, holding.tracker.offset(receipt.record())?))
    }

    /// Notes an output of a record that a sink has taken.
    pub(crate) fn sent(&mut self, receipt: Receipt) {
        if let Some(holding) = self.holdings.get_mut(&receipt.holding()) {
            holding.outputs += 1;
            holding.tracker.hold(receipt.record());
        }
    }

    /// Notes that an output of a record needs nothing more: it was delivered, or something else stands for it.
    pub(crate) fn settled(&mut self, receipt: Receipt) {
        if let Some(holding) = self.holdings.get_mut(&receipt.holding()) {
            holding.outputs = holding.outputs.saturating_sub(1);
            holding.tracker.release(receipt.record());
        }
    }

    /// Notes that an output of a record cannot be delivered: nothing from it on is committed until it is read again.
    pub(crate) fn failed(&mut self, receipt: Receipt) {
        if let Some(holding) = self.holdings.get_mut(&receipt.holding()) {
            holding.outputs = holding.outputs.saturating_sub(1);
        }
    }

    /// Notes that all outputs of a record are with their sinks, and that its outcomes are counted.
    pub(crate) fn done(&mut self, receipt: Receipt, offset: i64) {
        if let Some(holding) = self.holdings.get_mut(&receipt.holding()) {
            holding.tracker.release(receipt.record());
            holding.counted = holding.counted.max((offset + 1, 0));
        }
    }

    /// Notes that a partition has no record before an offset that was not begun.
    pub(crate) fn passed(&mut self, partition: i32, offset: i64) {
        let Some(holding) = self.current.get(&partition).and_then(|number| self.holdings.get_mut(number)) else {
            return;
        };
        // Before a record was finished, the consumer's position may be one of the time before it was told to go back.
        let is_idle = holding.tracker.len() == 0 && holding.tracker.safe().is_some();
        if is_idle && holding.state == State::Running && offset > holding.position {
            holding.position = offset;
            holding.tracker.pass(offset);
        }
    }

    /// Notes that a partition is to be given back, at `deadline` at the latest.
    pub(crate) fn revoke(&mut self, partitions: &[i32], deadline: Instant) {
        for holding in self.holdings.values_mut().filter(|holding| partitions.contains(&holding.partition)) {
            holding.state = State::Revoked(deadline);
        }
    }

    /// Whether the partitions that are to be given back have nothing on its way, or no time left.
    pub(crate) fn is_drained(&self, now: Instant) -> bool {
        self.holdings.values().all(|holding| match holding.state {
            State::Revoked(deadline) => holding.outputs == 0 || now >= deadline,
            State::Running | State::Halted => true,
        })
    }

    /// Whether outputs of these partitions are on their way.
    pub(crate) fn has_outputs(&self, partitions: &[i32]) -> bool {
        self.holdings.values().any(|holding| holding.outputs > 0 && partitions.contains(&holding.partition))
    }

    /// Stops reading a partition, until [`Assignment::add`] takes it anew.
    pub(crate) fn halt(&mut self, partition: i32) {
        for holding in self.holdings.values_mut().filter(|holding| holding.partition == partition) {
            holding.state = State::Halted;
        }
    }

    /// What the group has to be told: the partitions of which more is finished than it was told.
    pub(crate) fn uncommitted(&mut self) -> Vec<(i32, i64)> {
        let news = |holding: &mut Holding| {
            let safe = holding.tracker.safe().filter(|safe| *safe > holding.committed)?;
            holding.committed = safe;
            Some((holding.partition, safe))
        };
        self.holdings.values_mut().filter_map(news).collect()
    }

    /// Whether a partition is not read on until a person says so.
    pub(crate) fn is_halted(&self) -> bool {
        self.holdings.values().any(|holding| holding.state == State::Halted)
    }

    /// Lets what was said last be said again: it may not have reached the group.
    pub(crate) fn commit_again(&mut self) {
        self.holdings.values_mut().for_each(|holding| holding.committed = 0);
    }

    /// Goes back, in each partition that is read, to the first record that is not finished; gives where to read on.
    pub(crate) fn go_back(&mut self) -> Vec<(i32, i64)> {
        let running = |holding: &&Holding| holding.state == State::Running;
        let back: Vec<_> = self.holdings.values().filter(running).map(Holding::resume).collect();
        for (partition, position, committed, counted, refused) in &back {
            self.add(*partition, *position);
            let number = self.current.get(partition).copied().unwrap_or_default();
            if let Some(holding) = self.holdings.get_mut(&number) {
                (holding.committed, holding.counted, holding.refused) = (*committed, *counted, *refused);
            }
        }
        back.into_iter().map(|(partition, position, ..)| (partition, position)).collect()
    }

    /// The partitions that are read, with the next offset of each.
    pub(crate) fn positions(&self) -> impl Iterator<Item = (i32, i64)> {
        let running = self.holdings.values().filter(|holding| holding.state == State::Running);
        running.map(|holding| (holding.partition, holding.position))
    }

    /// How far each partition is.
    pub(crate) fn progress(&self) -> impl Iterator<Item = Progress> {
        self.holdings.values().map(|holding| Progress {
            partition: holding.partition,
            delivered: holding.tracker.unfinished().unwrap_or(holding.position),
            position: holding.position,
            read_at: holding.read_at,
            halted: holding.state == State::Halted,
        })
    }

    /// How many records wait for outputs, their own or those of older ones.
    pub(crate) fn waiting(&self) -> usize {
        self.holdings.values().map(|holding| holding.tracker.len()).sum()
    }
}

impl Holding {
    /// The partition, where to read on, what the group knows, and what is counted.
    fn resume(&self) -> (i32, i64, i64, (i64, usize), (i64, usize)) {
        let position = self.tracker.unfinished().unwrap_or(self.position);
        (self.partition, position, self.committed, self.counted, self.refused)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn holding(partition: i32, records: i64) -> (Assignment, Vec<Receipt>) {
        let mut assignment = Assignment::default();
        assignment.add(partition, 0);
        let receipts = (0..records).map(|offset| assignment.begin(partition, offset, None).unwrap()).collect();
        (assignment, receipts)
    }

    #[test]
    fn nothing_is_committed_past_an_output_that_failed_and_reading_goes_back_to_it() {
        let (mut assignment, receipts) = holding(3, 3);
        receipts.iter().for_each(|receipt| assignment.sent(*receipt));
        receipts.iter().zip(0..).for_each(|(receipt, offset)| assignment.done(*receipt, offset));
        assignment.settled(receipts[0]);
        assignment.failed(receipts[1]);
        assignment.settled(receipts[2]);
        assert_eq!(assignment.uncommitted(), [(3, 1)]);
        assert_eq!(assignment.uncommitted(), []);
        assert_eq!(assignment.go_back(), [(3, 1)]);
        assert_eq!(assignment.begin(3, 0, None), None, "it was delivered");
        let again = assignment.begin(3, 1, None).unwrap();
        assignment.settled(receipts[1]);
        assert_eq!(assignment.uncommitted(), [], "a report of the time before does not count");
        assignment.done(again, 1);
        assert_eq!(assignment.uncommitted(), [(3, 2)]);
    }

    #[test]
    fn a_revoked_partition_is_given_back_when_its_outputs_are_settled_or_its_time_is_up() {
        let (mut assignment, receipts) = holding(0, 2);
        assignment.add(1, 0);
        assignment.sent(receipts[0]);
        assignment.done(receipts[0], 0);
        let now = Instant::now();
        let deadline = now + Duration::from_secs(10);
        assignment.revoke(&[0], deadline);
        assert!(assignment.counted(receipts[1], 1).is_none(), "its records are no longer worked on");
        assert_eq!(assignment.begin(0, 2, None), None);
        assert!(!assignment.is_drained(now), "an output is on its way");
        assert!(assignment.is_drained(deadline));
        assignment.settled(receipts[0]);
        assert!(assignment.is_drained(now));
        assert_eq!(assignment.uncommitted(), [(0, 1)], "the record that was not worked on is the next owner's");
        assert_eq!(assignment.positions().collect::<Vec<_>>(), [(1, 0)]);
    }
}
