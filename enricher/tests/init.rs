//! `weft init` as a newcomer meets it: a table and events of their own, and no manifest touched by hand.
#![cfg(feature = "manifests")]
// Helpers of a test panic as the test does.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with a SQLite file and events.
struct Desk(TempDir);

impl Desk {
    fn new(script: &str, events: &[Value]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("data")).unwrap();
        let database = rusqlite::Connection::open(folder.path().join("data/my shop.db")).unwrap();
        database.execute_batch(script).unwrap();
        let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
        fs::write(folder.path().join("events.jsonl"), lines).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn weft(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_weft")).args(arguments).current_dir(self.0.path()).output().unwrap()
    }

    fn init(&self, arguments: &[&str]) -> Output {
        let fixed = ["init", "--warehouse", "sqlite:data/my shop.db", "--events", "events.jsonl"];
        self.weft(&[&fixed, arguments].concat())
    }

    /// Runs one of the commands that are printed at the end.
    fn next(&self, made: &Output, command: &str) -> Output {
        let start = format!("weft {command} ");
        let line = stdout(made).lines().map(str::trim).find(|line| line.starts_with(&start)).unwrap();
        let line = line.replacen("weft", env!("CARGO_BIN_EXE_weft"), 1);
        let ended = Command::new("bash").args(["-c", &line]).current_dir(self.0.path()).output().unwrap();
        assert_eq!(code(&ended), 0, "{line}: {}", stderr(&ended));
        ended
    }

    /// Makes manifests, checks them, runs the commands that are printed, and gives the events of the first.
    fn enriched(&self, arguments: &[&str]) -> Vec<Value> {
        let made = self.init(arguments);
        assert_eq!(code(&made), 0, "{}", stderr(&made));
        let checked = self.weft(&["validate", "-f", "weft"]);
        assert_eq!(
            stdout(&checked).lines().last().unwrap_or_default().split(": ").last(),
            Some("valid"),
            "{}",
            stdout(&checked)
        );
        assert!(stdout(&self.next(&made, "preview")).contains("\nrule enrich: "));
        stdout(&self.next(&made, "run")).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn mapping(&self) -> String {
        fs::read_to_string(self.path("weft/mapping.yaml")).unwrap()
    }

    /// The error of an init that writes nothing.
    fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.init(arguments);
        assert_eq!((code(&output), stdout(&output)), (2, ""), "{}", stderr(&output));
        assert!(!self.path("weft").exists());
        stderr(&output).to_owned()
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("ended by a signal: {}", stderr(output)))
}

fn stdout(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    str::from_utf8(&output.stderr).unwrap()
}

