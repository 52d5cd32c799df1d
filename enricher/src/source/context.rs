use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};

/// What the group says, in its order. Nothing has been done about it yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// These partitions are to be read.
    Assigned(Vec<i32>),
    /// These partitions are to be given back.
    Revoked(Vec<i32>),
    /// These partitions are another member's already: this one was taken for dead.
    Lost(Vec<i32>),
    /// The group was not told how far these are.
    CommitFailed(RDKafkaErrorCode),
    /// The ends of partitions: the offset behind the last record.
    Ends(Vec<(i32, i64)>),
}

/// Hears the consumer's callbacks, and passes them on.
#[derive(Debug, Default)]
pub(super) struct Context {
    topic: String,
    notices: Mutex<Vec<Notice>>,
    /// Nobody takes notices any more: partitions are given back at once.
    closing: AtomicBool,
}

impl Context {
    pub(super) fn new(topic: &str) -> Self {
        Self { topic: topic.to_owned(), ..Self::default() }
    }

    pub(super) fn take(&self) -> Vec<Notice> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    fn add(&self, notice: Notice) {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).push(notice);
    }
}

impl ClientContext for Context {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(client = "source", %error, reason, "the Kafka client reports an error");
    }

    fn stats(&self, statistics: Statistics) {
        let partitions = statistics.topics.get(&self.topic).map(|topic| &topic.partitions);
        let end = |partition: &rdkafka::statistics::Partition| (partition.partition, partition.ls_offset);
        let ends = partitions.into_iter().flat_map(|partitions| partitions.values().map(end));
        self.add(Notice::Ends(ends.filter(|(partition, end)| *partition >= 0 && *end >= 0).collect()));
    }
}

impl ConsumerContext for Context {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, error: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let numbers = partitions.elements().iter().map(|element| element.partition()).collect();
        if error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.add(Notice::Assigned(numbers));
        } else if self.closing.load(Ordering::Acquire) {
            if let Err(error) = consumer.incremental_unassign(partitions) {
                tracing::debug!(%error, "failed to give partitions back while closing");
            }
        } else if consumer.assignment_lost() {
            self.add(Notice::Lost(numbers));
        } else {
            self.add(Notice::Revoked(numbers));
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        if let Err(KafkaError::ConsumerCommit(code)) = result {
            self.add(Notice::CommitFailed(code));
        }
    }
}
