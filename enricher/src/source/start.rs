//! Where the reading of a partition starts.
//!
//! A group that has committed an offset goes on there. One without starts where `startFrom` says. The end of a partition
//! and the offset of a time are looked up once and committed at once: if they were looked up again after a crash, what
//! came in between would be lost. A partition that is added to the topic later starts by the same rule, so with `Latest`
//! what is written to it before the group knows of it is passed over, as with any Kafka consumer.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use super::StartAt;
use super::context::Context;

/// How long one question may take. The group waits meanwhile, and so do the partitions.
pub(super) const ASK: Duration = Duration::from_secs(10);

/// The offset from which each partition is read.
pub(super) fn offsets(
    consumer: &BaseConsumer<Context>,
    topic: &str,
    partitions: &[i32],
    start: StartAt,
) -> KafkaResult<Vec<(i32, i64)>> {
    let committed = consumer.committed_offsets(without_offsets(topic, partitions), ASK)?;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for element in committed.elements() {
        element.error()?;
        match element.offset() {
            Offset::Offset(offset) => known.push((element.partition(), offset)),
            _ => unknown.push(element.partition()),
        }
    }
    if unknown.is_empty() {
        return Ok(known);
    }
    let mut first = Vec::with_capacity(unknown.len());
    for (partition, at_time) in of_time(consumer, topic, &unknown, start)? {
        let (low, high) = consumer.fetch_watermarks(topic, partition, ASK)?;
        first.push((partition, at_time.unwrap_or(if start == StartAt::Earliest { low } else { high })));
    }
    if start != StartAt::Earliest {
        consumer.commit(&list(topic, &first)?, CommitMode::Sync)?;
    }
    known.extend(first);
    Ok(known)
}

/// The first offset that is not older than the time to start at; `None` where there is none, or no such time.
fn of_time(
    consumer: &BaseConsumer<Context>,
    topic: &str,
    partitions: &[i32],
    start: StartAt,
) -> KafkaResult<Vec<(i32, Option<i64>)>> {
    let StartAt::Time(milliseconds) = start else {
        return Ok(partitions.iter().map(|partition| (*partition, None)).collect());
    };
    let times: Vec<_> = partitions.iter().map(|partition| (*partition, milliseconds)).collect();
    let found = consumer.offsets_for_times(list(topic, &times)?, ASK)?;
    let mut offsets = Vec::with_capacity(partitions.len());
    for element in found.elements() {
        element.error()?;
        offsets.push(match element.offset() {
            Offset::Offset(offset) => (element.partition(), Some(offset)),
            _ => (element.partition(), None),
        });
    }
    Ok(offsets)
}

/// Partitions.
pub(super) fn without_offsets(topic: &str, partitions: &[i32]) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        list.add_partition(topic, *partition);
    }
    list
}

/// Partitions with an offset each.
pub(super) fn list(topic: &str, offsets: &[(i32, i64)]) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for (partition, offset) in offsets {
        list.add_partition_offset(topic, *partition, Offset::Offset(*offset))?;
    }
    Ok(list)
}

/// The code of an error of the consumer, as far as it has one.
pub(super) fn code(error: &KafkaError) -> RDKafkaErrorCode {
    error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail)
}
