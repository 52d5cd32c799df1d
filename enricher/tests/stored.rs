//! `weft run --store` as a user meets it: the built binary, a SQLite file and a Redis.
#![allow(clippy::unwrap_used)] // also in what the tests share

mod shop;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use shop::redis_server::Server;

const MAPPING: &str = "\
---
apiVersion: weft.dev/v1alpha1
kind: EnrichmentMapping
metadata: {name: orders, namespace: shop}
spec:
  dataGraphRef: {name: main}
  source: {kafka: {bootstrapServers: [\"kafka:9092\"], topic: orders}}
  destination: {kafka: {bootstrapServers: [\"kafka:9092\"], topic: enriched}}
  deadLetter: {kafka: {topic: dead}}
  rules:
  - name: orders
    entities: [{as: product, entity: product, match: [{column: SKU, path: $.sku}]}]
    enrichments: [{from: {as: product, column: NAME}, to: $.name}]
";

/// How long the next minute of a schedule and a sync may take.
const PATIENCE: Duration = Duration::from_secs(150);

struct Shop {
    folder: tempfile::TempDir,
    server: Server,
}

impl Shop {
    async fn new() -> Self {
        let shop = Self { folder: tempfile::tempdir().unwrap(), server: Server::start().await };
        let manifests = shop::manifests("url: \"redis://127.0.0.1:1/0\"", ", sync: {schedule: \"* * * * *\"}");
        fs::write(shop.folder.path().join("weft.yaml"), manifests + MAPPING).unwrap();
        shop.execute(
            "CREATE TABLE product (SKU INTEGER PRIMARY KEY, NAME TEXT); INSERT INTO product VALUES (1, 'Chair')",
        );
        shop
    }

    fn execute(&self, sql: &str) {
        Connection::open(self.folder.path().join("shop.db")).unwrap().execute_batch(sql).unwrap();
    }

    fn run(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command.args(["run", "-f"]).arg(self.folder.path());
        command.args(["--store", &format!("redis://127.0.0.1:{}/0", self.server.port)]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

#[tokio::test]
async fn the_store_is_synced_before_events_are_read() {
    let shop = Shop::new().await;
    for (change, name) in [("SELECT 1", "Chair"), ("UPDATE product SET NAME = 'Table'", "Table")] {
        shop.execute(&format!("{change};"));
        let mut run = shop.run().args(["-o", "json"]).spawn().unwrap();
        run.stdin.take().unwrap().write_all(b"{\"sku\":1}\n").unwrap();
        let output = run.wait_with_output().unwrap();
        let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(
            (output.status.code(), stdout.trim_end()),
            (Some(0), format!(r#"{{"sku":1,"name":"{name}"}}"#).as_str()),
            "{stderr}"
        );
        let summary: serde_json::Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
        assert_eq!(summary["entities"]["product"]["outcome"], "synced");
        assert_eq!(summary["entities"]["product"]["rows"]["total"], 1);
    }
}

#[tokio::test]
async fn followed_tables_are_synced_again_while_events_are_read() {
    let shop = Shop::new().await;
    let mut run = shop.run().arg("--follow").spawn().unwrap();
    let (mut events, mut output) = (run.stdin.take().unwrap(), BufReader::new(run.stdout.take().unwrap()));
    let mut enriched = || {
        let mut line = String::new();
        events.write_all(b"{\"sku\":1}\n").unwrap();
        output.read_line(&mut line).unwrap();
        line
    };
    assert_eq!(enriched(), "{\"sku\":1,\"name\":\"Chair\"}\n");
    shop.execute("UPDATE product SET NAME = 'Table'");
    let started = Instant::now();
    while enriched() != "{\"sku\":1,\"name\":\"Table\"}\n" {
        assert!(started.elapsed() < PATIENCE, "the table was not synced again");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(events);
    assert!(run.wait().unwrap().success());
}

#[tokio::test]
async fn a_store_that_cannot_be_reached_is_told_and_may_pass() {
    let shop = Shop::new().await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    let output = command.args(["run", "--store", "manifest", "-f"]).arg(shop.folder.path()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("127.0.0.1:1"), "{stderr}");
}

#[tokio::test]
async fn the_copies_of_another_installation_are_refused() {
    let shop = Shop::new().await;
    for (arguments, expected) in [
        (&["--installation", "blue"][..], Some(0)),
        (&["--installation", "green"], Some(2)),
        (&[], Some(2)),
        (&["--installation", "blue"], Some(0)),
    ] {
        let output = shop.run().args(arguments).stdin(Stdio::null()).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), expected, "{arguments:?}: {stderr}");
        assert_eq!(stderr.contains("blue/shop/main"), expected == Some(2), "{stderr}");
    }
}
