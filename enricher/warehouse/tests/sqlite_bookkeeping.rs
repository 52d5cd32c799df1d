//! The second file that tables are written in, and the hashes of rows.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tempfile::TempDir;
use weft_store::redis::bucket_of;
use weft_store::{Column, ColumnType};
use weft_warehouse::sqlite::Sqlite;
use weft_warehouse::{Cells, Error, Warehouse as _};

fn file(script: &str) -> (TempDir, PathBuf, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let (path, state) = (directory.path().join("a file?.db"), directory.path().join("its %20 state#.db"));
    Connection::open(&path).unwrap().execute_batch(script).unwrap();
    (directory, path, state)
}

fn column(name: &str, kind: ColumnType) -> Column {
    Column { name: name.to_owned(), kind }
}

/// The JSON of each cell, row by row.
async fn json(warehouse: &Sqlite, sql: &str, columns: &[Column]) -> Vec<Vec<String>> {
    let mut batches = warehouse.query(sql.to_owned(), columns.to_vec()).await.unwrap();
    let mut rows = Vec::new();
    while let Some(batch) = batches.next().await {
        let batch = batch.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let schema = batch.schema();
        let cells = batch.columns().iter().zip(schema.fields()).map(|(array, field)| Cells::new(array, field).unwrap());
        let cells: Vec<Cells<'_>> = cells.collect();
        for row in 0..batch.num_rows() {
            let text = |cells: &Cells<'_>| {
                let mut out = Vec::new();
                cells.get(row).unwrap().append_json(&mut out);
                String::from_utf8(out).unwrap()
            };
            rows.push(cells.iter().map(text).collect());
        }
    }
    rows
}

async fn texts(warehouse: &Sqlite, sql: &str) -> Vec<String> {
    json(warehouse, sql, &[column("text", ColumnType::Text)]).await.into_iter().map(|row| row[0].clone()).collect()
}

