//! `weft run` on the tables of a PostgreSQL server, which the tests start.
// Helpers of a test panic as the test does.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../warehouse/tests/postgres/server.rs"]
#[allow(dead_code, reason = "these tests use what they need of it")]
mod postgres;

use std::fs;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use weft_warehouse::Warehouse as _;

/// The password of the user `reader`; it must not be printed anywhere.
const CANARY: &str = "canary-7c1f";

const MANIFESTS: &str = r#"
apiVersion: weft.dev/v1alpha1
kind: Warehouse
metadata: {name: prod}
spec:
  postgres:
    host: 127.0.0.1
    port: PORT
    database: "DATABASE"
    user: reader
    auth: {password: {secretRef: {name: prod-db, key: password}}}
    tls: {mode: Disable}
---
apiVersion: weft.dev/v1alpha1
kind: DataGraph
metadata: {name: main}
spec: {warehouseRef: {name: prod}, store: {redis: {url: "redis://redis:6379/0"}}}
---
apiVersion: weft.dev/v1alpha1
kind: Entity
metadata: {name: product}
spec: {dataGraphRef: {name: main}, tableRef: public.product, primaryKey: [id]}
---
apiVersion: weft.dev/v1alpha1
kind: EnrichmentMapping
metadata: {name: orders}
spec:
  dataGraphRef: {name: main}
  source: {kafka: {bootstrapServers: ["kafka:9092"], topic: events}}
  destination: {kafka: {bootstrapServers: ["kafka:9092"], topic: enriched}}
  deadLetter: {kafka: {topic: dead}}
  rules:
  - name: names
    entities: [{as: p, entity: product, match: [{column: id, path: $.id}]}]
    enrichments: [{from: {as: p, column: name}, to: $.name}, {from: {as: p, column: price}, to: $.price}]
"#;

/// A folder with manifests that name a database with a table of two products.
struct Shop {
    folder: TempDir,
    database: String,
}

impl Shop {
    /// With the rights that `reader` needs, which is what a user would grant.
    async fn new() -> Self {
        let (options, warehouse) = postgres::database(&[
            "CREATE TABLE product (id int PRIMARY KEY, name text, price numeric)",
            "INSERT INTO product VALUES (1, 'Chair', 12345678901234567890.10), (2, NULL, 'NaN')",
        ])
        .await;
        let role = format!(
            "DO $$ BEGIN CREATE ROLE reader LOGIN PASSWORD '{CANARY}'; \
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        );
        warehouse.execute(role).await.unwrap();
        warehouse.execute("GRANT SELECT ON product TO reader".to_owned()).await.unwrap();
        let shop = Self { folder: tempfile::tempdir().unwrap(), database: options.database };
        shop.write(options.port, CANARY);
        shop
    }

    fn write(&self, port: u16, password: &str) {
        let manifests = MANIFESTS.replace("PORT", &port.to_string()).replace("DATABASE", &self.database);
        fs::write(self.folder.path().join("weft.yaml"), manifests).unwrap();
        let secret = self.folder.path().join("secrets/prod-db");
        fs::create_dir_all(&secret).unwrap();
        fs::write(secret.join("password"), format!("{password}\n")).unwrap();
    }

    fn run(&self, events: &str) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command.args(["run", "-f"]).arg(self.folder.path());
        command.arg("--secrets-dir").arg(self.folder.path().join("secrets"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A run that is refused reads no event.
        let _ = child.stdin.take().unwrap().write_all(events.as_bytes());
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        assert!(!stdout.contains("canary") && !stderr.contains("canary"), "{stdout}{stderr}");
        (status.code(), stdout, stderr)
    }
}

#[tokio::test]
async fn events_are_enriched_with_rows_of_a_postgresql_table() {
    let shop = Shop::new().await;
    let (code, stdout, stderr) = shop.run("{\"id\":\"1\"}\n{\"id\":2}\n{\"id\":3}\n");
    assert_eq!(code, Some(0), "{stderr}");
    let expected = "{\"id\":\"1\",\"name\":\"Chair\",\"price\":12345678901234567890.10}\n\
                    {\"id\":2,\"name\":null,\"price\":\"NaN\"}\n{\"id\":3}\n";
    assert_eq!(stdout, expected);
}

#[tokio::test]
async fn a_wrong_password_ends_the_run_and_names_the_field_and_the_secret() {
    let shop = Shop::new().await;
    shop.write(postgres::server().port, "canary-wrong");
    let (code, stdout, stderr) = shop.run("{\"id\":1}\n");
    assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
    for named in ["prod", "\"reader\"", "spec.postgres.auth.password", "prod-db", "`password`"] {
        assert!(stderr.contains(named), "{named}: {stderr}");
    }
}

#[tokio::test]
async fn a_server_that_nobody_is_at_may_be_there_the_next_time() {
    let shop = Shop::new().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    shop.write(port, CANARY);
    let (code, stdout, stderr) = shop.run("{\"id\":1}\n");
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(stderr.contains("prod") && stderr.contains(&port.to_string()), "{stderr}");
}

#[tokio::test]
async fn a_table_that_may_not_be_read_is_told_with_the_grant_that_helps() {
    let shop = Shop::new().await;
    let options = postgres::server().options(&shop.database);
    let warehouse = weft_warehouse::postgres::Postgres::connect(options).await.unwrap();
    warehouse.execute("REVOKE SELECT ON product FROM reader".to_owned()).await.unwrap();
    let (code, _, stderr) = shop.run("{\"id\":1}\n");
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("GRANT SELECT ON"), "{stderr}");
}
