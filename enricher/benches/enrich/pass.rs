//! The ceiling: what a client of librdkafka, well set, needs to pass records on untouched, at least once.

use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

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
    let mut committed = Instant::now();
    loop {
        if let Some(Ok(record)) = consumer.poll(Duration::from_millis(100)) {
            let mut output = BaseRecord::<[u8], [u8]>::to(to);
            (output.key, output.payload) = (record.key(), record.payload());
            output.timestamp = record.timestamp().to_millis();
            while let Err((error, again)) = producer.send(output) {
                assert_eq!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull));
                output = again;
                producer.poll(Duration::from_millis(1));
            }
            consumer.store_offset(from, record.partition(), record.offset()).unwrap();
        }
        producer.poll(Duration::ZERO);
        if committed.elapsed() > Duration::from_secs(1) {
            committed = Instant::now();
            producer.flush(Duration::from_secs(60)).unwrap();
            // Nothing was read yet, or nothing since: no offset is no error.
            let _ = consumer.commit_consumer_state(CommitMode::Async);
        }
    }
}
