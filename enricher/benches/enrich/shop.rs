//! Brokers, a Redis with products, and events that buy them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::Connection;
use tempfile::TempDir;
use weft_kafka_broker::{Kafka, Sent};

use crate::events::{COUPONS, CUSTOMERS, Keys, Orders, coupon, customer, sku};
use crate::manifests::{Work, manifests};
use crate::redis_server::Server;

pub(crate) const PARTITIONS: i32 = 8;

const SUPPLIERS: i64 = 500;

/// Suppliers' ids are beyond what a number of JavaScript holds.
const FIRST_SUPPLIER: i64 = 1 << 54;

pub(crate) struct Shop {
    pub(crate) kafka: Kafka,
    folder: TempDir,
    redis: Server,
    rows: u64,
    topics: AtomicU32,
    runtime: tokio::runtime::Runtime,
}

impl Shop {
    /// With so many products in Redis.
    pub(crate) fn open(rows: u64) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let redis = runtime.block_on(Server::start());
        let kafka = Kafka::start_with(1, &[("KAFKA_HEAP", "1g")]);
        let folder = tempfile::tempdir().unwrap();
        let shop = Self { kafka, folder, redis, rows, topics: AtomicU32::new(0), runtime };
        shop.write_tables();
        shop.write_manifests(Work::One, "from", "to");
        let synced = weft().args(["sync", "-f"]).arg(shop.folder.path()).stdout(Stdio::null()).status().unwrap();
        assert!(synced.success());
        shop
    }

    fn write_tables(&self) {
        let mut database = Connection::open(self.folder.path().join("shop.db")).unwrap();
        let all = database.transaction().unwrap();
        all.execute_batch(
            "CREATE TABLE product (SKU TEXT PRIMARY KEY, NAME TEXT, BRAND TEXT, CATEGORY TEXT, SUPPLIER_ID INTEGER, TEXT TEXT);
             CREATE TABLE customer (ID TEXT PRIMARY KEY, TIER TEXT, SINCE TEXT);
             CREATE TABLE coupon (CODE TEXT PRIMARY KEY, PERCENT INTEGER);
             CREATE TABLE supplier (ID INTEGER PRIMARY KEY, NAME TEXT, COUNTRY TEXT)",
        )
        .unwrap();
        for row in 0..self.rows.cast_signed() {
            let text = format!("what there is to say of product {row} in a line or two, {}", "as usual ".repeat(12));
            let (name, brand) = (format!("Product {row}"), format!("Brand {}", row % 500));
            let values = (sku(row.cast_unsigned()), name, brand, "Outdoor", FIRST_SUPPLIER + row % SUPPLIERS, text);
            all.execute("INSERT INTO product VALUES (?1, ?2, ?3, ?4, ?5, ?6)", values).unwrap();
        }
        for row in 0..CUSTOMERS {
            let values = (customer(row), ["basic", "silver", "gold"][(row % 3) as usize], "2024-03-01");
            all.execute("INSERT INTO customer VALUES (?1, ?2, ?3)", values).unwrap();
        }
        for row in 0..COUPONS {
            all.execute("INSERT INTO coupon VALUES (?1, ?2)", (coupon(row), row.cast_signed() % 30)).unwrap();
        }
        for row in 0..SUPPLIERS {
            let values = (FIRST_SUPPLIER + row, format!("Supplier {row}"), "DE");
            all.execute("INSERT INTO supplier VALUES (?1, ?2, ?3)", values).unwrap();
        }
        all.commit().unwrap();
    }

    pub(crate) fn redis_port(&self) -> u16 {
        self.redis.port
    }

    /// The seconds of processor time that Redis has taken.
    pub(crate) fn redis_seconds(&self) -> f64 {
        let info: String = self.runtime.block_on(async {
            redis::cmd("INFO").arg("cpu").query_async(&mut self.redis.connect().await).await.unwrap()
        });
        let figure = |name: &str| -> f64 {
            let found = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            found.unwrap().trim().parse().unwrap()
        };
        figure("used_cpu_user") + figure("used_cpu_sys")
    }

    pub(crate) fn orders(&self, keys: Keys) -> Orders {
        Orders::new(keys, self.rows)
    }

    /// How long an event is.
    pub(crate) fn event_bytes(&self) -> usize {
        self.orders(Keys::Uniform).order(0).1.len()
    }

    /// A topic that nothing was written to.
    pub(crate) fn topic(&self, name: &str) -> String {
        let number = self.topics.fetch_add(1, Ordering::Relaxed);
        let topic = format!("{}-{number}", name.replace([' ', ','], ""));
        self.kafka.create_topic(&topic, PARTITIONS, &[]);
        topic
    }

    /// Writes a backlog to a topic of its own.
    pub(crate) fn produce(&self, keys: Keys, events: usize) -> String {
        let topic = self.topic("events");
        let mut orders = self.orders(keys);
        for first in (0..events).step_by(50_000) {
            let chunk: Vec<_> = (first..events.min(first + 50_000)).map(|number| orders.order(number)).collect();
            let sent = chunk.iter().map(|(key, value)| Sent { key: Some(key), value: Some(value), ..Sent::default() });
            self.kafka.produce(&topic, sent);
        }
        topic
    }

    /// What brings the events of one topic into another: weft with some work and so many MiB of rows in memory, or else
    /// the bare client.
    pub(crate) fn command(&self, weft_enrich: Option<(Work, u32)>, from: &str, to: &str) -> Command {
        let Some((work, cache_mib)) = weft_enrich else {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["pass", &self.kafka.plain, from, to]);
            return command;
        };
        self.write_manifests(work, from, to);
        let mut command = weft();
        command.args(["enrich", "--cache-mib", &cache_mib.to_string(), "-f"]).arg(self.folder.path());
        command.stderr(Stdio::null());
        command
    }

    fn write_manifests(&self, work: Work, from: &str, to: &str) {
        fs::write(self.folder.path().join("weft.yaml"), manifests(self, work, from, to)).unwrap();
    }
}

fn weft() -> Command {
    Command::new(Path::new(env!("CARGO_BIN_EXE_weft")))
}
