//! The ceiling: what a client of librdkafka, well set, needs to pass records on untouched, at least once.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

/// Passes the records of one topic on to another until it is killed.
pub(crate) fn run(servers: &str, from: &str, to: &str) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", servers);
    let mut consumer = config.clone();
    consumer.set("group.id", to).set("enable.auto.commit", "false").set("enable.auto.offset.store", "false");
    consumer.set("auto.offset.reset", "earliest").set("group.protocol", "consumer");
    consumer.set("fetch.queue.backoff.ms", "5").set("queued.max.messages.kbytes", "16384");
    consumer.set("fetch.max.bytes", "8388608");
    let consumer: BaseConsumer = consumer.create().unwrap();
    consumer.subscribe(&[from]).unwrap();
    config.set("enable.idempotence", "true").set("linger.ms", "5").set("partitioner", "murmur2_random");
    config.set("queue.buffering.max.kbytes", "32768").set("queue.buffering.max.messages", "200000");
    let producer: BaseProducer = config.create().unwrap();
    let (mut committed, mut offsets, mut passed) = (Instant::now(), HashMap::new(), 0_u32);
    loop {
        let record = consumer.poll(Duration::from_millis(100));
        if let Some(Ok(record)) = &record {
            let mut output = BaseRecord::<[u8], [u8]>::to(to);
            (output.key, output.payload) = (record.key(), record.payload());
            output.timestamp = record.timestamp().to_millis();
            while let Err((error, again)) = producer.send(output) {
                assert_eq!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull));
                output = again;
                producer.poll(Duration::from_millis(1));
            }
            offsets.insert(record.partition(), record.offset() + 1);
            passed = passed.wrapping_add(1);
        }
        // To ask for reports, and for the time, after each record would cost what is to be measured.
        if record.is_some() && !passed.is_multiple_of(256) {
            continue;
        }
        producer.poll(Duration::ZERO);
        if committed.elapsed() > Duration::from_secs(1) && !offsets.is_empty() {
            committed = Instant::now();
            producer.flush(Duration::from_secs(60)).unwrap();
            let mut list = TopicPartitionList::new();
            for (partition, offset) in offsets.drain() {
                list.add_partition_offset(from, partition, Offset::Offset(offset)).unwrap();
            }
            consumer.commit(&list, CommitMode::Async).unwrap();
        }
    }
}
