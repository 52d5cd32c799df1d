//! `weft validate` as a user runs it: the built binary on files, its output and exit code.
#![cfg(feature = "manifests")]
#![allow(clippy::unwrap_used)] // also in what the tests share

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

const WAREHOUSE: &str = "\
apiVersion: weft.dev/v1alpha1
kind: Warehouse
metadata:
  name: shop
spec:
  sqlite:
    path: shop.db
";

const GRAPH: &str = "\
apiVersion: weft.dev/v1alpha1
kind: DataGraph
metadata:
  name: main
spec:
  warehouseRef:
    name: shop
  store:
    redis:
      url: redis://redis:6379/0
";

const ENTITY: &str = "\
apiVersion: weft.dev/v1alpha1
kind: Entity
metadata:
  name: product
spec:
  dataGraphRef:
    name: main
  tableRef: product
  primaryKey: [sku]
";

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn weft(folder: &Path, arguments: &[&str], stdin: &str) -> Ended {
    let mut child = Command::new(env!("CARGO_BIN_EXE_weft"))
        .arg("validate")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn assert_printed(ended: &Ended, code: i32, stdout: &str) {
    assert_eq!(ended.stdout, stdout, "got:\n{}", ended.stdout);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(code), ""));
}

#[test]
fn sound_manifests_are_counted() {
    let folder = folder(&[("warehouse.yaml", WAREHOUSE), ("graph.yml", GRAPH), ("entity.yaml", ENTITY)]);
    assert_printed(&weft(folder.path(), &["-f", "."], ""), 0, "3 objects in 3 files: valid\n");
}

#[test]
fn all_faults_of_all_files_are_told_at_once_with_their_lines() {
    let entity = ENTITY.replace("primaryKey: [sku]", "primarykey: [sku]\n  columns: name");
    let warehouse = WAREHOUSE.replace("    path", "    pth");
    let folder = folder(&[("a.yaml", &entity), ("b.yaml", &warehouse)]);
    let expected = "\
error[UnknownField]: Entity default/product: there is no field `primarykey` here
 --> a.yaml:9:3
  |
9 |   primarykey: [sku]
  |   ^^^^^^^^^^ spec.primarykey
  |
  = help: did you mean `primaryKey`?

error[WrongType]: Entity default/product: this has to be a list, not the text \"name\"
  --> a.yaml:10:12
   |
10 |   columns: name
   |            ^^^^ spec.columns
   |
   = help: The columns to copy; the primary key always is

error[UnknownField]: Warehouse default/shop: there is no field `pth` here
 --> b.yaml:7:5
  |
7 |     pth: shop.db
  |     ^^^ spec.sqlite.pth
  |
  = help: did you mean `path`?

more on a reason: weft explain REASON
2 objects in 2 files: 3 errors
";
    assert_printed(&weft(folder.path(), &["-f", "a.yaml", "-f", "b.yaml"], ""), 2, expected);
}

#[test]
fn json_has_the_same_names_always() {
    let folder = folder(&[("a.yaml", &ENTITY.replace("[sku]", "sku")), ("b.yaml", "a: [")]);
    let ended = weft(folder.path(), &["-f", ".", "-o", "json"], "");
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(
        report["diagnostics"][0],
        serde_json::json!({
            "severity": "error", "reason": "WrongType", "file": "./a.yaml", "line": 9, "column": 15,
            "kind": "Entity", "namespace": "default", "name": "product", "field": "spec.primaryKey",
            "message": "this has to be a list, not the text \"sku\"",
            "help": "The columns that together identify a row; an event is joined by giving a value for each",
        })
    );
    let names = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&report["diagnostics"][0]), names(&report["diagnostics"][1]));
    assert_eq!(report["diagnostics"][1]["field"], serde_json::Value::Null);
    assert_eq!(report["summary"], serde_json::json!({"objects": 1, "files": 2, "errors": 2, "warnings": 0}));
    assert_eq!(ended.code, Some(2));
}

