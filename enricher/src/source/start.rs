//! Where the reading of a partition starts.
//!
//! A group that has committed an offset goes on there. One without starts where `startFrom` says. The end of a partition
//! and the offset of a time are looked up once and committed at once: if they were looked up again after a crash, what
//! came in between would be lost. With `Latest` the group's first member does so for every partition of the topic: one
//! that has no offset later was added since, and is read from its beginning.

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
    let mut known = committed(consumer, topic, partitions)?;
    let is_unknown = |partition: &&i32| known.iter().all(|(known, _)| known != *partition);
    let unknown: Vec<i32> = partitions.iter().filter(is_unknown).copied().collect();
    if unknown.is_empty() {
        return Ok(known);
    }
    known.extend(match start {
        StartAt::Earliest => oldest(consumer, topic, &unknown)?,
        StartAt::Latest => of_new_group(consumer, topic, &unknown)?,
        StartAt::Time(milliseconds) => of_time(consumer, topic, &unknown, milliseconds)?,
    });
    Ok(known)
}

/// What the group has committed, of partitions of which it has.
fn committed(consumer: &BaseConsumer<Context>, topic: &str, partitions: &[i32]) -> KafkaResult<Vec<(i32, i64)>> {
    let committed = consumer.committed_offsets(without_offsets(topic, partitions), ASK)?;
    let mut known = Vec::with_capacity(partitions.len());
    for element in committed.elements() {
        element.error()?;
        if let Offset::Offset(offset) = element.offset() {
            known.push((element.partition(), offset));
        }
    }
    Ok(known)
}

/// The oldest offset of each partition.
fn oldest(consumer: &BaseConsumer<Context>, topic: &str, partitions: &[i32]) -> KafkaResult<Vec<(i32, i64)>> {
    let low = |partition: &i32| Ok((*partition, consumer.fetch_watermarks(topic, *partition, ASK)?.0));
    partitions.iter().map(low).collect()
}

/// The offset behind the newest record of each partition.
fn ends(consumer: &BaseConsumer<Context>, topic: &str, partitions: &[i32]) -> KafkaResult<Vec<(i32, i64)>> {
    let high = |partition: &i32| Ok((*partition, consumer.fetch_watermarks(topic, *partition, ASK)?.1));
    partitions.iter().map(high).collect()
}

/// The end of each partition, for a group that knows none of the topic, and then remembers all; else the oldest offset.
fn of_new_group(consumer: &BaseConsumer<Context>, topic: &str, partitions: &[i32]) -> KafkaResult<Vec<(i32, i64)>> {
    let metadata = consumer.fetch_metadata(Some(topic), ASK)?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let all: Vec<i32> = found.iter().flat_map(|topic| topic.partitions()).map(|partition| partition.id()).collect();
    // Another member may have been first.
    let mut known = committed(consumer, topic, &all)?;
    if known.is_empty() {
        known = ends(consumer, topic, &all)?;
        consumer.commit(&list(topic, &known)?, CommitMode::Sync)?;
    }
    known.retain(|(partition, _)| partitions.contains(partition));
    let is_added = |partition: &&i32| known.iter().all(|(known, _)| known != *partition);
    let added: Vec<i32> = partitions.iter().filter(is_added).copied().collect();
    known.extend(oldest(consumer, topic, &added)?);
    Ok(known)
}

/// The first offset of each partition that is not older than a time, or its end where there is none; they are remembered.
fn of_time(
    consumer: &BaseConsumer<Context>,
    topic: &str,
    partitions: &[i32],
    milliseconds: i64,
) -> KafkaResult<Vec<(i32, i64)>> {
    // Asked for first: what comes between the two questions is newer than the time, and not to be passed over.
    let mut offsets = ends(consumer, topic, partitions)?;
    let times: Vec<_> = partitions.iter().map(|partition| (*partition, milliseconds)).collect();
    let found = consumer.offsets_for_times(list(topic, &times)?, ASK)?;
    for element in found.elements() {
        element.error()?;
        if let Offset::Offset(offset) = element.offset() {
            let of_partition = offsets.iter_mut().filter(|(partition, _)| *partition == element.partition());
            of_partition.for_each(|(_, end)| *end = offset);
        }
    }
    consumer.commit(&list(topic, &offsets)?, CommitMode::Sync)?;
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
