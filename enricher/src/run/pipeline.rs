use std::io::{self, Read};
use std::ops::Range;

use weft_store::Reader;

use super::dead_letters::Reason;
use super::lines::Piece;
use super::{DeadLetters, Lines, Output, Summary, WriteError};
use crate::event::ScanError;
use crate::join::{Batch, Join, Outcome};
use crate::lookup::{Interrupted, Lookup, NoAnswer};

/// How many events go through the join together, and how many bytes of them at most (a single one may be longer).
const BATCH_EVENTS: usize = 512;
const BATCH_BYTES: usize = 1 << 19;

/// How many lookups and places in items of arrays go through the join together (a single event may have more).
const BATCH_WEIGHT: usize = 1 << 18;

/// The rule under which events are counted that cannot be parsed.
const NO_RULE: &str = "-";

/// Lines in, join, lines out.
///
/// Memory is bounded by the reader's buffer (1 MiB or one event of the largest size), one batch of events with their
/// slots, keys and rows (events beyond [`BATCH_WEIGHT`] wait for the next one), and an output buffer of 1 MiB and one batch each for events and dead letters.
pub(crate) struct Pipeline<'run, R, S> {
    pub(crate) join: &'run Join,
    /// Waits while the store cannot answer.
    pub(crate) lookup: Lookup<'run, &'run S>,
    pub(crate) lines: Lines<R>,
    pub(crate) output: Output,
    pub(crate) dead_letters: DeadLetters,
    /// Write what is there before waiting for more input: someone may be waiting for it.
    pub(crate) is_interactive: bool,
}

/// Why a run stopped before the end of its input.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// The input cannot be read on.
    #[error("failed to read the events after line {line}")]
    Read {
        line: u64,
        #[source]
        source: io::Error,
    },
    /// A line cannot be written.
    #[error("stopped at line {line} of the events")]
    Write {
        line: u64,
        #[source]
        source: WriteError,
    },
    /// The store cannot tell whether a row exists, and waiting does not help.
    #[error("stopped at line {line} of the events")]
    Unavailable {
        line: u64,
        #[source]
        source: NoAnswer,
    },
}

/// A line of the batch: its number, where its bytes are, and whether it is an event.
struct Line {
    number: u64,
    place: Range<usize>,
    judged: Result<(), ScanError>,
}

