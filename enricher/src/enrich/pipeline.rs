use std::collections::BTreeSet;
use std::pin::pin;
use std::time::{Duration, Instant};

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{BorrowedMessage, Message as _};
use weft_plan_types::EnrichPlan;
use weft_store::Reader;
use weft_store::backoff::Backoff;

use super::flow::{Interrupted, SETTLE};
use super::{Breaker, Flow, Pause, Trouble};
use crate::event::ScanError;
use crate::join::{Batch, Join, Sent};
use crate::lookup::{Interrupted as Unanswered, Lookup, NoAnswer};
use crate::run::Summary;
use crate::sink::Sink;
use crate::source::Receipt;

/// How many records go through the join together, and how many bytes of them at most (a single one may be longer).
const BATCH_RECORDS: usize = 1024;
const BATCH_BYTES: usize = 1 << 20;

/// How many lookups and places in items of arrays go through the join together (a single event may have more).
const BATCH_WEIGHT: usize = 1 << 18;

/// How long the source is asked for the first record of a batch.
const IDLE: Duration = Duration::from_millis(100);

/// How long a lookup may take until the group is tended to, and from then on until it is again.
const LOOKUP_STEP: Duration = Duration::from_millis(100);

/// The pauses between tries to make the rules ready for entities that have changed.
const JOIN_ANEW: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

/// How often the counters are told: they cost more than an event.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// Records in, join, outputs out.
///
/// Memory is bounded, whatever comes in: 16 MiB of records that were fetched ahead and an answer of 8 MiB per broker; one
/// batch of records, with their slots, keys and rows (records beyond [`BATCH_WEIGHT`] wait for the next one); 32 MiB and
/// 200,000 outputs that are not acknowledged, for the destination and for dead letters each; 16 bytes for each of at most
/// a million records that wait behind these; and the rows that the store keeps, 32 MiB unless told otherwise. Where a
/// bound is reached the source is not asked for more, and its partitions are paused if that takes longer.
pub(crate) struct Pipeline<'run, R, S, L> {
    pub(super) plan: &'run EnrichPlan,
    pub(super) join: Join,
    lookup: &'run Lookup<'run, R>,
    runtime: &'run tokio::runtime::Handle,
    pub(super) flow: Flow<'run, S, L>,
    pub(super) breaker: &'run mut Breaker,
    pub(super) batch: Batch,
    pub(super) read: Vec<Read<'run>>,
    pub(super) output: Vec<u8>,
    /// What became of events since it was counted last.
    pub(super) summary: Summary,
    /// What is counted as sent, and was refused: it is taken back as soon as it can be, for what is told only grows.
    pub(super) owed: Vec<(usize, Sent)>,
    counted_at: Instant,
}

/// Why a pipeline ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was asked to, and delivered everything that it had begun, or left so many outputs.
    Stopped { left: usize },
    /// The source cannot go on as a member of its group. So many outputs are left.
    Fatal { code: RDKafkaErrorCode, left: usize },
    /// The secrets of the topics have changed: all clients have to be made anew.
    Renewed,
}

/// What one membership of the group leaves to the next.
pub(crate) struct Left<S, L> {
    pub(crate) sink: S,
    pub(crate) letters: L,
    /// A loss of offsets is accepted, once for each partition: those for which it was.
    pub(crate) accepts_loss: Option<BTreeSet<i32>>,
    pub(crate) join: Join,
}

/// A record of the batch.
pub(super) struct Read<'run> {
    pub(super) record: BorrowedMessage<'run>,
    pub(super) receipt: Receipt,
    pub(super) judged: Judged,
}

/// What a record is.
pub(super) enum Judged {
    /// The event with this number in the batch.
    Event(usize),
    /// A record without a value.
    Tombstone,
    /// No event.
    Unreadable(ScanError),
}

