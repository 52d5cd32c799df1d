//! Topics, a synced table of products, and enrichers that are started, stopped and killed.

use std::fs;
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use weft_kafka_broker::{Kafka, Record};

pub(crate) use crate::process::{Enricher, stop_all};
use crate::shop::manifests;
use crate::shop::redis_server::Server;

/// The brokers that the tests share, except those that kill them. They end with the process.
pub(crate) static KAFKA: LazyLock<Kafka> = LazyLock::new(|| Kafka::start(1));

/// No enricher takes so long for anything, not even on a machine that is busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) const PARTITIONS: i32 = 4;

/// How many products there are, numbered from 0.
pub(crate) const PRODUCTS: usize = 100;

/// The rules of most tests.
pub(crate) const RULES: &str = r"
  - name: orders
    entities: [{as: product, entity: product, match: [{column: SKU, path: $.sku}]}]
    enrichments: [{from: {as: product, column: NAME}, to: $.name}]
";

pub(crate) struct World<'kafka> {
    pub(crate) kafka: &'kafka Kafka,
    pub(crate) redis: Server,
    /// In the names of its topics and its group.
    pub(crate) name: String,
    pub(crate) folder: TempDir,
    runtime: tokio::runtime::Runtime,
}

impl World<'static> {
    /// With topics of its own on the brokers that the tests share.
    pub(crate) fn new() -> Self {
        Self::on(&KAFKA)
    }
}

impl<'kafka> World<'kafka> {
    /// With topics of its own on these brokers.
    pub(crate) fn on(kafka: &'kafka Kafka) -> Self {
        Self::with_products(kafka, PRODUCTS)
    }

    /// With as many products.
    pub(crate) fn with_products(kafka: &'kafka Kafka, products: usize) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("t{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let redis = runtime.block_on(Server::start());
        let world = Self { kafka, redis, name, folder: tempfile::tempdir().unwrap(), runtime };
        let table = Connection::open(world.folder.path().join("shop.db")).unwrap();
        table.execute_batch("CREATE TABLE product (SKU INTEGER PRIMARY KEY, NAME TEXT)").unwrap();
        let numbers =
            format!("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {products})");
        table.execute(&format!("INSERT INTO product {numbers} SELECT i, 'product ' || i FROM n"), ()).unwrap();
        world.write_manifests(&world.kafka.plain, "", "", RULES);
        world.sync();
        world
    }

    /// With the topics that events come from and go to, too.
    pub(crate) fn with_topics(self) -> Self {
        for topic in ["in", "out", "dead"] {
            self.kafka.create_topic(&self.topic(topic), PARTITIONS, &[]);
        }
        self
    }

    pub(crate) fn topic(&self, name: &str) -> String {
        format!("{}-{name}", self.name)
    }

    pub(crate) fn group(&self) -> String {
        format!("weft.shop.{}", self.name)
    }

    /// The manifests; `access` and `source` are lines of all topics and of the source alone.
    pub(crate) fn write_manifests(&self, servers: &str, access: &str, source: &str, rules: &str) {
        let Self { redis: Server { port, .. }, name, .. } = self;
        let servers: Vec<_> = servers.split(',').map(|server| format!("\"{server}\"")).collect();
        let servers = servers.join(", ");
        let shop = manifests(&format!("url: \"redis://127.0.0.1:{port}/0\""), "");
        let text = format!(
            r#"{shop}---
apiVersion: weft.dev/v1alpha1
kind: EnrichmentMapping
metadata: {{name: {name}, namespace: shop}}
spec:
  dataGraphRef: {{name: main}}
  source: {{kafka: {{bootstrapServers: [{servers}], topic: {name}-in, startFrom: Earliest, {access}{source}}}}}
  destination: {{kafka: {{bootstrapServers: [{servers}], topic: {name}-out, {access}}}}}
  deadLetter: {{kafka: {{topic: {name}-dead}}}}
  rules:{rules}"#
        );
        fs::write(self.folder.path().join("weft.yaml"), text).unwrap();
    }

    /// Changes a text in the manifests.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let path = self.folder.path().join("weft.yaml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "the manifests have no {from}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Brings the store's rows up to date.
    pub(crate) fn sync(&self) {
        let output = self.weft().args(["sync", "-f"]).arg(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn weft(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command.env("WEFT_LOG", "info,librdkafka=error");
        command
    }

    /// Starts an enricher of the manifests.
    pub(crate) fn enrich(&self) -> Enricher {
        self.enrich_with(&[])
    }

    /// Starts an enricher with more arguments.
    pub(crate) fn enrich_with(&self, arguments: &[&str]) -> Enricher {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let log = self.folder.path().join(format!("log{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
        let mut command = self.weft();
        command.args(["enrich", "--secrets-dir"]).arg(self.folder.path()).arg("-f");
        command.arg(self.folder.path()).args(arguments);
        Enricher::start(command, log)
    }

    /// Starts an enricher that answers on an admin port.
    pub(crate) fn enrich_with_admin(&self, arguments: &[&str]) -> Enricher {
        let mut enricher = self.enrich_with(&[&["--admin", "127.0.0.1:0"], arguments].concat());
        enricher.logs("answers on the admin port");
        enricher
    }

    /// What is in a topic once there are so many records.
    pub(crate) fn records(&self, topic: &str, count: usize) -> Vec<Record> {
        let topic = self.topic(topic);
        let known = || self.kafka.ends(&topic, PARTITIONS).values().sum::<i64>();
        self.kafka.wait_until(&format!("{topic} has {count} records"), || known() >= count as i64);
        let records = self.kafka.records(&topic, PARTITIONS);
        assert_eq!(records.len(), count, "{topic}");
        records
    }

    /// How many records a topic has been written, over all partitions.
    pub(crate) fn ends(&self, topic: &str) -> u64 {
        self.kafka.ends(&self.topic(topic), PARTITIONS).values().sum::<i64>() as u64
    }

    /// What the group has committed, over all partitions.
    pub(crate) fn committed(&self) -> i64 {
        self.kafka.committed(&self.group(), &self.topic("in"), PARTITIONS).values().sum()
    }

    /// How often its enrichers, those that have ended too, have logged something.
    pub(crate) fn logged(&self, text: &str) -> usize {
        let files = fs::read_dir(self.folder.path()).unwrap().map(|file| file.unwrap());
        let logs = files.filter(|file| file.file_name().to_string_lossy().starts_with("log"));
        logs.map(|log| fs::read_to_string(log.path()).unwrap().matches(text).count()).sum()
    }

    /// Runs something with the Redis server on its runtime.
    pub(crate) fn start_redis_again(&mut self) {
        self.runtime.block_on(self.redis.start_again());
    }
}
