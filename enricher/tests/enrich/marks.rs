//! Topics whose offsets are not all records: the marks of transactions, and what was aborted.

use std::time::Duration;

use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};

use crate::world::World;

const PATIENCE: Duration = Duration::from_secs(30);

/// Writes an event in a transaction, which is committed or aborted.
fn transact(world: &World<'_>, producer: &ThreadedProducer<DefaultProducerContext>, commits: bool) {
    producer.begin_transaction().unwrap();
    let topic = world.topic("in");
    producer.send(BaseRecord::<[u8], str>::to(&topic).payload(r#"{"sku":1}"#).partition(0)).unwrap();
    producer.flush(PATIENCE).unwrap();
    let ended = if commits { producer.commit_transaction(PATIENCE) } else { producer.abort_transaction(PATIENCE) };
    ended.unwrap();
}

#[test]
fn behind_the_marks_of_transactions_the_lag_is_0_and_nothing_counts_as_lost_when_they_are_gone() {
    let world = World::new().with_topics();
    let mut config = world.kafka.client();
    let producer: ThreadedProducer<DefaultProducerContext> =
        config.set("transactional.id", &world.name).create().unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    [true, true, false].into_iter().for_each(|commits| transact(&world, &producer, commits));
    let end = world.ends("in");
    assert_eq!(end, 6, "three events, and a mark behind each");
    let enricher = world.enrich_with_admin(&[]);
    world.records("out", 2);
    world.kafka.wait_until("all is committed", || world.committed() as u64 == end);
    let lag = |enricher: &crate::world::Enricher| {
        enricher.counters("weft_enricher_lag_records").get(r#"weft_enricher_lag_records{partition="0"}"#).copied()
    };
    world.kafka.wait_until("the lag is 0", || lag(&enricher) == Some(0));
    enricher.stop();

    world.kafka.delete_records(&world.topic("in"), 0, end as i64);
    let mut enricher = world.enrich_with_admin(&[]);
    enricher.is_given(1);
    transact(&world, &producer, true);
    world.records("out", 3);
    assert_eq!(world.logged("OffsetsLost"), 0);
    enricher.stop();
    assert_eq!(world.committed() as u64, end + 2);
}