impl<R: Read, S: Reader> Pipeline<'_, R, S> {
    /// Runs to the end of the input, or to the first error; `progress` hears of the events so far after each batch.
    pub(crate) async fn run(&mut self, mut progress: impl FnMut(u64)) -> (Summary, Result<(), RunError>) {
        let mut summary = Summary::new(self.join);
        let mut line = 0;
        let mut ended = self.run_to_end(&mut summary, &mut line, &mut progress).await;
        // Also after an error what was done so far is written, if it can be.
        for flushed in [self.output.flush(), self.dead_letters.flush()] {
            ended = ended.and(flushed.map_err(|source| RunError::Write { line, source }));
        }
        (summary, ended)
    }

    async fn run_to_end(
        &mut self,
        summary: &mut Summary,
        line: &mut u64,
        progress: &mut impl FnMut(u64),
    ) -> Result<(), RunError> {
        let mut batch = Batch::default();
        let mut read = Vec::new();
        loop {
            if self.is_interactive && !self.lines.is_buffered() {
                let flushed = self.output.flush().and_then(|()| self.dead_letters.flush());
                flushed.map_err(|source| RunError::Write { line: *line, source })?;
            }
            if !self.lines.fill().map_err(|source| RunError::Read { line: *line, source })? {
                return Ok(());
            }
            batch.clear(self.join);
            read.clear();
            self.gather(&mut batch, &mut read, summary)?;
            *line = read.last().map_or(*line, |last: &Line| last.number);
            let events: Vec<&Line> = read.iter().filter(|line| line.judged.is_ok()).collect();
            let bytes = |number: usize| self.lines.bytes(&events[number].place);
            // Signals end the process, whatever it waits for.
            let looked_up = self.lookup.answer(self.join, &mut batch, bytes, std::future::pending()).await;
            if let Err(Interrupted::NoAnswer(source)) = looked_up {
                return Err(RunError::Unavailable { line: *line, source });
            }
            self.deliver(&mut batch, &read, summary)?;
            progress(summary.events);
        }
    }

    /// Reads lines into the batch, as many as belong together.
    fn gather(&mut self, batch: &mut Batch, read: &mut Vec<Line>, summary: &mut Summary) -> Result<(), RunError> {
        let mut bytes = 0;
        while read.len() < BATCH_EVENTS && bytes < BATCH_BYTES && batch.weight() < BATCH_WEIGHT {
            match self.lines.next_buffered() {
                Some(Piece::Line { number, place }) => {
                    bytes += place.len();
                    let judged = batch.judge(self.join, self.lines.bytes(&place));
                    read.push(Line { number, place, judged });
                }
                // What was read before it has to be delivered first: taking it in moves the buffer.
                Some(Piece::TooLong { number }) if read.is_empty() => return self.refuse_long(number, summary),
                Some(Piece::TooLong { .. }) | None => break,
            }
        }
        Ok(())
    }

    /// Writes each line of the batch as each rule wants it.
    fn deliver(&mut self, batch: &mut Batch, read: &[Line], summary: &mut Summary) -> Result<(), RunError> {
        let mut number = 0;
        for line in read {
            let event = self.lines.bytes(&line.place);
            let stopped = |source| RunError::Write { line: line.number, source };
            if let Err(error) = &line.judged {
                let reason = refused(error, line.number);
                *summary.unparsable.entry(reason.reason).or_default() += 1;
                self.dead_letters.add(&reason, event).map_err(stopped)?;
                continue;
            }
            for (rule, name) in self.join.rules().enumerate() {
                let lookups = &mut summary.rules[rule].lookups;
                let output = self.output.buffer();
                let outcome = batch.finish(self.join, (number, rule), event, output, |alias, result| {
                    lookups[alias].count(result);
                });
                summary.count(rule, outcome);
                match outcome {
                    Outcome::Sent(_) => output.push(b'\n'),
                    Outcome::DeadLettered(failure) => {
                        let reason = Reason {
                            reason: failure.reason(),
                            stage: failure.stage(),
                            rule: name,
                            line: line.number,
                            message: self.join.message(rule, failure),
                        };
                        self.dead_letters.add(&reason, event).map_err(stopped)?;
                    }
                    Outcome::Filtered(_) | Outcome::Dropped => {}
                }
            }
            self.output.flush_if_full().map_err(stopped)?;
            summary.events += 1;
            number += 1;
        }
        Ok(())
    }

    /// Makes a dead letter of a line that is longer than an event may be.
    fn refuse_long(&mut self, line: u64, summary: &mut Summary) -> Result<(), RunError> {
        let reason = Reason {
            reason: "too_large",
            stage: "read",
            rule: NO_RULE,
            line,
            message: format!("longer than the {} bytes an event may have (--max-event-bytes)", self.lines.max_line()),
        };
        *summary.unparsable.entry(reason.reason).or_default() += 1;
        let lines = &mut self.lines;
        self.dead_letters.add_long(&reason, |take| lines.rest(take)).map_err(|error| match error {
            LongLineError::Read(source) => RunError::Read { line, source },
            LongLineError::Write(source) => RunError::Write { line, source },
        })
    }
}

/// Why a line that is too long could not be made a dead letter.
enum LongLineError {
    Read(io::Error),
    Write(WriteError),
}

impl From<io::Error> for LongLineError {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

impl From<WriteError> for LongLineError {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

fn refused(error: &ScanError, line: u64) -> Reason<'static> {
    Reason { reason: error.reason(), stage: "read", rule: NO_RULE, line, message: error.message() }
}
