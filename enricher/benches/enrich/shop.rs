//! Brokers, a Redis with products, and events that buy them.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use tempfile::TempDir;
use weft_kafka_broker::{Kafka, Sent};

use crate::redis_server::Server;

pub(crate) const PARTITIONS: i32 = 8;

/// Which products events name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keys {
    /// Few of them often.
    Zipf,
    /// Each as often as any other.
    Uniform,
}

pub(crate) struct Shop {
    pub(crate) kafka: Kafka,
    folder: TempDir,
    redis: Server,
    rows: u64,
    topics: Cell<u32>,
    _runtime: tokio::runtime::Runtime,
}

impl Shop {
    /// With so many products in Redis.
    pub(crate) fn open(rows: u64) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let redis = runtime.block_on(Server::start());
        let kafka = Kafka::start_with(1, &[("KAFKA_HEAP", "1g")]);
        let folder = tempfile::tempdir().unwrap();
        let shop = Self { kafka, folder, redis, rows, topics: Cell::new(0), _runtime: runtime };
        let mut table = Connection::open(shop.folder.path().join("shop.db")).unwrap();
        let all = table.transaction().unwrap();
        let columns = "NAME TEXT, BRAND TEXT, CATEGORY TEXT, SUPPLIER_ID INTEGER, TEXT TEXT";
        all.execute_batch(&format!("CREATE TABLE product (SKU TEXT PRIMARY KEY, {columns})")).unwrap();
        for row in 0..rows as i64 {
            let text = format!("what there is to say of product {row} in a line or two, {}", "as usual ".repeat(12));
            let values = (
                sku(row as u64),
                format!("Product {row}"),
                format!("Brand {}", row % 500),
                "Outdoor",
                1_i64 << 54,
                text,
            );
            all.execute("INSERT INTO product VALUES (?1, ?2, ?3, ?4, ?5, ?6)", values).unwrap();
        }
        all.commit().unwrap();
        shop.write_manifests("main", "none");
        let synced = weft().args(["sync", "-f"]).arg(shop.folder.path()).stdout(Stdio::null()).status().unwrap();
        assert!(synced.success());
        shop
    }

    pub(crate) fn topic_in(&self) -> String {
        format!("in-{}", self.topics.get() / 100)
    }

    /// A topic that nothing was written to.
    pub(crate) fn fresh_topic(&self, name: &str) -> String {
        self.topics.set(self.topics.get() + 1);
        let topic = format!("out-{name}-{}", self.topics.get());
        self.kafka.create_topic(&topic, PARTITIONS, &[]);
        topic
    }

    /// Writes the backlog to a topic of its own.
    pub(crate) fn produce(&self, keys: Keys, events: usize) {
        self.topics.set((self.topics.get() / 100 + 1) * 100);
        let topic = self.topic_in();
        self.kafka.create_topic(&topic, PARTITIONS, &[]);
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = move || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random
        };
        let mut event = |number: usize| {
            let share = (next() >> 11) as f64 / (1_u64 << 53) as f64;
            let rank = match keys {
                Keys::Uniform => (share * self.rows as f64) as u64,
                // The inverse of a distribution whose density falls with the rank.
                Keys::Zipf => ((self.rows as f64).powf(share) - 1.0) as u64,
            };
            // Popular products lie anywhere among the ids.
            let product = (rank * 7919) % self.rows;
            (format!("user-{}", next() % 50_000), order(number, &sku(product)))
        };
        for first in (0..events).step_by(50_000) {
            let chunk: Vec<_> = (first..events.min(first + 50_000)).map(&mut event).collect();
            let sent = |(user, order): &(String, String)| (user.clone().into_bytes(), order.clone().into_bytes());
            let chunk: Vec<_> = chunk.iter().map(sent).collect();
            let sent = chunk.iter().map(|(key, value)| Sent { key: Some(key), value: Some(value), ..Sent::default() });
            self.kafka.produce(&topic, sent);
        }
    }

    /// `weft enrich` of the backlog to a topic, with so many MiB of rows in memory.
    pub(crate) fn weft_enrich(&self, name: &str, topic: &str, cache_mib: &str) -> Command {
        self.write_manifests(&format!("{name}-{}", self.topics.get()), topic);
        let mut command = weft();
        command.args(["enrich", "--cache-mib", cache_mib, "-f"]).arg(self.folder.path()).stderr(Stdio::null());
        command
    }

    fn write_manifests(&self, mapping: &str, topic: &str) {
        let (servers, from, port) = (&self.kafka.plain, self.topic_in(), self.redis.port);
        let manifests = format!(
            r#"
apiVersion: weft.dev/v1alpha1
kind: Warehouse
metadata: {{name: shop}}
spec: {{sqlite: {{path: shop.db}}}}
---
apiVersion: weft.dev/v1alpha1
kind: DataGraph
metadata: {{name: main}}
spec: {{warehouseRef: {{name: shop}}, store: {{redis: {{url: "redis://127.0.0.1:{port}/0"}}}}}}
---
apiVersion: weft.dev/v1alpha1
kind: Entity
metadata: {{name: product}}
spec: {{dataGraphRef: {{name: main}}, tableRef: product, primaryKey: [SKU]}}
---
apiVersion: weft.dev/v1alpha1
kind: EnrichmentMapping
metadata: {{name: {mapping}}}
spec:
  dataGraphRef: {{name: main}}
  source: {{kafka: {{bootstrapServers: ["{servers}"], topic: {from}, startFrom: Earliest}}}}
  destination: {{kafka: {{bootstrapServers: ["{servers}"], topic: {topic}}}}}
  deadLetter: {{kafka: {{topic: {topic}}}}}
  rules:
  - name: orders
    when: type = "track" and event = "Order Completed"
    entities: [{{as: product, entity: product, match: [{{column: SKU, path: $.properties.product_id}}]}}]
    enrichments:
    - {{from: {{as: product, column: NAME}}, to: $.enriched.name}}
    - {{from: {{as: product, column: BRAND}}, to: $.enriched.brand}}
    - {{from: {{as: product, column: CATEGORY}}, to: $.enriched.category}}
    - {{from: {{as: product, column: SUPPLIER_ID}}, to: $.enriched.supplier_id}}
"#
        );
        fs::write(self.folder.path().join("weft.yaml"), manifests).unwrap();
    }
}

fn weft() -> Command {
    Command::new(Path::new(env!("CARGO_BIN_EXE_weft")))
}

fn sku(number: u64) -> String {
    format!("SKU-{number:08}")
}

/// An order of some 880 B, as analytics libraries send it.
fn order(number: usize, product: &str) -> String {
    let line = |position: usize| {
        format!(
            r#"{{"product_id":"X-{position}","sku":"45360-32","name":"Travel mug {position}","price":18.95,"quantity":1,"category":"Outdoor"}}"#
        )
    };
    format!(
        concat!(
            r#"{{"type":"track","event":"Order Completed","messageId":"ajs-next-{number:012}","userId":"user-{user}","#,
            r#""timestamp":"2026-10-01T08:30:00.000Z","context":{{"ip":"203.0.113.34","locale":"de-DE","#,
            r#""userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36","library":{{"name":"analytics.js","version":"2.1.0"}}}},"#,
            r#""properties":{{"product_id":"{product}","order_id":"50314b8e9bcf","total":27.5,"revenue":25.0,"shipping":3.0,"#,
            r#""tax":2.0,"discount":2.5,"coupon":"hasbros","currency":"EUR","products":[{a},{b},{c}]}}}}"#
        ),
        number = number,
        user = number % 50_000,
        product = product,
        a = line(1),
        b = line(2),
        c = line(3),
    )
}