async fn run(warehouse: &Sqlite, sql: &str) {
    warehouse.execute(sql.to_owned()).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

#[tokio::test(flavor = "current_thread")]
async fn bookkeeping_is_written_in_the_second_file_and_nothing_in_the_first() {
    let (_directory, path, state) = file("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)");
    let before = std::fs::read(&path).unwrap();
    let warehouse = Sqlite::open_with_state(&path, &state).unwrap();
    let dialect = warehouse.dialect();
    assert_eq!(dialect.create_state(), None);
    run(&warehouse, &format!("CREATE TABLE {} AS SELECT n FROM t", dialect.state_table("weft_1"))).await;
    for sql in ["INSERT INTO t VALUES (2)", "DROP TABLE t", "CREATE TABLE main.u (n)", "CREATE TABLE u (n)"] {
        let outcome = warehouse.execute(sql.to_owned()).await;
        assert!(matches!(outcome, Err(Error::Run(_))), "{sql}: {outcome:?}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let again = Sqlite::open_with_state(&path, &state).unwrap();
    assert_eq!(texts(&again, &again.dialect().state_tables("weft_")).await, ["\"weft_1\""]);
    assert_eq!(again.describe(&["T".to_owned()]).await.unwrap().name, ["t"]);
    let error = again.describe(&["weft_1".to_owned()]).await.unwrap_err();
    assert!(matches!(error, Error::Table(_)), "{error:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn tables_are_told_by_their_beginning_and_missed_or_there_already_as_such() {
    let (_directory, path, state) = file("CREATE TABLE t (n INTEGER); CREATE VIEW v AS SELECT gone FROM t");
    let plain = Sqlite::open(&path).unwrap();
    assert!(texts(&plain, &plain.dialect().state_tables("")).await.is_empty());
    let create = format!("CREATE TABLE {} (note char(1))", plain.dialect().state_table("weft_1"));
    assert!(matches!(plain.execute(create).await, Err(Error::NoBookkeeping(_))));
    let warehouse = Sqlite::open_with_state(&path, &state).unwrap();
    let dialect = warehouse.dialect();
    for name in ["weft_1", "weft_%2", "weftx1", "WEFT_1x", "a\"b.c", "'; DROP TABLE t; --", "Übergröße 😀"] {
        let table = dialect.state_table(name);
        let error = warehouse.execute(format!("SELECT n FROM {table}")).await.unwrap_err();
        assert!(matches!(error, Error::Gone(_)) && error.is_transient(), "{error:?}");
        for statement in [format!("CREATE TABLE {table} (n)"), format!("CREATE TABLE {table} AS SELECT 1 AS n")] {
            run(&warehouse, &statement).await;
            for again in [format!("CREATE TABLE {table} (n)"), format!("CREATE TABLE {table} AS SELECT 1 AS n")] {
                assert!(matches!(warehouse.execute(again).await, Err(Error::Exists)), "{name}");
            }
            run(&warehouse, &format!("DROP TABLE IF EXISTS {table}")).await;
        }
        assert!(matches!(warehouse.execute(format!("DROP TABLE {table}")).await, Err(Error::Gone(_))));
        run(&warehouse, &format!("CREATE TABLE {table} (n)")).await;
    }
    let told = async |prefix| {
        let mut names = texts(&warehouse, &dialect.state_tables(prefix)).await;
        names.sort_unstable();
        names
    };
    assert_eq!(told("weft_").await, ["\"weft_%2\"", "\"weft_1\""]);
    assert_eq!(told("weft_%").await, ["\"weft_%2\""]);
    assert_eq!(told("").await.len(), 7);
    let error = warehouse.execute("SELECT * FROM weft_none".to_owned()).await.unwrap_err();
    assert!(matches!(error, Error::Prepare(_)), "{error:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_view_cannot_reach_the_second_file() {
    let (_directory, path, state) = file("CREATE TABLE t (n INTEGER); CREATE VIEW v AS SELECT n FROM weft_1");
    {
        let forged = Connection::open(&path).unwrap();
        forged.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false).unwrap();
        forged
            .execute_batch(
                "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES \
                 ('view', 'forged', 'forged', 0, 'CREATE VIEW forged AS SELECT n FROM weft_state.weft_1')",
            )
            .unwrap();
    }
    // SQLite does not even take a schema that has such a view.
    assert!(matches!(Sqlite::open_with_state(&path, &state), Err(Error::Open { .. } | Error::Run(_))));
    Connection::open(&path)
        .unwrap()
        .execute_batch("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'forged'")
        .unwrap();
    let warehouse = Sqlite::open_with_state(&path, &state).unwrap();
    run(&warehouse, "CREATE TABLE weft_state.weft_1 AS SELECT 1 AS n").await;
    let error = warehouse.describe(&["v".to_owned()]).await.unwrap_err();
    assert!(matches!(error, Error::View { .. }), "{error:?}");
}

#[test]
fn a_file_that_cannot_hold_bookkeeping_is_named_with_why() {
    let (directory, path, state) = file("CREATE TABLE t (n INTEGER)");
    let told = |state: &Path| Sqlite::open_with_state(&path, state).err().unwrap().to_string();
    let said = told(directory.path());
    assert!(said.ends_with("it is a directory; name a file in it") && said.contains("the bookkeeping file"), "{said}");
    assert!(told(&path).ends_with("it is the file that is read, and nothing is written there; name another"));
    let nowhere = directory.path().join("none").join("state.db");
    assert!(told(&nowhere).ends_with("there is no such directory; create it, or name a file elsewhere"));
    std::fs::write(&state, "this is no database, however long it may be".repeat(100)).unwrap();
    let said = told(&state);
    assert!(said.ends_with("it is not a SQLite database, or it is encrypted"), "{said}");
    assert!(said.contains(&state.display().to_string()), "{said}");
}

#[tokio::test]
async fn a_statement_waits_for_another_process_that_writes_and_is_read_beside_it() {
    let (_directory, path, state) = file("CREATE TABLE t (n INTEGER)");
    let warehouse = Sqlite::open_with_state(&path, &state).unwrap();
    let writer = Connection::open(&state).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE; CREATE TABLE theirs (n)").unwrap();
    let waiting = warehouse.clone();
    let created = tokio::spawn(async move { waiting.execute("CREATE TABLE weft_state.ours (n)".to_owned()).await });
    let reader = Sqlite::open_with_state(&path, &state).unwrap();
    assert!(texts(&reader, &reader.dialect().state_tables("")).await.is_empty());
    assert!(!created.is_finished());
    writer.execute_batch("COMMIT").unwrap();
    created.await.unwrap().unwrap();
    assert_eq!(texts(&reader, &reader.dialect().state_tables("")).await.len(), 2);
}

/// Rows of which each differs from every other in what it says.
const DISTINCT: [(&str, &[&str]); 6] = [
    (
        "a, b",
        &["'a', 'bc'", "'ab', 'c'", "'abc', ''", "'', 'abc'", "'abc', NULL", "NULL, 'abc'", "'n', 'n'", "NULL, NULL"],
    ),
    ("a, b", &["'t1:a', ''", "'', 't1:a'", "'t1:', 'a'", "'at1:b', 'c'", "'a', 'bt1:c'", "'i1;', 1", "'i1;i1;', NULL"]),
    ("a", &["1", "'1'", "1.0", "x'31'", "'1.0'", "-1", "NULL", "''", "x''", "0.1", "0.10000000000000002", "9e999"]),
    ("a", &["9007199254740993", "9007199254740992", "9007199254740993.0", "'i9007199254740993;'"]),
    ("a", &["'é'", "'e' || char(0x301)", "'e'", "'E'", "'e '", "'e' || char(0)", "'😀'", "'NULL'"]),
    ("a JSON", &["'1'", "'{\"a\":1}'", "'{\"a\": 1}'", "'null'", "NULL", "jsonb('[1,2]')", "x'ff'"]),
];

#[tokio::test(flavor = "current_thread")]
async fn rows_that_differ_in_a_value_or_its_storage_class_have_other_hashes() {
    for (declared, rows) in DISTINCT {
        let insert = format!("INSERT INTO t VALUES ({})", rows.join("), ("));
        let (_directory, path, _) = file(&format!("CREATE TABLE t ({declared}); {insert}; {insert}"));
        let warehouse = Sqlite::open(&path).unwrap();
        let table = warehouse.describe(&["t".to_owned()]).await.unwrap();
        assert!(!table.is_key_enforced);
        let dialect = warehouse.dialect();
        let text = dialect.row_text(&table.columns);
        let hash = dialect.row_hash(&text);
        let sql = format!("SELECT count(*), count(DISTINCT {hash}), count(DISTINCT {text}) FROM t");
        let counts = ["rows", "hashes", "texts"].map(|name| column(name, ColumnType::Integer));
        let distinct = rows.len().to_string();
        assert_eq!(json(&warehouse, &sql, &counts).await, [[(2 * rows.len()).to_string(), distinct.clone(), distinct]]);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_hash_of_a_row_is_the_same_in_every_version() {
    let (_directory, path, _) =
        file("CREATE TABLE t (a, b, c, d, e); INSERT INTO t VALUES (NULL, -7, 0.5, 'ü', x'00ff')");
    let warehouse = Sqlite::open(&path).unwrap();
    let table = warehouse.describe(&["t".to_owned()]).await.unwrap();
    let text = warehouse.dialect().row_text(&table.columns);
    let told = texts(&warehouse, &format!("SELECT {text} FROM t")).await;
    assert_eq!(told, ["\"ni-7;r3fe0000000000000t2:üb4:AP8=\""]);
    let bytes = warehouse.dialect().row_bytes(&text);
    let length = json(&warehouse, &format!("SELECT {bytes} FROM t"), &[column("n", ColumnType::Integer)]).await;
    assert_eq!(length, [["34"]]);
    let known = warehouse.dialect().row_hash("'abc'");
    assert_eq!(texts(&warehouse, &format!("SELECT {known}")).await, ["\"900150983cd24fb0d6963f7d28e17f72\""]);
}

#[tokio::test(flavor = "current_thread")]
async fn only_a_row_with_text_that_is_not_utf_8_has_no_hash() {
    let (_directory, path, _) = file(
        "CREATE TABLE t (n INTEGER, v TEXT); INSERT INTO t VALUES (1, CAST(x'ff' AS TEXT)), (2, x'ff'), (3, NULL), (4, '')",
    );
    let warehouse = Sqlite::open(&path).unwrap();
    let table = warehouse.describe(&["t".to_owned()]).await.unwrap();
    let hash = warehouse.dialect().row_hash(&warehouse.dialect().row_text(&table.columns));
    let without = json(&warehouse, &format!("SELECT n FROM t WHERE {hash} IS NULL"), &table.columns[..1]).await;
    assert_eq!(without, [["1"]]);
}

#[tokio::test(flavor = "current_thread")]
async fn a_row_of_a_thousand_columns_has_a_text() {
    let names: Vec<String> = (0..1_000).map(|at| format!("c{at} INTEGER DEFAULT 1")).collect();
    let (_directory, path, _) = file(&format!("CREATE TABLE t ({}); INSERT INTO t DEFAULT VALUES", names.join(", ")));
    let warehouse = Sqlite::open(&path).unwrap();
    let table = warehouse.describe(&["t".to_owned()]).await.unwrap();
    let bytes = warehouse.dialect().row_bytes(&warehouse.dialect().row_text(&table.columns));
    let seen = json(&warehouse, &format!("SELECT {bytes} FROM t"), &[column("n", ColumnType::Integer)]).await;
    assert_eq!(seen, [["3000"]]);
}

#[tokio::test(flavor = "current_thread")]
async fn sql_and_rust_put_a_key_in_one_bucket_and_in_one_order() {
    let (_directory, path, _) = file(
        "CREATE TABLE t (k TEXT); WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 2000) INSERT INTO t \
         SELECT 'ü' || n || hex(randomblob(n % 7)) FROM n",
    );
    let warehouse = Sqlite::open(&path).unwrap();
    let dialect = warehouse.dialect();
    let (order, middle) = (dialect.key_order("k"), dialect.order_literal(&format!("8{}", "0".repeat(31))));
    for bits in 0..=24 {
        let bucket = dialect.bucket(&order, 1 << bits);
        let sql = format!("SELECT k, {bucket}, {order}, {order} >= {middle} FROM t ORDER BY {order}");
        let columns = [
            ("k", ColumnType::Text),
            ("bucket", ColumnType::Integer),
            ("order", ColumnType::Text),
            ("upper", ColumnType::Boolean),
        ];
        let seen = json(&warehouse, &sql, &columns.map(|(name, kind)| column(name, kind))).await;
        assert_eq!(seen.len(), 2000);
        assert!(seen.iter().map(|row| &row[2]).is_sorted());
        for row in &seen {
            let key: String = serde_json::from_str(&row[0]).unwrap();
            assert_eq!(row[1], bucket_of(key.as_bytes(), 1 << bits).to_string(), "{key:?} of 2^{bits}");
            assert_eq!(row[3] == "true", bucket_of(key.as_bytes(), 2) == 1);
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_behind_a_fence_is_evaluated_once_for_each_row() {
    let (_directory, path, _) = file("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1), (2), (3)");
    let warehouse = Sqlite::open(&path).unwrap();
    let subquery = format!("(SELECT n, random() AS r FROM t {})", warehouse.dialect().fence());
    let sql = format!("SELECT count(*) FROM {subquery} s WHERE r = r AND r + 0 = r AND n + r - r = n");
    let count = [column("count", ColumnType::Integer)];
    assert_eq!(json(&warehouse, &sql, &count).await, [["3"]]);
    let unfenced = "SELECT count(*) FROM (SELECT random() AS r FROM t) s WHERE r + 0 = r";
    assert_eq!(json(&warehouse, unfenced, &count).await, [["0"]], "without a fence it is merged");
}

#[tokio::test(flavor = "current_thread")]
async fn a_table_of_100_000_rows_is_compared_with_its_snapshot_in_seconds() {
    let (_directory, path, state) = file(
        "CREATE TABLE t (n INTEGER, v TEXT); WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 100000) \
         INSERT INTO t SELECT n, 'value ' || n FROM n",
    );
    let warehouse = Sqlite::open_with_state(&path, &state).unwrap();
    let table = warehouse.describe(&["t".to_owned()]).await.unwrap();
    let dialect = warehouse.dialect();
    let key = dialect.key_text(&table.columns[..1]).unwrap();
    let hash = dialect.row_hash(&dialect.row_text(&table.columns));
    let rows = format!("SELECT {key} AS k, {hash} AS h FROM t {}", dialect.fence());
    let (base, stage) = (dialect.state_table("base"), dialect.state_table("stage"));
    run(&warehouse, &format!("CREATE TABLE {base} AS SELECT * FROM ({rows}) WHERE k <> '7'")).await;
    run(&warehouse, &format!("INSERT INTO {base} VALUES ('-1', 'gone')")).await;
    run(&warehouse, &format!("UPDATE {base} SET h = 'other' WHERE k = '9'")).await;
    let started = Instant::now();
    let differs = dialect.full_join(
        "coalesce(s.k, b.k) AS k, b.k AS was",
        &rows,
        &format!("SELECT k, h FROM {base}"),
        "s.h IS DISTINCT FROM b.h",
    );
    run(&warehouse, &format!("CREATE TABLE {stage} AS SELECT 'header' AS k, NULL AS was UNION ALL {differs}")).await;
    let columns = ["k", "was"].map(|name| column(name, ColumnType::Text));
    let seen = json(&warehouse, &format!("SELECT k, was FROM {stage} WHERE k <> 'header' ORDER BY k"), &columns).await;
    assert_eq!(seen, [["\"-1\"", "\"-1\""], ["\"7\"", "null"], ["\"9\"", "\"9\""]]);
    // A stage may be as long as the table.
    for (other, kept) in [(&stage, "99998"), (&base, "0")] {
        let sql =
            format!("SELECT count(*) FROM {base} b LEFT JOIN (SELECT k FROM {other}) s ON s.k = b.k WHERE s.k IS NULL");
        assert_eq!(json(&warehouse, &sql, &[column("n", ColumnType::Integer)]).await, [[kept]]);
    }
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}
