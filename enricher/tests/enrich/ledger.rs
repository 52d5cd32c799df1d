//! Numbered events through enrichers that are stopped, killed, frozen and outnumbered, and brokers that are killed: none is
//! lost, each key keeps its order, and none comes twice unless something ended uncleanly.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use nix::sys::signal::Signal;
use weft_kafka_broker::{Kafka, Sent};

use crate::world::{PARTITIONS, PRODUCTS, RULES, World};

/// How many events are written at once, and how often.
const CHUNK: u64 = 2_500;
const EVERY: Duration = Duration::from_millis(100);

/// Writes numbered events until it is told to stop.
#[derive(Default)]
struct Load {
    written: AtomicU64,
    running: AtomicBool,
    over: AtomicBool,
}

impl Load {
    fn write(&self, world: &World<'_>) {
        while !self.over.load(Ordering::Acquire) {
            if self.running.load(Ordering::Acquire) {
                let first = self.written.load(Ordering::Acquire);
                let events: Vec<_> = (first..first + CHUNK).map(event).collect();
                let sent = |(key, value): &'_ (String, String)| Sent {
                    key: Some(key.clone().leak().as_bytes()),
                    value: Some(value.clone().leak().as_bytes()),
                    ..Sent::default()
                };
                world.kafka.produce(&world.topic("in"), events.iter().map(sent));
                self.written.store(first + CHUNK, Ordering::Release);
            }
            std::thread::sleep(EVERY);
        }
    }

    fn starts(&self) {
        self.running.store(true, Ordering::Release);
    }

    /// Pauses the load and waits until all of it is committed; gives how much there is.
    fn settles(&self, world: &World<'_>) -> u64 {
        self.running.store(false, Ordering::Release);
        // A chunk may be on its way.
        let mut written = self.written.load(Ordering::Acquire);
        world.kafka.wait_until("everything is committed", || {
            written = self.written.load(Ordering::Acquire);
            world.committed() as u64 == written && world.ends("in") == written
        });
        written
    }
}

fn event(number: u64) -> (String, String) {
    (format!("k{}", number % 37), format!(r#"{{"sku":{},"n":{number}}}"#, number % PRODUCTS as u64))
}

/// The number in an event.
fn number(value: &str) -> u64 {
    let value: serde_json::Value = serde_json::from_str(value).unwrap();
    value["n"].as_u64().unwrap()
}

/// Every event is there, whole and in the order of its key, of what came twice the first counting; gives how many came
/// twice.
fn check(world: &World<'_>, written: u64) -> u64 {
    let records = world.kafka.records(&world.topic("out"), PARTITIONS);
    let mut last: HashMap<Vec<u8>, u64> = HashMap::new();
    let mut seen = BTreeSet::new();
    for record in &records {
        let text = record.text();
        let number = number(&text);
        let (key, value) = event(number);
        let name = format!(r#","name":"product {}"}}"#, number % PRODUCTS as u64);
        assert_eq!(text, format!("{}{name}", value.trim_end_matches('}')));
        assert_eq!(record.key.as_deref(), Some(key.as_bytes()));
        if seen.insert(number)
            && let Some(before) = last.insert(key.into_bytes(), number)
        {
            assert!(before < number, "{number} came after {before}");
        }
    }
    let lost: Vec<_> = (0..written).filter(|number| !seen.contains(number)).take(10).collect();
    assert!(lost.is_empty(), "lost: {lost:?} of {written}");
    records.len() as u64 - written
}

/// Nothing is committed whose output is not there.
fn check_commits(world: &World<'_>) {
    let committed = world.kafka.committed(&world.group(), &world.topic("in"), PARTITIONS);
    let outputs = world.kafka.records(&world.topic("out"), PARTITIONS);
    let delivered: BTreeSet<_> = outputs.iter().map(|record| number(&record.text())).collect();
    for record in world.kafka.records(&world.topic("in"), PARTITIONS) {
        let is_committed = committed.get(&record.partition).is_some_and(|committed| record.offset < *committed);
        let number = number(&record.text());
        assert!(!is_committed || delivered.contains(&number), "{number} is committed and not delivered");
    }
}

#[test]
fn no_event_is_lost_or_overtaken_whatever_ends_and_none_comes_twice_after_clean_ends() {
    let kafka = Kafka::start(1);
    let world = World::on(&kafka).with_topics();
    world.write_manifests(&kafka.plain, "", "", RULES);
    let load = Load::default();
    std::thread::scope(|scope| {
        scope.spawn(|| load.write(&world));
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            clean_ends(&world, &load);
            unclean_ends(&world, &load);
        }));
        load.over.store(true, Ordering::Release);
        ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

fn clean_ends(world: &World<'_>, load: &Load) {
    load.starts();
    let mut first = world.enrich();
    first.logs("partitions are read");
    let mut others = [world.enrich(), world.enrich()];
    others.iter_mut().for_each(|other| other.logs("partitions are read"));
    others.into_iter().for_each(crate::world::Enricher::stop);
    first.stop();
    let again = world.enrich();
    let written = load.settles(world);
    again.stop();
    assert_eq!(check(world, written), 0, "events came twice after clean ends");
    println!("clean ends: {written} events, none lost, none twice");
}

fn unclean_ends(world: &World<'_>, load: &Load) {
    load.starts();
    let mut killed = world.enrich();
    killed.logs("partitions are read");
    let before = world.ends("out");
    world.kafka.wait_until("some events are on their way", || world.ends("out") > before + 500);
    killed.signal(Signal::SIGKILL);
    killed.ended();
    check_commits(world);

    // The session of a member that does not answer is over after some seconds; the other one takes its partitions.
    let mut frozen = world.enrich();
    frozen.logs("partitions are read");
    let mut other = world.enrich();
    other.logs("partitions are read");
    frozen.signal(Signal::SIGSTOP);
    other.logs_times("partitions are read", 2);
    frozen.signal(Signal::SIGCONT);
    frozen.logs("took this member for dead");

    world.kafka.kill(1);
    world.kafka.up(1);
    world.kafka.wait_until_ready();
    let written = load.settles(world);
    other.stop();
    frozen.stop();
    check_commits(world);
    let twice = check(world, written);
    println!("unclean ends: {written} events, none lost, {twice} twice");
    let committed: BTreeMap<_, _> = world.kafka.committed(&world.group(), &world.topic("in"), PARTITIONS);
    assert_eq!(committed.values().sum::<i64>() as u64, written);
}
