//! Reads what comes of numbered events as it comes, and holds the group's commits to it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::BorrowedMessage;
use rdkafka::{Offset, TopicPartitionList};

use crate::numbers::{Event, KEYS, PARTITIONS};
use crate::world::World;

/// How often commits are compared with what has come.
const EVERY: Duration = Duration::from_millis(200);

/// Brokers that are away are asked again.
const ASK: Duration = Duration::from_secs(2);

/// What has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Up to where each partition has come, without a gap.
    pub(crate) come: [u64; PARTITIONS as usize],
    /// What the group had committed a moment before.
    pub(crate) committed: [u64; PARTITIONS as usize],
    /// Events that came again.
    pub(crate) twice: u64,
    /// How often commits were compared with what had come.
    pub(crate) checks: u64,
    /// What is not as it has to be.
    pub(crate) problem: Option<String>,
}

impl Seen {
    /// Whether the first so many events have come, and are committed.
    pub(crate) fn has_all_of(&self, written: u64) -> bool {
        let of_partition = |partition: u64| (written + PARTITIONS - 1 - partition) / PARTITIONS;
        let both = self.come.iter().zip(&self.committed);
        (0..PARTITIONS).zip(both).all(|(partition, (come, committed))| *come.min(committed) >= of_partition(partition))
    }
}

/// What has come of each key: the event that has to be next in each topic. Whatever is before it has come.
struct Book {
    next: BTreeMap<(u64, u64, bool), Event>,
    twice: u64,
}

impl Book {
    fn new() -> Self {
        let partitions = (0..PARTITIONS).flat_map(|partition| (0..KEYS).map(move |key| (partition, key)));
        let both = partitions.flat_map(|(partition, key)| [(partition, key, false), (partition, key, true)]);
        let first = |(partition, key, is_cut)| Event::first_of_key(partition, key, is_cut);
        Self { next: both.map(|place| (place, first(place))).collect(), twice: 0 }
    }

    fn take(&mut self, record: &BorrowedMessage<'_>, is_letter: bool) -> Result<(), String> {
        let text = String::from_utf8_lossy(record.payload().unwrap_or_default());
        let event = Event::of(&text).ok_or_else(|| format!("no event: {text}"))?;
        let (key, time) = (record.key().map(<[u8]>::to_vec), record.timestamp().to_millis());
        let is_whole = (&*text, key, time, is_letter)
            == (event.outcome().as_str(), event.key().map(String::into_bytes), Some(event.time()), event.is_cut());
        if !is_whole {
            return Err(format!("{event:?} should not come as {record:?}"));
        }
        let place = (event.place().0, event.key_number(), is_letter);
        let next = self.next.get_mut(&place).ok_or("a key that is none")?;
        match event.0.cmp(&next.0) {
            std::cmp::Ordering::Less => self.twice += 1,
            std::cmp::Ordering::Equal => *next = event.next_of_key(),
            std::cmp::Ordering::Greater => return Err(format!("{event:?} came before {next:?} of the same key")),
        }
        Ok(())
    }

    /// Up to where a partition has come, without a gap.
    fn come(&self, partition: u64) -> u64 {
        let of_partition = self.next.range((partition, 0, false)..=(partition, KEYS, true));
        of_partition.map(|(_, next)| next.place().1).min().unwrap_or_default()
    }
}

/// What the group had committed, and where its outputs ended after that.
struct Check {
    committed: [u64; PARTITIONS as usize],
    ends: BTreeMap<(bool, i32), i64>,
}

/// Reads the destination and the dead letters of a world.
pub(crate) struct Audit<'a> {
    world: &'a World<'a>,
    seen: Mutex<Seen>,
    over: AtomicBool,
}

impl<'a> Audit<'a> {
    pub(crate) fn new(world: &'a World<'a>) -> Self {
        Self { world, seen: Mutex::default(), over: AtomicBool::new(false) }
    }

    /// What has come by now.
    pub(crate) fn seen(&self) -> Seen {
        self.lock().clone()
    }

    /// Reads no further.
    pub(crate) fn ends(&self) {
        self.over.store(true, Ordering::Release);
    }

    /// Reads until it is told to end, or something is not as it has to be.
    pub(crate) fn run(&self) {
        if let Err(problem) = self.read() {
            self.lock().problem = Some(problem);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> Result<(), String> {
        let (reader, group) = (self.client("weft-test-audit"), self.client(&self.world.group()));
        let mut from = TopicPartitionList::new();
        for topic in ["out", "dead"] {
            for partition in 0..PARTITIONS as i32 {
                from.add_partition_offset(&self.world.topic(topic), partition, Offset::Beginning).unwrap();
            }
        }
        reader.assign(&from).unwrap();
        let (mut book, letters) = (Book::new(), self.world.topic("dead"));
        let (mut read, mut check, mut published) = (BTreeMap::new(), None, Instant::now());
        while !self.over.load(Ordering::Acquire) {
            // Errors of brokers that are away pass.
            if let Some(Ok(record)) = reader.poll(Duration::from_millis(20)) {
                let is_letter = record.topic() == letters;
                book.take(&record, is_letter)?;
                read.insert((is_letter, record.partition()), record.offset() + 1);
            }
            if published.elapsed() < EVERY {
                continue;
            }
            published = Instant::now();
            {
                let mut seen = self.lock();
                seen.twice = book.twice;
                (0..PARTITIONS).for_each(|partition| seen.come[partition as usize] = book.come(partition));
            }
            let is_read = |check: &mut Check| {
                check.ends.iter().all(|(place, end)| read.get(place).copied().unwrap_or_default() >= *end)
            };
            if let Some(Check { committed, .. }) = check.take_if(is_read) {
                for (partition, committed) in committed.iter().enumerate() {
                    let come = book.come(partition as u64);
                    if *committed > come {
                        return Err(format!(
                            "partition {partition} is committed up to {committed}, and came up to {come}"
                        ));
                    }
                }
                let mut seen = self.lock();
                (seen.committed, seen.checks) = (committed, seen.checks + 1);
            }
            check = check.or_else(|| self.ask(&reader, &group));
        }
        Ok(())
    }

    /// Asks for commits, and after that for where outputs end; brokers that are away have no answer.
    fn ask(&self, reader: &BaseConsumer, group: &BaseConsumer) -> Option<Check> {
        let mut partitions = TopicPartitionList::new();
        partitions.add_partition_range(&self.world.topic("in"), 0, PARTITIONS as i32 - 1);
        let mut committed = [0; PARTITIONS as usize];
        for element in group.committed_offsets(partitions, ASK).ok()?.elements() {
            if let Offset::Offset(offset) = element.offset() {
                committed[element.partition() as usize] = offset.cast_unsigned();
            }
        }
        let mut ends = BTreeMap::new();
        for (topic, is_letter) in [("out", false), ("dead", true)] {
            for partition in 0..PARTITIONS as i32 {
                let (_, end) = reader.fetch_watermarks(&self.world.topic(topic), partition, ASK).ok()?;
                ends.insert((is_letter, partition), end);
            }
        }
        Some(Check { committed, ends })
    }

    fn client(&self, group: &str) -> BaseConsumer {
        let mut config = self.world.kafka.client();
        config.set("group.id", group).set("enable.auto.commit", "false").set("auto.offset.reset", "error");
        config.set("fetch.queue.backoff.ms", "5").create().unwrap()
    }
}
