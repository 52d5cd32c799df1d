//! `weft dead-letters`: what could not be sent is listed, and sent again once its cause is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rusqlite::Connection;
use serde_json::Value;
use weft_kafka_broker::{Record, Sent};

use crate::world::{PARTITIONS, World};

/// One rule that makes dead letters of events without a row, and one that does not.
const TWO_RULES: &str = r"
  - name: orders
    entities: [{as: product, entity: product, match: [{column: SKU, path: $.sku}]}]
    enrichments: [{from: {as: product, column: NAME}, to: $.name}]
    onMissing: DeadLetter
  - name: names
    entities: [{as: product, entity: product, match: [{column: SKU, path: $.sku}]}]
    enrichments: [{from: {as: product, column: NAME}, to: $.other}]
";

/// A product that there is not, at first.
const GONE: i64 = 1000;

fn command(world: &World<'_>, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    command.arg("dead-letters").args(arguments).arg("-f").arg(world.folder.path());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn run(world: &World<'_>, arguments: &[&str]) -> Output {
    command(world, arguments).output().unwrap()
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The letters that are listed with some arguments.
fn listed(world: &World<'_>, arguments: &[&str]) -> Vec<Value> {
    let output = run(world, &[&["list", "-o", "json"], arguments].concat());
    assert!(output.status.success(), "{}", err(&output));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What a replay with some arguments reports, and its exit code.
fn replayed(world: &World<'_>, arguments: &[&str]) -> (Value, Option<i32>) {
    let output = run(world, &[&["replay", "-o", "json"], arguments].concat());
    let report = serde_json::from_slice(&output.stdout);
    (report.unwrap_or_else(|error| panic!("{error}: {}", err(&output))), output.status.code())
}

/// A world whose enricher has made letters of `missing` events without a row and of `broken` records.
fn with_letters(missing: i64, broken: usize, padding: &str) -> World<'static> {
    let world = World::new().with_topics();
    world.write_manifests(&world.kafka.plain, "", "", TWO_RULES);
    let events: Vec<_> = (0..missing)
        .map(|n| (format!("k{n}"), format!(r#"{{"sku":{},"n":{n},"pad":"{padding}"}}"#, GONE + n)))
        .collect();
    let events = events.iter().enumerate().map(|(number, (key, value))| Sent {
        // Not where the key would lead: who wrote it had its own idea.
        partition: Some(number as i32 % PARTITIONS),
        key: Some(key.as_bytes()),
        value: Some(value.as_bytes()),
        headers: &[("trace", b"abc"), ("weft-reason", b"its own")],
        timestamp: Some(1_700_000_000_000),
    });
    let broken = (0..broken).map(|_| Sent { value: Some(b"{\"sku\":"), ..Sent::default() });
    world.kafka.produce(&world.topic("in"), events.chain(broken));
    let enricher = world.enrich();
    world.kafka.wait_until("every event became a letter", || {
        world.committed() as u64 == world.ends("in") && world.ends("dead") == world.ends("in")
    });
    enricher.stop();
    world
}

/// Brings the rows that were missing.
fn mend(world: &World<'_>, missing: i64) {
    let table = Connection::open(world.folder.path().join("shop.db")).unwrap();
    for number in GONE..GONE + missing {
        table.execute("INSERT INTO product VALUES (?1, ?2)", (number, format!("late {number}"))).unwrap();
    }
    world.sync();
}

fn number(record: &Record) -> Option<i64> {
    serde_json::from_slice::<Value>(record.value.as_deref()?).ok()?["n"].as_i64()
}

#[test]
fn letters_are_listed_by_reason_rule_and_time_and_their_events_only_when_asked() {
    let world = with_letters(20, 5, "");
    let all = listed(&world, &[]);
    assert_eq!(all.len(), 25);
    let reasons = |letters: &[Value]| -> BTreeMap<String, usize> {
        letters.iter().fold(BTreeMap::new(), |mut counts, letter| {
            *counts.entry(letter["reason"].as_str().unwrap().to_owned()).or_default() += 1;
            counts
        })
    };
    let expected = [("invalid_json".to_owned(), 5), ("missing".to_owned(), 20)];
    assert_eq!(reasons(&all), expected.clone().into());
    assert!(all.iter().all(|letter| letter.get("value").is_none() && letter["replayed"] == false));
    let missing = all.iter().find(|letter| letter["reason"] == "missing").unwrap();
    assert_eq!((missing["stage"].as_str(), missing["rule"].as_str()), (Some("lookup"), Some("orders")));
    assert_eq!(missing["mapping"], world.name.as_str());
    assert!(missing["origin"].as_str().unwrap().starts_with(&format!("{}/", world.topic("in"))));

    assert_eq!(listed(&world, &["--reason", "missing"]).len(), 20);
    assert_eq!(listed(&world, &["--rule", "-"]).len(), 5);
    assert_eq!(listed(&world, &["--rule", "orders", "--reason", "invalid_json"]).len(), 0);
    assert_eq!(listed(&world, &["--since", "1h"]).len(), 25);
    assert_eq!(listed(&world, &["--until", "1h"]).len(), 0);
    let time = all[12]["timestamp"].as_str().unwrap();
    let (before, after) = (listed(&world, &["--until", time]).len(), listed(&world, &["--since", time]).len());
    assert_eq!(before + after, 25, "a time parts them");
    let newest = listed(&world, &["--limit", "3"]);
    assert_eq!(newest, all[22..], "the newest, oldest first");
    assert_eq!(listed(&world, &["--limit", "0"]).len(), 25);
    let with_events = listed(&world, &["--reason", "missing", "--events"]);
    assert!(with_events.iter().all(|letter| letter["value"].as_str().unwrap().starts_with("{\"sku\":10")));
    assert!(with_events.iter().all(|letter| letter["key"].as_str().unwrap().starts_with('k')));

    let output = run(&world, &["list", "--limit", "2"]);
    let table = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(table.starts_with("time "), "{table}");
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(
        err(&output).contains("25 dead letters: invalid_json 5 (rule -), missing 20 (rule orders)"),
        "{}",
        err(&output)
    );
    assert!(err(&output).contains("--limit 0 shows all"), "{}", err(&output));
}

#[test]
fn a_replay_enriches_each_event_under_the_rule_that_failed_and_never_sends_it_twice() {
    let world = with_letters(20, 5, "");
    mend(&world, 20);
    let (written, outputs) = (world.ends("in"), world.ends("out"));
    assert_eq!(outputs, 20, "the other rule has sent them");

    let (report, code) = replayed(&world, &["--dry-run", "--reason", "missing"]);
    assert_eq!((report["sent"].as_u64(), report["dryRun"].as_bool(), code), (Some(20), Some(true), Some(0)));
    assert_eq!(world.ends("in"), written, "a dry run writes nothing");
    let group = format!("{}.replay", world.group());
    assert!(world.kafka.committed(&group, &world.topic("dead"), PARTITIONS).is_empty(), "and remembers nothing");

    let (report, code) = replayed(&world, &["--reason", "missing", "--limit", "7"]);
    assert_eq!((report["sent"].as_u64(), code), (Some(7), Some(0)));
    let (report, code) = replayed(&world, &["--rule", "orders"]);
    assert_eq!((report["sent"].as_u64(), code), (Some(13), Some(0)), "{report}");
    let (report, _) = replayed(&world, &["--reason", "missing"]);
    assert_eq!(report["sent"].as_u64(), Some(0), "{report}");
    assert_eq!(world.ends("in"), written + 20);
    assert!(listed(&world, &["--reason", "missing"]).iter().all(|letter| letter["replayed"] == true));
    assert!(listed(&world, &["--rule", "-"]).iter().all(|letter| letter["replayed"] == false));

    let again: Vec<_> = world.kafka.records(&world.topic("in"), PARTITIONS);
    let (again, first): (Vec<_>, Vec<_>) = again.iter().partition(|record| record.header("weft-only-rule").is_some());
    for record in &again {
        let original = first.iter().find(|first| first.key == record.key).unwrap();
        assert_eq!((&record.value, record.timestamp), (&original.value, original.timestamp));
        assert_eq!(record.partition, original.partition, "where it came from, whatever its key");
        assert_eq!(record.headers[..2], original.headers[..]);
        assert_eq!(record.header("weft-only-mapping"), Some(format!("shop/{}", world.name)));
        assert_eq!(record.headers.len(), 4);
    }

    let enricher = world.enrich();
    let records = world.records("out", 40);
    let late: BTreeSet<_> = records
        .iter()
        .filter(|record| record.text().ends_with(&format!(r#","name":"late {}"}}"#, GONE + number(record).unwrap())))
        .map(|record| record.key.clone())
        .collect();
    assert_eq!(late.len(), 20, "each under the rule orders");
    assert!(records.iter().all(|record| record.headers.len() == 2), "what was added for the way is gone");

    // What cannot be cured becomes a letter again; and the run does not go on with what it makes itself.
    let (report, code) = replayed(&world, &[]);
    assert_eq!((report["sent"].as_u64(), code), (Some(5), Some(0)), "{report}");
    assert_eq!(report["byReason"]["invalid_json"], 5);
    world.records("dead", 30);
    let (report, _) = replayed(&world, &["--dry-run"]);
    assert_eq!((report["sent"].as_u64(), report["read"].as_u64()), (Some(5), Some(5)), "{report}");
    enricher.stop();
}

#[test]
fn what_is_sent_for_another_mapping_is_passed_over_and_for_a_rule_that_is_gone_is_kept() {
    let world = with_letters(0, 0, "");
    let other: &[(&str, &[u8])] = &[("weft-only-mapping", b"shop/other"), ("weft-only-rule", b"orders")];
    let names: &[(&str, &[u8])] = &[("weft-only-rule", b"names")];
    let gone: &[(&str, &[u8])] = &[("weft-only-rule", b"gone")];
    let sent = |headers| Sent { key: Some(b"k"), value: Some(br#"{"sku":1}"#), headers, ..Sent::default() };
    world.kafka.produce(&world.topic("in"), [sent(other), sent(names), sent(gone)]);
    let enricher = world.enrich();
    world.kafka.wait_until("all are read", || world.committed() == 3);
    enricher.stop();
    assert_eq!(world.records("out", 1)[0].text(), r#"{"sku":1,"other":"product 1"}"#);
    let letter = world.records("dead", 1).remove(0);
    assert_eq!(
        (letter.header("weft-reason"), letter.header("weft-rule")),
        (Some("unknown_rule".into()), Some("gone".into()))
    );

    let (report, code) = replayed(&world, &[]);
    assert_eq!((report["sent"].as_u64(), &report["unknownRules"]["gone"], code), (Some(0), &Value::from(1), Some(3)));
    let unknown = run(&world, &["replay", "--rule", "gone"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(err(&unknown).contains("has no rule gone; it has orders, names"), "{}", err(&unknown));
    world.edit("name: names", "name: gone");
    let (report, code) = replayed(&world, &[]);
    assert_eq!((report["sent"].as_u64(), code), (Some(1), Some(0)), "it was not taken for sent: {report}");
}

#[test]
fn a_replay_that_is_killed_sends_again_only_what_it_had_not_told_the_group_and_loses_nothing() {
    const LETTERS: i64 = 4000;
    let world = with_letters(LETTERS, 0, &"x".repeat(10_000));
    let written = world.ends("in");
    let group = format!("{}.replay", world.group());
    let told = || world.kafka.committed(&group, &world.topic("dead"), PARTITIONS).values().sum::<i64>() as u64;
    let signal = |child: &Child, signal| kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
    // It stands still while it is asked how far it is, lest it be done by the answer.
    let begun = |least: u64| -> Child {
        let replay = command(&world, &["replay"]).spawn().unwrap();
        world.kafka.wait_until("some are sent", || {
            signal(&replay, Signal::SIGCONT);
            std::thread::sleep(Duration::from_millis(1));
            signal(&replay, Signal::SIGSTOP);
            world.ends("in") > least
        });
        replay
    };

    let mut killed = begun(written);
    killed.kill().unwrap();
    assert_eq!(killed.wait().unwrap().code(), None);
    let sent = world.ends("in") - written;
    let twice = sent - told();
    assert!(sent < LETTERS as u64, "it was done before it was killed");

    let stopped = begun(written + sent);
    signal(&stopped, Signal::SIGTERM);
    signal(&stopped, Signal::SIGCONT);
    let stopped = stopped.wait_with_output().unwrap();
    if world.ends("in") < written + twice + LETTERS as u64 {
        assert_eq!(stopped.status.code(), Some(1), "{}", err(&stopped));
        assert!(err(&stopped).contains("repeat it"), "{}", err(&stopped));
    }
    let (_, code) = replayed(&world, &[]);
    assert_eq!(code, Some(0));
    assert_eq!(
        world.ends("in"),
        written + LETTERS as u64 + twice,
        "{sent} were sent at the kill, {twice} of them untold"
    );
    let records = world.kafka.records(&world.topic("in"), PARTITIONS);
    let again = records.iter().filter(|record| record.header("weft-only-rule").is_some());
    assert_eq!(again.filter_map(number).collect::<BTreeSet<_>>().len(), LETTERS as usize, "none is lost");
}

#[test]
fn a_topic_of_dead_letters_that_is_not_there_is_named_with_its_field() {
    let world = World::new();
    for command in ["list", "replay"] {
        let output = run(&world, &[command]);
        assert_eq!(output.status.code(), Some(2));
        let expected = format!("spec.deadLetter.kafka.topic: there is no topic {}; create it", world.topic("dead"));
        assert!(err(&output).contains(&expected), "{}", err(&output));
    }
}
