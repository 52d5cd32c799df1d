//! A mapping whose every event fails stops by itself, loses nothing, and goes on when it is told to.

use std::collections::BTreeSet;
use std::net::TcpListener;

use rusqlite::Connection;
use weft_kafka_broker::Sent;

use crate::process::get;
use crate::world::{Enricher, PARTITIONS, World};

const EVENTS: usize = 5_000;

/// Sends an event for each number, over all partitions.
fn send(world: &World<'_>, count: usize, event: impl Fn(usize) -> String) {
    let values: Vec<_> = (0..count).map(event).collect();
    let sent = |(number, value): (usize, &String)| Sent {
        partition: Some(number as i32 % PARTITIONS),
        value: Some(value.clone().leak().as_bytes()),
        ..Sent::default()
    };
    world.kafka.produce(&world.topic("in"), values.iter().enumerate().map(sent));
}

/// Starts an enricher and waits until it says that it has stopped reading.
fn stops_by_itself(world: &World<'_>) -> (Enricher, u16) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut enricher = world.enrich_with(&["--admin", &format!("127.0.0.1:{port}")]);
    enricher.logs("BreakerOpen");
    (enricher, port)
}

#[test]
fn a_stream_of_nothing_but_bad_events_is_stopped_and_goes_on_when_a_person_accepts_it() {
    let world = World::new().with_topics();
    send(&world, EVENTS, |number| format!("{{{number}"));
    let (enricher, port) = stops_by_itself(&world);
    let (status, ready) = get(port, "/readyz").unwrap();
    assert_eq!(status, 503);
    let begin = "BreakerOpen: 1000 of the last 1000 events became dead letters (invalid_json 1000)";
    assert!(ready.starts_with(begin) && ready.contains("--resume BreakerOpen"), "{ready}");
    let lag: serde_json::Value = serde_json::from_str(&get(port, "/v1/lag").unwrap().1).unwrap();
    assert_eq!(lag["paused"][0]["reason"], "BreakerOpen");
    let metrics = get(port, "/metrics").unwrap().1;
    assert!(metrics.contains("weft_enricher_paused{reason=\"BreakerOpen\"} 1\n"), "{metrics}");
    enricher.stop();
    let dead = world.ends("dead");
    assert!((1_000..3_000).contains(&dead), "it stopped at {dead}");
    assert_eq!(world.committed(), dead as i64, "what is in the dead letters is done, and nothing else");

    let enricher = world.enrich_with(&["--resume", "BreakerOpen"]);
    let letters = world.records("dead", EVENTS);
    let origins: BTreeSet<_> = letters.iter().map(|letter| letter.header("weft-origin")).collect();
    assert_eq!(origins.len(), EVENTS, "each once");
    assert!(!enricher.log().contains("BreakerOpen"));
    enricher.stop();
    assert_eq!(world.committed(), EVENTS as i64);
}

#[test]
fn once_the_cause_is_removed_a_start_goes_on_with_the_rest() {
    let world = World::new().with_topics();
    world.edit("    enrichments:", "    onMissing: DeadLetter\n    enrichments:");
    send(&world, EVENTS, |number| format!(r#"{{"sku":{}}}"#, 1_000 + number));
    let (enricher, _) = stops_by_itself(&world);
    enricher.stop();
    let dead = world.ends("dead") as usize;
    let table = Connection::open(world.folder.path().join("shop.db")).unwrap();
    for number in 1_000..1_000 + EVENTS {
        table.execute("INSERT INTO product VALUES (?1, ?2)", (number as i64, "late")).unwrap();
    }
    world.sync();
    let enricher = world.enrich();
    let outputs = world.records("out", EVENTS - dead);
    assert!(outputs.iter().all(|output| output.text().contains(r#""name":"late""#)));
    enricher.stop();
    assert_eq!(world.committed(), EVENTS as i64);
}

#[test]
fn a_stream_with_sound_events_among_the_bad_ones_goes_on() {
    let world = World::new().with_topics();
    send(&world, EVENTS, |number| if number % 5 == 0 { r#"{"sku":1}"#.to_owned() } else { "{".to_owned() });
    let enricher = world.enrich();
    world.records("dead", EVENTS / 5 * 4);
    world.records("out", EVENTS / 5);
    enricher.stop();
}