impl<'run, R: Reader, S: Sink, L: Sink> Pipeline<'run, R, S, L> {
    /// A pipeline that has read nothing yet.
    pub(crate) fn new(
        plan: &'run EnrichPlan,
        join: Join,
        lookup: &'run Lookup<'run, R>,
        runtime: &'run tokio::runtime::Handle,
        flow: Flow<'run, S, L>,
        breaker: &'run mut Breaker,
    ) -> Self {
        let summary = Summary::new(&join);
        let (batch, read, output) = (Batch::default(), Vec::new(), Vec::new());
        let (owed, counted_at) = (Vec::new(), Instant::now());
        Self { plan, join, lookup, runtime, flow, breaker, batch, read, output, summary, owed, counted_at }
    }

    /// Runs until it is asked to end, or cannot go on.
    pub(crate) fn run(&mut self) -> Ended {
        let mut is_open = self.flow.open();
        while is_open && !self.flow.is_ended() {
            if let Some(trouble) = self.flow.trouble.take() {
                self.read.clear();
                is_open = self.flow.recover(&trouble);
                continue;
            }
            if let Some(trouble) = self.breaker.open() {
                self.flow.stand_still(&trouble);
                continue;
            }
            self.gather();
            if !self.read.is_empty()
                && self.look_up().and_then(|lacking| self.deliver(lacking)).is_err()
                && self.flow.trouble.is_none()
            {
                // It was asked to end, or cannot go on: what is left of the batch is for whoever reads it next.
                break;
            }
            if self.flow.trial.is_some() && self.flow.trouble.is_none() {
                self.flow.await_trial();
            }
            self.flow.tend();
            if self.counted_at.elapsed() >= COUNT_EVERY {
                self.count();
            }
        }
        self.read.clear();
        self.count();
        match self.flow.fatal {
            Some(code) => Ended::Fatal { code, left: self.flow.sink.waiting() + self.flow.letters.waiting() },
            None => self.drain(),
        }
    }

    /// What another membership of the group goes on with.
    pub(crate) fn into_left(self) -> Left<S, L> {
        let Flow { sink, letters, accepts_loss, .. } = self.flow;
        Left { sink, letters, accepts_loss, join: self.join }
    }

    /// Adds to the counters what became of events.
    fn count(&mut self) {
        self.counted_at = Instant::now();
        self.owed.retain(|(rule, sent)| !self.summary.take_back(*rule, *sent));
        let summary = std::mem::replace(&mut self.summary, Summary::new(&self.join));
        self.flow.status.count(summary);
    }

    /// Reads records, as many as belong together.
    fn gather(&mut self) {
        self.read.clear();
        self.batch.clear(&self.join);
        // What is tried alone takes its time, and the group is tended to between batches.
        let most = if self.flow.trial.is_some() || self.flow.suspects.are_there() { 1 } else { BATCH_RECORDS };
        let (mut wait, mut bytes, mut events) = (IDLE, 0, 0);
        while self.read.len() < most && bytes < BATCH_BYTES && self.batch.weight() < BATCH_WEIGHT {
            let Some(record) = self.flow.next(wait) else { break };
            wait = Duration::ZERO;
            let time = record.timestamp().to_millis();
            let begun = self.flow.assignment.begin(record.partition(), record.offset(), time);
            let Some(receipt) = begun else { continue };
            bytes += record.payload_len();
            let judged = judge(&mut self.batch, &self.join, &record, &mut events);
            self.read.push(Read { record, receipt, judged });
        }
    }

