//! Writes numbered events, as many and as fast as it is told.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use crate::numbers::Event;
use crate::world::World;

/// How often some are written.
const EVERY: Duration = Duration::from_millis(50);

pub(crate) struct Load {
    /// How many are written at once.
    at_once: u64,
    /// How many there are in all, at most.
    most: u64,
    written: AtomicU64,
    running: AtomicBool,
    over: AtomicBool,
}

impl Load {
    pub(crate) fn new(at_once: u64, most: u64) -> Self {
        let (written, running, over) = Default::default();
        Self { at_once, most, written, running, over }
    }

    /// Writes until it is told to end; waits where `is_behind` says that there is enough to be read.
    pub(crate) fn run(&self, world: &World<'_>, is_behind: impl Fn(u64) -> bool) {
        let mut config = world.kafka.client();
        // Each has its place: what a broker did not take is tried again, in order.
        config.set("enable.idempotence", "true").set("message.timeout.ms", "0").set("linger.ms", "5");
        let producer: BaseProducer = config.create().unwrap();
        let topic = world.topic("in");
        while !self.over.load(Ordering::Acquire) {
            let first = self.written();
            if self.running.load(Ordering::Acquire) && !self.is_done() && !is_behind(first) {
                let end = self.most.min(first + self.at_once);
                (first..end).for_each(|number| write(&producer, &topic, Event(number)));
                self.written.store(end, Ordering::Release);
            }
            producer.poll(Duration::ZERO);
            std::thread::sleep(EVERY);
        }
        producer.flush(Duration::from_secs(30)).unwrap();
    }

    pub(crate) fn starts(&self) {
        self.running.store(true, Ordering::Release);
    }

    /// Writes no more for now; gives how many there are. What is on its way at this moment is written too: ask again.
    pub(crate) fn pauses(&self) -> u64 {
        self.running.store(false, Ordering::Release);
        self.written()
    }

    /// Writes no more.
    pub(crate) fn ends(&self) {
        self.over.store(true, Ordering::Release);
    }

    /// How many there are.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Whether there are as many as there are to be.
    pub(crate) fn is_done(&self) -> bool {
        self.written() == self.most
    }
}

fn write(producer: &BaseProducer, topic: &str, event: Event) {
    let (key, text) = (event.key(), event.text());
    let mut record = BaseRecord::<str, str>::to(topic).partition(event.place().0 as i32).timestamp(event.time());
    (record.key, record.payload) = (key.as_deref(), Some(text.as_str()));
    while let Err((error, again)) = producer.send(record) {
        assert_eq!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull));
        record = again;
        producer.poll(Duration::from_millis(10));
    }
}