#[test]
fn booleans_of_older_yaml_are_warned_of_and_understood() {
    let entity = ENTITY.replace("  tableRef", "  slug: no\n  enrichmentEnabled: yes\n  tableRef");
    let input = format!("{WAREHOUSE}---\n{GRAPH}---\n{entity}");
    let expected = "\
warning[YamlBoolean]: Entity default/product: kubectl reads `no` without quotes as the boolean false
  --> <stdin>:27:9
   |
27 |   slug: no
   |         ^^ spec.slug
   |
   = help: write \"no\"

warning[YamlBoolean]: Entity default/product: only older YAML reads `yes` as the boolean true
  --> <stdin>:28:22
   |
28 |   enrichmentEnabled: yes
   |                      ^^^ spec.enrichmentEnabled
   |
   = help: write true

more on a reason: weft explain REASON
3 objects in 1 file: valid, 2 warnings
";
    assert_printed(&weft(&std::env::temp_dir(), &["-f", "-"], &input), 0, expected);
}

#[test]
fn an_object_that_is_there_twice_names_both_places() {
    let input = format!("{WAREHOUSE}---\n{WAREHOUSE}");
    let expected = "\
error[DuplicateObject]: Warehouse default/shop: there is another object of this kind, namespace and name
  --> <stdin>:12:9
   |
 4 |   name: shop
   |         ---- the other one
...
12 |   name: shop
   |         ^^^^ metadata.name
   |
   = help: rename or remove one of the two

more on a reason: weft explain REASON
1 object in 1 file: 1 error
";
    assert_printed(&weft(&std::env::temp_dir(), &["-f", "-"], &input), 2, expected);
}

#[test]
fn what_is_not_wefts_is_passed_over_with_a_note_and_secrets_without() {
    let others = "apiVersion: v1\nkind: Namespace\nmetadata: {name: data}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n---\n";
    let input = format!("{others}{WAREHOUSE}");
    let expected = "\
note[PassedOver]: passed over what is not Weft's: Namespace data, Deployment web
 --> <stdin>:1:1
  |
1 | apiVersion: v1
  | ^^^^^^^^^^

1 object in 1 file: valid
";
    assert_printed(&weft(&std::env::temp_dir(), &["-f", "-"], &input), 0, expected);
}

#[test]
fn a_list_holds_objects_whose_faults_have_their_lines() {
    let input = "apiVersion: v1\r\nkind: List\r\nitems:\r\n- apiVersion: weft.dev/v1alpha1\r\n  kind: Warehouse\r\n  metadata: {name: shop}\r\n  spec: {sqlite: {path: 5}}\r\n";
    let expected = "\
error[WrongType]: Warehouse default/shop: this has to be a text, not the number 5
 --> <stdin>:7:25
  |
7 |   spec: {sqlite: {path: 5}}
  |                         ^ spec.sqlite.path
  |
  = help: put it in quotes: \"5\"

more on a reason: weft explain REASON
1 object in 1 file: 1 error
";
    assert_printed(&weft(&std::env::temp_dir(), &["-f", "-"], input), 2, expected);
}

const MAPPING: &str = "\
apiVersion: weft.dev/v1alpha1
kind: EnrichmentMapping
metadata:
  name: events
spec:
  dataGraphRef:
    name: main
  source:
    kafka: {bootstrapServers: ['kafka:9092'], topic: events}
  destination:
    kafka: {bootstrapServers: ['kafka:9092'], topic: enriched}
  deadLetter:
    kafka: {topic: dead}
  rules:
  - name: products
    entities:
    - as: product
      entity: product
      match: [{column: sku, path: $.properties.sku}]
    enrichments:
    - {from: {as: product, column: name}, to: $.properties.name}
";

#[test]
fn what_needs_two_objects_is_told_like_the_rest() {
    let mapping = MAPPING.replace("entity: product", "entity: prodcut");
    let input = [WAREHOUSE, GRAPH, ENTITY, &mapping].join("---\n");
    let expected = "\
error[UnknownEntity]: EnrichmentMapping default/events: DataGraph `main` has no entity with the slug `prodcut`
  --> <stdin>:47:15
   |
47 |       entity: prodcut
   |               ^^^^^^^ spec.rules[0].entities[0].entity
   |
   = help: did you mean `product`?

more on a reason: weft explain REASON
4 objects in 1 file: 1 error
";
    assert_printed(&weft(&std::env::temp_dir(), &["-f", "-"], &input), 2, expected);
    let sound = [WAREHOUSE, GRAPH, ENTITY, MAPPING].join("---\n");
    assert_printed(&weft(&std::env::temp_dir(), &["-f", "-"], &sound), 0, "4 objects in 1 file: valid\n");
}

