use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Headers as _, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};
use rdkafka::{ClientContext, Offset, TopicPartitionList};

use crate::Kafka;

/// A record to be written.
#[derive(Clone, Debug, Default)]
pub struct Sent<'a> {
    /// The partition; by the key if there is none.
    pub partition: Option<i32>,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value; a record without one is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Names and values.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// Milliseconds since 1970; now if there is none.
    pub timestamp: Option<i64>,
}

/// A record that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value.
    pub value: Option<Vec<u8>>,
    /// Names and values.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Milliseconds since 1970.
    pub timestamp: Option<i64>,
}

impl Record {
    /// The value, as a text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.value.as_deref().unwrap_or_default()).into_owned()
    }

    /// A header, as a text.
    pub fn header(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }
}

/// Counts the records that no broker took.
#[derive(Default)]
struct Failed(AtomicU64);

impl ClientContext for Failed {}

impl ProducerContext for Failed {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        self.0.fetch_add(result.is_err().into(), Ordering::Relaxed);
    }
}

impl Kafka {
    /// Writes records and waits until the brokers have them all.
    pub fn produce<'a>(&self, topic: &str, records: impl IntoIterator<Item = Sent<'a>>) {
        self.produce_with(topic, &[], records);
    }

    /// Writes records with a producer's settings, such as `("compression.type", "zstd")`.
    pub fn produce_with<'a>(
        &self,
        topic: &str,
        settings: &[(&str, &str)],
        records: impl IntoIterator<Item = Sent<'a>>,
    ) {
        let mut config = self.client();
        config.set("enable.idempotence", "true").set("linger.ms", "5").set("message.max.bytes", "20000000");
        config.set("queue.buffering.max.messages", "200000");
        for (name, value) in settings {
            config.set(*name, *value);
        }
        let producer: BaseProducer<Failed> = config.create_with_context(Failed::default()).unwrap();
        for sent in records {
            let mut record = BaseRecord::<[u8], [u8]>::to(topic);
            (record.partition, record.key, record.payload) = (sent.partition, sent.key, sent.value);
            record.timestamp = sent.timestamp;
            if !sent.headers.is_empty() {
                let add = |headers: OwnedHeaders, (name, value): &(&str, &[u8])| {
                    headers.insert(Header { key: name, value: Some(*value) })
                };
                record.headers = Some(sent.headers.iter().fold(OwnedHeaders::new(), add));
            }
            while let Err((error, again)) = producer.send(record) {
                let is_full = error == KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull);
                assert!(is_full, "{error}");
                record = again;
                producer.poll(Duration::from_millis(10));
            }
        }
        producer.flush(Duration::from_secs(60)).unwrap();
        assert_eq!(producer.context().0.load(Ordering::Relaxed), 0, "no broker took these records");
    }

    /// Every record that is in a topic now, partition by partition.
    pub fn records(&self, topic: &str, partitions: i32) -> Vec<Record> {
        let ends = self.ends(topic, partitions);
        let mut config = self.client();
        config.set("group.id", "weft-test-reader").set("enable.auto.commit", "false");
        config.set("enable.partition.eof", "true").set("fetch.queue.backoff.ms", "5").set("check.crcs", "false");
        let consumer: BaseConsumer = config.create().unwrap();
        let mut assignment = TopicPartitionList::new();
        let mut missing = 0;
        for (partition, end) in ends.iter().filter(|(_, end)| **end > 0) {
            assignment.add_partition_offset(topic, *partition, Offset::Beginning).unwrap();
            missing += usize::from(*end > 0);
        }
        if missing == 0 {
            return Vec::new();
        }
        consumer.assign(&assignment).unwrap();
        let (mut records, started) = (Vec::new(), Instant::now());
        while missing > 0 {
            assert!(started.elapsed() < Duration::from_secs(60), "{topic}: {missing} partitions do not end");
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    let header =
                        |header: Header<'_, &[u8]>| (header.key.to_owned(), header.value.unwrap_or_default().to_vec());
                    records.push(Record {
                        partition: message.partition(),
                        offset: message.offset(),
                        key: message.key().map(<[u8]>::to_vec),
                        value: message.payload().map(<[u8]>::to_vec),
                        headers: message.headers().map(|all| all.iter().map(header).collect()).unwrap_or_default(),
                        timestamp: message.timestamp().to_millis(),
                    });
                }
                Some(Err(KafkaError::PartitionEOF(_))) => missing -= 1,
                Some(Err(error)) => panic!("{topic}: {error}"),
                None => {}
            }
        }
        records.sort_by_key(|record| (record.partition, record.offset));
        records
    }
}
