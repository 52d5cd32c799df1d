//! Records that cannot be what they should be: each ends where the documentation says, and the rest goes on.

use std::collections::BTreeMap;

use weft_kafka_broker::Sent;

use crate::world::World;

#[test]
fn each_odd_record_ends_as_documented_and_the_partition_goes_on() {
    let world = World::new().with_topics();
    // A dead letter is larger than its record by its headers.
    world.kafka.create_topic(&world.topic("letters"), crate::world::PARTITIONS, &[("max.message.bytes", "2000000")]);
    world.edit(&world.topic("dead"), &world.topic("letters"));
    let deep = format!("{}{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
    let largest = format!(r#"{{"sku":1,"text":"{}"}}"#, "x".repeat(1_048_400));
    let dead: [(&str, &[u8], &str, &str); 8] = [
        ("cut", br#"{"sku":1"#, "invalid_json", "read"),
        ("empty", b"", "invalid_json", "read"),
        ("null", b"null", "not_an_object", "read"),
        ("list", b"[1]", "not_an_object", "read"),
        ("bytes", b"{\"sku\":\"\xff\xfe\"}", "invalid_utf8", "read"),
        ("deep", deep.as_bytes(), "invalid_json", "read"),
        ("twice", br#"{"sku":1,"sku":2}"#, "duplicate_key", "read"),
        ("large", largest.as_bytes(), "too_large", "deliver"),
    ];
    let sent: [(&str, &[u8], &str); 7] = [
        ("found", br#"{"sku":1}"#, r#"{"sku":1,"name":"product 1"}"#),
        ("missing", br#"{"sku":999}"#, r#"{"sku":999}"#),
        ("no key", br#"{"sku":null}"#, r#"{"sku":null}"#),
        ("bad key", br#"{"sku":{"a":1}}"#, r#"{"sku":{"a":1}}"#),
        ("number", br#"{"sku":2,"n":9007199254740993.10}"#, r#"{"sku":2,"n":9007199254740993.10,"name":"product 2"}"#),
        ("surrogate", br#"{"sku":3,"s":"\ud800"}"#, r#"{"sku":3,"s":"\ud800","name":"product 3"}"#),
        ("twice aside", br#"{"sku":4,"a":1,"a":2}"#, r#"{"sku":4,"a":1,"a":2,"name":"product 4"}"#),
    ];
    let records =
        dead.iter().map(|(key, value, ..)| (key, value)).chain(sent.iter().map(|(key, value, _)| (key, value)));
    // All in one partition: what stopped it would stop the rest.
    let records = records.map(|(key, value)| Sent {
        partition: Some(2),
        key: Some(key.as_bytes()),
        value: Some(value),
        ..Sent::default()
    });
    world.kafka.produce(&world.topic("in"), records);
    let enricher = world.enrich();
    let letters = world.records("letters", dead.len());
    let outputs = world.records("out", sent.len());
    let by_key = |key: &Option<Vec<u8>>| String::from_utf8(key.clone().unwrap()).unwrap();
    let letters: BTreeMap<_, _> = letters.iter().map(|letter| (by_key(&letter.key), letter)).collect();
    for (offset, (key, value, reason, stage)) in dead.iter().enumerate() {
        let letter = letters[*key];
        assert_eq!(letter.value.as_deref(), Some(*value), "{key}: the original bytes");
        let header = |name: &str| letter.header(name).unwrap_or_else(|| panic!("{key}: no header {name}"));
        assert_eq!((header("weft-reason").as_str(), header("weft-stage").as_str()), (*reason, *stage), "{key}");
        assert_eq!(header("weft-mapping"), world.name);
        assert_eq!(header("weft-origin"), format!("{}/2/{offset}", world.topic("in")));
        let rule = if *stage == "deliver" || *reason == "duplicate_key" { "orders" } else { "-" };
        assert_eq!(header("weft-rule"), rule, "{key}");
        assert!(header("weft-timestamp").ends_with('Z'));
    }
    let outputs: BTreeMap<_, _> = outputs.iter().map(|output| (by_key(&output.key), output.text())).collect();
    for (key, _, expected) in sent {
        assert_eq!(outputs[key], expected, "{key}");
    }
    enricher.stop();
    assert_eq!(world.committed(), (dead.len() + sent.len()) as i64);
}
