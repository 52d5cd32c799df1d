//! Where events come from: a topic, read as a member of a consumer group.
//!
//! The group's messages (partitions are assigned, revoked, lost) are [`Notice`]s that the pipeline acts on between its
//! batches: a partition that is revoked is given back once what was read of it is delivered, or after a deadline.
//! Offsets are committed by hand, and only behind what is delivered without a gap ([`Assignment`]).

mod assignment;
mod config;
mod context;
mod receipt;
mod start;
mod tracker;

use std::time::Duration;

use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;

pub(crate) use assignment::{ALL_RULES, Assignment, Counted, Progress};
pub(crate) use config::GroupProtocol;
pub(crate) use context::Notice;
pub(crate) use receipt::Receipt;

use crate::connect::{Access, ClientError};
use context::Context;

/// How long a question may take that is asked again anyway.
const ASK_SHORTLY: Duration = Duration::from_secs(2);

/// Where a group without offsets starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartAt {
    /// At the oldest record.
    Earliest,
    /// At the next record.
    Latest,
    /// At the first record that is not older than this, in milliseconds since 1970.
    Time(i64),
}

/// A member of a consumer group that reads one topic.
pub(crate) struct Source {
    consumer: BaseConsumer<Context>,
    topic: String,
    start: StartAt,
}

/// What the consumer has.
pub(crate) enum Polled<'source> {
    /// A record.
    Record(BorrowedMessage<'source>),
    /// A position that a partition has no record at any more.
    OutOfRange,
    /// Something is wrong; the consumer goes on trying.
    Trouble(RDKafkaErrorCode),
    /// This member cannot go on.
    Fatal(RDKafkaErrorCode),
}

impl Source {
    /// Joins the group.
    pub(crate) fn join(
        access: &Access,
        group: &str,
        start: StartAt,
        protocol: GroupProtocol,
    ) -> Result<Self, ClientError> {
        let mut config = access.config();
        config::consumer(&mut config, group, protocol);
        let context = Context::new(&access.topic);
        let consumer: BaseConsumer<Context> =
            config.create_with_context(context).map_err(|error| access.refused(&error))?;
        consumer.subscribe(&[&access.topic]).map_err(|error| access.refused(&error))?;
        Ok(Self { consumer, topic: access.topic.clone(), start })
    }

    /// The topic.
    pub(crate) fn topic(&self) -> &str {
        &self.topic
    }

    /// The next record, if there is one within a time.
    pub(crate) fn poll(&self, wait: Duration) -> Option<Polled<'_>> {
        Some(match self.consumer.poll(wait)? {
            Ok(record) => Polled::Record(record),
            Err(KafkaError::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset)) => Polled::OutOfRange,
            Err(KafkaError::MessageConsumptionFatal(code)) => Polled::Fatal(code),
            Err(error) => Polled::Trouble(start::code(&error)),
        })
    }

    /// What the group has said since it was asked last.
    pub(crate) fn notices(&self) -> Vec<Notice> {
        self.consumer.context().take()
    }

    /// Where partitions that were assigned are to be read from.
    pub(crate) fn starts(&self, partitions: &[i32]) -> KafkaResult<Vec<(i32, i64)>> {
        start::offsets(&self.consumer, &self.topic, partitions, self.start)
    }

    /// Begins to read partitions, each from an offset on, also those that were paused when they were given back: the
    /// client remembers a pause beyond the assignment.
    pub(crate) fn assign(&self, offsets: &[(i32, i64)]) -> KafkaResult<()> {
        let partitions: Vec<_> = offsets.iter().map(|(partition, _)| *partition).collect();
        self.resume(&partitions)?;
        self.consumer.incremental_assign(&start::list(&self.topic, offsets)?)
    }

    /// Gives partitions back.
    pub(crate) fn unassign(&self, partitions: &[i32]) -> KafkaResult<()> {
        self.consumer.incremental_unassign(&start::without_offsets(&self.topic, partitions))
    }

    /// Reads no further in partitions until they are resumed.
    pub(crate) fn pause(&self, partitions: &[i32]) -> KafkaResult<()> {
        self.consumer.pause(&start::without_offsets(&self.topic, partitions))
    }

    /// Reads on.
    pub(crate) fn resume(&self, partitions: &[i32]) -> KafkaResult<()> {
        self.consumer.resume(&start::without_offsets(&self.topic, partitions))
    }

    /// Reads on from other offsets.
    pub(crate) fn go_to(&self, offsets: &[(i32, i64)]) -> KafkaResult<()> {
        let list = start::list(&self.topic, offsets)?;
        let sought = self.consumer.seek_partitions(list, start::ASK);
        let is_there = sought.is_ok_and(|sought| sought.elements().iter().all(|element| element.error().is_ok()));
        if is_there {
            return Ok(());
        }
        // What is not being fetched, as after an offset that is gone, cannot be sought in.
        let partitions: Vec<_> = offsets.iter().map(|(partition, _)| *partition).collect();
        self.unassign(&partitions)?;
        self.assign(offsets)
    }

    /// Of each partition of which something has come since it was last told where to read, the offset behind that: a
    /// record that was polled, or what only brokers read.
    pub(crate) fn positions(&self) -> Vec<(i32, i64)> {
        let positions = self.consumer.position().map(|list| {
            let known = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| match element.offset() {
                Offset::Offset(offset) => Some((element.partition(), offset)),
                _ => None,
            };
            list.elements().iter().filter_map(known).collect()
        });
        positions.unwrap_or_default()
    }

    /// Tells the group how far partitions are; waits for its answer if `wait`.
    pub(crate) fn commit(&self, offsets: &[(i32, i64)], wait: bool) -> KafkaResult<()> {
        let mode = if wait { CommitMode::Sync } else { CommitMode::Async };
        self.consumer.commit(&start::list(&self.topic, offsets)?, mode)
    }

    /// The oldest offset of a partition, and the one behind its newest record.
    pub(crate) fn range(&self, partition: i32) -> KafkaResult<(i64, i64)> {
        self.consumer.fetch_watermarks(&self.topic, partition, start::ASK)
    }

    /// Asks the brokers for the topic: whether they answer, and let it be read.
    pub(crate) fn ask(&self) -> Result<(), RDKafkaErrorCode> {
        let asked = self.consumer.fetch_metadata(Some(&self.topic), ASK_SHORTLY);
        let metadata = asked.map_err(|error| start::code(&error))?;
        let topic = metadata.topics().iter().find(|topic| topic.name() == self.topic);
        let error = topic.ok_or(RDKafkaErrorCode::UnknownTopicOrPartition)?.error();
        error.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Leaves the group.
    pub(crate) fn leave(self) {
        self.consumer.context().close();
    }
}
