//! Random SQLite tables: the key text that SQL makes is the one Rust makes, and each cell's JSON says what is in it.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::panic, reason = "a test may panic")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, params_from_iter};
use serde_json::Value as Json;
use weft_store::key::{self, NotAKey};
use weft_store::{Column, ColumnType, Value};
use weft_warehouse::sqlite::Sqlite;
use weft_warehouse::{Cells, NotText, Table, Warehouse as _};

const ROWS: usize = 50;

const DECLARED: [&str; 13] = [
    "INTEGER",
    "BIGINT",
    "DECIMAL(20,4)",
    "TEXT",
    "CHAR(8)",
    "BOOLEAN",
    "UUID",
    "BLOB",
    "DATE",
    "DATETIME",
    "TIMESTAMP WITH TIME ZONE",
    "JSON",
    "",
];

fn cell() -> impl Strategy<Value = Cell> {
    let day = "(0000|19[0-9]{2}|2024|9999)-[01][0-9]-[0-3][0-9]";
    let time = "[T t][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,7}0{0,2})?";
    let text = prop_oneof![
        "[ -~]{0,6}",
        "\\PC{0,9}",
        "[ab]{0,2} {0,3}",
        "-?[0-9]{1,20}(\\.[0-9]{1,4})?",
        "(true|FALSE|True|yes)",
        "[0-9a-fA-F]{8}(-[0-9a-f]{4}){3}-[0-9A-F]{12}",
        "[0-9a-fA-F]{32}",
        day,
        prop::string::string_regex(&format!("{day}{time}")).unwrap(),
        prop::string::string_regex(&format!("{day}{time}(Z|z|[+-][0-2][0-9]:[0-6][0-9])")).unwrap(),
        "\\{\"a\": ?\\[1, \"\\PC{0,2}\"\n?\\]\\}",
        "x{1020,1030}",
        "a\u{0}b?",
    ];
    prop_oneof![
        1 => Just(Cell::Null),
        2 => prop_oneof![any::<i64>(), -3..4i64, Just(i64::MIN), Just(i64::MAX)].prop_map(Cell::Integer),
        2 => prop_oneof![any::<f64>(), (-9999..9999i32).prop_map(|cents| f64::from(cents) / 100.0), Just(f64::INFINITY)]
            .prop_map(Cell::Real),
        8 => text.prop_map(Cell::Text),
        2 => prop_oneof![prop::collection::vec(any::<u8>(), 0..6), prop::collection::vec(any::<u8>(), 16)].prop_map(Cell::Blob),
    ]
}

#[derive(Debug)]
struct Case {
    declared: Vec<&'static str>,
    key: Vec<usize>,
    by_view: bool,
    rows: Vec<Vec<Cell>>,
}

fn case() -> impl Strategy<Value = Case> {
    let declared = prop::collection::vec(prop::sample::select(&DECLARED[..]), 1..5);
    (declared, any::<[prop::sample::Index; 3]>(), 1..4usize, any::<bool>()).prop_flat_map(
        |(declared, key, parts, by_view)| {
            let rows = prop::collection::vec(prop::collection::vec(cell(), declared.len()), ROWS);
            let key: Vec<usize> = key[..parts].iter().map(|index| index.index(declared.len())).collect();
            (Just(declared), Just(key), Just(by_view), rows).prop_map(|(declared, key, by_view, rows)| Case {
                declared,
                key,
                by_view,
                rows,
            })
        },
    )
}

#[test]
fn sql_and_rust_make_one_key_text_and_every_cell_is_told_as_it_is() {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seed = number("WEFT_SEED").unwrap_or_else(|| {
        use std::hash::{BuildHasher as _, RandomState};
        RandomState::new().hash_one(0)
    });
    println!("WEFT_SEED={seed}");
    let cases = number("WEFT_CASES").unwrap_or(20_000) as u32 / ROWS as u32;
    let config =
        ProptestConfig { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Default::default() };
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let outcome = TestRunner::new(config).run(&case(), |case| {
        let path = directory.path().join("random.db");
        let _ = std::fs::remove_file(&path);
        let stored = fill(&path, &case);
        runtime.block_on(check(&path, &case, &stored))
    });
    if let Err(error) = outcome {
        // The failing table is long; the message names the cell.
        let proptest::test_runner::TestError::Fail(reason, _) = error else { panic!("WEFT_SEED={seed}: {error}") };
        panic!("WEFT_SEED={seed}: {reason}");
    }
}

