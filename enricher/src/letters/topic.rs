use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{ClientContext, Offset, TopicPartitionList};

use super::{Progress, TopicError};
use crate::connect::Access;

/// How long one question may take.
const ASK: Duration = Duration::from_secs(10);

/// How long the client's own reports of an error are waited for.
const HEAR: Duration = Duration::from_millis(200);

/// How long brokers may be silent while records are read.
const SILENCE: Duration = Duration::from_secs(60);

/// How much is fetched ahead, in KiB.
const QUEUED_KIB: u32 = 16 * 1024;

/// A topic of a mapping, read from an offset of each partition to the end that it had at first, by no member of a group.
pub(crate) struct Topic {
    consumer: BaseConsumer<Context>,
    access: Access,
    group: String,
    /// The oldest offset of each partition, and the one behind its newest record.
    ranges: BTreeMap<i32, (i64, i64)>,
    /// The ends of the partitions that are not read to their end yet.
    open: BTreeMap<i32, i64>,
    heard: Instant,
}

/// Keeps what the client reports last.
#[derive(Debug, Default)]
struct Context(Mutex<Option<Code>>);

impl ClientContext for Context {
    fn error(&self, error: KafkaError, _: &str) {
        let code = error.rdkafka_error_code();
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // That no broker is left follows from what was said of each, and says less.
        if code != Some(Code::AllBrokersDown) || last.is_none() {
            *last = code;
        }
    }
}

impl ConsumerContext for Context {}

impl Topic {
    /// Finds the partitions of the topic and how far they reach now.
    pub(crate) fn open(access: &Access, group: &str) -> Result<Self, TopicError> {
        let mut config = access.config();
        // It is no member of the group: partitions are not shared, and offsets are committed by hand.
        config.set("group.id", group).set("enable.auto.commit", "false").set("enable.auto.offset.store", "false");
        // What is deleted while it is being read is gone.
        config.set("auto.offset.reset", "earliest").set("isolation.level", "read_committed");
        config.set("enable.partition.eof", "true").set("allow.auto.create.topics", "false");
        config.set("queued.max.messages.kbytes", QUEUED_KIB.to_string()).set("fetch.queue.backoff.ms", "5");
        let consumer: BaseConsumer<Context> =
            config.create_with_context(Context::default()).map_err(|error| access.refused(&error))?;
        let ranges = ranges(&consumer, &access.topic).map_err(|error| {
            // Whether the login failed, only the client's own report tells.
            let code = match code(&error) {
                code @ (Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::TopicAuthorizationFailed) => code,
                code => reported(&consumer).unwrap_or(code),
            };
            TopicError::reading(access, group, code)
        })?;
        let (access, group) = (access.clone(), group.to_owned());
        Ok(Self { consumer, access, group, ranges, open: BTreeMap::new(), heard: Instant::now() })
    }

    /// The progress of each partition, as the group remembers it.
    pub(crate) fn progress(&self) -> Result<BTreeMap<i32, Progress>, TopicError> {
        let mut asked = TopicPartitionList::new();
        for partition in self.ranges.keys() {
            asked.add_partition(&self.access.topic, *partition);
        }
        let known = self.consumer.committed_offsets(asked, ASK).map_err(|error| self.error(&error))?;
        let mut progress = BTreeMap::new();
        for element in known.elements() {
            element.error().map_err(|error| self.error(&error))?;
            let (oldest, end) = self.ranges.get(&element.partition()).copied().unwrap_or_default();
            let mut of_partition = match element.offset() {
                // Behind the end: the topic was made anew, and this is another one's progress.
                Offset::Offset(offset) if offset <= end => Progress::new(offset, element.metadata()),
                _ => Progress::default(),
            };
            of_partition.begin_at(oldest);
            progress.insert(element.partition(), of_partition);
        }
        Ok(progress)
    }

    /// Tells the group how far partitions are, and waits until it knows.
    pub(super) fn commit(&self, progress: &[(i32, Progress)]) -> Result<(), TopicError> {
        if progress.is_empty() {
            return Ok(());
        }
        let mut offsets = TopicPartitionList::with_capacity(progress.len());
        for (partition, progress) in progress {
            let note = self.note(progress)?;
            let mut element = offsets.add_partition(&self.access.topic, *partition);
            element.set_offset(Offset::Offset(progress.base)).map_err(|error| self.error(&error))?;
            if !note.is_empty() {
                element.set_metadata(note);
            }
        }
        self.consumer.commit(&offsets, CommitMode::Sync).map_err(|error| self.error(&error))
    }

