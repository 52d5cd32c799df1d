//! What moves while a batch is worked on: the group's partitions, and outputs on their way.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::BorrowedMessage;

use super::lag::{Lags, milliseconds_since};
use super::listen::Silence;
use super::send::Suspects;
use super::{Pause, Status, Trouble};
use crate::connect::Topics;
use crate::sink::{Fate, Sink};
use crate::source::{Assignment, Polled, Receipt, Source};

/// How often the group is told how far its partitions are.
const COMMIT_EVERY: Duration = Duration::from_secs(1);

/// How long outputs may take without partitions being paused: pausing throws away what was fetched ahead.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long what is on its way is waited for where it may never arrive: what arrives is not sent a second time.
pub(super) const SETTLE: Duration = Duration::from_secs(5);

/// How long the thread waits at once while there is no room, so that the group is tended to.
pub(super) const STEP: Duration = Duration::from_millis(10);

/// How long the thread sleeps at once while nothing is to be done but to tend to the group.
const LAG: Duration = Duration::from_millis(100);

/// How many records may wait for their outputs, or for those of older ones. Each costs 16 bytes.
const MAX_WAITING: usize = 1 << 20;

/// The source, its partitions, and the sinks.
pub(crate) struct Flow<'run, S, L> {
    pub(super) source: &'run Source,
    pub(super) assignment: Assignment,
    pub(super) sink: S,
    pub(super) letters: L,
    pub(super) status: &'run Status,
    /// What a sink reported; nothing is sent until it is over.
    pub(super) trouble: Option<Trouble>,
    /// A sink was opened after trouble, and has delivered nothing yet: one record is tried at a time.
    pub(super) trial: Option<Trial>,
    /// The source has trouble, and is asked again at this time.
    pub(super) source_asked: Option<(Pause, Instant)>,
    /// The secrets of the topics have changed: their clients are made anew.
    pub(super) renewed: bool,
    topics: &'run Topics<'run>,
    /// The source cannot go on.
    pub(super) fatal: Option<RDKafkaErrorCode>,
    /// Partitions that are assigned and not yet read; and when to ask again where to start.
    pub(super) to_begin: Option<(Vec<i32>, Instant)>,
    /// Partitions that are to be given back.
    pub(super) revoked: Option<Vec<i32>>,
    /// A loss of offsets is accepted, once for each partition: those for which it was.
    pub(super) accepts_loss: Option<BTreeSet<i32>>,
    pub(super) paused: bool,
    /// As many records wait as may.
    is_full: bool,
    /// Records that came while partitions were paused.
    pub(super) held: VecDeque<BorrowedMessage<'run>>,
    pub(super) lags: Lags,
    pub(super) silence: Silence,
    pub(super) suspects: Suspects,
    /// The timestamps of events whose delivery is timed, by their receipts.
    pub(super) samples: HashMap<usize, i64, RandomState>,
    committed_at: Instant,
}

/// What shows that trouble with a sink is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trial {
    /// What is waited for.
    pub(super) pause: Pause,
    /// That a dead letter is delivered, not an event.
    pub(super) of_letters: bool,
    pub(super) since: Instant,
}

/// How long something to send is looked for: what made the last dead letter may come no more, and the topic may be idle.
const LONGEST_TRIAL: Duration = Duration::from_secs(60);

/// A batch cannot be finished: its records come again.
#[derive(Debug)]
pub(super) struct Interrupted;

impl<'run, S: Sink, L: Sink> Flow<'run, S, L> {
    /// Nothing is assigned yet. Accepts a loss of offsets once for each partition that is not in `accepts_loss`, if it is
    /// there.
    pub(crate) fn new(
        source: &'run Source,
        sink: S,
        letters: L,
        status: &'run Status,
        accepts_loss: Option<BTreeSet<i32>>,
        topics: &'run Topics<'run>,
    ) -> Self {
        Self {
            source,
            assignment: Assignment::default(),
            sink,
            letters,
            status,
            trouble: None,
            trial: None,
            // A topic that is not there is no error to the group: it is asked for.
            source_asked: Some((Pause::SourceUnreachable, Instant::now())),
            renewed: false,
            topics,
            fatal: None,
            to_begin: None,
            revoked: None,
            accepts_loss,
            paused: false,
            is_full: false,
            held: VecDeque::new(),
            lags: Lags::default(),
            silence: Silence::new(),
            suspects: Suspects::default(),
            samples: HashMap::default(),
            committed_at: Instant::now(),
        }
    }

