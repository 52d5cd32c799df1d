//! Secrets that change while an enricher runs: it goes on with the new ones by itself.

use std::fs;

use weft_kafka_broker::{Record, Sent};

use crate::world::{RULES, World};

/// A user of a test's own, whose password the test may change.
struct User<'world> {
    world: &'world World<'static>,
    name: String,
}

impl<'world> User<'world> {
    fn new(world: &'world World<'static>, password: &str) -> Self {
        let user = Self { world, name: format!("user-{}", world.name) };
        user.write(password);
        fs::copy(world.kafka.certificate("ca.crt"), world.folder.path().join("kafka/ca.crt")).unwrap();
        user.alter(password);
        user
    }

    /// Changes the password that the brokers know.
    fn alter(&self, password: &str) {
        let password = format!("SCRAM-SHA-256=[password={password}]");
        let change = ["--alter", "--entity-type", "users", "--entity-name", &self.name, "--add-config", &password];
        self.world.kafka.tool("kafka.admin.ConfigCommand", &change);
    }

    /// Changes the password that the enricher is given, as Kubernetes does: all at once.
    fn write(&self, password: &str) {
        let folder = self.world.folder.path().join("kafka");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("new"), password).unwrap();
        fs::rename(folder.join("new"), folder.join("password")).unwrap();
    }

    fn write_manifests(&self) {
        let secret = |key: &str| format!("{{secretRef: {{name: kafka, key: {key}}}}}");
        let (user, password, ca) = (&self.name, secret("password"), secret("ca.crt"));
        let access = format!(
            "auth: {{sasl: {{mechanism: SCRAM-SHA-256, username: {user}, password: {password}}}}}, tls: {{ca: {ca}}}"
        );
        self.world.write_manifests(&self.world.kafka.sasl, &access, "", RULES);
    }
}

fn send(world: &World<'_>, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let value = format!(r#"{{"sku":{number}}}"#);
        world
            .kafka
            .produce(&world.topic("in"), [Sent { key: Some(b"k"), value: Some(value.as_bytes()), ..Sent::default() }]);
    }
}

/// Panics unless each event was delivered once, in its order.
fn assert_delivered(world: &World<'_>, count: usize) {
    let texts: Vec<_> = world.records("out", count).iter().map(Record::text).collect();
    let wanted: Vec<_> = (0..count).map(|sku| format!(r#"{{"sku":{sku},"name":"product {sku}"}}"#)).collect();
    assert_eq!(texts, wanted);
}

#[test]
fn a_password_that_was_changed_is_used_without_a_start_whichever_side_learns_it_first() {
    let world = World::new().with_topics();
    let user = User::new(&world, "first-secret");
    user.write_manifests();
    send(&world, 0..10);
    let mut enricher = world.enrich();
    assert_delivered(&world, 10);

    user.alter("second-secret");
    user.write("second-secret");
    enricher.logs_times("connects anew with them", 1);
    send(&world, 10..20);
    assert_delivered(&world, 20);

    user.write("third-secret");
    enricher.logs_times("connects anew with them", 2);
    enricher.logs("spec.destination.kafka.auth.sasl: the brokers refuse the login");
    send(&world, 20..30);
    assert_eq!(world.ends("out"), 20);
    user.alter("third-secret");
    assert_delivered(&world, 30);
    let log = enricher.log();
    assert!(!log.contains("-secret"), "{log}");
    enricher.stop();
    assert_eq!(world.committed(), 30);
}

#[test]
fn secrets_that_are_none_are_told_and_those_of_before_do_until_there_are_others() {
    let world = World::new().with_topics();
    let folder = world.folder.path().join("kafka");
    fs::create_dir_all(&folder).unwrap();
    for name in ["ca.crt", "client.crt", "client.key"] {
        fs::copy(world.kafka.certificate(name), folder.join(name)).unwrap();
    }
    let secret = |key: &str| format!("{{secretRef: {{name: kafka, key: {key}}}}}");
    let certificate = format!("certificate: {}, privateKey: {}", secret("client.crt"), secret("client.key"));
    let access = format!("tls: {{ca: {}, clientCertificate: {{{certificate}}}}}", secret("ca.crt"));
    world.write_manifests(&world.kafka.tls, &access, "", RULES);
    send(&world, 0..10);
    let mut enricher = world.enrich();
    assert_delivered(&world, 10);

    let certificate = fs::read_to_string(folder.join("client.crt")).unwrap();
    fs::write(folder.join("client.crt"), "half of a certif").unwrap();
    enricher.logs("spec.source.kafka.tls.clientCertificate.certificate: the secret holds no PEM");
    enricher.logs("goes on with those of before");
    send(&world, 10..20);
    assert_delivered(&world, 20);

    fs::write(folder.join("client.crt"), format!("renewed\n{certificate}")).unwrap();
    enricher.logs("connects anew with them");
    send(&world, 20..30);
    assert_delivered(&world, 30);
    enricher.stop();
}
