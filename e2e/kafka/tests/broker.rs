//! The broker is what the tests of others take it for.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use weft_kafka_broker::{Kafka, Sent};

#[test]
fn a_broker_that_is_killed_has_what_was_written_once_it_is_up_again() {
    let kafka = Kafka::start(1);
    kafka.create_topic("letters", 2, &[]);
    let values: Vec<_> = (0..100).map(|number: usize| number.to_string().into_bytes()).collect();
    let sent = |value| Sent { partition: Some(1), value: Some(value), ..Sent::default() };
    kafka.produce("letters", values.iter().map(|value| sent(value.as_slice())));
    kafka.kill(1);
    kafka.up(1);
    kafka.wait_until_ready();
    let read: Vec<_> = kafka.records("letters", 2).into_iter().map(|record| record.value.unwrap()).collect();
    assert_eq!(read, values);
}
