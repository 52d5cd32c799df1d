//! What the admin port answers.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use weft_kafka_broker::Sent;

use crate::world::{PARTITIONS, World};

/// The status and the body of an answer.
fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: weft\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

#[test]
fn the_admin_port_tells_what_is_waited_for_then_counts_outcomes_and_lag() {
    let world = World::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    world.kafka.create_topic(&world.topic("in"), PARTITIONS, &[]);
    world.kafka.create_topic(&world.topic("dead"), PARTITIONS, &[]);
    let values: [Option<&[u8]>; 4] = [Some(br#"{"sku":1}"#), Some(br#"{"sku":999}"#), Some(b"{"), None];
    let records = values.map(|value| Sent { partition: Some(0), key: Some(b"k"), value, ..Sent::default() });
    world.kafka.produce(&world.topic("in"), records);
    let enricher = world.enrich_with(&["--admin", &format!("127.0.0.1:{port}")]);
    let is = |path: &'static str, status: u16, text: String| {
        move || get(port, path).is_some_and(|(found, body)| found == status && body.contains(&text))
    };
    let missing =
        format!("DestinationTopicUnknown: spec.destination.kafka.topic: there is no topic {}", world.topic("out"));
    world.kafka.wait_until("it says what it waits for", is("/readyz", 503, missing));
    assert_eq!(get(port, "/livez").unwrap().0, 200);
    world.kafka.create_topic(&world.topic("out"), PARTITIONS, &[]);
    world.records("out", 3);
    world.kafka.wait_until("it is ready", is("/readyz", 200, "ready".to_owned()));
    for line in [
        r#"weft_enricher_events_total{outcome="enriched",reason="",rule="orders"} 1"#,
        r#"weft_enricher_events_total{outcome="unenriched",reason="",rule="orders"} 1"#,
        r#"weft_enricher_events_total{outcome="dead_lettered",reason="invalid_json",rule="-"} 1"#,
        r#"weft_enricher_events_total{outcome="dropped",reason="",rule="orders"} 0"#,
        r#"weft_enricher_lookups_total{alias="product",result="found",rule="orders"} 1"#,
        r#"weft_enricher_lookups_total{alias="product",result="missing",rule="orders"} 1"#,
        "weft_enricher_tombstones_total 1",
        "weft_enricher_dead_letters_total 1",
        r#"weft_enricher_lag_records{partition="0"} 0"#,
        r#"weft_enricher_paused{reason="StoreUnavailable"} 0"#,
        "weft_enricher_cache_misses_total 2",
        "weft_enricher_cache_entries 2",
        "weft_enricher_cache_evictions_total 0",
        "weft_enricher_forwarding 0",
        "weft_enricher_end_to_end_seconds_count 1",
    ] {
        world.kafka.wait_until(line, is("/metrics", 200, format!("{line}\n")));
    }
    let (text, dashboard) =
        (get(port, "/metrics").unwrap().1, include_str!("../../../charts/weft/dashboards/overview.json"));
    for (place, _) in dashboard.match_indices("weft_enricher_") {
        let name =
            dashboard[place..].split(|letter: char| letter != '_' && !letter.is_ascii_alphanumeric()).next().unwrap();
        assert!(text.contains(&format!("\n{name}")), "the dashboard asks for {name}");
    }
    let lag: serde_json::Value = serde_json::from_str(&get(port, "/v1/lag").unwrap().1).unwrap();
    assert_eq!(lag["group"], world.group());
    let partitions = lag["partitions"].as_array().unwrap();
    assert_eq!(partitions.len(), PARTITIONS as usize, "every partition of this member");
    assert_eq!((&partitions[0]["delivered"], &partitions[0]["lag"]), (&4.into(), &0.into()), "{lag}");
    enricher.stop();
}
