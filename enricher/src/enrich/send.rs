//! Giving outputs to the sinks: waiting for room, and trying alone what a sink refused among others.

use std::collections::BTreeSet;
use std::time::Instant;

use rdkafka::message::{BorrowedMessage, Message as _};

use super::flow::{Interrupted, SETTLE, STEP};
use super::{Flow, Pause, Trouble};
use crate::sink::{NotTaken, Output, Refusal, Sink};
use crate::source::Receipt;

/// The records that a sink may not take however often they are tried: each is tried alone once more, and is a dead letter
/// if it is refused again. At most as many as the sinks hold of outputs.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    /// Partition and offset of each.
    records: BTreeSet<(i32, i64)>,
    /// The output that is tried now, and why it was refused.
    tried: Option<(Receipt, Option<Refusal>)>,
}

impl Suspects {
    /// Whether there are any.
    pub(super) fn are_there(&self) -> bool {
        !self.records.is_empty()
    }

    /// Takes the refusal of an output, if it is the one that is tried alone.
    pub(super) fn take(&mut self, receipt: Receipt, refusal: Refusal) -> bool {
        let tried = self.tried.as_mut().filter(|(tried, _)| *tried == receipt);
        tried.map(|(_, refused)| *refused = Some(refusal)).is_some()
    }

    /// Has a record tried alone when it is read again.
    pub(super) fn add(&mut self, place: (i32, i64)) {
        self.records.insert(place);
    }

    /// Forgets a record that is dealt with.
    pub(super) fn acquit(&mut self, record: &BorrowedMessage<'_>) {
        if !self.records.is_empty() {
            self.records.remove(&(record.partition(), record.offset()));
        }
    }

    /// Forgets the records of partitions that are read no more.
    pub(super) fn forget(&mut self, partitions: &[i32]) {
        self.records.retain(|(partition, _)| !partitions.contains(partition));
    }
}

impl<S: Sink, L: Sink> Flow<'_, S, L> {
    /// Sends an output, waiting for room; `Err` within if it alone is refused.
    pub(super) fn send(&mut self, output: &Output<'_>) -> Result<Result<(), Refusal>, Interrupted> {
        let is_suspect = self.suspects.are_there()
            && self.assignment.place(output.receipt).is_some_and(|place| self.suspects.records.contains(&place));
        if is_suspect { self.send_alone(output) } else { self.give(output) }
    }

    /// Sends an output while nothing else is on its way, and waits for what becomes of it.
    fn send_alone(&mut self, output: &Output<'_>) -> Result<Result<(), Refusal>, Interrupted> {
        self.await_all()?;
        self.suspects.tried = Some((output.receipt, None));
        let given = self.give(output).and_then(|given| self.await_all().map(|()| given));
        let refused = self.suspects.tried.take().and_then(|(_, refused)| refused);
        Ok(given?.and(refused.map_or(Ok(()), Err)))
    }

    /// Waits until all that was sent has arrived.
    fn await_all(&mut self) -> Result<(), Interrupted> {
        let since = Instant::now();
        while self.sink.waiting() + self.letters.waiting() > 0 {
            self.go_on()?;
            self.bide(since, STEP);
        }
        self.read_on();
        self.go_on()
    }

    fn give(&mut self, output: &Output<'_>) -> Result<Result<(), Refusal>, Interrupted> {
        let mut full_since = None;
        // A partition that was given back while this waited is another member's: so is the record.
        while self.assignment.is_held(output.receipt) {
            match self.sink.send(output) {
                Ok(()) => {
                    self.sent(output, full_since);
                    return Ok(Ok(()));
                }
                Err(NotTaken::Refused(refusal)) => return Ok(Err(refusal)),
                Err(not_taken) => self.wait_for_room(not_taken, &mut full_since)?,
            }
        }
        Ok(Ok(()))
    }

    /// Sends a dead letter, waiting for room. One that is refused stops the mapping: it is never dropped.
    pub(super) fn send_letter(&mut self, output: &Output<'_>) -> Result<(), Interrupted> {
        let mut full_since = None;
        while self.assignment.is_held(output.receipt) {
            match self.letters.send(output) {
                Ok(()) => {
                    self.sent(output, full_since);
                    return Ok(());
                }
                Err(NotTaken::Refused(refusal)) => {
                    let message = format!("spec.deadLetter.kafka.topic: a dead letter is {}", refusal.message);
                    self.trouble = Some(Trouble { pause: Pause::DeadLetterUnwritable, message });
                    return Err(Interrupted);
                }
                Err(not_taken) => self.wait_for_room(not_taken, &mut full_since)?,
            }
        }
        Ok(())
    }

    fn wait_for_room(&mut self, not_taken: NotTaken, full_since: &mut Option<Instant>) -> Result<(), Interrupted> {
        if let NotTaken::Trouble(trouble) = not_taken {
            self.trouble = Some(trouble);
        }
        self.bide(*full_since.get_or_insert_with(Instant::now), STEP);
        // What was not sent is sent again over the new clients, what was is sent twice: there may be room in a moment.
        let is_hopeless = self.renewed && full_since.is_some_and(|since| since.elapsed() >= SETTLE);
        let is_over = self.trouble.is_some() || self.fatal.is_some() || self.status.is_overdue() || is_hopeless;
        if is_over { Err(Interrupted) } else { Ok(()) }
    }

    /// Notes that an output was taken, and that there is room if there was none before.
    fn sent(&mut self, output: &Output<'_>, full_since: Option<Instant>) {
        self.assignment.sent(output.receipt);
        if let Some(timestamp) = output.timestamp.filter(|_| output.receipt.is_sample()) {
            self.samples.insert(output.receipt.into_word(), timestamp);
        }
        if full_since.is_some() {
            self.status.goes_on(Pause::DestinationSlow);
            self.read_on();
        }
    }
}
