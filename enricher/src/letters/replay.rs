use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::message::{BorrowedMessage, Header, Message as _};
use serde::Serialize;
use weft_plan_types::EnrichPlan;

use super::address::mapping_name;
use super::headers::{NO_RULE, ONLY_MAPPING, ONLY_RULE, of_original};
use super::{Filter, Letter, Progress, Topic, TopicError};
use crate::enrich::{Pause, Trouble};
use crate::sink::{Fate, KafkaSink, NotTaken, Output, Sink as _};
use crate::source::{Assignment, Receipt};

/// How often the group is told how far it is: what is sent in between is sent again after a kill.
const COMMIT_EVERY: Duration = Duration::from_millis(500);

/// How long brokers may take to acknowledge anything of what was sent.
const SILENCE: Duration = Duration::from_secs(60);

/// How long is waited for acknowledgements once something is wrong, or it is to end.
const FAREWELL: Duration = Duration::from_secs(10);

const STEP: Duration = Duration::from_millis(50);

/// Sends letters again.
pub(crate) struct Replay<'run> {
    pub(crate) plan: &'run EnrichPlan,
    pub(crate) filter: Filter,
    /// How many to send at most.
    pub(crate) limit: Option<u64>,
    /// Where the records came from; nothing is sent, or remembered, without it.
    pub(crate) sink: Option<KafkaSink>,
    /// It is to end.
    pub(crate) stop: &'run AtomicBool,
}

/// What became of the records of the topic.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// How many were looked at.
    pub(crate) read: u64,
    /// Letters that were sent, or would be.
    pub(crate) sent: u64,
    /// The same by reason.
    pub(crate) by_reason: BTreeMap<String, u64>,
    /// The same by rule.
    pub(crate) by_rule: BTreeMap<String, u64>,
    /// Letters that an earlier replay has sent.
    pub(crate) sent_before: u64,
    /// Letters that are not meant.
    pub(crate) filtered: u64,
    /// Letters of rules that the mapping does not have, by rule: they are left.
    pub(crate) unknown_rules: BTreeMap<String, u64>,
    /// Records that are no letters of this mapping.
    pub(crate) foreign: u64,
    /// It ended before it had looked at every letter.
    pub(crate) interrupted: bool,
}

/// What becomes of one record.
enum Verdict<'record> {
    /// It is sent.
    Send(Letter<'record>),
    /// It was.
    SentBefore,
    /// It is no letter of this mapping.
    Foreign,
    /// It is left for a later replay.
    Left,
}

/// How far one partition is.
struct Partition {
    before: Progress,
    /// The first letter that is left.
    left: Option<i64>,
}

/// A replay on its way.
struct Run<'run> {
    replay: Replay<'run>,
    partitions: BTreeMap<i32, Partition>,
    assignment: Assignment,
    report: Report,
    trouble: Option<Trouble>,
    acknowledged_at: Instant,
}

impl<'run> Replay<'run> {
    /// Looks at every letter up to the ends that partitions had at first, and sends those that are meant. `progress`
    /// hears how many records were looked at, and how many there are.
    pub(crate) fn run(
        self,
        letters: &mut Topic,
        mut progress: impl FnMut(u64, u64),
    ) -> (Report, Result<(), TopicError>) {
        let mut run = match Run::new(self, letters) {
            Ok(run) => run,
            Err(error) => return (Report::default(), Err(error)),
        };
        let ended = run.read_to_the_ends(letters, &mut progress);
        let is_whole = ended.is_ok() && !run.report.interrupted;
        let finished = run.finish(letters, if is_whole { SILENCE } else { FAREWELL });
        (run.report, ended.and(finished))
    }
}