/// Writes the table (and a view of it) and gives its rows as SQLite stored them: affinity may have changed them.
fn fill(path: &std::path::Path, case: &Case) -> Vec<Vec<Cell>> {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN").unwrap();
    let columns: Vec<String> =
        case.declared.iter().enumerate().map(|(at, declared)| format!("\"c $\"\"{at}\" {declared}")).collect();
    connection
        .execute_batch(&format!("CREATE TABLE t ({}); CREATE VIEW v AS SELECT * FROM t", columns.join(", ")))
        .unwrap();
    let marks = vec!["?"; columns.len()].join(", ");
    let mut insert = connection.prepare(&format!("INSERT INTO t VALUES ({marks})")).unwrap();
    for row in &case.rows {
        insert.execute(params_from_iter(row)).unwrap();
    }
    drop(insert);
    connection.execute_batch("COMMIT").unwrap();
    let mut select = connection.prepare("SELECT * FROM t").unwrap();
    let rows = select.query_map([], |row| (0..columns.len()).map(|at| row.get(at)).collect()).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

async fn check(path: &std::path::Path, case: &Case, stored: &[Vec<Cell>]) -> Result<(), TestCaseError> {
    let warehouse = Sqlite::open_with_state(path, &path.with_extension("state")).unwrap();
    let table = warehouse.describe(&[if case.by_view { "V" } else { "t" }.to_owned()]).await.unwrap();
    let key: Vec<Column> = case.key.iter().map(|&at| table.columns[at].clone()).collect();
    let dialect = warehouse.dialect();
    let refused =
        key.iter().any(|column| matches!(column.kind, ColumnType::Float | ColumnType::Json | ColumnType::Mixed));
    let text = dialect.key_text(&key);
    prop_assert_eq!(text.is_none(), refused);
    let text = text.unwrap_or_else(|| "NULL".to_owned());
    let selected: Vec<String> = table.columns.iter().map(|column| dialect.selected(column)).collect();
    let sql = format!("SELECT {text}, {} FROM {}", selected.join(", "), dialect.table(&table.name));
    let mut columns = vec![Column { name: "key".to_owned(), kind: ColumnType::Text }];
    columns.extend(table.columns.iter().cloned());
    let mut batches = warehouse.query(sql, columns).await.unwrap();
    let mut seen = 0;
    while let Some(batch) = batches.next().await {
        let batch = batch.unwrap();
        let schema = batch.schema();
        let cells: Vec<Cells<'_>> = batch
            .columns()
            .iter()
            .zip(schema.fields())
            .map(|(array, field)| Cells::new(array, field).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let stored = &stored[seen];
            seen += 1;
            let by_sql = match cells[0].get(row).unwrap() {
                Value::Null => None,
                Value::Text(text) => Some(text.to_owned()),
                other => panic!("{other:?}"),
            };
            let values: Vec<Value<'_>> =
                case.key.iter().map(|&at| cells[at + 1].get(row).unwrap_or(Value::Null)).collect();
            let mut out = Vec::new();
            let by_rust = key::append_from_values(&key, &values, &mut out).map(|()| String::from_utf8(out).unwrap());
            if refused {
                prop_assert_eq!(by_rust.clone().err().is_some(), by_sql.is_none(), "{:?}", by_rust);
            } else {
                prop_assert_eq!(by_sql.as_ref(), by_rust.as_ref().ok(), "{:?} {:?}", key, stored);
            }
            let is_text = case.key.iter().all(|&at| cells[at + 1].get(row).is_ok());
            if is_text && by_rust == Err(NotAKey::NoKey) {
                let empty = |at: &usize| match &stored[*at] {
                    Cell::Null => true,
                    Cell::Text(text) => text.trim_end_matches(' ').is_empty(),
                    Cell::Blob(bytes) => bytes.is_empty(),
                    _ => false,
                };
                prop_assert!(case.key.iter().any(empty), "{:?}", stored);
            }
            for (at, cell) in stored.iter().enumerate() {
                let mut json = Vec::new();
                match cells[at + 1].get(row) {
                    Ok(value) => value.append_json(&mut json),
                    Err(NotText) => {
                        // SQLite's own JSONB does not check what its strings are made of.
                        prop_assert!(matches!(cell, Cell::Blob(bytes) if is_jsonb(bytes)), "{cell:?}");
                        continue;
                    }
                }
                prop_assert!(!json.contains(&b'\n'));
                let text = String::from_utf8(json).unwrap();
                let json: Json = serde_json::from_str(&text).unwrap();
                prop_assert!(
                    says(table.columns[at].kind, cell, &json, &text),
                    "{:?} {cell:?} {json}",
                    table.columns[at]
                );
            }
        }
    }
    prop_assert_eq!(seen, stored.len());
    check_stage(&warehouse, &table, stored.len()).await
}

/// Rows that are taken into a stage are there as they were: their text has each cell's storage class in it.
async fn check_stage(warehouse: &Sqlite, table: &Table, rows: usize) -> Result<(), TestCaseError> {
    let dialect = warehouse.dialect();
    let stage = dialect.state_table("stage");
    let (mut taken, mut none, mut staged) = (Vec::new(), Vec::new(), Vec::new());
    for (at, column) in table.columns.iter().enumerate() {
        taken.push(format!(", s.{} AS c{at}", dialect.quoted(&column.name)));
        none.push(format!(", NULL AS c{at}"));
        staged.push(Column { name: format!("c{at}"), kind: column.kind });
    }
    let (taken, none, name) = (taken.concat(), none.concat(), dialect.table(&table.name));
    let joined = dialect.full_join(
        &format!("CASE WHEN b.k IS NULL THEN 'added' END{taken}"),
        &format!("SELECT *, NULL AS k FROM {name} {}", dialect.fence()),
        "SELECT 'k' AS k WHERE 0",
        "1 = 1",
    );
    let sql = format!("CREATE TABLE {stage} AS SELECT 'header' AS op{none} UNION ALL {joined}");
    warehouse.execute(format!("DROP TABLE IF EXISTS {stage}")).await.unwrap();
    warehouse.execute(sql).await.unwrap();
    let counted = |columns: &[Column], from: &str| {
        format!("SELECT {} AS row, count(*) AS n FROM {from} GROUP BY 1", dialect.row_text(columns))
    };
    let (from_table, from_stage) =
        (counted(&table.columns, &name), counted(&staged, &format!("{stage} WHERE op = 'added'")));
    let sql = format!("SELECT sum(n), (SELECT count(*) FROM ({from_table} EXCEPT {from_stage})) FROM ({from_stage})");
    let columns = ["rows", "others"].map(|name| Column { name: name.to_owned(), kind: ColumnType::Integer }).to_vec();
    let batch = warehouse.query(sql, columns).await.unwrap().next().await.unwrap().unwrap();
    let schema = batch.schema();
    for (at, expected) in [(0, rows as i64), (1, 0)] {
        let cells = Cells::new(batch.column(at), schema.field(at)).unwrap();
        prop_assert_eq!(cells.get(0), Ok(Value::Integer(expected)), "{:?}", table.columns);
    }
    Ok(())
}

/// Whether the JSON says what the cell holds, read by other means.
fn says(kind: ColumnType, cell: &Cell, json: &Json, json_text: &str) -> bool {
    match (cell, json) {
        (Cell::Null, json) => json.is_null(),
        (Cell::Integer(number @ (0 | 1)), Json::Bool(truth)) => kind == ColumnType::Boolean && (*number == 1) == *truth,
        (Cell::Integer(number), Json::Number(_)) => json.as_i64() == Some(*number),
        (Cell::Real(number), Json::String(text)) => number.is_infinite() && text.trim_start_matches('-') == "Infinity",
        (Cell::Real(number), Json::Number(_)) => json_text.parse() == Ok(*number),
        (Cell::Blob(bytes), Json::String(text)) if kind == ColumnType::Uuid && bytes.len() == 16 => {
            text.replace('-', "") == bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        }
        (Cell::Blob(bytes), _) if kind == ColumnType::Json && is_jsonb(bytes) => true,
        (Cell::Blob(bytes), Json::String(text)) => STANDARD.decode(text).as_ref() == Ok(bytes),
        (Cell::Text(text), Json::Bool(truth)) if kind == ColumnType::Boolean => {
            text.to_lowercase() == truth.to_string()
        }
        (Cell::Text(text), json) if kind == ColumnType::Json && serde_json::from_str::<Json>(text).is_ok() => {
            serde_json::from_str::<Json>(text).unwrap() == *json
        }
        (Cell::Text(text), Json::String(told)) if text == told => true,
        (Cell::Text(text), Json::String(told)) => match kind {
            ColumnType::Uuid => text.replace('-', "").to_lowercase() == told.replace('-', ""),
            ColumnType::Timestamp => {
                let padded = |text: &str| text[19..].trim_matches(['0', '.']).to_owned();
                text[..10] == told[..10]
                    && text[11..19] == told[11..19]
                    && padded(text).trim_end_matches('0') == padded(told)
            }
            ColumnType::TimestampTz => seconds(text) == seconds(told) && told.ends_with('Z'),
            _ => false,
        },
        _ => false,
    }
}

fn is_jsonb(bytes: &[u8]) -> bool {
    let connection = Connection::open_in_memory().unwrap();
    connection.query_row("SELECT json_valid(?, 8)", [bytes], |row| row.get(0)).unwrap()
}

/// Seconds since 1970 by SQLite's own reading.
fn seconds(text: &str) -> Option<i64> {
    let (base, offset) = match text.strip_suffix(['Z', 'z']) {
        Some(base) => (base, 0),
        None => {
            let (base, offset) = text.split_at(text.len() - 6);
            let minutes = offset[1..3].parse::<i64>().ok()? * 60 + offset[4..].parse::<i64>().ok()?;
            (base, if offset.starts_with('-') { -minutes } else { minutes })
        }
    };
    let base = base[..19].replace('t', "T");
    let connection = Connection::open_in_memory().unwrap();
    let seconds: i64 = connection.query_row("SELECT unixepoch(?)", [base], |row| row.get(0)).ok()?;
    Some(seconds - offset * 60)
}