#[test]
fn what_only_follows_from_another_fault_is_not_told() {
    let entity = ENTITY.replace("[sku]", "sku");
    for (files, faults) in [
        ([WAREHOUSE, GRAPH, &entity, MAPPING].join("---\n"), "4 objects in 1 file: 1 error\n"),
        (
            [WAREHOUSE, &GRAPH.replace("kind: DataGraph", "kind: Datagraph"), ENTITY, MAPPING].join("---\n"),
            "3 objects in 1 file: 1 error\n",
        ),
        ([GRAPH, ENTITY, MAPPING, "a: ["].join("---\n"), "3 objects in 1 file: 1 error\n"),
        (
            [WAREHOUSE, GRAPH, ENTITY, &MAPPING.replace("entities:", "entitys:")].join("---\n"),
            "4 objects in 1 file: 1 error\n",
        ),
    ] {
        let ended = weft(&std::env::temp_dir(), &["-f", "-"], &files);
        assert!(ended.stdout.ends_with(faults), "{}", ended.stdout);
    }
}

#[test]
fn a_fault_that_schema_and_planner_know_is_told_once() {
    let mapping = MAPPING.replace("to: $.properties.name}", "to: $.properties.name, default: x, ifMissing: Omit}");
    let input = [WAREHOUSE, GRAPH, ENTITY, &mapping].join("---\n");
    let ended = weft(&std::env::temp_dir(), &["-f", "-"], &input);
    assert!(ended.stdout.contains("error[ConflictingFallbacks]"), "{}", ended.stdout);
    assert!(ended.stdout.ends_with("4 objects in 1 file: 1 error\n"), "{}", ended.stdout);
}