impl<'run> Run<'run> {
    fn new(replay: Replay<'run>, letters: &Topic) -> Result<Self, TopicError> {
        let mut partitions = BTreeMap::new();
        let mut assignment = Assignment::default();
        for (number, before) in letters.progress()? {
            if replay.sink.is_some() {
                // That there is room to remember it is better known before anything is sent.
                letters.note(&before.after(&replay.filter, Some(before.base), i64::MAX))?;
            }
            assignment.add(number, before.base);
            partitions.insert(number, Partition { before, left: None });
        }
        let (report, acknowledged_at) = (Report::default(), Instant::now());
        Ok(Self { replay, partitions, assignment, report, trouble: None, acknowledged_at })
    }

    fn read_to_the_ends(&mut self, letters: &mut Topic, progress: &mut impl FnMut(u64, u64)) -> Result<(), TopicError> {
        let starts = self.partitions.iter().map(|(number, partition)| (*number, partition.before.base));
        let records = letters.read_from(starts)?;
        if let Some(sink) = self.replay.sink.as_mut().filter(|_| records > 0) {
            sink.open().map_err(|trouble| TopicError::Send { mapping: self.replay.plan.mapping.clone(), trouble })?;
        }
        let mut committed_at = Instant::now();
        while !letters.is_over() && self.replay.limit.is_none_or(|limit| self.report.sent < limit) {
            if self.replay.stop.load(Ordering::Relaxed) {
                self.report.interrupted = true;
                break;
            }
            self.settle(Duration::ZERO)?;
            if let Some(record) = letters.next(STEP)? {
                self.take(&record)?;
                progress(self.report.read, records);
            }
            if committed_at.elapsed() >= COMMIT_EVERY {
                committed_at = Instant::now();
                match self.commit(letters) {
                    // It is told again, at the end at the latest.
                    Err(error) if error.is_transient() => self.assignment.commit_again(),
                    told => told?,
                }
            }
        }
        Ok(())
    }

    /// Waits until what was sent is acknowledged, and tells the group.
    fn finish(&mut self, letters: &Topic, patience: Duration) -> Result<(), TopicError> {
        let since = Instant::now();
        let mut settled = Ok(());
        while settled.is_ok() && self.waiting() > 0 && since.elapsed() < patience {
            settled = self.settle(STEP);
        }
        let told = self.commit(letters);
        settled.and(told)
    }

    fn take(&mut self, record: &BorrowedMessage<'_>) -> Result<(), TopicError> {
        let (partition, offset) = (record.partition(), record.offset());
        let Some(receipt) = self.assignment.begin(partition, offset, None) else { return Ok(()) };
        self.report.read += 1;
        let letter = Letter::of(record).filter(|letter| letter.is_of(self.replay.plan));
        match letter.map_or(Verdict::Foreign, |letter| self.verdict(letter)) {
            Verdict::Foreign => self.report.foreign += 1,
            Verdict::SentBefore => self.report.sent_before += 1,
            Verdict::Left => {
                if let Some(partition) = self.partitions.get_mut(&partition) {
                    partition.left.get_or_insert(offset);
                }
            }
            Verdict::Send(letter) => {
                if !self.send(&letter, receipt)? {
                    return Ok(());
                }
                self.report.sent += 1;
                *self.report.by_reason.entry(letter.reason.to_owned()).or_default() += 1;
                *self.report.by_rule.entry(letter.rule.to_owned()).or_default() += 1;
            }
        }
        self.assignment.done(receipt, record.offset());
        Ok(())
    }

