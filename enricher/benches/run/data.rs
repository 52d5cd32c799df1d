//! The events, the table and the manifests of the benchmark; the same ones each time.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use rusqlite::{Connection, params};

/// How many events the small file has: it tells what a run takes before its first event.
pub(crate) const FEW: u64 = 1_000;

/// Writes everything into `folder`; gives the size of the events in bytes.
pub(crate) fn write(folder: &Path, events: u64, rows: u64) -> u64 {
    write_table(&folder.join("shop.db"), rows);
    fs::write(folder.join("weft.yaml"), MANIFESTS).expect("the folder can be written to");
    write_events(&folder.join("few.jsonl"), FEW, rows);
    write_events(&folder.join("events.jsonl"), events, rows)
}

fn write_table(path: &Path, rows: u64) {
    let mut database = Connection::open(path).expect("the folder can be written to");
    database.execute_batch(TABLE).expect("the table is new");
    let transaction = database.transaction().expect("nobody else writes");
    {
        let mut insert =
            transaction.prepare("INSERT INTO product VALUES (?, ?, ?, ?, ?, ?, ?)").expect("the table is there");
        for id in 0..i64::try_from(rows).expect("tables are far smaller") {
            let row = params![
                id,
                format!("Product number {id}, \"{}\"", ["small", "medium", "großartig"][id as usize % 3]),
                (id * 7919 % 100_000) as f64 / 100.0,
                id % 97,
                format!("category-{}", id % 23),
                id % 11 == 0,
                format!("2026-{:02}-{:02} 12:30:{:02}", id % 12 + 1, id % 28 + 1, id % 60),
            ];
            insert.execute(row).expect("rows fit the table");
        }
    }
    transaction.commit().expect("nobody else writes");
}

fn write_events(path: &Path, events: u64, rows: u64) -> u64 {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).expect("the folder can be written to"));
    let mut bytes = 0;
    // A linear congruential generator (Knuth's MMIX constants): uniform keys, the same each time.
    let mut state = 42u64;
    for number in 0..events {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let key = (state >> 33) % rows;
        let line = event(number, key);
        out.write_all(line.as_bytes()).expect("the folder can be written to");
        bytes += line.len() as u64;
    }
    out.flush().expect("the folder can be written to");
    bytes
}

/// One event, with its line feed.
pub(crate) fn event(number: u64, key: u64) -> String {
    format!(
        concat!(
            r#"{{"type":"track","event":"Order Completed","messageId":"ajs-next-{n:012}-4c7b9a1e","userId":"user-{user}","#,
            r#""anonymousId":"8f3c2b1a-5d4e-4f6a-9b8c-{n:012}","timestamp":"2026-03-14T09:26:53.589Z","context":{{"#,
            r#""ip":"203.0.113.{ip}","locale":"en-GB","library":{{"name":"analytics.js","version":"next-1.70.0"}},"#,
            r#""page":{{"path":"/checkout/complete","referrer":"https://shop.example/cart","title":"Thank you \u2013 Shop","#,
            r#""url":"https://shop.example/checkout/complete?order={n}"}},"userAgent":"Mozilla/5.0 (X11; Linux x86_64) "#,
            r#"AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36","campaign":{{"name":"spring-sale","#,
            r#""source":"newsletter","medium":"email"}}}},"properties":{{"order_id":"o-{n:010}","total":{total}.50,"#,
            r#""currency":"EUR","coupon":null,"product_id":{key},"quantity":{quantity},"affiliation":"web shop","shipping":4.99,"#,
            r#""gift":false,"tags":["new","spring"]}},"integrations":{{"All":true}}}}"#,
            "\n"
        ),
        n = number,
        user = number % 50_000,
        ip = number % 254 + 1,
        total = number % 900 + 10,
        key = key,
        quantity = number % 5 + 1,
    )
}

const TABLE: &str = "CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price DECIMAL(10,2), \
    brand_id INTEGER, category TEXT, discontinued BOOLEAN, updated_at TIMESTAMP)";

const MANIFESTS: &str = r#"
apiVersion: weft.dev/v1alpha1
kind: Warehouse
metadata: {name: shop}
spec: {sqlite: {path: shop.db}}
---
apiVersion: weft.dev/v1alpha1
kind: DataGraph
metadata: {name: main}
spec:
  warehouseRef: {name: shop}
  store: {redis: {url: "redis://redis:6379/0"}}
---
apiVersion: weft.dev/v1alpha1
kind: Entity
metadata: {name: product}
spec:
  dataGraphRef: {name: main}
  tableRef: product
  primaryKey: [id]
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
  - name: orders
    when: type = "track" and event = "Order Completed"
    entities:
    - {as: product, entity: product, match: [{column: id, path: $.properties.product_id}]}
    enrichments:
    - {from: {as: product, column: name}, to: $.properties.product_name}
    - {from: {as: product, column: price}, to: $.properties.price}
    - {from: {as: product, column: category}, to: $.properties.category}
"#;
