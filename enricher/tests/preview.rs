//! `weft preview` as a user meets it.
#![cfg(feature = "manifests")]
// Helpers of a test panic as the test does.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

const MANIFESTS: &str = r#"
apiVersion: weft.dev/v1alpha1
kind: Warehouse
metadata: {name: shop}
spec: {sqlite: {path: shop.db}}
---
apiVersion: weft.dev/v1alpha1
kind: DataGraph
metadata: {name: main}
spec: {warehouseRef: {name: shop}, store: {redis: {url: "redis://redis:6379/0"}}}
---
apiVersion: weft.dev/v1alpha1
kind: Entity
metadata: {name: product}
spec: {dataGraphRef: {name: main}, tableRef: product, primaryKey: [SKU]}
---
apiVersion: weft.dev/v1alpha1
kind: Entity
metadata: {name: account}
spec: {dataGraphRef: {name: main}, tableRef: account, primaryKey: [ID]}
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
  - name: views
    when: type = "track" and event = "Product Viewed"
    entities:
    - {as: product, entity: product, match: [{column: SKU, path: $.properties.sku}]}
    - {as: account, entity: account, match: [{column: ID, path: $.userId}], optional: true}
    enrichments:
    - {from: {as: product, column: NAME}, to: $.properties.name}
    - {from: {as: product, column: PRICE}, to: $.properties.price, default: 0}
    - {from: {as: account, column: TIER}, to: $.context.tier}
  - name: known
    onMissing: DeadLetter
    entities: [{as: account, entity: account, match: [{column: ID, path: $.userId}]}]
"#;

const VIEWED: &str =
    r#"{"type":"track","event":"Product Viewed","userId":"7","properties":{"sku":"A-1","n":1.50},"context":{}}"#;

/// A folder with manifests and two tables of one row each.
struct Shop(TempDir);

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("weft.yaml"), MANIFESTS).unwrap();
        let database = rusqlite::Connection::open(folder.path().join("shop.db")).unwrap();
        let tables = "CREATE TABLE product (SKU TEXT, NAME TEXT, PRICE DECIMAL(9,2));
                      INSERT INTO product VALUES ('A-1', 'Mug', 9.5);
                      CREATE TABLE account (ID INTEGER, TIER TEXT);
                      INSERT INTO account VALUES (7, 'gold');";
        database.execute_batch(tables).unwrap();
        Self(folder)
    }

    /// Runs `weft preview` with the events on standard input.
    fn preview(&self, arguments: &[&str], events: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command.args(["preview", "-f", "weft.yaml"]).args(arguments).current_dir(self.0.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut weft = command.spawn().unwrap();
        // It may have read enough before the end.
        let _ = weft.stdin.take().unwrap().write_all(events.as_bytes());
        weft.wait_with_output().unwrap()
    }

    fn text(&self, arguments: &[&str], events: &str) -> (i32, String) {
        let output = self.preview(arguments, events);
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    }

    fn json(&self, arguments: &[&str], events: &str) -> Value {
        serde_json::from_slice(&self.preview(&[arguments, &["-o", "json"]].concat(), events).stdout).unwrap()
    }
}

#[track_caller]
fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn an_event_is_shown_with_its_rows_its_values_and_the_difference() {
    let (code, text) = Shop::new().text(&[], VIEWED);
    assert_eq!(code, 0);
    contains(
        &text,
        &[
            "standard input, line 1, mapping orders",
            "rule views: enriched",
            "✓ product: found in product, SKU = \"A-1\" from $.properties.sku",
            "✓ account: found in account, optional, ID = \"7\" from $.userId",
            "$.properties.name = \"Mug\" from product.NAME",
            "    -     \"n\": 1.50\n    +     \"n\": 1.50,\n    +     \"name\": \"Mug\",\n    +     \"price\": 9.5\n",
            "    +   \"context\": {\n    +     \"tier\": \"gold\"\n    +   }\n",
        ],
    );
    assert!(!text.contains('\u{1b}'), "colour where there is no terminal");
}

