//! Where events go: one folder per kind of sink, all behind [`Sink`].
//!
//! A sink takes outputs without waiting, holds a bounded number of bytes of them, and says later what became of each. So
//! one that gathers batches, keeps a lane per user, is throttled is, to the
//! pipeline, like one that does none of this: it is full for a while.

mod kafka;

use std::time::Duration;

use rdkafka::message::BorrowedHeaders;

pub(crate) use kafka::{KafkaSink, REFUSED};

use crate::enrich::Trouble;
use crate::source::Receipt;

/// A receiver of outputs.
pub(crate) trait Sink {
    /// Connects, also anew after trouble. Outputs that were not settled are forgotten: their events are read again.
    fn open(&mut self) -> Result<(), Trouble>;

    /// Takes an output; what of it has to be kept is copied.
    fn send(&mut self, output: &Output<'_>) -> Result<(), NotTaken>;

    /// Works on for at most `wait`, and tells what became of outputs.
    fn poll(&mut self, wait: Duration, settled: impl FnMut(Receipt, Fate));

    /// Forgets all that is not settled, so that none of it is sent any more; [`Sink::open`] comes before anything else.
    fn close(&mut self);

    /// How many outputs are taken and not settled.
    fn waiting(&self) -> usize;

    /// Why outputs have to wait, as far as the sink knows; it goes on trying.
    fn hindrance(&self) -> Option<String>;
}

/// One event on its way out.
#[derive(Clone, Copy)]
pub(crate) struct Output<'event> {
    /// The record that it was read as.
    pub(crate) receipt: Receipt,
    /// The partition that it was read from: what has no key keeps its order by it.
    pub(crate) partition: i32,
    /// It goes to the partition of that number, whatever its key.
    pub(crate) keeps_partition: bool,
    /// Whose order it keeps; `None` for a record without a key.
    pub(crate) key: Option<&'event [u8]>,
    /// `None` for a tombstone.
    pub(crate) value: Option<&'event [u8]>,
    /// The headers it came with.
    pub(crate) headers: Option<&'event BorrowedHeaders>,
    /// Headers that are added.
    pub(crate) added: &'event [(&'static str, &'event str)],
    /// Milliseconds since 1970.
    pub(crate) timestamp: Option<i64>,
}

/// Why an output was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// The bounds are reached; there is room again when outputs are settled.
    Full,
    /// This output cannot be delivered, however often it is tried.
    Refused(Refusal),
    /// No output can be delivered until something changes.
    Trouble(Trouble),
}

/// Why a single output cannot be delivered: the reason and the words of a dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

/// What became of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The receiver has it.
    Delivered,
    /// It was not delivered; its event has to be read again once the trouble is over.
    Failed(Trouble),
    /// The receiver does not take it, however often it is tried, or something that was sent with it. Alone it is a dead
    /// letter, among others it is as [`Fate::Failed`].
    Refused(Refusal, Trouble),
}
