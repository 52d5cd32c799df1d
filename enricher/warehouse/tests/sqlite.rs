//! What a SQLite file does as a warehouse, beyond its values.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;

use rusqlite::Connection;
use tempfile::TempDir;
use weft_store::{Column, ColumnType};
use weft_warehouse::sqlite::Sqlite;
use weft_warehouse::{Error, ForeignKey, Warehouse as _};

fn file(script: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a file?.db");
    Connection::open(&path).unwrap().execute_batch(script).unwrap();
    (directory, path)
}

fn integer() -> Vec<Column> {
    vec![Column { name: "n".to_owned(), kind: ColumnType::Integer }]
}

const ENDLESS: &str = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t";

#[tokio::test(flavor = "current_thread")]
async fn nothing_is_ever_written_to_the_file() {
    let (_directory, path) = file("CREATE TABLE t (n INTEGER)");
    let before = std::fs::read(&path).unwrap();
    let warehouse = Sqlite::open(&path).unwrap();
    let outcome = warehouse.execute("INSERT INTO t VALUES (1)".to_owned()).await;
    assert!(matches!(outcome, Err(Error::Run(_))), "{outcome:?}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test(flavor = "current_thread")]
async fn cancelling_ends_a_query_that_runs() {
    let (_directory, path) = file("CREATE TABLE t (n INTEGER)");
    let warehouse = Sqlite::open(&path).unwrap();
    let mut batches = warehouse.query(ENDLESS.to_owned(), integer()).await.unwrap();
    assert!(batches.next().await.unwrap().is_ok());
    warehouse.cancel().await;
    let end = loop {
        match batches.next().await {
            Some(Ok(_)) => {}
            end => break end,
        }
    };
    assert!(matches!(end, Some(Err(Error::Cancelled))), "{end:?}");
    assert!(batches.next().await.is_none());
}

#[tokio::test(flavor = "current_thread")]
async fn a_query_that_nobody_reads_ends_and_frees_the_connection() {
    let (_directory, path) = file("CREATE TABLE t (n INTEGER)");
    let warehouse = Sqlite::open(&path).unwrap();
    let mut batches = warehouse.query(ENDLESS.to_owned(), integer()).await.unwrap();
    assert!(batches.next().await.unwrap().is_ok());
    drop(batches);
    assert_eq!(warehouse.describe(&["T".to_owned()]).await.unwrap().name, ["t"]);
}

#[tokio::test(flavor = "current_thread")]
async fn rows_in_a_writers_wal_are_read_while_it_writes() {
    let (_directory, path) = file("PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER)");
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("INSERT INTO t VALUES (1); BEGIN IMMEDIATE; INSERT INTO t VALUES (2)").unwrap();
    let warehouse = Sqlite::open(&path).unwrap();
    let mut batches = warehouse.query("SELECT n FROM t".to_owned(), integer()).await.unwrap();
    assert_eq!(batches.next().await.unwrap().unwrap().num_rows(), 1);
    assert!(batches.next().await.is_none());
}

#[tokio::test(flavor = "current_thread")]
async fn a_file_that_a_writer_holds_for_itself_is_worth_another_try() {
    let (_directory, path) = file("CREATE TABLE t (n INTEGER)");
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = Sqlite::open(&path).err().unwrap();
    assert!(error.is_transient(), "{error}");
}

#[tokio::test(flavor = "current_thread")]
async fn errors_name_what_is_missing_but_quote_no_value() {
    let (_directory, path) = file("CREATE TABLE t (n INTEGER); CREATE VIEW v AS SELECT gone FROM t");
    let warehouse = Sqlite::open(&path).unwrap();
    let error = warehouse.describe(&["v".to_owned()]).await.unwrap_err();
    let told = "the view \"v\" itself fails: no such column: gone; mend the view, or name another table";
    assert_eq!(error.to_string(), told);
    let sql = "SELECT json_extract('{\"secret\": 1', '$.n')".to_owned();
    let mut batches = warehouse.query(sql, integer()).await.unwrap();
    let error = batches.next().await.unwrap().unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn what_is_no_file_is_refused_with_what_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let told = |path: &std::path::Path| Sqlite::open(path).err().unwrap().to_string();
    assert!(told(directory.path()).ends_with("it is a directory; name the SQLite file in it"));
    let pipe = directory.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert!(told(&pipe).ends_with("it is a pipe, a socket or a device; name a SQLite file on a disk"));
    assert!(told(&directory.path().join("none")).ends_with("there is no such file"));
}

#[test]
fn a_file_that_this_user_may_not_read_is_refused_with_that() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_directory, path) = file("CREATE TABLE t (n INTEGER)");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(&path).is_ok() {
        // A privileged user reads it all the same.
        assert!(Sqlite::open(&path).is_ok());
        return;
    }
    let told = Sqlite::open(&path).err().unwrap().to_string();
    assert!(told.ends_with("reading it is not permitted to this user"), "{told}");
}

#[tokio::test(flavor = "current_thread")]
async fn declared_keys_are_told_in_their_order() {
    let (_directory, path) = file(
        "CREATE TABLE \"the lines\" (line INT, cart TEXT REFERENCES carts, sku TEXT, size TEXT, PRIMARY KEY (cart, line), \
         FOREIGN KEY (sku, size) REFERENCES products (SKU, SIZE)); CREATE VIEW v AS SELECT * FROM \"the lines\"",
    );
    let warehouse = Sqlite::open(&path).unwrap();
    let table = warehouse.describe(&["the lines".to_owned()]).await.unwrap();
    assert_eq!(table.primary_key, ["cart", "line"]);
    let key = |columns: &[&str], table: &str, references: &[&str]| ForeignKey {
        columns: columns.iter().map(ToString::to_string).collect(),
        table: table.to_owned(),
        references: references.iter().map(ToString::to_string).collect(),
    };
    let expected = [key(&["sku", "size"], "products", &["SKU", "SIZE"]), key(&["cart"], "carts", &[])];
    assert_eq!(table.foreign_keys, expected);
    let view = warehouse.describe(&["V".to_owned()]).await.unwrap();
    assert!(view.primary_key.is_empty() && view.foreign_keys.is_empty());
}
