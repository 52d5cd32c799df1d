//! Memory stays within what the pipeline states, whatever the number of keys, and however slow the servers.

use std::time::{Duration, Instant};

use weft_kafka_broker::{Kafka, Sent};

use crate::line::{Line, State};
use crate::random::is_full;
use crate::world::{Enricher, PARTITIONS, PATIENCE, RULES, World};

/// What an enricher may take at most, in KiB: the bounds of the pipeline with a cache of 1 MiB, and itself.
const MOST: u64 = 150 * 1024;

/// How much of it may come and go while nothing changes, in KiB.
const NOISE: u64 = 16 * 1024;

/// How many events are made and written at once.
const AT_ONCE: usize = 50_000;

/// How long it is watched while a server stands still: far longer than it takes to fill every bound.
const STANDS: Duration = Duration::from_secs(8);

/// Writes events whose keys go through all products, and are padded.
fn write(world: &World<'_>, count: usize, products: usize, padding: usize) {
    let padding = "x".repeat(padding);
    for first in (0..count).step_by(AT_ONCE) {
        // A prime, so that each product has its turn.
        let event = |number: usize| format!(r#"{{"sku":{},"text":"{padding}"}}"#, number * 7919 % products);
        let values: Vec<_> = (first..count.min(first + AT_ONCE)).map(event).collect();
        world.kafka.produce(&world.topic("in"), values.iter().enumerate().map(sent));
    }
}

fn sent((number, value): (usize, &String)) -> Sent<'_> {
    Sent { partition: Some(number as i32 % PARTITIONS), value: Some(value.as_bytes()), ..Sent::default() }
}

/// Watches an enricher's memory until everything is committed, or for a time; gives the most that it was.
fn watch(world: &World<'_>, enricher: &Enricher, count: usize, most: Duration) -> u64 {
    let (started, mut peak, mut moved) = (Instant::now(), 0, (0, Instant::now()));
    loop {
        let committed = world.committed() as usize;
        if committed >= count || started.elapsed() >= most {
            break;
        }
        if committed > moved.0 {
            moved = (committed, Instant::now());
        }
        assert!(moved.1.elapsed() < PATIENCE, "{committed} of {count} events come\n{}", enricher.log());
        let (highest, now) = enricher.memory();
        assert!(highest < MOST, "it took {highest} KiB\n{}", enricher.log());
        peak = now.max(peak);
        std::thread::sleep(Duration::from_millis(50));
    }
    peak
}

#[test]
fn memory_is_flat_over_any_number_of_keys() {
    let (products, count) = if is_full() { (1_000_000, 4_000_000) } else { (40_000, 400_000) };
    let world = World::with_products(&crate::world::KAFKA, products).with_topics();
    write(&world, count, products, 20);
    let enricher = world.enrich_with(&["--cache-mib", "1"]);
    let first = watch(&world, &enricher, count / 2, Duration::MAX);
    let rest = watch(&world, &enricher, count, Duration::MAX);
    let (highest, now) = enricher.memory();
    println!(
        "{count} events, {products} keys: {first} KiB in the first half, {rest} in the second; {now} at last, {highest} at most"
    );
    assert!(rest < first + NOISE, "{first} KiB in the first half, {rest} KiB in the second");
    enricher.stop();
    assert_eq!(world.ends("out"), count as u64);
}

#[test]
fn a_slow_destination_or_store_slows_the_source_and_nothing_grows() {
    let (products, count) = if is_full() { (100_000, 4_000_000) } else { (40_000, 300_000) };
    let (broker, redis) = (Line::new(), Line::new());
    let kafka = Kafka::start_with(1, &[("KAFKA_PROXIES", &broker.port.to_string())]);
    broker.leads_to(kafka.behind_proxies[0]);
    let world = World::with_products(&kafka, products).with_topics();
    world.write_manifests(&kafka.plain, "", "", RULES);
    redis.leads_to(world.redis.port);
    world.edit(&format!("127.0.0.1:{}/0", world.redis.port), &format!("127.0.0.1:{}/0", redis.port));
    let destination = |servers: &str| format!("destination: {{kafka: {{bootstrapServers: [\"{servers}\"]");
    world.edit(&destination(&kafka.plain), &destination(&format!("127.0.0.1:{}", broker.port)));
    write(&world, count, products, 500);

    // So slow that there are events left for all of it.
    let usual = State::Slow(Duration::from_millis(5));
    broker.becomes(usual);
    let mut enricher = world.enrich_with(&["--cache-mib", "1"]);
    world.kafka.wait_until("events go out", || world.ends("out") > 0);
    for (what, line, state) in [
        ("destination stands still", &broker, State::Still),
        ("store stands still", &redis, State::Still),
        ("destination is slow", &broker, State::Slow(Duration::from_millis(100))),
        ("store is slow", &redis, State::Slow(Duration::from_millis(100))),
    ] {
        line.becomes(state);
        let (before, peak) = (world.committed(), watch(&world, &enricher, count, STANDS));
        let committed = world.committed() - before;
        println!("the {what}: {peak} KiB, {committed} of {count} events committed");
        assert!(committed < count as i64 / 2, "{committed} of {count} events were committed while the {what}");
        line.becomes(usual);
        world.kafka.wait_until("it goes on", || world.committed() > before + committed);
    }
    [&broker, &redis].iter().for_each(|line| line.becomes(State::Open));
    let peak = watch(&world, &enricher, count, Duration::MAX);
    println!("at last: {peak} KiB, {} at most", enricher.memory().0);
    enricher.logs("StoreUnavailable");
    assert!(!enricher.log().contains("took this member for dead"), "{}", enricher.log());
    enricher.stop();
    assert_eq!(world.ends("out"), count as u64);
}
