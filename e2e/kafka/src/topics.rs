use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};

use crate::Kafka;

/// How long one request may take; what fails is asked again by whoever waits for something.
const TIMEOUT: Duration = Duration::from_secs(10);

impl Kafka {
    /// A client's settings, without TLS or login.
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.plain);
        config
    }

    /// Makes a topic, with settings such as `("max.message.bytes", "1000")`.
    pub fn create_topic(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) {
        let copies = if self.brokers >= 3 { 3 } else { 1 };
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(copies));
        topic.config = settings.to_vec();
        let created = wait(self.admin().create_topics([&topic], &AdminOptions::new()));
        created.unwrap().into_iter().for_each(|result| drop(result.unwrap()));
        self.wait_until("the topic has leaders", || self.has_leaders(name, partitions));
    }

    /// Gives a topic more partitions.
    pub fn add_partitions(&self, name: &str, partitions: usize) {
        let more = NewPartitions::new(name, partitions);
        let added = wait(self.admin().create_partitions([&more], &AdminOptions::new()));
        added.unwrap().into_iter().for_each(|result| drop(result.unwrap()));
    }

    /// Deletes a topic and waits until it is gone.
    pub fn delete_topic(&self, name: &str) {
        let deleted = wait(self.admin().delete_topics(&[name], &AdminOptions::new()));
        deleted.unwrap().into_iter().for_each(|result| drop(result.unwrap()));
        self.wait_until("the topic is gone", || !self.has_leaders(name, 0));
    }

    /// Drops the records of a partition before an offset, as retention does.
    pub fn delete_records(&self, name: &str, partition: i32, before: i64) {
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(name, partition, Offset::Offset(before)).unwrap();
        wait(self.admin().delete_records(&offsets, &AdminOptions::new())).unwrap();
    }

    /// Commits an offset for a group without members, as tools do that move groups.
    pub fn commit(&self, group: &str, topic: &str, partition: i32, offset: i64) {
        let mut config = self.client();
        let consumer: BaseConsumer = config.set("group.id", group).create().unwrap();
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(topic, partition, Offset::Offset(offset)).unwrap();
        self.wait_until("the offset is committed", || consumer.commit(&offsets, CommitMode::Sync).is_ok());
    }

    /// What a group has committed of a topic, by partition.
    pub fn committed(&self, group: &str, topic: &str, partitions: i32) -> BTreeMap<i32, i64> {
        let mut config = self.client();
        let consumer: BaseConsumer = config.set("group.id", group).create().unwrap();
        let mut asked = TopicPartitionList::new();
        asked.add_partition_range(topic, 0, partitions - 1);
        // A broker that has just come up does not know its groups yet.
        let mut known = None;
        self.wait_until("the group's coordinator answers", || {
            known = consumer.committed_offsets(asked.clone(), TIMEOUT).ok();
            known.is_some()
        });
        let known = known.unwrap();
        let offset = |element: rdkafka::topic_partition_list::TopicPartitionListElem<'_>| match element.offset() {
            Offset::Offset(offset) => Some((element.partition(), offset)),
            _ => None,
        };
        known.elements().into_iter().filter_map(offset).collect()
    }

    /// The offset behind the last record of each partition.
    pub fn ends(&self, topic: &str, partitions: i32) -> BTreeMap<i32, i64> {
        let consumer: BaseConsumer = self.client().create().unwrap();
        let mut ends = BTreeMap::new();
        for partition in 0..partitions {
            self.wait_until("the partition's leader answers", || {
                let known = consumer.fetch_watermarks(topic, partition, TIMEOUT);
                known.map(|(_, end)| ends.insert(partition, end)).is_ok()
            });
        }
        ends
    }

    /// The broker that leads a partition, if one does.
    pub fn leader(&self, topic: &str, partition: i32) -> Option<usize> {
        let consumer: BaseConsumer = self.client().create().unwrap();
        let metadata = consumer.fetch_metadata(Some(topic), TIMEOUT).ok()?;
        let found = metadata.topics().iter().flat_map(|topic| topic.partitions());
        let leader = found.filter(|found| found.id() == partition).map(|found| found.leader()).next();
        leader.and_then(|leader| usize::try_from(leader).ok())
    }

    pub(crate) fn known_brokers(&self) -> Option<usize> {
        let consumer: BaseConsumer = self.client().create().ok()?;
        let metadata = consumer.fetch_metadata(None, Duration::from_secs(1)).ok()?;
        Some(metadata.brokers().len())
    }

    fn has_leaders(&self, topic: &str, partitions: i32) -> bool {
        let consumer: BaseConsumer = self.client().create().unwrap();
        let Ok(metadata) = consumer.fetch_metadata(Some(topic), TIMEOUT) else { return false };
        let found = metadata.topics().iter().find(|found| found.name() == topic && found.error().is_none());
        found.is_some_and(|found| {
            found.partitions().len() >= partitions as usize
                && found.partitions().iter().all(|partition| partition.leader() >= 0)
        })
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.client().create().unwrap()
    }
}

/// Waits for an answer that a thread of the client brings.
fn wait<T>(answer: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = std::sync::Arc::new(Unpark(std::thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let mut answer = std::pin::pin!(answer);
    loop {
        match answer.as_mut().poll(&mut context) {
            std::task::Poll::Ready(answer) => return answer,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
}
