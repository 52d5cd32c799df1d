//! What is not there yet, or for a while, is waited for; nothing is lost, dropped or sent un-enriched meanwhile.

use weft_kafka_broker::{Kafka, Sent};

use crate::world::{PARTITIONS, World};

fn event(world: &World<'_>, number: usize) {
    let value = format!(r#"{{"sku":{number}}}"#);
    let sent = Sent { key: Some(b"k"), value: Some(value.as_bytes()), ..Sent::default() };
    world.kafka.produce(&world.topic("in"), [sent]);
}

#[test]
fn topics_that_are_not_there_are_named_and_waited_for() {
    let world = World::new();
    let mut enricher = world.enrich();
    enricher.logs(&format!("there is no topic {}", world.topic("out")));
    world.kafka.create_topic(&world.topic("out"), PARTITIONS, &[]);
    enricher.logs(&format!("there is no topic {}", world.topic("dead")));
    world.kafka.create_topic(&world.topic("dead"), PARTITIONS, &[]);
    enricher.logs(&format!("there is no topic {}", world.topic("in")));
    world.kafka.create_topic(&world.topic("in"), PARTITIONS, &[]);
    event(&world, 1);
    assert_eq!(world.records("out", 1)[0].text(), r#"{"sku":1,"name":"product 1"}"#);
    enricher.stop();
}

#[test]
fn a_destination_that_is_deleted_pauses_the_mapping_until_it_is_back() {
    let world = World::new().with_topics();
    event(&world, 1);
    let mut enricher = world.enrich();
    world.records("out", 1);
    world.kafka.delete_topic(&world.topic("out"));
    event(&world, 2);
    enricher.logs("DestinationTopicUnknown");
    world.kafka.create_topic(&world.topic("out"), PARTITIONS, &[]);
    assert_eq!(world.records("out", 1)[0].text(), r#"{"sku":2,"name":"product 2"}"#);
    enricher.stop();
    assert_eq!(world.committed(), 2);
}

#[test]
fn nothing_goes_out_without_a_row_that_the_store_has_lost_until_it_is_synced_again() {
    let mut world = World::new().with_topics();
    event(&world, 1);
    let mut enricher = world.enrich();
    world.records("out", 1);
    world.redis.kill();
    event(&world, 2);
    enricher.logs("StoreUnavailable");
    // Without persistence it comes back empty.
    world.start_redis_again();
    event(&world, 3);
    enricher.logs("no sync of it has completed");
    world.records("out", 1);
    world.sync();
    let texts: Vec<_> = world.records("out", 3).iter().map(weft_kafka_broker::Record::text).collect();
    assert_eq!(texts, [1, 2, 3].map(|sku| format!(r#"{{"sku":{sku},"name":"product {sku}"}}"#)));
    enricher.stop();
}

#[test]
fn what_is_waited_for_at_the_start_is_in_the_metrics_too() {
    let mut world = World::new().with_topics();
    world.redis.kill();
    let enricher = world.enrich_with_admin(&[]);
    let paused = r#"weft_enricher_paused{reason="StoreUnavailable"}"#;
    world.kafka.wait_until("it is told", || enricher.counters(paused).get(paused) == Some(&1));
    enricher.stop();
}

#[test]
fn brokers_without_the_new_group_protocol_are_joined_with_the_old_one() {
    let kafka = Kafka::start_with(1, &[("KAFKA_FEATURES", "group.version=0")]);
    let world = World::on(&kafka).with_topics();
    event(&world, 1);
    let mut enricher = world.enrich();
    enricher.logs("cooperative-sticky");
    world.records("out", 1);
    enricher.stop();
    assert_eq!(world.committed(), 1);
}