#[test]
fn a_row_that_is_not_found_says_what_would_have_been() {
    let event = VIEWED.replace("A-1", " a-1").replace(r#""7""#, r#""seven""#);
    let (code, text) = Shop::new().text(&[], &event);
    assert_eq!(code, 3);
    contains(
        &text,
        &[
            "rule views: unenriched",
            "✗ product: missing in product, SKU = \" a-1\" from $.properties.sku",
            "no row has this key; one has \"A-1\", and keys are compared exactly",
            "- account: bad key in account, optional, ID = \"seven\" from $.userId",
            "ID takes a whole number, or a text of digits",
            "$.properties.name stays as it is, as product has no row",
            "$.properties.price = 0 by default, as product has no row",
            "rule known: dead_lettered (missing)",
        ],
    );
    let (_, text) = Shop::new().text(&[], r#"{"userId":null}"#);
    contains(&text, &["✗ account: no key in account", "$.userId is null"]);
    let (_, text) = Shop::new().text(&[], r#"{"userId":""}"#);
    contains(&text, &["$.userId is empty"]);
    let (_, text) = Shop::new().text(&[], "{}");
    contains(&text, &["$.userId is absent"]);
}

#[test]
fn a_condition_that_refuses_an_event_shows_what_decided() {
    let (code, text) = Shop::new().text(&[], r#"{"type":"track","event":"Product Clicked","userId":7}"#);
    assert_eq!(code, 0);
    contains(
        &text,
        &[
            "rule views: filtered (when)",
            "✗ when: type = \"track\" and event = \"Product Viewed\"\n      \
             ✗ event = \"Product Viewed\": event is \"Product Clicked\"\n",
        ],
    );
    let json = Shop::new().json(&[], r#"{"type":"page"}"#);
    let when = &json["rules"][0]["when"];
    assert_eq!((&when["held"], &when["parts"][1]["held"]), (&json!(false), &Value::Null));
    assert_eq!(when["parts"][0]["values"], json!([{"name": "type", "value": "page"}]));
}

#[test]
fn machines_get_every_value_as_it_is_written() {
    let preview = Shop::new().json(&["--rule", "views"], VIEWED);
    let rule = &preview["rules"][0];
    assert_eq!(
        (&preview["line"], &preview["mapping"], &rule["outcome"]),
        (&json!(1), &json!("orders"), &json!("enriched"))
    );
    let part = json!({"column": "SKU", "from": "$.properties.sku", "value": "A-1"});
    let lookup = json!({"alias": "product", "entity": "product", "optional": false, "parts": [part], "key": "A-1", "result": "found"});
    assert_eq!(rule["lookups"][0], lookup);
    let write = json!({"to": "$.properties.price", "alias": "product", "column": "PRICE", "from": "row", "value": 9.5});
    assert_eq!(rule["writes"][1], write);
    assert_eq!(rule["after"]["context"]["tier"], "gold");
    assert_eq!(preview["rules"].as_array().unwrap().len(), 1);
}

#[test]
fn the_event_of_a_line_or_the_first_that_a_rule_wants_can_be_chosen() {
    let shop = Shop::new();
    let events = format!("\n{}\n{VIEWED}\nno json\n", VIEWED.replace("track", "page"));
    assert_eq!(shop.json(&[], &events)["line"], 2);
    assert_eq!(shop.json(&["--line", "3"], &events)["rules"][0]["outcome"], "enriched");
    assert_eq!(shop.json(&["--rule", "views"], &events)["line"], 3);
    let (code, text) = shop.text(&["--line", "4"], &events);
    assert_eq!(code, 3);
    contains(&text, &["no event: invalid JSON: expected a value at column 1; it becomes a dead letter"]);
    let (code, text) = shop.text(&["--line", "3", "--rule", "known"], &events);
    assert_eq!(code, 0);
    contains(&text, &["line 3", "rule known: enriched"]);
}

#[test]
fn an_event_may_span_several_lines() {
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(VIEWED).unwrap()).unwrap();
    let (code, text) = Shop::new().text(&[], &pretty);
    assert_eq!(code, 0);
    contains(&text, &["rule views: enriched", "+     \"tier\": \"gold\""]);
}

#[test]
fn what_is_no_event_says_so_and_shows_no_difference() {
    for line in ["}]}", "[1]", "\"", &"[".repeat(600), "\u{1}"] {
        let (code, text) = Shop::new().text(&[], line);
        assert_eq!((code, text.lines().count()), (3, 3), "{text}");
        contains(&text, &["no event: ", "; it becomes a dead letter"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_with_what_could_not_be_written() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command.args(["explain", "HopCycle"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    contains(&String::from_utf8(output.stderr).unwrap(), &["error: failed to write to standard output: No space"]);
}

#[test]
fn what_cannot_be_shown_is_refused_with_what_there_is_instead() {
    let shop = Shop::new();
    let refused = |arguments: &[&str], events: &str, expected: &str| {
        let (code, text) = shop.text(arguments, events);
        assert_eq!((code, text.contains(expected)), (2, true), "{text}");
    };
    refused(&[], "\n\n", "there is no event: the input is empty");
    refused(&["--line", "5"], VIEWED, "there is no event on line 5; the last one is on line 1");
    refused(&["--rule", "view"], VIEWED, "the mapping has no rule view; it has views, known");
    refused(
        &["--rule", "views"],
        "{}",
        "the rule wants no event from line 1 to line 1 (--rule); --line N without --rule shows why it does not want one",
    );
    refused(&["--events", "none.jsonl"], "", "failed to open the events of none.jsonl");
    refused(&["--max-event-bytes", "10"], VIEWED, "line 1 is longer than the 10 bytes an event may have");
    for size in ["1", "4MiB", "1073741825"] {
        refused(&["--max-event-bytes", size], VIEWED, "write a number of bytes from 2 to 1073741824, such as 4194304");
    }
    refused(&["--mapping", "x"], VIEWED, "there is no EnrichmentMapping x");
}