#[test]
fn kinds_groups_and_versions_that_are_nearly_right_are_corrected() {
    for (wrong, right, reason, help) in [
        ("kind: Warehouse", "kind: Warehous", "UnknownKind", "did you mean `Warehouse`?"),
        ("weft.dev/v1alpha1", "weft.dev/v1", "UnknownVersion", "write `weft.dev/v1alpha1`"),
        ("weft.dev/v1alpha1", "wefft.dev/v1alpha1", "UnknownGroup", "write `weft.dev/v1alpha1`"),
        ("weft.dev/v1alpha1", "weft.io/v1alpha1", "UnknownGroup", "write `weft.dev/v1alpha1`"),
        ("weft.dev/v1alpha1", "weft.dev", "UnknownGroup", "write `weft.dev/v1alpha1`"),
        ("weft.dev/v1alpha1", "v1alpha1", "UnknownGroup", "write `weft.dev/v1alpha1`"),
        ("kind: Warehouse", "knd: Warehouse", "MissingField", "add `kind:`"),
        ("  name: shop", "  nam: shop", "MissingField", "add `metadata.name`"),
    ] {
        let ended = weft(&std::env::temp_dir(), &["-f", "-"], &WAREHOUSE.replace(wrong, right));
        assert_eq!(ended.code, Some(2), "{right}");
        assert!(ended.stdout.contains(&format!("error[{reason}]")), "{right}: {}", ended.stdout);
        assert!(ended.stdout.contains(help), "{right}: {}", ended.stdout);
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = folder(&[("latin1.yaml", "")]);
    fs::write(folder.path().join("latin1.yaml"), b"a: 1\nb: caf\xe9\n").unwrap();
    let expected = "\
error[FileUnreadable]: the byte 0xe9 here is not UTF-8
 --> latin1.yaml:2:7
  |
2 | b: caf\u{fffd}
  |       ^
  |
  = help: save the file as UTF-8

error[FileUnreadable]: failed to read none.yaml: No such file or directory (os error 2)
--> none.yaml
 = help: name an existing file or folder that may be read, or `-` for standard input

more on a reason: weft explain REASON
0 objects in 2 files: 2 errors
";
    assert_printed(&weft(folder.path(), &["-f", "latin1.yaml", "-f", "none.yaml"], ""), 2, expected);
}

#[test]
fn nothing_of_weft_is_an_error() {
    let ended = weft(&std::env::temp_dir(), &["-f", "-"], "");
    assert_eq!(ended.code, Some(2));
    assert!(ended.stdout.starts_with("error[NoObjects]: there is no object of weft.dev/v1alpha1"), "{}", ended.stdout);
}

#[test]
fn a_local_warehouse_has_to_stand_in_for_one_that_is_there() {
    let folder = folder(&[("warehouse.yaml", WAREHOUSE)]);
    let ended = weft(folder.path(), &["-f", ".", "--warehouse", "shpo=sqlite:x.db"], "");
    assert_eq!(ended.code, Some(2));
    assert!(ended.stdout.contains("--warehouse names `shpo`"), "{}", ended.stdout);
    assert!(ended.stdout.contains("write `shop`"), "{}", ended.stdout);
    assert_eq!(weft(folder.path(), &["-f", ".", "--warehouse", "shop=sqlite:x.db"], "").code, Some(0));
}

#[test]
fn output_to_a_pipe_has_no_colour() {
    let ended = weft(&std::env::temp_dir(), &["-f", "-"], "a: [");
    assert!(!ended.stdout.contains('\u{1b}'), "{}", ended.stdout);
}

#[test]
fn a_warehouse_that_is_replaced_twice_is_an_error() {
    let folder = folder(&[("warehouse.yaml", WAREHOUSE)]);
    let twice = ["-f", ".", "--warehouse", "shop=sqlite:a.db", "--warehouse", "shop=sqlite:b.db"];
    let ended = weft(folder.path(), &twice, "");
    assert!(ended.stdout.contains("error[DuplicateWarehouse]: --warehouse names `shop` twice"), "{}", ended.stdout);
    assert_eq!(ended.code, Some(2));
}

#[test]
fn texts_that_kubectl_reads_as_booleans_are_warned_of_in_names_labels_and_defaults() {
    let mapping = "\
apiVersion: weft.dev/v1alpha1
kind: EnrichmentMapping
metadata: {name: yes, labels: {team: on}, annotations: {a: 'no'}}
spec:
  dataGraphRef: {name: main}
  source: {kafka: {bootstrapServers: ['kafka:9092'], topic: events}}
  destination: {kafka: {bootstrapServers: ['kafka:9092'], topic: enriched}}
  deadLetter: {kafka: {topic: dead}}
  rules:
  - name: a
    entities: [{as: product, entity: product, match: [{column: sku, path: $.sku}]}]
    enrichments: [{from: {as: product, column: name}, to: $.name, default: {a: [no, 'no']}}]
";
    let ended = weft(&std::env::temp_dir(), &["-f", "-"], &[WAREHOUSE, GRAPH, ENTITY, mapping].join("---\n"));
    assert!(ended.stdout.ends_with("4 objects in 1 file: valid, 3 warnings\n"), "{}", ended.stdout);
    for text in ["yes", "on", "no"] {
        assert!(ended.stdout.contains(&format!("kubectl reads `{text}` without quotes")), "{}", ended.stdout);
    }
}

#[test]
fn a_fault_that_a_rule_and_the_plan_know_is_told_once() {
    let mapping = "\
apiVersion: weft.dev/v1alpha1
kind: EnrichmentMapping
metadata: {name: orders}
spec:
  dataGraphRef: {name: main}
  source: {kafka: {bootstrapServers: ['kafka:9092'], topic: events}}
  destination: {kafka: {bootstrapServers: ['kafka:9092'], topic: enriched}}
  deadLetter: {kafka: {topic: dead}}
  rules:
  - name: a
    onMissing: Drop
    entities:
    - {as: item, entity: product, match: [{column: sku, path: '@.sku'}]}
    - {as: hop, from: product}
    - {as: array, entity: product, forEach: $.products, match: [{column: sku, path: '@.sku'}]}
";
    let ended = weft(&std::env::temp_dir(), &["-f", "-"], &[WAREHOUSE, GRAPH, ENTITY, mapping].join("---\n"));
    assert!(ended.stdout.ends_with("4 objects in 1 file: 3 errors\n"), "{}", ended.stdout);
    for reason in ["NoItem", "InvalidSpec", "InvalidForEach"] {
        assert!(ended.stdout.contains(&format!("error[{reason}]")), "{}", ended.stdout);
    }
}

#[test]
fn an_integer_of_more_than_64_bits_says_what_to_write() {
    let ended = weft(&std::env::temp_dir(), &["-f", "-"], "a: 18446744073709551616\n");
    let said =
        "error[NotJson]: the integer 18446744073709551616 is larger than the 64 bits that Kubernetes keeps of one";
    assert!(ended.stdout.starts_with(said), "{}", ended.stdout);
    assert!(ended.stdout.contains("write a text, \"18446744073709551616\", or a smaller number"), "{}", ended.stdout);
}

#[test]
fn a_slug_that_two_entities_have_or_that_a_name_cannot_be_is_told_where_it_stands_and_only_there() {
    let again = ENTITY.replace("name: product", "name: again").replace("primaryKey", "slug: product\n  primaryKey");
    let ended = weft(&std::env::temp_dir(), &["-f", "-"], &[WAREHOUSE, GRAPH, ENTITY, &again, MAPPING].join("---\n"));
    assert!(ended.stdout.ends_with("5 objects in 1 file: 2 errors\n"), "{}", ended.stdout);
    let dotted = ENTITY.replace("name: product", "name: pro.duct");
    let ended = weft(&std::env::temp_dir(), &["-f", "-"], &[WAREHOUSE, GRAPH, &dotted].join("---\n"));
    assert!(ended.stdout.contains("error[InvalidSlug]"), "{}", ended.stdout);
    assert!(ended.stdout.ends_with("3 objects in 1 file: 1 error\n"), "{}", ended.stdout);
}

#[test]
fn yaml_that_nests_deeper_than_its_parser_reads_is_too_deep_and_not_called_broken() {
    for depth in [150, 300, 3_000] {
        let ended =
            weft(&std::env::temp_dir(), &["-f", "-"], &format!("a: {}{}", "[".repeat(depth), "]".repeat(depth)));
        assert!(ended.stdout.starts_with("error[TooDeep]: this is nested deeper than"), "{}", ended.stdout);
    }
}

#[test]
fn a_condition_over_several_lines_is_marked_where_it_does_not_parse() {
    let when = "    when: >-\n      type = \"track\"\n      and event == \"Order Completed\"\n    entities:";
    let mapping = MAPPING.replace("    entities:", when);
    let ended = weft(&std::env::temp_dir(), &["-f", "-"], &[WAREHOUSE, GRAPH, ENTITY, &mapping].join("---\n"));
    let marked = "      and event == \"Order Completed\"\n   |                 ^^ spec.rules[0].when";
    assert!(ended.stdout.contains(marked), "{}", ended.stdout);
}

#[test]
fn a_secret_is_never_shown_whatever_is_wrong_with_it() {
    let of = |rest: &str| {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{rest}");
        std::fs::write(folder.path().join("a.yaml"), text).unwrap();
        let weft =
            Command::new(env!("CARGO_BIN_EXE_weft")).args(["validate", "-f"]).arg(folder.path()).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&weft.stdout), String::from_utf8_lossy(&weft.stderr))
    };
    for (rest, reason) in [
        ("data: {password: hunter2}\n", "InvalidSecret"),
        ("stringData: {password: 4711}\n", "InvalidSecret"),
        ("stringData: {password: 471147114711471147114711}\n", "NotJson"),
        ("stringData: {password: !hunter2 x}\n", "UnknownTag"),
        ("stringData: {password: hunter2, password: hunter2}\n", "DuplicateKey"),
        ("stringData: {password: 'hunter2}\n", "InvalidYaml"),
        ("stringData:\n  password: hunter2: 4711\n", "InvalidYaml"),
    ] {
        let told = of(rest);
        assert!(told.contains(reason), "{told}");
        assert!(!told.contains("hunter2") && !told.contains("4711"), "{told}");
    }
}
