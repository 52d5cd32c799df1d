//! Logins and certificates, on listeners that ask for them.

use std::fs;

use weft_kafka_broker::Sent;

use crate::letters;
use crate::world::{RULES, World};

/// The Secret `kafka` in the folder of secrets.
pub(crate) fn secrets(world: &World<'_>, password: &str) {
    let folder = world.folder.path().join("kafka");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("password"), password).unwrap();
    for name in ["ca.crt", "client.crt", "client.key"] {
        fs::copy(world.kafka.certificate(name), folder.join(name)).unwrap();
    }
}

fn secret(key: &str) -> String {
    format!("{{secretRef: {{name: kafka, key: {key}}}}}")
}

pub(crate) fn sasl(world: &World<'_>, mechanism: &str) -> String {
    let (user, password, ca) = (&world.kafka.user, secret("password"), secret("ca.crt"));
    format!("auth: {{sasl: {{mechanism: {mechanism}, username: {user}, password: {password}}}}}, tls: {{ca: {ca}}}")
}

fn event(world: &World<'_>) {
    world.kafka.produce(&world.topic("in"), [Sent { value: Some(br#"{"sku":1}"#), ..Sent::default() }]);
}

#[test]
fn every_login_and_a_client_certificate_let_events_through() {
    let world = World::new().with_topics();
    secrets(&world, &world.kafka.password);
    let certificate = format!("certificate: {}, privateKey: {}", secret("client.crt"), secret("client.key"));
    let certificate = format!("tls: {{ca: {}, clientCertificate: {{{certificate}}}}}", secret("ca.crt"));
    let logins =
        ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"].map(|mechanism| (&world.kafka.sasl, sasl(&world, mechanism)));
    for (number, (servers, access)) in logins.into_iter().chain([(&world.kafka.tls, certificate)]).enumerate() {
        world.write_manifests(servers, &access, "", RULES);
        event(&world);
        let enricher = world.enrich();
        world.records("out", number + 1);
        enricher.stop();
    }
}

#[test]
fn a_wrong_password_is_named_by_its_field_and_waited_for() {
    let world = World::new().with_topics();
    secrets(&world, "wrong-secret");
    world.write_manifests(&world.kafka.sasl, &sasl(&world, "SCRAM-SHA-256"), "", RULES);
    let mut enricher = world.enrich();
    enricher.logs("spec.destination.kafka.auth.sasl: the brokers refuse the login");
    let log = enricher.log();
    assert!(!log.contains("wrong-secret"), "{log}");
    enricher.stop();
}

/// Forbids anybody to write to a topic, or no longer does.
fn forbid(world: &World<'_>, change: &str, topic: &str) {
    forbid_to(world, change, "Write", &["--topic", &world.topic(topic)]);
}

fn forbid_to(world: &World<'_>, change: &str, operation: &str, what: &[&str]) {
    let who = [&["--deny-principal", "User:*", "--operation", operation, "--force"], what].concat();
    world.kafka.tool("org.apache.kafka.tools.AclCommand", &[&[change], &who[..]].concat());
}

#[test]
fn a_topic_that_the_user_may_not_write_is_named_and_waited_for() {
    let world = World::new().with_topics();
    secrets(&world, &world.kafka.password);
    world.write_manifests(&world.kafka.sasl, &sasl(&world, "PLAIN"), "", RULES);
    forbid(&world, "--add", "out");
    event(&world);
    let mut enricher = world.enrich();
    enricher.logs("spec.destination.kafka.topic: ");
    forbid(&world, "--remove", "out");
    world.records("out", 1);
    enricher.stop();
}

#[test]
fn dead_letters_that_may_not_be_written_hold_their_events_until_they_may() {
    let world = World::new().with_topics();
    secrets(&world, &world.kafka.password);
    world.write_manifests(&world.kafka.sasl, &sasl(&world, "PLAIN"), "", RULES);
    forbid(&world, "--add", "dead");
    let sent = |value| Sent { partition: Some(0), value: Some(value), ..Sent::default() };
    world.kafka.produce(&world.topic("in"), [sent(b"{"), sent(br#"{"sku":1}"#)]);
    let mut enricher = world.enrich();
    enricher.logs("DeadLetterUnwritable");
    enricher.logs("spec.deadLetter.kafka.topic: the user may not write");
    assert_eq!((world.ends("dead"), world.committed()), (0, 0));
    forbid(&world, "--remove", "dead");
    assert_eq!(world.records("dead", 1)[0].text(), "{");
    world.kafka.wait_until("the rest goes on", || world.committed() == 2);
    enricher.stop();
    let outputs: std::collections::BTreeSet<_> =
        world.kafka.records(&world.topic("out"), crate::world::PARTITIONS).iter().map(|record| record.text()).collect();
    assert_eq!(outputs.into_iter().collect::<Vec<_>>(), [r#"{"sku":1,"name":"product 1"}"#]);
}

#[test]
fn dead_letters_are_listed_and_sent_again_over_a_login_and_each_missing_grant_is_named() {
    let world = World::new().with_topics();
    secrets(&world, &world.kafka.password);
    world.write_manifests(&world.kafka.sasl, &sasl(&world, "SCRAM-SHA-512"), "", RULES);
    world.kafka.produce(&world.topic("in"), [Sent { value: Some(b"{"), ..Sent::default() }]);
    let enricher = world.enrich();
    world.records("dead", 1);
    enricher.stop();
    let folder = world.folder.path().to_str().unwrap();
    let dead_letters = |command: &str| letters::run(&world, &[command, "--secrets-dir", folder]);
    let (from, dead) = (world.topic("in"), world.topic("dead"));
    let group = format!("{}.replay", world.group());
    for (command, operation, what, named) in [
        ("list", "Read", ["--topic", &dead], "spec.deadLetter.kafka.topic: the user may not read topic"),
        ("replay", "Read", ["--group", &group], "the user may not use the consumer group"),
        ("replay", "Write", ["--topic", &from], "spec.source.kafka.topic: the user may not write"),
    ] {
        forbid_to(&world, "--add", operation, &what);
        let refused = dead_letters(command);
        assert_eq!(refused.status.code(), Some(2), "{named}: {}", letters::err(&refused));
        assert!(letters::err(&refused).contains(named), "{}", letters::err(&refused));
        forbid_to(&world, "--remove", operation, &what);
    }
    world.kafka.wait_until("what is allowed again is known", || dead_letters("replay").status.success());
    assert_eq!(world.ends("in"), 2, "it was sent once");
    world.write_manifests(&world.kafka.sasl, &sasl(&world, "PLAIN"), "", RULES);
    secrets(&world, "wrong-secret");
    let refused = dead_letters("list");
    let told = letters::err(&refused);
    assert!(refused.status.code() == Some(2) && told.contains("the brokers refuse the login"), "{told}");
    assert!(!told.contains("wrong-secret"), "{told}");
}

#[test]
fn secrets_that_are_missing_or_none_end_it_at_once_with_the_field() {
    let world = World::new();
    secrets(&world, &world.kafka.password);
    world.write_manifests(&world.kafka.sasl, &sasl(&world, "PLAIN"), "", RULES);
    let folder = world.folder.path().join("kafka");
    fs::write(folder.join("ca.crt"), "not a certificate").unwrap();
    let mut enricher = world.enrich();
    assert_eq!(enricher.ended().code(), Some(2));
    assert!(enricher.log().contains("spec.source.kafka.tls.ca: the secret holds no PEM"), "{}", enricher.log());
    fs::remove_file(folder.join("password")).unwrap();
    let mut enricher = world.enrich();
    assert_eq!(enricher.ended().code(), Some(2));
    let log = enricher.log();
    assert!(log.contains("spec.source.kafka.auth.sasl.password: there is no key `password`"), "{log}");
}
