//! What no client says by itself: a destination that does not answer, a source that is gone, a topic that is its own source.

use weft_kafka_broker::{Kafka, Sent};

use crate::line::{Line, State};
use crate::world::{PARTITIONS, RULES, World};

fn event(world: &World<'_>) {
    let sent = Sent { key: Some(b"k"), value: Some(br#"{"sku":1}"#), ..Sent::default() };
    world.kafka.produce(&world.topic("in"), [sent]);
}

#[test]
fn a_destination_that_does_not_answer_is_told_though_there_is_room_for_more() {
    let line = Line::new();
    let kafka = Kafka::start_with(1, &[("KAFKA_PROXIES", &line.port.to_string())]);
    line.leads_to(kafka.behind_proxies[0]);
    let world = World::on(&kafka).with_topics();
    let destination = |servers: &str| format!("destination: {{kafka: {{bootstrapServers: [\"{servers}\"]");
    world.edit(&destination(&kafka.plain), &destination(&format!("127.0.0.1:{}", line.port)));
    let mut enricher = world.enrich_with_admin(&[]);
    event(&world);
    world.records("out", 1);
    let readiness = |enricher: &crate::world::Enricher, status: u16, text: &str| {
        enricher.get("/readyz").is_some_and(|(found, body)| found == status && body.contains(text))
    };
    world.kafka.wait_until("it is ready", || readiness(&enricher, 200, ""));
    line.becomes(State::Still);
    event(&world);
    enricher.logs("were not acknowledged for 5 s");
    assert!(readiness(&enricher, 503, "DestinationSlow"));
    line.becomes(State::Open);
    world.records("out", 2);
    world.kafka.wait_until("it is ready again", || readiness(&enricher, 200, ""));
    enricher.stop();
}

#[test]
fn a_source_topic_that_is_deleted_while_it_is_read_is_told() {
    let world = World::new().with_topics();
    let mut enricher = world.enrich();
    event(&world);
    world.records("out", 1);
    world.kafka.delete_topic(&world.topic("in"));
    enricher.logs("SourceTopicUnknown");
    world.kafka.create_topic(&world.topic("in"), PARTITIONS, &[]);
    event(&world);
    world.records("out", 2);
    enricher.stop();
}

#[test]
fn events_are_not_written_to_their_own_topic_though_its_brokers_are_written_otherwise() {
    let line = Line::new();
    let kafka = Kafka::start_with(1, &[("KAFKA_PROXIES", &line.port.to_string())]);
    line.leads_to(kafka.behind_proxies[0]);
    let world = World::on(&kafka).with_topics();
    world.write_manifests(&kafka.plain, "", "", RULES);
    let destination = |servers: &str, topic: &str| {
        format!("destination: {{kafka: {{bootstrapServers: [\"{servers}\"], topic: {}", world.topic(topic))
    };
    let behind = format!("127.0.0.1:{}", line.port);
    world.edit(&destination(&kafka.plain, "out"), &destination(&behind, "in"));
    event(&world);
    let mut enricher = world.enrich();
    enricher.logs("DestinationIsSource");
    assert!(enricher.log().contains("spec.destination.kafka.topic"), "{}", enricher.log());
    enricher.stop();
    assert_eq!((world.ends("in"), world.committed()), (1, 0), "nothing was written, and nothing passed over");
}
