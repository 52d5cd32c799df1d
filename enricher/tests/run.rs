//! `weft run` as a user meets it: the built binary on manifests, a SQLite file and lines.
#![cfg(feature = "manifests")]
// Helpers of a test panic as the test does.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

const GRAPH: &str = r#"
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
spec: {dataGraphRef: {name: main}, tableRef: product, primaryKey: [ID]}
"#;

const MAPPING: &str = r#"
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
    enrichments: [{from: {as: p, column: name}, to: $.p.name}]
"#;

/// A folder with manifests and a table of two products.
struct Shop(TempDir);

impl Shop {
    fn new() -> Self {
        Self::with(&format!("{GRAPH}---{MAPPING}"))
    }

    fn with(manifests: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("weft.yaml"), manifests).unwrap();
        let database = rusqlite::Connection::open(folder.path().join("shop.db")).unwrap();
        database
            .execute_batch(
                "CREATE TABLE product (ID INTEGER, NAME TEXT); INSERT INTO product VALUES (1, 'Mug'), (2, 'Pen')",
            )
            .unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command.args(["run", "-f", "."]).args(arguments).current_dir(self.0.path());
        command
    }

    /// Runs on these lines.
    fn run(&self, events: impl AsRef<[u8]>, arguments: &[&str]) -> Output {
        self.write("events.jsonl", events);
        self.command(&[&["--events", "events.jsonl"], arguments].concat()).output().unwrap()
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

fn json_lines(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn events_come_out_enriched_in_their_order() {
    let output = Shop::new().run("{\"id\":1}\n\n{ \"id\" : \"2\" }\r\n{\"id\":3}", &[]);
    let lines = "{\"id\":1,\"p\":{\"name\":\"Mug\"}}\n{ \"id\" : \"2\" ,\"p\":{\"name\":\"Pen\"}}\r\n{\"id\":3}\n";
    assert_eq!((stdout(&output), code(&output)), (lines, 0));
    assert!(stderr(&output).ends_with("\n3 events read, 3 written\n"), "{}", stderr(&output));
}

#[test]
fn the_summary_for_machines_is_one_line_that_adds_up() {
    let output = Shop::new().run(
        "{\"id\":1}\n{\"id\":9}\n[]\n{\"id\":{}}\n{\"id\":1,\"p\":7}\n",
        &["-o", "json", "--dead-letters", "dead"],
    );
    let summary: Value = serde_json::from_str(stderr(&output)).unwrap();
    let outcomes = &summary["rules"]["names"]["outcomes"];
    assert_eq!(summary["events"], 4);
    assert_eq!(summary["unparsable"], serde_json::json!({"not_an_object": 1}));
    assert_eq!((&outcomes["enriched"], &outcomes["unenriched"]), (&1.into(), &2.into()));
    assert_eq!(outcomes["dead_lettered"], serde_json::json!({"bad_parent": 1}));
    let lookups = serde_json::json!({"found": 2, "missing": 1, "no_key": 0, "bad_key": 1});
    assert_eq!(summary["rules"]["names"]["lookups"]["p"], lookups);
    assert_eq!(summary["entities"]["product"]["rows"], 2);
}

#[test]
fn what_cannot_be_sent_is_kept_with_its_reason_and_its_bytes() {
    let shop = Shop::new();
    let long = format!("{{\"id\":1,\"x\":\"{}\"}}", "y".repeat(3_000_000));
    let mut events = b"{\"id\":1}\n{\"id\":1,}\n\xff\n".to_vec();
    events.extend_from_slice(format!("{long}\n{{\"id\":2,\"id\":1}}\n{{\"id\":2}}\n").as_bytes());
    let output = shop.run(events, &["--dead-letters", "dead.jsonl"]);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 2);
    let letters = json_lines(&shop.path("dead.jsonl"));
    let told: Vec<_> =
        letters.iter().map(|letter| (letter["reason"].as_str().unwrap(), letter["origin"].as_str().unwrap())).collect();
    let expected = [("invalid_json", 2), ("invalid_utf8", 3), ("too_large", 4), ("duplicate_key", 5)];
    assert_eq!(
        told,
        expected
            .map(|(reason, line)| (reason, format!("events.jsonl:{line}")))
            .each_ref()
            .map(|(r, o)| (*r, o.as_str()))
    );
    assert_eq!(letters[0]["value"], "{\"id\":1,}");
    assert_eq!(letters[0]["message"], "invalid JSON: expected a member's name in double quotes at column 9");
    assert_eq!(
        (&letters[0]["rule"], &letters[3]["rule"], &letters[3]["mapping"]),
        (&"-".into(), &"names".into(), &"orders".into())
    );
    let decode = |letter: &Value| {
        use base64::{Engine, prelude::BASE64_STANDARD};
        BASE64_STANDARD.decode(letter["valueBase64"].as_str().unwrap()).unwrap()
    };
    assert_eq!(decode(&letters[1]), b"\xff");
    assert!(decode(&letters[2]) == long.as_bytes(), "a line too long for memory is kept whole");
}

#[test]
fn without_a_place_for_dead_letters_they_go_to_stderr() {
    let output = Shop::new().run("nonsense\n", &[]);
    assert_eq!((code(&output), stdout(&output)), (3, ""));
    assert!(stderr(&output).contains(r#""reason":"invalid_json""#), "{}", stderr(&output));
}

#[test]
fn a_file_that_holds_something_is_only_replaced_when_told() {
    let shop = Shop::new();
    shop.write("out.jsonl", "precious\n");
    let refused = shop.run("{\"id\":1}\n", &["--output", "out.jsonl"]);
    assert_eq!((code(&refused), fs::read_to_string(shop.path("out.jsonl")).unwrap().as_str()), (2, "precious\n"));
    assert!(
        stderr(&refused).contains("out.jsonl exists already; name another file, or add --force"),
        "{}",
        stderr(&refused)
    );
    assert_eq!(code(&shop.run("{\"id\":1}\n", &["--output", "out.jsonl", "--force"])), 0);
    assert_eq!(fs::read_to_string(shop.path("out.jsonl")).unwrap(), "{\"id\":1,\"p\":{\"name\":\"Mug\"}}\n");
}

#[test]
fn no_argument_makes_weft_write_over_its_own_input() {
    let shop = Shop::new();
    for arguments in [["--output", "events.jsonl"], ["--dead-letters", "events.jsonl"]] {
        let output = shop.run("{\"id\":1}\n", &[&arguments[..], &["--force"]].concat());
        assert_eq!(code(&output), 2);
        assert_eq!(fs::read_to_string(shop.path("events.jsonl")).unwrap(), "{\"id\":1}\n");
    }
    let one = shop.run("{\"id\":1}\n", &["--output", "o", "--dead-letters", "./o"]);
    assert_eq!(code(&one), 2, "{}", stderr(&one));
}

#[test]
fn a_full_disk_stops_the_run_with_whole_lines_in_the_file() {
    let shop = Shop::new();
    let events: String = (0..200_000).map(|number| format!("{{\"id\":1,\"number\":{number}}}\n")).collect();
    shop.write("events.jsonl", events);
    // A limit on the size of files stands in for the disk: writes fail half-way as they do when it is full.
    let script = format!(
        "trap '' XFSZ; ulimit -f 3000; exec {} run -f . --events events.jsonl --output out.jsonl",
        env!("CARGO_BIN_EXE_weft")
    );
    let output = Command::new("bash").args(["-c", &script]).current_dir(shop.0.path()).output().unwrap();
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("of the events: failed to write to out.jsonl: File too large"),
        "{}",
        stderr(&output)
    );
    let written = fs::read(shop.path("out.jsonl")).unwrap();
    assert!(written.len() > 1 << 20 && written.ends_with(b"\n"), "{} bytes", written.len());
    assert!(json_lines(&shop.path("out.jsonl")).iter().enumerate().all(|(line, event)| event["number"] == line));
}

#[test]
fn a_closed_pipe_is_told_with_the_line() {
    let shop = Shop::new();
    shop.write("events.jsonl", "{\"id\":1}\n");
    let mut child = shop
        .command(&["--events", "events.jsonl"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("stopped at line 1 of the events: failed to write to stdout: Broken pipe"),
        "{}",
        stderr(&output)
    );
}

/// Starts on standard input, sends a line and waits for what comes of it.
fn started(shop: &Shop) -> (Child, String) {
    let mut child =
        shop.command(&[]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(b"{\"id\":1}\n").unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (child, line)
}

#[test]
fn an_event_from_a_pipe_is_not_held_back_until_more_come() {
    let shop = Shop::new();
    let (child, line) = started(&shop);
    assert_eq!(line, "{\"id\":1,\"p\":{\"name\":\"Mug\"}}\n");
    assert_eq!(code(&child.wait_with_output().unwrap()), 0);
}

#[test]
fn sigterm_ends_a_run_that_waits_for_events() {
    let shop = Shop::new();
    let (mut child, _) = started(&shop);
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    // Its input stays open: only the signal can end it.
    let input = child.stdin.take();
    let status = child.wait().unwrap();
    drop(input);
    assert_eq!((status.code(), status.signal()), (Some(143), None));
}

#[test]
fn sigterm_ends_a_run_whose_output_nobody_takes() {
    let shop = Shop::new();
    shop.write("events.jsonl", "{\"id\":1}\n".repeat(100_000));
    let mut child = shop.command(&["--events", "events.jsonl"]).stdout(Stdio::piped()).spawn().unwrap();
    // The first byte of a write that is larger than a pipe: the rest of it has to wait.
    let mut output = child.stdout.take().unwrap();
    output.read_exact(&mut [0]).unwrap();
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

/// The error of a run that does not start.
fn refusal(shop: &Shop, arguments: &[&str]) -> String {
    let output = shop.run("{\"id\":1}\n", arguments);
    assert_eq!((code(&output), stdout(&output)), (2, ""), "{}", stderr(&output));
    stderr(&output).to_owned()
}

#[test]
fn what_is_missing_is_named_with_the_field_and_the_cure() {
    let replaced = |from: &str, to: &str| Shop::with(&format!("{GRAPH}---{MAPPING}").replace(from, to));
    for (shop, told) in [
        (replaced("path: shop.db", "path: other.db"), "other.db"),
        (replaced("tableRef: product", "tableRef: produkt"), "product"),
        (replaced("column: name", "column: nam"), "rule names: entity product has no column nam; it has ID, NAME"),
        (replaced("primaryKey: [ID]", "primaryKey: [IDD]").also("column: id", "column: IDD"), "IDD"),
    ] {
        let refusal = refusal(&shop, &[]);
        assert!(refusal.contains(told), "{refusal}");
    }
    let missing = Shop::new().command(&["--events", "nowhere.jsonl"]).output().unwrap();
    assert_eq!(code(&missing), 2);
    let told = "failed to open the events of nowhere.jsonl (--events): No such file";
    assert!(stderr(&missing).contains(told), "{}", stderr(&missing));
}

impl Shop {
    /// The same with another change to the manifests.
    fn also(self, from: &str, to: &str) -> Self {
        let manifests = fs::read_to_string(self.path("weft.yaml")).unwrap().replace(from, to);
        self.write("weft.yaml", manifests);
        self
    }
}

#[test]
fn one_of_several_mappings_has_to_be_chosen_and_a_suspended_one_is_skipped() {
    let second = MAPPING.replace("name: orders", "name: carts").replace("names", "carts");
    let shop = Shop::with(&format!("{GRAPH}---{MAPPING}---{second}"));
    let several = refusal(&shop, &[]);
    assert!(several.contains("choose one with --mapping: default/carts, default/orders"), "{several}");
    assert!(refusal(&shop, &["--mapping", "cart"]).contains("there is no EnrichmentMapping cart; the manifests hold"));
    assert_eq!(code(&shop.run("{\"id\":1}\n", &["--mapping", "default/carts"])), 0);
    let suspended =
        shop.also("  dataGraphRef: {name: main}\n  source", "  dataGraphRef: {name: main}\n  suspend: true\n  source");
    let nothing = refusal(&suspended, &["--mapping", "carts"]);
    assert!(nothing.contains("carts is suspended and not run") && nothing.contains("suspend: false"), "{nothing}");
}

#[test]
fn rows_that_cannot_be_used_are_told_and_the_rest_is_used() {
    let shop = Shop::new();
    let database = rusqlite::Connection::open(shop.path("shop.db")).unwrap();
    database.execute_batch("INSERT INTO product VALUES (2, 'Pencil'), (NULL, 'Nothing')").unwrap();
    let output = shop.run("{\"id\":1}\n{\"id\":2}\n", &[]);
    assert_eq!((code(&output), stdout(&output)), (3, "{\"id\":1,\"p\":{\"name\":\"Mug\"}}\n{\"id\":2}\n"));
    assert!(
        stderr(&output).contains("warning: entity product: rejected 2 rows: key shared with another row (ID = 2, …)"),
        "{}",
        stderr(&output)
    );
    assert!(stderr(&output).contains("rejected 1 row: NULL or empty key"), "{}", stderr(&output));
}

#[test]
fn no_other_name_of_an_input_makes_weft_write_over_it() {
    let shop = Shop::new();
    shop.write("events.jsonl", "{\"id\":1}\n");
    fs::hard_link(shop.path("events.jsonl"), shop.path("again.jsonl")).unwrap();
    std::os::unix::fs::symlink("shop.db", shop.path("link.db")).unwrap();
    let files = ["events.jsonl", "shop.db", "weft.yaml"];
    let before = files.map(|name| fs::read(shop.path(name)).unwrap());
    for (name, what) in [
        ("again.jsonl", "--events"),
        ("shop.db", "a warehouse"),
        ("link.db", "a warehouse"),
        ("weft.yaml", "manifests"),
    ] {
        for flag in ["--output", "--dead-letters"] {
            let output = shop.command(&["--events", "events.jsonl", "--force", flag, name]).output().unwrap();
            assert_eq!(code(&output), 2, "{flag} {name}: {}", stderr(&output));
            assert!(stderr(&output).contains(flag) && stderr(&output).contains(what), "{}", stderr(&output));
        }
    }
    assert!(files.map(|name| fs::read(shop.path(name)).unwrap()) == before);
}

#[test]
fn events_are_not_appended_to_the_file_they_are_read_from() {
    let shop = Shop::new();
    let events = shop.write("events.jsonl", "{\"id\":1}\n");
    let appended = fs::OpenOptions::new().append(true).open(&events).unwrap();
    let output = shop.command(&["--events", "events.jsonl"]).stdout(appended).output().unwrap();
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert_eq!(fs::read_to_string(&events).unwrap(), "{\"id\":1}\n");
}

#[test]
fn one_file_for_events_and_dead_letters_is_refused_with_what_it_holds_untouched() {
    let shop = Shop::new();
    shop.write("out.jsonl", "precious\n");
    let output = shop.run("{\"id\":1}\n", &["--output", "out.jsonl", "--dead-letters", "./out.jsonl", "--force"]);
    assert_eq!((code(&output), fs::read_to_string(shop.path("out.jsonl")).unwrap().as_str()), (2, "precious\n"));
}

#[test]
fn an_output_that_cannot_be_opened_is_named_with_its_flag() {
    let shop = Shop::new();
    for (flag, path) in [("--output", "nowhere/out.jsonl"), ("--dead-letters", ".")] {
        let output = shop.run("{\"id\":1}\n", &[flag, path]);
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        let told = format!("{flag}: failed to open {path} for writing");
        assert!(stderr(&output).contains(&told), "{}", stderr(&output));
    }
}

#[test]
fn a_summary_that_nobody_can_read_does_not_fail_the_run() {
    let shop = Shop::new();
    shop.write("events.jsonl", "{\"id\":1}\n");
    for format in ["text", "json"] {
        let mut child = shop
            .command(&["--events", "events.jsonl", "-o", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stderr.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((stdout(&output), code(&output)), ("{\"id\":1,\"p\":{\"name\":\"Mug\"}}\n", 0));
    }
}

#[test]
fn an_instant_that_no_year_of_four_digits_holds_in_utc_stays_as_it_is_written() {
    let shop = Shop::new();
    let database = rusqlite::Connection::open(shop.path("shop.db")).unwrap();
    let sql = "DROP TABLE product; CREATE TABLE product (ID INTEGER, NAME TIMESTAMPTZ); \
               INSERT INTO product VALUES (1, '9999-12-31T23:59:59-01:00')";
    database.execute_batch(sql).unwrap();
    let output = shop.run("{\"id\":1}\n", &[]);
    assert_eq!(stdout(&output), "{\"id\":1,\"p\":{\"name\":\"9999-12-31T23:59:59-01:00\"}}\n");
}
