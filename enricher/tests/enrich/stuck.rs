//! Outputs that do not arrive while something else goes on.

use std::time::Duration;

use serde_json::Value;
use weft_kafka_broker::{Kafka, Sent};

use crate::line::{Line, State};
use crate::world::{PARTITIONS, RULES, World};

/// Writes the numbers of a range into each partition, in order.
fn write(world: &World<'_>, numbers: std::ops::Range<u64>) {
    let events: Vec<_> = numbers.map(|number| format!(r#"{{"sku":1,"n":{number}}}"#)).collect();
    let sent = |partition, value: &'_ String| (partition, value.clone());
    let all: Vec<_> =
        (0..PARTITIONS).flat_map(|partition| events.iter().map(move |value| sent(partition, value))).collect();
    let records = all.iter().map(|(partition, value)| Sent {
        partition: Some(*partition),
        value: Some(value.as_bytes()),
        ..Sent::default()
    });
    world.kafka.produce(&world.topic("in"), records);
}

#[test]
fn what_is_stuck_when_its_partition_is_given_back_never_arrives_behind_what_the_next_owner_sends() {
    let line = Line::new();
    let kafka = Kafka::start_with(1, &[("KAFKA_PROXIES", &line.port.to_string())]);
    line.leads_to(kafka.behind_proxies[0]);
    let world = World::on(&kafka).with_topics();
    world.write_manifests(&kafka.plain, "", "", RULES);
    let destination = |servers: &str| format!("destination: {{kafka: {{bootstrapServers: [\"{servers}\"]");
    let behind = format!("127.0.0.1:{}", line.port);
    world.edit(&destination(&kafka.plain), &destination(&behind));
    let first = world.enrich_with_admin(&[]);
    let partitions = u64::try_from(PARTITIONS).unwrap();
    write(&world, 0..100);
    world.kafka.wait_until("all has come", || world.committed() as u64 == 100 * partitions);

    line.becomes(State::Cut);
    write(&world, 100..200);
    let read = || first.counters("weft_enricher_events_total{").values().sum::<u64>();
    world.kafka.wait_until("it has sent what does not arrive", || read() >= 200 * partitions);
    world.edit(&destination(&behind), &destination(&kafka.plain));
    let mut second = world.enrich();
    second.is_given(1);
    write(&world, 200..300);
    world.kafka.wait_until("the second sends what it was given", || world.ends("out") >= 200 * partitions);
    line.becomes(State::Open);
    world.kafka.wait_until("all has come", || world.committed() as u64 == 300 * partitions);
    first.stop();
    second.stop();
    for partition in 0..PARTITIONS {
        let records = kafka.records(&world.topic("out"), PARTITIONS);
        let of_partition = records.iter().filter(|record| record.partition == partition);
        let numbers: Vec<u64> = of_partition
            .map(|record| serde_json::from_str::<Value>(&record.text()).unwrap()["n"].as_u64().unwrap())
            .collect();
        assert!(numbers.is_sorted(), "partition {partition} goes back: {numbers:?}");
        assert_eq!(numbers.last(), Some(&299));
    }
}

#[test]
fn a_destination_goes_on_only_with_what_the_dead_letters_let_pass() {
    const SOUND: u64 = 300;
    let world = World::new().with_topics();
    // It takes no record without a key.
    world.kafka.create_topic(&world.topic("letters"), PARTITIONS, &[("cleanup.policy", "compact")]);
    world.edit(&world.topic("dead"), &world.topic("letters"));
    let sent = |value| Sent { partition: Some(0), value: Some(value), ..Sent::default() };
    let sound = std::iter::repeat_n(sent(br#"{"sku":1}"#), SOUND as usize);
    world.kafka.produce(&world.topic("in"), std::iter::once(sent(b"{")).chain(sound));
    let mut enricher = world.enrich_with_admin(&[]);
    enricher.logs("DeadLetterUnwritable");
    // It is the absence of more that is looked for.
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!((world.ends("out"), world.committed()), (SOUND, 0), "{}", enricher.log());
    let topic = world.topic("letters");
    let change =
        ["--entity-type", "topics", "--entity-name", &topic, "--alter", "--add-config", "cleanup.policy=delete"];
    world.kafka.tool("kafka.admin.ConfigCommand", &change);
    world.kafka.wait_until("all has come", || world.committed() as u64 == SOUND + 1);
    let counted = || enricher.counters("weft_enricher_events_total{").values().sum::<u64>();
    world.kafka.wait_until("what was read twice is counted once", || counted() == SOUND + 1);
    enricher.stop();
    assert_eq!(
        (world.ends("letters"), world.ends("out")),
        (1, 2 * SOUND),
        "what was sent before comes a second time, once"
    );
}

#[test]
fn partitions_that_were_given_back_while_it_waited_for_the_store_are_read_when_they_come_again() {
    let redis = Line::new();
    let world = World::new().with_topics();
    redis.leads_to(world.redis.port);
    let (behind, plain) = (format!("127.0.0.1:{}/0", redis.port), format!("127.0.0.1:{}/0", world.redis.port));
    world.edit(&plain, &behind);
    let mut first = world.enrich();
    let partitions = i64::from(PARTITIONS);
    write(&world, 0..100);
    world.kafka.wait_until("all has come", || world.committed() == 100 * partitions);

    redis.becomes(State::Cut);
    write(&world, 100..200);
    first.logs("StoreUnavailable");
    world.edit(&behind, &plain);
    let mut second = world.enrich();
    second.is_given(1);
    redis.becomes(State::Open);
    world.kafka.wait_until("all has come", || world.committed() == 200 * partitions);
    second.stop();
    write(&world, 200..300);
    world.kafka.wait_until("all has come", || world.committed() == 300 * partitions);
    first.stop();
}
