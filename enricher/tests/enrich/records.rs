//! What becomes of a record's parts.

use weft_kafka_broker::{Record, Sent};

use crate::world::{PARTITIONS, World};

#[test]
fn keys_headers_and_timestamps_pass_through_and_rows_are_written_into_events() {
    let world = World::new().with_topics();
    let headers: [(&str, &[u8]); 2] = [("trace", b"abc"), ("trace", b"\xff\x00")];
    let sent = Sent {
        key: Some(b"user-1"),
        value: Some(br#"{"sku":7, "n": 1}"#),
        headers: &headers,
        timestamp: Some(1_700_000_000_123),
        ..Sent::default()
    };
    world.kafka.produce(&world.topic("in"), [sent]);
    let enricher = world.enrich();
    let record = world.records("out", 1).remove(0);
    assert_eq!(record.text(), r#"{"sku":7, "n": 1,"name":"product 7"}"#);
    assert_eq!(record.key.as_deref(), Some(&b"user-1"[..]));
    assert_eq!(record.headers, headers.map(|(name, value)| (name.to_owned(), value.to_vec())));
    assert_eq!(record.timestamp, Some(1_700_000_000_123));
    enricher.stop();
    assert_eq!(world.committed(), 1);
}

#[test]
fn tombstones_pass_and_records_without_a_key_keep_the_order_of_their_partition() {
    let world = World::new().with_topics();
    let values: Vec<_> = (0..200).map(|number| format!(r#"{{"sku":{},"n":{number}}}"#, number % 10)).collect();
    let keyless = values.iter().enumerate().map(|(number, value)| Sent {
        partition: Some(number as i32 % PARTITIONS),
        value: Some(value.as_bytes()),
        ..Sent::default()
    });
    let tombstone = Sent { key: Some(b"gone"), ..Sent::default() };
    let empty_key = Sent { key: Some(b""), value: Some(b"{}"), ..Sent::default() };
    world.kafka.produce(&world.topic("in"), keyless.chain([tombstone, empty_key]));
    let enricher = world.enrich();
    let records = world.records("out", 202);
    let is = |key: Option<&'static [u8]>| move |record: &&Record| record.key.as_deref() == key;
    assert_eq!(records.iter().find(is(Some(b"gone"))).unwrap().value, None);
    assert_eq!(records.iter().find(is(Some(b""))).unwrap().text(), "{}");
    for partition in 0..PARTITIONS {
        let sent: Vec<_> = values.iter().skip(partition as usize).step_by(PARTITIONS as usize).collect();
        let come: Vec<_> = records.iter().filter(is(None)).filter(|record| record.partition == partition).collect();
        assert_eq!(come.len(), sent.len());
        for (come, sent) in come.iter().zip(sent) {
            assert!(come.text().starts_with(sent.trim_end_matches('}')), "{} is not {sent}", come.text());
        }
    }
    enricher.stop();
}

#[test]
fn compressed_batches_and_records_of_a_mebibyte_are_read() {
    let world = World::new().with_topics();
    for topic in ["large-in", "large-out"] {
        world.kafka.create_topic(&world.topic(topic), PARTITIONS, &[("max.message.bytes", "5000000")]);
    }
    world.edit(&world.topic("in,"), &world.topic("large-in,"));
    world.edit(&world.topic("out,"), &world.topic("large-out,"));
    let large = format!(r#"{{"sku":1,"text":"{}"}}"#, "x".repeat(2 << 20));
    for compression in ["gzip", "snappy", "lz4", "zstd", "none"] {
        let sent = Sent { key: Some(compression.as_bytes()), value: Some(large.as_bytes()), ..Sent::default() };
        world.kafka.produce_with(&world.topic("large-in"), &[("compression.type", compression)], [sent]);
    }
    let enricher = world.enrich();
    let records = world.records("large-out", 5);
    let enriched = large.replace(r#""}"#, r#"","name":"product 1"}"#);
    assert!(records.iter().all(|record| record.text() == enriched));
    enricher.stop();
}
