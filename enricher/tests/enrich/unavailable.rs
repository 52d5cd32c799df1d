//! What goes out while the store cannot tell rows, and how soon what it tells is what was synced last.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Connection;
use weft_kafka_broker::{Record, Sent};

use crate::process::get;
use crate::world::{Enricher, PRODUCTS, World};

/// Something that Redis suffers, and what puts an end to it.
type Disaster = (&'static str, fn(&mut World<'static>), fn(&mut World<'static>));

/// Each leaves nothing, or nothing that may be used, of the rows.
const DISASTERS: [Disaster; 3] = [
    (
        "it is killed and comes back with its data",
        |world| {
            redis(world, "SAVE");
            world.redis.kill();
        },
        World::start_redis_again,
    ),
    ("it is flushed", |world| redis(world, "FLUSHALL"), |world| world.sync()),
    (
        "it evicts what it holds",
        |world| {
            redis(world, "CONFIG SET maxmemory-policy allkeys-lru");
            redis(world, "CONFIG SET maxmemory 1");
            redis(world, "PING");
        },
        |world| {
            redis(world, "CONFIG SET maxmemory 0");
            world.sync();
        },
    ),
];

/// Tells Redis something.
fn redis(world: &World<'_>, command: &str) {
    let mut stream = TcpStream::connect(("127.0.0.1", world.redis.port)).unwrap();
    write!(stream, "{command}\r\nQUIT\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with(['+', ':']), "{command}: {answer}");
}

/// An enricher with an admin port.
fn enrich(world: &World<'_>) -> (Enricher, u16) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    (world.enrich_with(&["--admin", &format!("127.0.0.1:{port}")]), port)
}

/// Whether an answer of the admin port holds a text.
fn tells(port: u16, path: &str, text: &str) -> bool {
    get(port, path).is_some_and(|(_, body)| body.contains(text))
}

/// Events of the products, one after the other.
struct Load<'world> {
    sent: usize,
    topic: &'world str,
}

impl Load<'_> {
    /// Sends some events again and again until something is so.
    fn until(&mut self, world: &World<'_>, what: &str, mut is_so: impl FnMut() -> bool) {
        world.kafka.wait_until(what, || {
            self.send(world, 20);
            is_so()
        });
    }

    fn send(&mut self, world: &World<'_>, count: usize) {
        let values: Vec<_> =
            (self.sent..self.sent + count).map(|number| format!(r#"{{"sku":{}}}"#, number % PRODUCTS)).collect();
        let sent =
            |value: &String| Sent { key: Some(b"k"), value: Some(value.clone().leak().as_bytes()), ..Sent::default() };
        world.kafka.produce(self.topic, values.iter().map(sent));
        self.sent += count;
    }
}

/// The aliases without a row that a record says it was sent without.
fn unavailable(record: &Record) -> Option<String> {
    record.header("weft-unavailable")
}

fn product(record: &Record) -> String {
    let text = record.text();
    let sku = text.trim_start_matches(r#"{"sku":"#);
    sku.split([',', '}']).next().unwrap().to_owned()
}

/// Panics unless the record has its row.
fn assert_enriched(record: &Record) {
    let sku = product(record);
    assert_eq!(record.text(), format!(r#"{{"sku":{sku},"name":"product {sku}"}}"#));
    assert_eq!(unavailable(record), None);
}

#[test]
fn under_pause_nothing_goes_out_without_its_row_whatever_happens_to_the_store() {
    let mut world = World::new().with_topics();
    let (enricher, port) = enrich(&world);
    let topic = world.topic("in");
    let mut load = Load { sent: 0, topic: &topic };
    load.send(&world, 200);
    world.records("out", load.sent);
    for (what, happens, ends) in DISASTERS {
        happens(&mut world);
        load.until(&world, what, || {
            tells(port, "/readyz", "StoreUnavailable: the store cannot answer for entity product")
        });
        ends(&mut world);
        load.send(&world, 100);
        world.records("out", load.sent);
        world.kafka.wait_until("it is ready", || get(port, "/readyz").is_some_and(|(status, _)| status == 200));
    }
    world.records("out", load.sent).iter().for_each(assert_enriched);
    enricher.stop();
    assert_eq!(world.committed(), load.sent as i64);
}

#[test]
fn under_forward_events_go_out_as_they_came_with_a_header_and_are_counted_until_the_store_answers() {
    let mut world = World::new().with_topics();
    world.edit("  rules:", "  onUnavailable: Forward\n  rules:");
    let (enricher, port) = enrich(&world);
    let topic = world.topic("in");
    let mut load = Load { sent: 0, topic: &topic };
    load.send(&world, 200);
    world.records("out", load.sent);
    for (what, happens, ends) in DISASTERS {
        happens(&mut world);
        load.until(&world, what, || {
            tells(port, "/v1/lag", r#""reason":"StoreUnavailable""#) && tells(port, "/readyz", "ready")
        });
        // Nothing waits for the store: what is sent from now on arrives.
        load.send(&world, 100);
        world.records("out", load.sent);
        ends(&mut world);
        load.until(&world, "it has rows again", || tells(port, "/v1/lag", r#""forwarding":null"#));
    }
    let records = world.records("out", load.sent);
    let (without, with): (Vec<_>, Vec<_>) = records.iter().partition(|record| unavailable(record).is_some());
    assert!(without.len() >= 300, "{}", without.len());
    for record in &without {
        assert_eq!(unavailable(record).as_deref(), Some("product"));
        assert_eq!(record.text(), format!(r#"{{"sku":{}}}"#, product(record)), "nothing is written");
    }
    with.iter().for_each(|record| assert_enriched(record));
    for (metric, labels, count) in [
        ("events", r#"outcome="unenriched",reason="unavailable",rule="orders""#, without.len()),
        ("events", r#"outcome="enriched",reason="",rule="orders""#, with.len()),
        ("lookups", r#"alias="product",result="unavailable",rule="orders""#, without.len()),
        ("lookups", r#"alias="product",result="found",rule="orders""#, with.len()),
    ] {
        let line = format!("weft_enricher_{metric}_total{{{labels}}} {count}\n");
        world.kafka.wait_until(&line, || tells(port, "/metrics", &line));
    }
    enricher.stop();
}

#[test]
fn an_outage_that_is_over_in_a_moment_is_waited_for_under_forward_too() {
    let world = World::new().with_topics();
    world.edit("  rules:", "  onUnavailable: Forward\n  rules:");
    let (enricher, _) = enrich(&world);
    let topic = world.topic("in");
    let mut load = Load { sent: 0, topic: &topic };
    load.send(&world, 100);
    world.records("out", load.sent);
    redis(&world, "CLIENT KILL TYPE normal");
    load.send(&world, 100);
    redis(&world, "CLIENT KILL TYPE normal");
    load.send(&world, 100);
    world.records("out", load.sent).iter().for_each(assert_enriched);
    enricher.stop();
}

#[test]
fn a_changed_row_shows_in_the_output_within_two_seconds_of_its_sync() {
    let world = World::new().with_topics();
    let enricher = world.enrich();
    let event = || {
        let sent = Sent { key: Some(b"k"), value: Some(br#"{"sku":7}"#), ..Sent::default() };
        world.kafka.produce(&world.topic("in"), [sent]);
    };
    event();
    let before = world.records("out", 1);
    assert!(before[0].text().contains("product 7"), "the row is in the cache now");
    let table = Connection::open(world.folder.path().join("shop.db")).unwrap();
    table.execute("UPDATE product SET NAME = 'renamed' WHERE SKU = 7", ()).unwrap();
    world.sync();
    let synced = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    let mut sent = 1;
    let is_renamed = |record: &Record| record.text().contains("renamed");
    world.kafka.wait_until("the change shows", || {
        event();
        sent += 1;
        world.records("out", sent).iter().any(is_renamed)
    });
    let records = world.records("out", sent);
    let mut records: Vec<_> = records.iter().map(|record| (record.timestamp.unwrap(), is_renamed(record))).collect();
    records.sort_unstable();
    let shown = records.iter().find(|(_, is_renamed)| *is_renamed).unwrap().0;
    assert!(shown - synced <= 2_000, "{} ms after the sync", shown - synced);
    assert!(
        records.iter().all(|(time, is_renamed)| *is_renamed == (*time >= shown)),
        "and never goes back: {records:?}"
    );
    enricher.stop();
}

#[test]
fn rows_that_are_too_old_are_waited_for_until_a_sync_finds_them_unchanged() {
    let world = World::new().with_topics();
    world.edit("  rules:", "  maxStaleness: 4s\n  rules:");
    let (enricher, port) = enrich(&world);
    let topic = world.topic("in");
    let mut load = Load { sent: 0, topic: &topic };
    load.until(&world, "rows are too old", || enricher.log().contains("longer than maxStaleness allows"));
    assert!(tells(port, "/readyz", "StoreUnavailable"));
    assert!(world.ends("out") < load.sent as u64);
    // They are fresh for a short time only.
    world.kafka.wait_until("rows are fresh", || {
        world.sync();
        world.ends("out") == load.sent as u64
    });
    world.records("out", load.sent).iter().for_each(assert_enriched);
    enricher.stop();
}

#[test]
fn under_forward_rows_that_are_too_old_are_not_written() {
    let world = World::new().with_topics();
    world.edit("  rules:", "  onUnavailable: Forward\n  maxStaleness: 4s\n  rules:");
    let (enricher, _) = enrich(&world);
    let topic = world.topic("in");
    let mut load = Load { sent: 0, topic: &topic };
    load.until(&world, "rows are too old", || enricher.log().contains("longer than maxStaleness allows"));
    let before = world.records("out", load.sent).len();
    world.kafka.wait_until("rows are fresh", || {
        world.sync();
        load.send(&world, 1);
        world.records("out", load.sent).last().is_some_and(|record| unavailable(record).is_none())
    });
    let records = world.records("out", load.sent);
    let old = records.iter().filter(|record| unavailable(record).is_some());
    let old: Vec<_> = old.map(|record| (product(record), record.text())).collect();
    assert!(!old.is_empty() && old.iter().all(|(sku, text)| *text == format!(r#"{{"sku":{sku}}}"#)), "{old:?}");
    assert!(records.len() > before);
    enricher.stop();
}
