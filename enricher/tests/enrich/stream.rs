//! `weft run --events manifest --output manifest`: the whole path on one machine, from the manifests of a cluster.

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};
use rusqlite::Connection;
use serde_json::Value;
use weft_kafka_broker::Sent;

use crate::world::World;

const MANIFEST: [&str; 4] = ["--events", "manifest", "--output", "manifest"];

fn command(world: &World<'_>, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    command.args(["run", "-o", "json", "-f"]).arg(world.folder.path()).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(world: &World<'_>, arguments: &[&str]) -> Output {
    command(world, &[&MANIFEST, arguments].concat()).output().unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The summary on the last line of standard error.
fn summary(output: &Output) -> Value {
    let text = err(output);
    let line = text.lines().rfind(|line| line.starts_with('{'));
    line.and_then(|line| serde_json::from_str(line).ok()).unwrap_or_else(|| panic!("no summary in {text}"))
}

fn write_events(world: &World<'_>, numbers: std::ops::Range<i32>) {
    let events: Vec<_> = numbers.map(|n| (format!("k{n}"), format!(r#"{{"sku":{},"n":{n}}}"#, n % 100))).collect();
    let sent = |(key, value): &'_ (String, String)| Sent {
        key: Some(key.clone().leak().as_bytes()),
        value: Some(value.clone().leak().as_bytes()),
        ..Sent::default()
    };
    world.kafka.produce(&world.topic("in"), events.iter().map(sent));
}

fn rename_products(world: &World<'_>, name: &str) {
    let table = Connection::open(world.folder.path().join("shop.db")).unwrap();
    table.execute("UPDATE product SET NAME = ?1 || SKU WHERE SKU < 50", [name]).unwrap();
}

#[test]
fn the_store_is_synced_what_is_in_the_topic_is_enriched_and_the_run_ends_there() {
    let world = World::new().with_topics();
    rename_products(&world, "late ");
    write_events(&world, 0..50);
    world.kafka.produce(&world.topic("in"), [Sent { value: Some(b"{"), ..Sent::default() }]);
    let output = run(&world, &["--store", "manifest"]);
    assert_eq!(output.status.code(), Some(3), "a dead letter: {}", err(&output));
    let summary_of_it = summary(&output);
    assert_eq!((summary_of_it["events"].as_u64(), summary_of_it["written"].as_u64()), (Some(50), Some(50)));
    assert_eq!(summary_of_it["rules"]["orders"]["outcomes"]["enriched"], 50);
    assert_eq!(summary_of_it["unparsable"]["invalid_json"], 1);
    assert_eq!(summary_of_it["entities"]["product"]["rows"]["changed"], 50);
    assert!(world.records("out", 50).iter().all(|record| record.text().contains(r#""name":"late "#)));
    world.records("dead", 1);
    assert_eq!(world.committed(), 51);

    write_events(&world, 50..60);
    let output = run(&world, &["--store", "manifest"]);
    assert_eq!((output.status.code(), summary(&output)["events"].as_u64()), (Some(0), Some(10)), "{}", err(&output));
    let output = run(&world, &["--store", "manifest"]);
    assert_eq!((output.status.code(), summary(&output)["events"].as_u64()), (Some(0), Some(0)), "{}", err(&output));
    world.records("out", 60);
}

#[test]
fn without_a_store_rows_are_held_in_memory_and_no_redis_is_asked() {
    let world = World::new().with_topics();
    world.edit("redis://127.0.0.1:", "redis://nowhere.invalid:");
    rename_products(&world, "in memory ");
    write_events(&world, 0..10);
    let output = run(&world, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(world.records("out", 10).iter().all(|record| record.text().contains(r#""name":"in memory "#)));
}

#[test]
fn a_run_ends_where_only_the_marks_of_transactions_are_left() {
    let world = World::new().with_topics();
    let mut config = world.kafka.client();
    let producer: ThreadedProducer<DefaultProducerContext> =
        config.set("transactional.id", &world.name).create().unwrap();
    let patience = Duration::from_secs(30);
    producer.init_transactions(patience).unwrap();
    for number in 0..3 {
        producer.begin_transaction().unwrap();
        let value = format!(r#"{{"sku":{number}}}"#);
        producer.send(BaseRecord::<[u8], str>::to(&world.topic("in")).payload(&value).partition(0)).unwrap();
        match number {
            2 => producer.abort_transaction(patience).unwrap(),
            _ => producer.commit_transaction(patience).unwrap(),
        }
    }
    let output = run(&world, &["--store", "manifest"]);
    assert_eq!((output.status.code(), summary(&output)["events"].as_u64()), (Some(0), Some(2)), "{}", err(&output));
    world.records("out", 2);
}

#[test]
fn a_run_whose_offsets_are_lost_ends_and_says_how_to_go_on() {
    let world = World::new().with_topics();
    world.kafka.commit(&world.group(), &world.topic("in"), 0, 50);
    write_events(&world, 0..10);
    let output = run(&world, &["--store", "manifest"]);
    let text = err(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("partition 0: it ends at") && text.contains("--resume OffsetsLost"), "{text}");
    let output = run(&world, &["--store", "manifest", "--resume", "OffsetsLost"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(world.ends("out"), 10);
}

#[test]
fn with_follow_it_waits_for_more_events_until_it_is_stopped() {
    let world = World::new().with_topics();
    write_events(&world, 0..5);
    let running = command(&world, &[&MANIFEST[..], &["--store", "manifest", "--follow"]].concat()).spawn().unwrap();
    world.records("out", 5);
    write_events(&world, 5..12);
    world.records("out", 12);
    kill(Pid::from_raw(running.id().cast_signed()), Signal::SIGINT).unwrap();
    let output = running.wait_with_output().unwrap();
    assert_eq!((output.status.code(), summary(&output)["events"].as_u64()), (Some(0), Some(12)), "{}", err(&output));
    assert_eq!(world.committed(), 12);
}

#[test]
fn what_cannot_go_together_is_refused_by_its_flags_and_what_is_not_there_is_named() {
    let world = World::new();
    let refused = |arguments: &[&str], expected: &str| {
        let output = command(&world, arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", err(&output));
        assert!(err(&output).contains(expected), "{}", err(&output));
    };
    refused(&MANIFEST[..2], "--events manifest needs --output manifest");
    refused(&MANIFEST[2..], "--output manifest needs --events manifest");
    refused(&[&MANIFEST[..], &["--dead-letters", "dead.jsonl"]].concat(), "--dead-letters and --force are for files");
    refused(&[&MANIFEST[..], &["--max-event-bytes", "100"]].concat(), "max.message.bytes");
    let missing = format!("spec.source.kafka.topic: there is no topic {}; create it", world.topic("in"));
    refused(&MANIFEST, &missing);
    world.kafka.create_topic(&world.topic("in"), 1, &[]);
    let missing = format!("spec.destination.kafka.topic: there is no topic {}; create it", world.topic("out"));
    refused(&MANIFEST, &missing);
}
