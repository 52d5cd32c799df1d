//! `weft probe --mapping`: what it finds of logins, topics and grants, and that what it says helps does help.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

use serde_json::Value;
use weft_kafka_broker::Sent;

use crate::access::{sasl, secrets};
use crate::world::{RULES, World};

const ACLS: &str = "org.apache.kafka.tools.AclCommand";

/// How a probe ended.
#[derive(Debug)]
struct Probe {
    code: Option<i32>,
    /// Each step, and why it failed if it did.
    steps: Vec<(String, Option<String>)>,
}

impl Probe {
    fn failed(&self) -> Vec<(&str, &str)> {
        self.steps.iter().filter_map(|(step, error)| Some((step.as_str(), error.as_deref()?))).collect()
    }
}

/// Probes the mapping of a file in the folder.
fn probe_file(world: &World<'_>, file: &str) -> Probe {
    let folder = world.folder.path();
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    command.args(["probe", "--mapping", &world.name, "-o", "json", "--secrets-dir"]).arg(folder);
    let Output { status, stdout, stderr } = command.arg("-f").arg(folder.join(file)).output().unwrap();
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    for password in [world.kafka.password.as_str(), "wrong-secret"] {
        assert!(!stdout.contains(password) && !stderr.contains(password), "{stdout}{stderr}");
    }
    let report: Value = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}"));
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let steps = report["steps"].as_array().unwrap().iter();
    let steps: Vec<_> = steps.map(|step| (text(&step["step"]).unwrap(), text(&step["error"]))).collect();
    let outcome = if steps.iter().any(|(_, error)| error.is_some()) { "failed" } else { "connected" };
    assert_eq!(report["outcome"], outcome, "{stdout}");
    Probe { code: status.code(), steps }
}

fn probe(world: &World<'_>) -> Probe {
    probe_file(world, "weft.yaml")
}

const ALL: [&str; 8] = [
    "log in at the source",
    "find the topic of the source",
    "read the topic of the source",
    "use the consumer group",
    "find the topic of the dead letters",
    "write to the topic of the dead letters",
    "log in at the destination",
    "find the topic of the destination",
];

