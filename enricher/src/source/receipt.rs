use super::tracker::Tracker;

/// Names one record that was read: which holding of its partition, and which record of that.
///
/// It travels with every output through its client as one machine word and comes back with the report of its delivery.
/// A partition that is read again, because it was given back or because deliveries failed, is another holding: what
/// comes back of the one before is recognised and ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Receipt(usize);

/// A word holds 24 bits of holding and 40 bits of record.
const _: () = assert!(usize::BITS == 64, "a receipt needs 64 bits");

const SHIFT: u32 = Tracker::MASK.count_ones();

impl Receipt {
    pub(super) fn new(holding: u32, record: u64) -> Self {
        Self((holding as usize) << SHIFT | (record & Tracker::MASK) as usize)
    }

    /// The holding, its lowest 24 bits.
    pub(super) fn holding(self) -> u32 {
        (self.0 >> SHIFT) as u32
    }

    /// The record's number.
    pub(super) fn record(self) -> u64 {
        self.0 as u64 & Tracker::MASK
    }

    /// Whether it is one of the few whose delivery is timed: one in 64.
    pub(crate) fn is_sample(self) -> bool {
        self.record().is_multiple_of(64)
    }

    /// The word.
    pub(crate) fn into_word(self) -> usize {
        self.0
    }

    /// The receipt that a word is.
    pub(crate) fn from_word(word: usize) -> Self {
        Self(word)
    }
}