    /// The next record, if there is one within a time.
    pub(super) fn next(&mut self, wait: Duration) -> Option<BorrowedMessage<'run>> {
        if self.assignment.waiting() >= MAX_WAITING {
            self.is_full = true;
            // The group is heard only where the consumer is asked.
            self.wait_paused(STEP);
            return None;
        }
        if std::mem::take(&mut self.is_full) {
            self.read_on();
        }
        if let Some(record) = self.held.pop_front() {
            return Some(record);
        }
        self.poll(wait)
    }

    /// Asks the consumer once.
    fn poll(&mut self, wait: Duration) -> Option<BorrowedMessage<'run>> {
        match self.source.poll(wait)? {
            Polled::Record(record) => {
                self.silence.heard();
                return Some(record);
            }
            Polled::OutOfRange => self.lost(),
            Polled::Trouble(code) => self.source_trouble(code),
            Polled::Fatal(code) => self.fatal = Some(code),
        }
        None
    }

    /// Does what is due: takes reports of deliveries, acts on what the group says, commits.
    pub(super) fn tend(&mut self) {
        self.status.moves();
        self.settle(Duration::ZERO);
        self.listen();
        self.follow_group();
        self.renewed |= self.topics.have_changed();
        if self.committed_at.elapsed() >= COMMIT_EVERY {
            self.pass_marks();
            self.commit(false);
            self.publish();
        }
    }

    /// Takes reports of deliveries, those of the next moments too.
    pub(super) fn settle(&mut self, wait: Duration) {
        let Self { sink, letters, assignment, trouble, trial, status, samples, silence, suspects, .. } = self;
        let mut settled = |receipt: Receipt, fate: Fate, of_letters: bool| match fate {
            Fate::Delivered => {
                assignment.settled(receipt);
                if let Some(counters) = status.counters().filter(|_| of_letters) {
                    counters.dead_letter();
                }
                if silence.is_broken() {
                    status.goes_on(Pause::DestinationSlow);
                }
                if receipt.is_sample()
                    && let (Some(time), Some(counters)) = (samples.remove(&receipt.into_word()), status.counters())
                {
                    counters.delivered_after(milliseconds_since(time));
                }
                if let Some(over) = trial.take_if(|trial| trial.of_letters == of_letters) {
                    status.goes_on(over.pause);
                }
            }
            Fate::Refused(refusal, _) if !of_letters && suspects.take(receipt, refusal.clone()) => {
                // Its dead letter holds the record from now on.
                assignment.settled(receipt);
                if let Some(over) = trial.take_if(|trial| !trial.of_letters) {
                    status.goes_on(over.pause);
                }
            }
            Fate::Refused(_, reported) => {
                if let Some(place) = assignment.place(receipt).filter(|_| !of_letters) {
                    suspects.add(place);
                }
                assignment.failed(receipt);
                trouble.get_or_insert(reported);
            }
            Fate::Failed(reported) => {
                assignment.failed(receipt);
                trouble.get_or_insert(reported);
            }
        };
        sink.poll(wait, |receipt, fate| settled(receipt, fate, false));
        letters.poll(Duration::ZERO, |receipt, fate| settled(receipt, fate, true));
    }

    /// Waits until what was sent as a trial has arrived or failed: what is sent behind it might come before it.
    pub(super) fn await_trial(&mut self) {
        let since = Instant::now();
        while self.trial.is_some() && self.sink.waiting() + self.letters.waiting() > 0 && self.go_on().is_ok() {
            self.bide(since, STEP);
        }
        self.read_on();
        let is_idle = self.sink.waiting() + self.letters.waiting() == 0;
        if let Some(over) = self.trial.take_if(|trial| is_idle && trial.since.elapsed() >= LONGEST_TRIAL) {
            self.status.goes_on(over.pause);
        }
    }

    /// Moves on past what is no record: the marks of transactions, and what of them was aborted.
    pub(super) fn pass_marks(&mut self) {
        // What is held back lies before the consumer's position too.
        if self.held.is_empty() {
            self.source
                .positions()
                .into_iter()
                .for_each(|(partition, offset)| self.assignment.passed(partition, offset));
        }
    }

    /// Tells the group how far its partitions are; waits for the answer if `wait`.
    pub(super) fn commit(&mut self, wait: bool) {
        self.committed_at = Instant::now();
        let offsets = self.assignment.uncommitted();
        if offsets.is_empty() {
            return;
        }
        if let Err(error) = self.source.commit(&offsets, wait) {
            tracing::warn!(%error, "failed to commit offsets; they are committed again");
            self.assignment.commit_again();
        }
    }

    /// Waits for a moment in a wait that began at `since`. A wait that gets long pauses the partitions, so that the group
    /// can be tended to without records piling up.
    pub(super) fn bide(&mut self, since: Instant, step: Duration) {
        if since.elapsed() < PATIENCE {
            self.settle(step);
        } else {
            if let Some(message) = self.sink.hindrance().or_else(|| self.letters.hindrance()) {
                self.status.waits(&Trouble { pause: Pause::DestinationSlow, message });
            }
            self.wait_paused(step);
            return;
        }
        self.tend();
    }

    /// Reads no more until the enricher is asked to end, or has to begin again.
    pub(super) fn stand_still(&mut self, why: &Trouble) {
        self.status.waits(why);
        while self.go_on().is_ok() {
            self.wait_paused(LAG);
        }
    }

    /// Whether this membership of the group has to end.
    pub(super) fn is_ended(&self) -> bool {
        self.fatal.is_some() || self.renewed || self.status.is_stopped()
    }

    /// Whether a wait may go on: not once the enricher is asked to end, or has to begin again.
    pub(super) fn go_on(&self) -> Result<(), Interrupted> {
        let is_over = self.is_ended() || self.trouble.is_some();
        if is_over { Err(Interrupted) } else { Ok(()) }
    }

    /// Waits for a moment with partitions paused.
    pub(super) fn wait_paused(&mut self, step: Duration) {
        self.hold_back();
        // What was on its way when they were paused.
        if let Some(record) = self.poll(step) {
            self.held.push_back(record);
        }
        self.tend();
    }

    /// Stops fetching.
    pub(super) fn hold_back(&mut self) {
        if !self.paused {
            self.paused = true;
            self.pause_all();
        }
    }

    /// Pauses every partition that is read.
    pub(super) fn pause_all(&self) {
        let partitions: Vec<_> = self.assignment.positions().map(|(partition, _)| partition).collect();
        if let Err(error) = self.source.pause(&partitions) {
            tracing::debug!(%error, "failed to pause partitions");
        }
    }

    /// Fetches again.
    pub(super) fn read_on(&mut self) {
        if std::mem::take(&mut self.paused) {
            let partitions: Vec<_> = self.assignment.positions().map(|(partition, _)| partition).collect();
            if let Err(error) = self.source.resume(&partitions) {
                tracing::debug!(%error, "failed to resume partitions");
            }
        }
    }
}