    /// The note that the group keeps of a progress.
    pub(super) fn note(&self, progress: &Progress) -> Result<String, TopicError> {
        let too_long = || TopicError::NoteTooLong { mapping: self.access.mapping.clone(), group: self.group.clone() };
        progress.note().ok_or_else(too_long)
    }

    /// The oldest offset of each partition.
    pub(crate) fn oldest(&self) -> impl Iterator<Item = (i32, i64)> {
        self.ranges.iter().map(|(partition, (oldest, _))| (*partition, *oldest))
    }

    /// How many records there are at most in a partition from an offset on.
    pub(crate) fn records_from(&self, partition: i32, offset: i64) -> u64 {
        let end = self.ranges.get(&partition).map_or(0, |(_, end)| *end);
        u64::try_from(end - offset).unwrap_or_default()
    }

    /// Begins to read, each partition from an offset on; gives how many records there are at most.
    pub(crate) fn read_from(&mut self, starts: impl Iterator<Item = (i32, i64)>) -> Result<u64, TopicError> {
        let mut list = TopicPartitionList::new();
        let mut records = 0;
        self.open.clear();
        for (partition, start) in starts {
            let (_, end) = self.ranges.get(&partition).copied().unwrap_or_default();
            if start < end {
                let added = list.add_partition_offset(&self.access.topic, partition, Offset::Offset(start));
                added.map_err(|error| self.error(&error))?;
                self.open.insert(partition, end);
                records += u64::try_from(end - start).unwrap_or_default();
            }
        }
        self.consumer.assign(&list).map_err(|error| self.error(&error))?;
        self.heard = Instant::now();
        Ok(records)
    }

    /// Whether every partition is read to its end.
    pub(crate) fn is_over(&self) -> bool {
        self.open.is_empty()
    }

    /// The next record, if there is one within a time.
    pub(crate) fn next(&mut self, wait: Duration) -> Result<Option<BorrowedMessage<'_>>, TopicError> {
        let polled = self.consumer.poll(wait);
        if !matches!(polled, None | Some(Err(_))) {
            self.heard = Instant::now();
        }
        match polled {
            Some(Ok(record)) => {
                let Some(end) = self.open.get(&record.partition()).copied() else { return Ok(None) };
                if record.offset() + 1 >= end {
                    self.open.remove(&record.partition());
                }
                Ok((record.offset() < end).then_some(record))
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                self.open.remove(&partition);
                Ok(None)
            }
            Some(Err(error)) => {
                let error = TopicError::reading(&self.access, &self.group, code(&error));
                if error.passes() && self.heard.elapsed() < SILENCE { Ok(None) } else { Err(error) }
            }
            None if self.heard.elapsed() >= SILENCE => {
                Err(TopicError::reading(&self.access, &self.group, Code::OperationTimedOut))
            }
            None => Ok(None),
        }
    }

    /// What an error means that ends the work: whether it was a refusal, only the client's own report may tell.
    fn error(&self, error: &KafkaError) -> TopicError {
        let code = match code(error) {
            Code::OperationTimedOut => reported(&self.consumer).unwrap_or(Code::OperationTimedOut),
            code => code,
        };
        TopicError::reading(&self.access, &self.group, code)
    }
}

/// What the client reports by itself, or did last.
fn reported(consumer: &BaseConsumer<Context>) -> Option<Code> {
    let polled = consumer.poll(HEAR).and_then(Result::err).map(|error| code(&error));
    let heard = *consumer.context().0.lock().unwrap_or_else(PoisonError::into_inner);
    heard.or(polled)
}

fn ranges(consumer: &BaseConsumer<Context>, topic: &str) -> KafkaResult<BTreeMap<i32, (i64, i64)>> {
    let metadata = consumer.fetch_metadata(Some(topic), ASK)?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let error = found.map_or(Some(Code::UnknownTopicOrPartition), |found| found.error().map(Into::into));
    if let Some(code) = error {
        return Err(KafkaError::MetadataFetch(code));
    }
    let partitions = found.into_iter().flat_map(|found| found.partitions());
    partitions.map(|partition| Ok((partition.id(), consumer.fetch_watermarks(topic, partition.id(), ASK)?))).collect()
}

fn code(error: &KafkaError) -> Code {
    error.rdkafka_error_code().unwrap_or(Code::Fail)
}