const ORDERS: &str = "
    CREATE TABLE users (\"UserID\" UUID PRIMARY KEY, \"FullName\" TEXT, \"loyaltyTier\" VARCHAR(10), \"Signed Up\" DATE);
    INSERT INTO users VALUES ('0b9f3d1e-5c1a-4a53-9b6e-0d6c3a1f2e01', 'Ana Sá', 'gold', '2021-04-05'),
        ('0B9F3D1E-5C1A-4A53-9B6E-0D6C3A1F2E02', 'Bo', NULL, '2022-01-31');
    CREATE TABLE orders (order_id INTEGER PRIMARY KEY, user_id UUID REFERENCES users, status TEXT, total DECIMAL(10,2));
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
        INSERT INTO orders SELECT i, CASE i % 2 WHEN 0 THEN '0b9f3d1e-5c1a-4a53-9b6e-0d6c3a1f2e01'
            ELSE '0B9F3D1E-5C1A-4A53-9B6E-0D6C3A1F2E02' END, 'shipped', i + 0.25 FROM n;";

/// Events of a shop; every twentieth order is not in the table, every quantity is the key of some order.
fn shop_events() -> Vec<Value> {
    let mut events = Vec::new();
    for number in 1..=60 {
        let user = format!("0b9f3d1e-5c1a-4a53-9b6e-0d6c3a1f2e0{}", 1 + number % 3);
        let order = if number % 20 == 0 { 9_000 + number } else { number * 3 };
        let common = |kind: &str| json!({"type": kind, "userId": user, "messageId": format!("m-{number}"), "context": {"ip": "203.0.113.1"}});
        let mut page = common("page");
        page["name"] = "Home".into();
        let mut track = common("track");
        track["event"] = "Order Completed".into();
        track["properties"] =
            json!({"orderId": order.to_string(), "quantity": 1 + number % 7, "products": [{"sku": "A"}]});
        let mut other = common("track");
        other["event"] = "Signed In".into();
        other["properties"] = json!({"attempts": 1 + number % 30});
        events.extend([page, track, other]);
    }
    events
}

#[test]
fn orders_are_found_by_their_number_and_not_by_a_quantity_that_is_one_by_chance() {
    let desk = Desk::new(ORDERS, &shop_events());
    let events = desk.enriched(&["--table", "Orders"]);
    assert_eq!(events.len(), 60, "only the events that have an order are sent");
    let order = &events[0]["properties"]["order"];
    let expected = json!({"user_id": "0b9f3d1e-5c1a-4a53-9b6e-0d6c3a1f2e02", "status": "shipped", "total": 3.25});
    assert_eq!(*order, expected, "{}", events[0]);
    assert!(events[19]["properties"].get("order").is_none(), "there is no order 9020");
    let mapping = desk.mapping();
    assert!(mapping.contains("# In 60 of 180 sampled events; 57 of 60 values have a row."), "{mapping}");
    assert!(mapping.contains(r#"when: 'type = "track" and event = "Order Completed"'"#), "{mapping}");
    assert!(mapping.contains("- {column: order_id, path: $.properties.orderId}"), "{mapping}");
}

#[test]
fn users_are_found_by_a_uuid_in_any_spelling_and_their_columns_keep_their_names() {
    let desk = Desk::new(ORDERS, &shop_events());
    let events = desk.enriched(&["--table", "users"]);
    assert_eq!(events.len(), 180, "every event has a user");
    let expected = json!({"FullName": "Bo", "loyaltyTier": null, "Signed Up": "2022-01-31"});
    assert_eq!(events[0]["context"], json!({"ip": "203.0.113.1", "user": expected}));
    assert!(!desk.mapping().contains("\n      when:"), "{}", desk.mapping());
}

#[test]
fn two_tables_are_joined_by_one_rule_that_sends_an_event_once() {
    let desk = Desk::new(ORDERS, &shop_events());
    let events = desk.enriched(&["--table", "orders", "--table", "users"]);
    assert_eq!(events.len(), 180);
    assert_eq!(events[4]["properties"]["order"]["total"], 6.25);
    assert!(events[3]["context"].get("user").is_none(), "there is no third user");
    assert_eq!(events[6]["context"]["user"]["FullName"], "Ana Sá");
}

/// A table of 100 columns, some of whose names need quotes wherever they stand.
fn wide() -> (String, Vec<String>) {
    let odd = [
        "Größe (cm)",
        "it's",
        "say \"so\"",
        "a.b",
        "a,b",
        "{x}",
        "[0]",
        "no",
        "null",
        "1st",
        "# not",
        "a: b",
        "$",
        "@id",
        "back\\slash",
        "tab\there",
        "line\nend",
        "emoji 🎁",
        "trailing ",
        "&amp",
        "*",
        "%",
        "-",
        "~",
        "<<",
    ];
    let mut names: Vec<String> = odd.iter().map(ToString::to_string).collect();
    names.extend((names.len()..99).map(|number| format!("metric_{number}")));
    let quoted = |name: &String| format!("\"{}\"", name.replace('"', "\"\""));
    let columns: Vec<String> = names.iter().map(|name| format!("{} TEXT", quoted(name))).collect();
    let values: Vec<String> = (0..99).map(|number| format!("'v{number}'")).collect();
    let script = format!(
        "CREATE TABLE \"Device Stats\" (serial TEXT PRIMARY KEY, {}); INSERT INTO \"Device Stats\" VALUES ('X-1', {})",
        columns.join(", "),
        values.join(", "),
    );
    (script, names)
}

#[test]
fn a_wide_table_with_odd_names_gives_every_column() {
    let (script, names) = wide();
    let event = json!({"type": "track", "event": "Report", "properties": {"device": {"serial": "X-1"}, "load": 3}});
    let desk = Desk::new(&script, &[event]);
    let events = desk.enriched(&["--table", "device stats"]);
    let row = &events[0]["properties"]["device"]["device_stat"];
    for (number, name) in names.iter().enumerate() {
        assert_eq!(row[name], format!("v{number}"), "{name:?}: {row}");
    }
}

#[test]
fn more_columns_than_a_rule_writes_are_named_and_left_out() {
    let columns: Vec<String> = (0..300).map(|number| format!("c{number} INT DEFAULT {number}")).collect();
    let script =
        format!("CREATE TABLE t (id INTEGER PRIMARY KEY, {}); INSERT INTO t (id) VALUES (1)", columns.join(", "));
    let desk = Desk::new(&script, &[json!({"t_id": 1})]);
    let events = desk.enriched(&["--table", "t"]);
    assert_eq!(events[0]["t"].as_object().unwrap().len(), 256);
    assert!(desk.mapping().contains("#   c256, c257"), "{}", desk.mapping());
}

#[test]
fn a_view_gets_the_unique_column_that_events_have() {
    let script = "CREATE TABLE raw (n INT, email TEXT, city TEXT);
        INSERT INTO raw VALUES (1, 'a@x.org', 'Oslo'), (2, 'b@x.org', 'Oslo'), (3, 'c@x.org', 'Rome');
        CREATE VIEW people AS SELECT n AS id, email, city FROM raw";
    let events: Vec<Value> =
        ["a@x.org", "c@x.org"].iter().map(|email| json!({"type": "identify", "traits": {"email": email}})).collect();
    let desk = Desk::new(script, &events);
    let enriched = desk.enriched(&["--table", "people"]);
    assert_eq!(enriched[1]["traits"]["person"], json!({"id": 3, "city": "Rome"}));
}

#[test]
fn a_composite_key_takes_each_part_from_its_own_field() {
    let script = "CREATE TABLE cart_lines (cart TEXT, line INT, gift TEXT, PRIMARY KEY (cart, line));
        INSERT INTO cart_lines VALUES ('c1', 1, 'no'), ('c1', 2, 'yes'), ('c2', 1, 'maybe')";
    let event = |cart: &str, line: i32| json!({"event": "Line", "cart": {"id": cart, "line": line, "size": 1}});
    let desk = Desk::new(script, &[event("c1", 2), event("c2", 1), event("c1", 1), event("c9", 1)]);
    let enriched = desk.enriched(&["--table", "cart_lines"]);
    let gifts: Vec<_> = enriched.iter().map(|event| event["cart"]["cart_line"]["gift"].clone()).collect();
    assert_eq!(gifts, [json!("yes"), json!("maybe"), json!("no"), Value::Null]);
}

const PRODUCTS: &str = "
    CREATE TABLE brands (id INTEGER PRIMARY KEY, label TEXT);
    INSERT INTO brands VALUES (7, 'Kobo'), (8, 'Oya');
    CREATE TABLE products (sku TEXT PRIMARY KEY, name TEXT, brand_id INTEGER REFERENCES Brands (ID));
    INSERT INTO products VALUES ('A-1', 'Mug', 7), ('B-2', 'Pen', 8);";

fn order(products: Value) -> Value {
    json!({"type": "track", "event": "Order Completed", "properties": {"products": products}})
}

#[test]
fn a_key_in_the_items_of_an_array_enriches_each_item() {
    let items =
        json!([{"product_id": "A-1", "quantity": 7}, {"product_id": "Z-9"}, {"product_id": "B-2", "quantity": 8}]);
    let desk = Desk::new(PRODUCTS, &[order(items), json!({"type": "page"})]);
    let events = desk.enriched(&["--table", "products"]);
    let expected = json!([
        {"product_id": "A-1", "quantity": 7, "name": "Mug", "brand_id": 7},
        {"product_id": "Z-9"},
        {"product_id": "B-2", "quantity": 8, "name": "Pen", "brand_id": 8},
    ]);
    assert_eq!((&events[0]["properties"]["products"], events.len()), (&expected, 1));
    let mapping = desk.mapping();
    assert!(mapping.contains(r#"forEach: "$.properties.products[*]""#), "{mapping}");
    assert!(mapping.contains("2 of 3 values have a row"), "{mapping}");
}

#[test]
fn a_table_whose_key_no_event_has_is_reached_along_a_foreign_key() {
    let items = json!([{"product_id": "A-1", "name": "mine"}, {"product_id": "B-2"}]);
    let desk = Desk::new(PRODUCTS, &[order(items)]);
    // In either order of the tables.
    for tables in [["--table", "brands", "--table", "products"], ["--table", "products", "--table", "brands"]] {
        let events = desk.enriched(&[&tables[..], &["--force"]].concat());
        let expected = json!([
            {"product_id": "A-1", "name": "mine", "product": {"name": "Mug", "brand_id": 7}, "brand": {"label": "Kobo"}},
            {"product_id": "B-2", "product": {"name": "Pen", "brand_id": 8}, "brand": {"label": "Oya"}},
        ]);
        assert_eq!(events[0]["properties"]["products"], expected);
    }
    let graph = fs::read_to_string(desk.path("weft/data-graph.yaml")).unwrap();
    assert!(graph.contains("slug: product-to-brand"), "{graph}");
}

#[test]
fn a_table_whose_key_events_have_is_not_reached_by_a_hop() {
    let desk = Desk::new(ORDERS, &shop_events());
    let made = desk.init(&["--table", "orders", "--table", "users", "-o", "json"]);
    let report: Value = serde_json::from_str(stdout(&made)).unwrap();
    assert_eq!(report["tables"][1]["key"][0]["path"], "$.userId");
    let events: Vec<Value> = (1..5).map(|number| json!({"order_id": number})).collect();
    let desk = Desk::new(ORDERS, &events);
    let events = desk.enriched(&["--table", "orders", "--table", "users"]);
    assert_eq!(events[0]["user"]["FullName"], "Bo");
    assert_eq!(events[1]["user"]["Signed Up"], "2021-04-05");
}

#[test]
fn nothing_that_events_have_is_written_over() {
    let script = "CREATE TABLE plans (id TEXT PRIMARY KEY, name TEXT); INSERT INTO plans VALUES ('p1', 'Pro')";
    let desk = Desk::new(script, &[json!({"traits": {"plan": "p1", "plan_name": "mine"}})]);
    let enriched = desk.enriched(&["--table", "plans"]);
    let expected = json!({"plan": "p1", "plan_name": "mine", "plan_row": {"name": "Pro"}});
    assert_eq!(enriched[0]["traits"], expected);
}

#[test]
fn a_guess_by_name_is_told_to_be_one() {
    let script = "CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT); INSERT INTO orders VALUES (1, 'x')";
    let desk = Desk::new(script, &[json!({"order_id": 77, "quantity": 1})]);
    let made = desk.init(&["--table", "orders"]);
    assert_eq!(code(&made), 0, "{}", stderr(&made));
    assert!(
        stderr(&made)
            .contains("warning: table orders: $.order_id is a guess by name, 0 of 1 values in the sample have a row"),
        "{}",
        stderr(&made)
    );
    assert!(desk.mapping().contains("# A guess by name, to be checked"), "{}", desk.mapping());
}

#[test]
fn numbers_that_are_keys_by_chance_are_the_last_resort() {
    let events: Vec<Value> = (1..9).map(|number| json!({"position": number})).collect();
    let desk = Desk::new(ORDERS, &events);
    let made = desk.init(&["--table", "orders"]);
    let told = "$.position was chosen for its values alone, its name does not say that it is a key of orders";
    assert!(stderr(&made).contains(told), "{}", stderr(&made));
    assert!(desk.mapping().contains("# Chosen for its values alone (8 of 8 have a row)"), "{}", desk.mapping());
    let few = Desk::new(ORDERS, &events[..4]);
    assert!(few.refusal(&["--table", "orders"]).contains("(they have $.position)"));
}

#[test]
fn machines_get_what_people_get() {
    let desk = Desk::new(ORDERS, &shop_events());
    let made = desk.init(&["--table", "orders", "-o", "json", "--dir", "some where/else"]);
    let report: Value = serde_json::from_str(stdout(&made)).unwrap();
    assert_eq!(report["sample"], json!({"events": 180, "skippedLines": 0, "cut": false}));
    let table = &report["tables"][0];
    assert_eq!(table["key"], json!([{"column": "order_id", "type": "Integer", "path": "$.properties.orderId"}]));
    assert_eq!(table["match"], json!({"events": 60, "values": 60, "found": 57, "named": true}));
    assert_eq!(table["columns"][1], json!({"column": "status", "to": "$.properties.order.status"}));
    assert_eq!(report["next"], json!(["weft", "run", "-f", "some where/else", "--events", "events.jsonl"]));
    assert!(
        fs::read_to_string(desk.path("some where/else/warehouse.yaml")).unwrap().contains("\"../../data/my shop.db\"")
    );
}

#[test]
fn events_may_come_from_a_pipe_and_lines_that_are_none_are_passed_over() {
    let desk = Desk::new(ORDERS, &[]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_weft"))
        .args(["init", "--warehouse", "sqlite:data/my shop.db", "--table", "orders"])
        .current_dir(desk.0.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"nonsense\n{\"order_id\": 5}\n[]\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 0);
    let told = stdout(&output);
    assert!(
        told.starts_with(
            "read 1 event of standard input\npassed over 2 lines that hold no event, the first at line 1\n"
        ),
        "{told}"
    );
    let next = "\nnext:\n  weft run -f weft --events -\n  weft preview -f weft --events - --rule enrich\n";
    assert!(told.ends_with(next), "{told}");
}

#[test]
fn manifests_that_are_there_are_only_replaced_when_told_and_never_in_part() {
    let desk = Desk::new(ORDERS, &shop_events());
    fs::create_dir(desk.path("weft")).unwrap();
    fs::write(desk.path("weft/mapping.yaml"), "precious").unwrap();
    let refused = desk.init(&["--table", "orders"]);
    assert_eq!(code(&refused), 2);
    assert!(
        stderr(&refused)
            .contains("weft/mapping.yaml would be overwritten; name another folder with --dir, or add --force"),
        "{}",
        stderr(&refused)
    );
    assert_eq!(fs::read_dir(desk.path("weft")).unwrap().count(), 1);
    assert_eq!(desk.mapping(), "precious");
    assert_eq!(desk.enriched(&["--table", "orders", "--force"]).len(), 60);
    assert_eq!(fs::read_dir(desk.path("weft")).unwrap().count(), 4);
}

#[test]
fn the_next_commands_work_in_a_folder_whose_name_looks_like_an_option() {
    let desk = Desk::new(ORDERS, &shop_events());
    let made = desk.init(&["--table", "orders", "--dir=-x"]);
    assert_eq!(stdout(&desk.next(&made, "run")).lines().count(), 60);
    desk.next(&made, "preview");
}

#[test]
fn the_next_command_works_in_a_folder_with_other_manifests() {
    let desk = Desk::new(ORDERS, &shop_events());
    fs::create_dir(desk.path("weft")).unwrap();
    fs::write(desk.path("weft/other.yaml"), "apiVersion: weft.dev/v1alpha1\nkind: DataGraph\n").unwrap();
    let made = desk.init(&["--table", "orders"]);
    let next = stdout(&made).lines().rev().nth(1).unwrap().trim();
    let expected = "weft run -f weft/warehouse.yaml -f weft/data-graph.yaml -f weft/entities.yaml -f weft/mapping.yaml --events events.jsonl";
    assert_eq!(next, expected);
}

#[test]
fn what_cannot_be_done_is_refused_with_the_cause_and_the_cure() {
    let desk = Desk::new(ORDERS, &shop_events());
    assert!(desk.refusal(&["--table", "ordres"]).contains(r#"there is no "ordres", did you mean "orders"?"#));
    let missing = desk.weft(&["init", "--warehouse", "sqlite:nowhere.db", "--table", "t", "--events", "events.jsonl"]);
    assert_eq!(code(&missing), 2);
    assert!(stderr(&missing).contains("failed to open nowhere.db: there is no such file"), "{}", stderr(&missing));
    let folder = desk.init(&["--table", "orders", "--dir", "data/my shop.db"]);
    assert!(stderr(&folder).contains("data/my shop.db is a file; name a folder with --dir"), "{}", stderr(&folder));
    let scheme = desk.weft(&["init", "--warehouse", "data/my shop.db", "--table", "t"]);
    assert!(stderr(&scheme).contains("write `sqlite:` and a path"), "{}", stderr(&scheme));
    let events = desk.weft(&["init", "--warehouse", "sqlite:data/my shop.db", "--table", "orders", "--events", "none"]);
    assert!(
        stderr(&events).contains("failed to open the events of none (--events): No such file"),
        "{}",
        stderr(&events)
    );
    let nothing = Desk::new(ORDERS, &[]);
    assert!(nothing.refusal(&["--table", "orders"]).contains("events.jsonl (--events) holds no events; give some"));
    fs::write(nothing.path("events.jsonl"), "nonsense\n").unwrap();
    assert!(nothing.refusal(&["--table", "orders"]).contains("none of its 1 lines is a JSON object"));
}

#[test]
fn a_table_without_a_key_and_events_without_one_are_refused() {
    let script = "CREATE TABLE log (at TEXT, level TEXT); INSERT INTO log VALUES ('a', 'x'), ('a', 'y'), ('b', 'x');
        CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT); INSERT INTO orders VALUES (1, 'x');
        CREATE TABLE readings (at REAL PRIMARY KEY, level TEXT); INSERT INTO readings VALUES (1.5, 'x');
        CREATE TABLE ids (id TEXT PRIMARY KEY); INSERT INTO ids VALUES ('x')";
    let desk = Desk::new(script, &[json!({"type": "page", "path": "/"})]);
    let keyless = desk.refusal(&["--table", "log"]);
    assert!(keyless.contains("table log: no column can be its key: column at has 2 values in 3 rows"), "{keyless}");
    let inexact = desk.refusal(&["--table", "readings"]);
    assert!(inexact.contains("its primary key at is binary floating point and not exact; name a table"), "{inexact}");
    let unmatched = desk.refusal(&["--table", "orders"]);
    let told = "no field of the 1 sampled events fits its key id: none has a name like it, and no values tell (they have $.path, $.type)";
    assert!(unmatched.contains(told), "{unmatched}");
    fs::write(desk.path("events.jsonl"), "{\"id\":\"x\"}\n").unwrap();
    let only_key = desk.refusal(&["--table", "ids"]);
    assert!(only_key.contains("table ids: it has no column besides its key id"), "{only_key}");
}
