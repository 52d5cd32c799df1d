//! A shop in a namespace of its own: a table of products, topics, and the five objects that join them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::Deserialize as _;
use serde_json::Value;
use weft_kafka_broker::Sent;

use crate::cluster::{self, HOST, apply, kubectl, namespace, wait_until};
use crate::servers::{READER_PASSWORD, SERVERS, WAREHOUSE_PASSWORD, WRITER_PASSWORD};

/// The objects that have the condition Ready.
const KINDS: [&str; 4] = ["warehouse/prod", "datagraph/main", "entity/product", "enrichmentmapping/orders"];

const PARTITIONS: i32 = 4;

pub(crate) struct Shop {
    /// Its namespace, its database, and the user that reads this.
    pub(crate) name: String,
}

impl Shop {
    /// With two products, and topics without events. No object but the namespace is there yet.
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let shop = Self { name: format!("shop-{}", NUMBER.fetch_add(1, Ordering::Relaxed)) };
        namespace(&shop.name);
        SERVERS.sql("postgres", &format!("CREATE DATABASE \"{}\"", shop.name));
        // What the documentation says that a user needs, and no more.
        shop.sql(&format!(
            "CREATE TABLE products (sku text PRIMARY KEY, name text);
             INSERT INTO products VALUES ('CUP', 'Tea cup'), ('PEN', 'Pen');
             CREATE ROLE \"{0}\" LOGIN PASSWORD '{WAREHOUSE_PASSWORD}';
             GRANT SELECT ON products TO \"{0}\";
             CREATE SCHEMA weft_state AUTHORIZATION \"{0}\"",
            shop.name
        ));
        for topic in ["in", "out", "dead"] {
            SERVERS.kafka.create_topic(&shop.topic(topic), PARTITIONS, &[]);
        }
        shop
    }

    /// With everything applied and at work.
    pub(crate) fn running() -> Self {
        let shop = Self::new();
        shop.applied([0, 1, 2, 3, 4]);
        shop.is_ready();
        shop
    }

    /// Applies its objects in an order.
    pub(crate) fn applied(&self, order: [usize; 5]) {
        let objects = self.objects();
        for place in order {
            self.apply(&objects[place]);
        }
    }

    /// The five objects, in the order in which a manual would tell of them.
    pub(crate) fn objects(&self) -> [Value; 5] {
        let kafka = &SERVERS.kafka;
        let words = [
            ("WAREHOUSE_PASSWORD", WAREHOUSE_PASSWORD),
            ("WRITER_PASSWORD", WRITER_PASSWORD),
            ("READER_PASSWORD", READER_PASSWORD),
            ("KAFKA_PASSWORD", &kafka.password),
            ("KAFKA_USER", &kafka.user),
            ("KAFKA_SERVER", &kafka.sasl),
            ("POSTGRES_PORT", &SERVERS.postgres_port.to_string()),
            ("REDIS_PORT", &SERVERS.redis_port.to_string()),
            ("HOST", HOST),
            ("NAME", &self.name),
        ];
        let fill = |text: String, (word, value): &(&str, &str)| text.replace(word, value);
        let text = words.iter().fold(include_str!("objects.yaml").to_owned(), fill);
        let objects = serde_yaml::Deserializer::from_str(&text).map(|document| Value::deserialize(document).unwrap());
        let mut objects: [Value; 5] = objects.collect::<Vec<_>>().try_into().unwrap();
        let authority = std::fs::read_to_string(kafka.certificate("ca.crt")).unwrap();
        objects[0]["stringData"]["ca.crt"] = authority.into();
        objects
    }

    /// Applies an object in the shop's namespace.
    pub(crate) fn apply(&self, object: &Value) {
        let mut object = object.clone();
        object["metadata"]["namespace"] = self.name.as_str().into();
        apply(&object.to_string());
    }

    /// Runs kubectl in the shop's namespace.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        kubectl(&[&["-n", self.name.as_str()], arguments].concat())
    }

    /// Runs kubectl in the shop's namespace, which may fail.
    pub(crate) fn asks(&self, arguments: &[&str]) -> Result<String, String> {
        cluster::ask(&[&["-n", self.name.as_str()], arguments].concat())
    }

    /// Waits until everything is ready, as a script of a user's would.
    pub(crate) fn is_ready(&self) {
        for object in KINDS {
            self.condition(object, "True");
        }
    }

    /// Waits until the condition Ready of an object is so, for its latest generation.
    pub(crate) fn condition(&self, object: &str, status: &str) {
        wait_until(&self.name, &format!("{object} has Ready={status}"), || {
            let object: Value = serde_json::from_str(&self.kubectl(&["get", object, "-o", "json"])).unwrap();
            let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
            let mut ready = conditions.filter(|it| it["type"] == "Ready");
            ready.any(|it| it["status"] == status && it["observedGeneration"] == object["metadata"]["generation"])
        });
    }

    /// The kind, type, status and reason of every condition.
    pub(crate) fn conditions(&self) -> Vec<String> {
        let list: Value = serde_json::from_str(&self.kubectl(&["get", "weft", "-o", "json"])).unwrap();
        let mut conditions = Vec::new();
        for object in list["items"].as_array().unwrap() {
            for condition in object["status"]["conditions"].as_array().unwrap() {
                let [of, is, why] = ["type", "status", "reason"].map(|name| condition[name].as_str().unwrap());
                conditions.push(format!("{} {of}={is} {why}", object["kind"].as_str().unwrap()));
            }
        }
        conditions.sort();
        conditions
    }

    /// Runs statements on the shop's database.
    pub(crate) fn sql(&self, statements: &str) -> String {
        SERVERS.sql(&self.name, statements)
    }

    /// Has the table copied at once, and waits until that is done.
    pub(crate) fn sync(&self, occasion: &str) {
        self.kubectl(&["annotate", "entity/product", "--overwrite", &format!("weft.dev/sync={occasion}")]);
        let runs = || self.kubectl(&["get", "entity/product", "-o", "jsonpath={.status.lastSync.run}"]);
        let before = runs();
        wait_until(&self.name, "the table is copied again", || runs() != before);
    }

    /// Writes an event.
    pub(crate) fn send(&self, event: &str) {
        SERVERS.kafka.produce(&self.topic("in"), [Sent { value: Some(event.as_bytes()), ..Sent::default() }]);
    }

    /// The events that came out, once there are so many, in no order.
    pub(crate) fn events(&self, count: usize) -> Vec<String> {
        let out = self.topic("out");
        let known = || SERVERS.kafka.ends(&out, PARTITIONS).values().sum::<i64>();
        wait_until(&self.name, &format!("{count} events came out"), || known() >= count as i64);
        let mut events: Vec<_> = SERVERS.kafka.records(&out, PARTITIONS).iter().map(|it| it.text()).collect();
        events.sort();
        events
    }

    /// Writes events, numbered by a text each, until it is told to stop.
    pub(crate) fn stream(&self) -> Stream {
        let (stopped, topic) = (Arc::new(AtomicBool::new(false)), self.topic("in"));
        let is_stopped = Arc::clone(&stopped);
        let thread = std::thread::spawn(move || {
            let mut sent = Vec::new();
            while !is_stopped.load(Ordering::Relaxed) {
                let number = sent.len().to_string();
                let event = format!(r#"{{"sku":"CUP","number":"{number}"}}"#);
                SERVERS.kafka.produce(&topic, [Sent { value: Some(event.as_bytes()), ..Sent::default() }]);
                sent.push(number);
                std::thread::sleep(Duration::from_millis(20));
            }
            sent
        });
        Stream { stopped, thread }
    }

    /// The numbers of the events that came out, each with its row.
    pub(crate) fn numbers(&self) -> BTreeSet<String> {
        let events = SERVERS.kafka.records(&self.topic("out"), PARTITIONS);
        let events = events.iter().map(|it| serde_json::from_str::<Value>(&it.text()).unwrap());
        let number = |event: Value| {
            assert!(event["name"].is_string(), "{event} came out without its row");
            event["number"].as_str().unwrap().to_owned()
        };
        events.map(number).collect()
    }

    /// How many enrichers there are, also such as are about to end.
    pub(crate) fn enrichers(&self) -> usize {
        self.kubectl(&["get", "pods", "-l", "app.kubernetes.io/component=enricher", "-o", "name"]).lines().count()
    }

    fn topic(&self, name: &str) -> String {
        format!("{}.{name}", self.name)
    }
}

impl Drop for Shop {
    /// What is left would only be in others' way.
    fn drop(&mut self) {
        drop(cluster::ask(&["delete", "namespace", &self.name, "--ignore-not-found", "--wait=false"]));
    }
}

/// Events that are being written.
pub(crate) struct Stream {
    stopped: Arc<AtomicBool>,
    thread: JoinHandle<Vec<String>>,
}

impl Stream {
    /// Stops, and gives the numbers of the events that were written.
    pub(crate) fn stop(self) -> Vec<String> {
        self.stopped.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}