#[test]
fn a_mapping_that_can_be_used_is_connected_and_its_topics_and_its_group_stay_as_they_are() {
    let world = World::new().with_topics();
    secrets(&world, &world.kafka.password);
    world.write_manifests(&world.kafka.sasl, &sasl(&world, "SCRAM-SHA-256"), "", RULES);
    let is_connected = || {
        let probe = probe(&world);
        assert_eq!((probe.code, probe.failed()), (Some(0), vec![]));
        let steps: Vec<_> = probe.steps.iter().map(|(step, _)| step.as_str()).collect();
        assert_eq!(steps[..8], ALL);
        assert_eq!(steps[8..], ["write to the topic of the destination"]);
    };
    is_connected();
    let committed = || world.kafka.committed(&world.group(), &world.topic("in"), crate::world::PARTITIONS);
    assert!(committed().values().all(|offset| *offset < 0), "{:?}", committed());
    // Also while the group has members, and progress.
    world.kafka.produce(&world.topic("in"), [Sent { value: Some(br#"{"sku":1}"#), ..Sent::default() }]);
    let enricher = world.enrich();
    world.kafka.wait_until("the group has progress", || world.committed() == 1);
    is_connected();
    enricher.stop();
    let before = committed();
    is_connected();
    assert_eq!(committed(), before);
    assert_eq!((world.ends("out"), world.ends("dead")), (1, 0));
}

#[test]
fn of_a_user_without_rights_each_missing_grant_is_named_and_what_is_said_to_help_helps() {
    let world = World::new().with_topics();
    secrets(&world, &world.kafka.password);
    world.write_manifests(&world.kafka.sasl, &sasl(&world, "PLAIN"), "", RULES);
    // What somebody has rights on, others have none on.
    let [from, to, dead] = ["in", "out", "dead"].map(|name| world.topic(name));
    let mut of_another = vec!["--add", "--allow-principal", "User:other", "--operation", "All"];
    of_another.extend(["--topic", &from, "--topic", &to, "--topic", &dead]);
    let group = world.group();
    world.kafka.tool(ACLS, &[&of_another[..], &["--group", &group]].concat());
    world.kafka.wait_until("the rights are known", || probe(&world).failed().len() == 3);

    let mut named = BTreeSet::new();
    world.kafka.wait_until("every cure was followed", || {
        let probe = probe(&world);
        let failed = probe.failed();
        assert_eq!(probe.code, Some(if failed.is_empty() { 0 } else { 2 }), "{probe:?}");
        for (step, error) in &failed {
            if named.insert((*step).to_owned()) {
                let cure = error.split_once("kafka-acls.sh ").unwrap_or_else(|| panic!("{error}")).1.replace('\'', "");
                let words: Vec<_> = cure.split(' ').collect();
                assert_eq!(words[..2], ["--bootstrap-server", &world.kafka.sasl]);
                world.kafka.tool(ACLS, &words[2..]);
            }
        }
        failed.is_empty()
    });
    let expected = [
        "find the topic of the source",
        "use the consumer group",
        "find the topic of the dead letters",
        "find the topic of the destination",
    ];
    assert_eq!(named, expected.map(str::to_owned).into());
}

#[test]
fn a_right_that_is_taken_away_is_named_by_its_step_though_the_topic_is_seen() {
    let world = World::new().with_topics();
    secrets(&world, &world.kafka.password);
    world.write_manifests(&world.kafka.sasl, &sasl(&world, "PLAIN"), "", RULES);
    let [from, to, dead] = ["in", "out", "dead"].map(|name| world.topic(name));
    let group = world.group();
    let denied = |operation: &str, of: [&str; 2]| {
        // What is allowed lets everybody see it.
        let who = ["--add", "--allow-principal", "User:*", "--deny-principal", "User:*", "--operation", operation];
        world.kafka.tool(ACLS, &[&who[..], &of].concat());
    };
    denied("Read", ["--topic", &from]);
    denied("Read", ["--group", &group]);
    denied("Write", ["--topic", &dead]);
    denied("Write", ["--topic", &to]);
    let expected = [
        ("read the topic of the source", "spec.source.kafka.topic: the user may not read topic"),
        ("use the consumer group", "spec.source.kafka.groupId: the user may not use the consumer group"),
        ("write to the topic of the dead letters", "spec.deadLetter.kafka.topic: the user may not write to topic"),
        ("write to the topic of the destination", "spec.destination.kafka.topic: the user may not write to topic"),
    ];
    world.kafka.wait_until("all of them are known", || probe(&world).failed().len() == expected.len());
    let probe = probe(&world);
    assert_eq!(probe.code, Some(2));
    for ((step, error), (expected, named)) in probe.failed().into_iter().zip(expected) {
        assert_eq!(step, expected);
        assert!(error.starts_with(named), "{error}");
    }
}

#[test]
fn whatever_keeps_it_from_its_topics_is_named_by_its_field_and_told_from_what_may_pass() {
    let world = World::new().with_topics();
    secrets(&world, &world.kafka.password);
    fs::write(world.folder.path().join("kafka/wrong"), "wrong-secret").unwrap();
    world.write_manifests(&world.kafka.sasl, &sasl(&world, "SCRAM-SHA-256"), "", RULES);
    let sound = fs::read_to_string(world.folder.path().join("weft.yaml")).unwrap();
    let servers = format!("\"{}\"", world.kafka.sasl);
    let plain = format!("\"{}\"", world.kafka.plain);
    let gone = format!("topic: {}", world.topic("gone"));
    let cases = [
        (servers.as_str(), "\"no-such-host.invalid:9092\"", "log in at the source", 1, "the host name of a broker"),
        (&servers, "\"127.0.0.1:1\"", "log in at the source", 1, "check host and port, that they run"),
        (&servers, &plain, "log in at the source", 1, "whether this port wants TLS (spec.source.kafka.tls)"),
        ("key: ca.crt", "key: client.crt", "log in at the source", 2, "spec.source.kafka.tls: no encrypted connection"),
        ("key: password", "key: wrong", "log in at the source", 2, "spec.source.kafka.auth.sasl: the brokers refuse"),
        ("key: password", "key: none", "log in at the source", 2, "spec.source.kafka.auth.sasl.password: there is no"),
        (&format!("topic: {}", world.topic("in")), &gone, "find the topic of the source", 2, "there is no topic"),
        (&format!("topic: {}", world.topic("out")), &gone, "find the topic of the destination", 2, "there is no topic"),
        (&format!("topic: {}", world.topic("dead")), &gone, "find the topic of the dead letters", 2, "create it"),
    ];
    std::thread::scope(|scope| {
        for (number, (from, to, step, code, named)) in cases.into_iter().enumerate() {
            assert!(sound.contains(from), "{from}");
            let file = format!("case{number}.yaml");
            fs::write(world.folder.path().join(&file), sound.replace(from, to)).unwrap();
            let world = &world;
            scope.spawn(move || {
                let probe = probe_file(world, &file);
                let failed = probe.failed();
                assert_eq!((failed[0].0, probe.code), (step, Some(code)), "{to}: {probe:?}");
                assert!(failed[0].1.contains(named), "{to}: {probe:?}");
                // Of brokers that let nobody in, nothing else is asked.
                let of_source = failed.iter().filter(|(step, _)| !step.contains("destination")).count();
                assert!(of_source <= 1, "{to}: {probe:?}");
            });
        }
    });
}
