//! Where reading starts, and what happens when that place is gone.

use weft_kafka_broker::Sent;

use crate::world::World;

fn numbered(world: &World<'_>, partition: i32, numbers: std::ops::Range<i32>) {
    let values: Vec<_> = numbers.map(|number| format!(r#"{{"sku":1,"n":{number}}}"#)).collect();
    let sent = |value: &'_ String| Sent {
        partition: Some(partition),
        key: Some(b"k"),
        value: Some(value.clone().leak().as_bytes()),
        ..Sent::default()
    };
    world.kafka.produce(&world.topic("in"), values.iter().map(sent));
}

#[test]
fn a_new_group_starts_at_the_end_where_it_is_told_to_and_remembers_where_that_was() {
    let world = World::new().with_topics();
    world.edit("startFrom: Earliest", "startFrom: Latest");
    numbered(&world, 0, 0..10);
    let mut enricher = world.enrich();
    enricher.logs("partitions are read");
    assert_eq!(world.committed(), 10, "the end is remembered before anything was read");
    enricher.signal(nix::sys::signal::Signal::SIGKILL);
    enricher.ended();
    numbered(&world, 0, 10..15);
    let enricher = world.enrich();
    let records = world.records("out", 5);
    assert!(records[0].text().contains(r#""n":10"#), "{}", records[0].text());
    enricher.stop();
}

#[test]
fn a_new_group_starts_at_the_first_record_of_a_time() {
    let world = World::new().with_topics();
    world.edit("startFrom: Earliest", "startFrom: \"2026-01-01T00:00:00Z\"");
    let at = |milliseconds| Sent {
        partition: Some(0),
        key: Some(b"k"),
        value: Some(br#"{"sku":1}"#),
        timestamp: Some(milliseconds),
        ..Sent::default()
    };
    let time = 1_767_225_600_000;
    world.kafka.produce(&world.topic("in"), [at(time - 2), at(time - 1), at(time), at(time + 1)]);
    let enricher = world.enrich();
    let times: Vec<_> = world.records("out", 2).iter().map(|record| record.timestamp).collect();
    assert_eq!(times, [Some(time), Some(time + 1)]);
    enricher.stop();
}

#[test]
fn records_that_are_gone_before_they_were_read_stop_their_partition_until_a_person_accepts_it() {
    let world = World::new().with_topics();
    numbered(&world, 0, 0..10);
    let enricher = world.enrich();
    world.records("out", 10);
    enricher.stop();
    numbered(&world, 0, 10..30);
    world.kafka.delete_records(&world.topic("in"), 0, 25);
    numbered(&world, 1, 100..110);

    let mut enricher = world.enrich();
    enricher.logs("OffsetsLost");
    let log = enricher.log();
    assert!(log.contains("partition 0: up to 15 records from offset 10 on are gone"), "{log}");
    assert!(log.contains("--resume OffsetsLost"), "{log}");
    world.records("out", 20);
    enricher.stop();

    let enricher = world.enrich_with(&["--resume", "OffsetsLost"]);
    let records = world.records("out", 25);
    assert!((25..30).all(|number| records.iter().any(|record| record.text().contains(&format!(r#""n":{number},"#)))));
    enricher.stop();
    assert_eq!(world.committed(), 40);
}

#[test]
fn the_loss_of_each_partition_is_accepted() {
    let world = World::new().with_topics();
    (0..2).for_each(|partition| numbered(&world, partition, 0..10));
    let enricher = world.enrich();
    world.records("out", 20);
    enricher.stop();
    (0..2).for_each(|partition| numbered(&world, partition, 10..20));
    (0..2).for_each(|partition| world.kafka.delete_records(&world.topic("in"), partition, 15));
    let enricher = world.enrich_with(&["--resume", "OffsetsLost"]);
    world.records("out", 30);
    assert!(!enricher.log().contains("\"reason\":\"OffsetsLost\""), "{}", enricher.log());
    enricher.stop();
}

#[test]
fn partitions_that_are_added_are_read_from_their_beginning_also_by_a_group_that_started_at_the_end() {
    let world = World::new().with_topics();
    world.edit("startFrom: Earliest", "startFrom: Latest");
    numbered(&world, 0, 0..10);
    let mut enricher = world.enrich();
    enricher.logs("partitions are read");
    world.kafka.add_partitions(&world.topic("in"), 5);
    numbered(&world, 4, 100..110);
    world.records("out", 10);
    enricher.stop();
    world.kafka.add_partitions(&world.topic("in"), 6);
    numbered(&world, 5, 200..210);
    let enricher = world.enrich();
    let records = world.records("out", 20);
    assert!((200..210).all(|number| records.iter().any(|record| record.text().contains(&format!(r#""n":{number},"#)))));
    enricher.stop();
}

#[test]
fn a_partition_that_ends_before_the_group_s_offset_stops_until_a_person_accepts_it_and_the_others_go_on() {
    let world = World::new().with_topics();
    numbered(&world, 0, 0..10);
    numbered(&world, 1, 100..110);
    world.kafka.commit(&world.group(), &world.topic("in"), 0, 50);
    let mut enricher = world.enrich();
    enricher.logs("partition 0: it ends at 10, before the group's offset 50: it was made anew");
    world.records("out", 10);
    enricher.stop();
    assert_eq!(world.committed(), 50 + 10, "nothing was passed over");
    let enricher = world.enrich_with(&["--resume", "OffsetsLost"]);
    world.records("out", 20);
    enricher.stop();
    assert_eq!(world.committed(), 10 + 10);
}

#[test]
fn a_topic_that_is_made_anew_while_it_is_read_is_read_from_its_beginning() {
    let world = World::new().with_topics();
    numbered(&world, 0, 0..10);
    let enricher = world.enrich();
    world.records("out", 10);
    world.kafka.delete_topic(&world.topic("in"));
    world.kafka.create_topic(&world.topic("in"), crate::world::PARTITIONS, &[]);
    numbered(&world, 0, 100..105);
    let records = world.records("out", 15);
    assert!((100..105).all(|number| records.iter().any(|record| record.text().contains(&format!(r#""n":{number},"#)))));
    enricher.stop();
}