    fn verdict<'record>(&mut self, letter: Letter<'record>) -> Verdict<'record> {
        let Replay { plan, filter, .. } = &mut self.replay;
        let progress = self.partitions.get(&letter.record.partition()).map(|partition| &partition.before);
        if progress.is_some_and(|progress| progress.has(&letter, letter.record.offset())) {
            return Verdict::SentBefore;
        }
        let is_known = letter.rule == NO_RULE || plan.rules.iter().any(|rule| rule.name == letter.rule);
        if !is_known && filter.takes_with_rules_left_out(&letter) {
            *self.report.unknown_rules.entry(letter.rule.to_owned()).or_default() += 1;
            if !filter.without.iter().any(|rule| rule == letter.rule) {
                // Remembered with the filter, so that the letter is not taken for sent.
                filter.without.push(letter.rule.to_owned());
            }
            return Verdict::Left;
        }
        if filter.takes(&letter) {
            return Verdict::Send(letter);
        }
        self.report.filtered += 1;
        Verdict::Left
    }

    /// Sends a letter's record; `false` if it was to end before there was room for it.
    fn send(&mut self, letter: &Letter<'_>, receipt: Receipt) -> Result<bool, TopicError> {
        let (record, plan) = (letter.record, self.replay.plan);
        let mapping = mapping_name(plan);
        let headers = of_original(letter.headers)
            .insert(Header { key: ONLY_MAPPING, value: Some(&mapping) })
            .insert(Header { key: ONLY_RULE, value: Some(letter.rule) });
        let output = Output {
            receipt,
            partition: letter.origin_partition().unwrap_or_else(|| record.partition()),
            keeps_partition: true,
            key: record.key(),
            value: record.payload(),
            headers: Some(headers.as_borrowed()),
            added: &[],
            timestamp: record.timestamp().to_millis(),
        };
        loop {
            let Some(sink) = &mut self.replay.sink else { return Ok(true) };
            match sink.send(&output) {
                Ok(()) => {
                    self.assignment.sent(receipt);
                    return Ok(true);
                }
                Err(NotTaken::Full) if self.replay.stop.load(Ordering::Relaxed) => return Ok(false),
                Err(NotTaken::Full) => self.settle(STEP)?,
                Err(NotTaken::Refused(refusal)) => {
                    return Err(TopicError::TooLarge {
                        mapping: plan.mapping.clone(),
                        letter: format!("{}/{}/{}", record.topic(), record.partition(), record.offset()),
                        message: refusal.message,
                    });
                }
                Err(NotTaken::Trouble(trouble)) => return Err(self.cannot_send(trouble)),
            }
        }
    }

    /// Hears what was acknowledged.
    fn settle(&mut self, wait: Duration) -> Result<(), TopicError> {
        let Self { replay, assignment, trouble, acknowledged_at, .. } = self;
        let Some(sink) = &mut replay.sink else { return Ok(()) };
        if sink.waiting() == 0 {
            *acknowledged_at = Instant::now();
            return Ok(());
        }
        sink.poll(wait, |receipt, fate| match fate {
            Fate::Delivered => {
                assignment.settled(receipt);
                *acknowledged_at = Instant::now();
            }
            Fate::Failed(reported) | Fate::Refused(_, reported) => {
                assignment.failed(receipt);
                trouble.get_or_insert(reported);
            }
        });
        if trouble.is_none() && acknowledged_at.elapsed() >= SILENCE {
            let message = sink.hindrance().unwrap_or_else(|| {
                "spec.source.kafka.bootstrapServers: the brokers acknowledge nothing; check that they run".to_owned()
            });
            *trouble = Some(Trouble { pause: Pause::DestinationSlow, message });
        }
        match self.trouble.clone() {
            Some(trouble) => Err(self.cannot_send(trouble)),
            None => Ok(()),
        }
    }

    /// Tells the group how far it is.
    fn commit(&mut self, letters: &Topic) -> Result<(), TopicError> {
        if self.replay.sink.is_none() {
            return Ok(());
        }
        let progress = |(number, to)| {
            let partition = self.partitions.get(&number)?;
            Some((number, partition.before.after(&self.replay.filter, partition.left, to)))
        };
        letters.commit(&self.assignment.uncommitted().into_iter().filter_map(progress).collect::<Vec<_>>())
    }

    fn waiting(&self) -> usize {
        self.replay.sink.as_ref().map_or(0, KafkaSink::waiting)
    }

    fn cannot_send(&self, trouble: Trouble) -> TopicError {
        TopicError::Send { mapping: self.replay.plan.mapping.clone(), trouble }
    }
}