    /// Looks up what the batch needs, however long that takes. Gives the number of keys that have no answer, which is not 0
    /// only where events are sent without.
    fn look_up(&mut self) -> Result<usize, Interrupted> {
        let (mut pauses, mut is_joined_anew) = (JOIN_ANEW, false);
        let since = Instant::now();
        loop {
            let NoAnswer { entity, reason } = match self.ask_store()? {
                Ok(lacking) => {
                    if is_joined_anew {
                        self.flow.status.goes_on(Pause::EntityChanged);
                        self.flow.status.goes_on(Pause::StoreUnavailable);
                    }
                    // An answer that took its time paused the partitions too.
                    self.flow.read_on();
                    return Ok(lacking);
                }
                Err(no_answer) => no_answer,
            };
            let message = format!("entity {entity}: {reason}");
            self.flow.status.waits(&Trouble { pause: Pause::EntityChanged, message });
            self.join_anew();
            is_joined_anew = true;
            let pause = pauses.next_pause();
            let asked = Instant::now();
            while asked.elapsed() < pause {
                self.flow.bide(since, LOOKUP_STEP.min(pause));
                self.flow.go_on()?;
            }
        }
    }

    /// Asks the store, until it answers or need not. The group is tended to meanwhile; an error within is of entities whose
    /// columns have changed.
    fn ask_store(&mut self) -> Result<Result<usize, NoAnswer>, Interrupted> {
        let Self { lookup, join, batch, read, runtime, flow, .. } = self;
        let events: Vec<&[u8]> = read.iter().filter_map(Read::event).collect();
        let mut answer = pin!(lookup.answer(join, batch, |number| events[number], std::future::pending()));
        let since = Instant::now();
        let answer = loop {
            match runtime.block_on(async { tokio::time::timeout(LOOKUP_STEP, answer.as_mut()).await }) {
                Ok(answer) => break answer,
                Err(_) => flow.bide(since, Duration::ZERO),
            }
            flow.go_on()?;
        };
        if let Some(counters) = flow.status.counters() {
            counters.lookup_took(since.elapsed());
        }
        match answer {
            Ok(lacking) => Ok(Ok(lacking)),
            Err(Unanswered::NoAnswer(no_answer)) => Ok(Err(no_answer)),
            Err(Unanswered::Cancelled) => Err(Interrupted),
        }
    }

    /// Makes the rules ready for the entities as they are now, and the batch by these rules.
    fn join_anew(&mut self) {
        let joined = self.runtime.block_on(super::joined(self.plan, self.lookup.store()));
        match joined {
            Ok(join) => {
                self.flow.status.goes_on(Pause::BreakingChange);
                self.join = join;
                self.batch.clear(&self.join);
                let mut events = 0;
                for read in &mut self.read {
                    read.judged = judge(&mut self.batch, &self.join, &read.record, &mut events);
                }
            }
            Err(trouble) => self.flow.status.waits(&trouble),
        }
    }

    /// Waits until what was sent is delivered, as long as there is time, and commits it.
    fn drain(&mut self) -> Ended {
        let flow = &mut self.flow;
        let since = Instant::now();
        while flow.sink.waiting() + flow.letters.waiting() > 0 && !flow.status.is_overdue() && flow.trouble.is_none() {
            if !flow.status.is_stopped() && since.elapsed() >= SETTLE {
                break;
            }
            flow.settle(Duration::from_millis(20));
            flow.tend();
        }
        flow.pass_marks();
        flow.held.clear();
        flow.commit(true);
        match flow.status.is_stopped() {
            true => Ended::Stopped { left: flow.sink.waiting() + flow.letters.waiting() },
            false => Ended::Renewed,
        }
    }
}

impl Read<'_> {
    /// The event's bytes, if it is one.
    fn event(&self) -> Option<&[u8]> {
        matches!(self.judged, Judged::Event(_)).then(|| self.record.payload().unwrap_or_default())
    }
}

/// What a record is; an event is added to the batch.
fn judge(batch: &mut Batch, join: &Join, record: &BorrowedMessage<'_>, events: &mut usize) -> Judged {
    let Some(event) = record.payload() else { return Judged::Tombstone };
    match batch.judge(join, event) {
        Ok(()) => {
            *events += 1;
            Judged::Event(*events - 1)
        }
        Err(error) => Judged::Unreadable(error),
    }
}
