//! How long events take at a steady rate.

use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::{Offset, TopicPartitionList};

use crate::events::{Keys, number, renumber};
use crate::measure::Process;
use crate::shop::{PARTITIONS, Shop};

/// How long events are sent, of which the first part is not counted: caches fill, the group is joined.
const SECONDS: u64 = 25;
const WARM_UP: u64 = 10;

/// How many different orders there are.
const ORDERS: usize = 20_000;

/// What was found.
pub(crate) struct Latencies {
    /// The events per second that were really sent.
    pub(crate) rate: f64,
    /// Microseconds, in order.
    sorted: Vec<u32>,
}

impl Latencies {
    /// What this share of events took at most.
    pub(crate) fn milliseconds(&self, share: f64) -> f64 {
        let at = (self.sorted.len() as f64 * share) as usize;
        f64::from(self.sorted[at.min(self.sorted.len() - 1)]) / 1000.0
    }
}

/// Sends events at a rate through a command and waits for each.
pub(crate) fn measure(shop: &Shop, rate: u64, name: &str, command: impl FnOnce(&str, &str) -> Command) -> Latencies {
    let (from, to) = (shop.topic("paced"), shop.topic(&format!("{name}-paced")));
    let process = Process::start(&mut command(&from, &to));
    let total = (rate * SECONDS) as usize;
    // When each event was sent, in microseconds from the start.
    let sent_at: Vec<AtomicU64> = (0..total).map(|_| AtomicU64::new(0)).collect();
    let (started, is_over) = (Instant::now(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| read(shop, &to, started, &sent_at, (rate * WARM_UP) as usize, &is_over));
        let took = send(shop, &from, rate, started, &sent_at);
        is_over.store(true, Ordering::Release);
        let sorted = reader.join().unwrap();
        drop(process);
        [&from, &to].into_iter().for_each(|topic| shop.kafka.delete_topic(topic));
        Latencies { rate: total as f64 / took.as_secs_f64(), sorted }
    })
}

/// Sends events, as many each millisecond as are due.
fn send(shop: &Shop, topic: &str, rate: u64, started: Instant, sent_at: &[AtomicU64]) -> Duration {
    let mut orders = shop.orders(Keys::Zipf);
    let mut pool: Vec<_> = (0..ORDERS).map(|number| orders.order(number)).collect();
    let mut config = shop.kafka.client();
    config.set("linger.ms", "1").set("queue.buffering.max.messages", "1000000");
    let producer: BaseProducer = config.create().unwrap();
    let begun = Instant::now();
    let mut next = 0;
    while next < sent_at.len() {
        let due = (begun.elapsed().as_secs_f64() * rate as f64) as usize;
        for (number, sent_at) in sent_at.iter().enumerate().take(due.min(sent_at.len())).skip(next) {
            let (key, order) = &mut pool[number % ORDERS];
            renumber(order, number);
            sent_at.store(started.elapsed().as_micros() as u64, Ordering::Relaxed);
            let mut record = BaseRecord::<[u8], [u8]>::to(topic).key(key).payload(order);
            while let Err((error, again)) = producer.send(record) {
                assert_eq!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::QueueFull));
                producer.poll(Duration::from_millis(1));
                record = again;
            }
        }
        next = next.max(due.min(sent_at.len()));
        producer.poll(Duration::ZERO);
        std::thread::sleep(Duration::from_millis(1));
    }
    let took = begun.elapsed();
    producer.flush(Duration::from_secs(60)).unwrap();
    took
}

/// Reads until every event that was sent has come; gives what those after the first ones took, in order.
fn read(
    shop: &Shop,
    topic: &str,
    started: Instant,
    sent_at: &[AtomicU64],
    first: usize,
    is_over: &AtomicBool,
) -> Vec<u32> {
    let mut config = shop.kafka.client();
    config.set("group.id", "latency").set("enable.auto.commit", "false").set("fetch.queue.backoff.ms", "5");
    let consumer: BaseConsumer = config.create().unwrap();
    let mut all = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        all.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
    }
    consumer.assign(&all).unwrap();
    let (mut took, mut seen, mut last) = (Vec::with_capacity(sent_at.len()), 0, Instant::now());
    while seen < sent_at.len() {
        // The client goes on by itself where a connection is lost.
        if let Some(Ok(record)) = consumer.poll(Duration::from_millis(100)) {
            let number = number(record.payload().unwrap());
            let now = started.elapsed().as_micros() as u64;
            if number >= first {
                took.push((now - sent_at[number].load(Ordering::Relaxed)) as u32);
            }
            (seen, last) = (seen + 1, Instant::now());
        }
        let is_stuck = is_over.load(Ordering::Acquire) && last.elapsed() > Duration::from_secs(60);
        assert!(!is_stuck, "{topic}: {seen} of {} events came", sent_at.len());
    }
    took.sort_unstable();
    took
}
