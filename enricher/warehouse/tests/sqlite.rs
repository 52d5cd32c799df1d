//! What a SQLite file does as a warehouse, beyond its values.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;

use rusqlite::Connection;
use tempfile::TempDir;
use weft_store::{Column, ColumnType};
use weft_warehouse::sqlite::Sqlite;
use weft_warehouse::{Error, Warehouse as _};

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
    assert_eq!(error.to_string(), "failed to prepare the statement: no such column: gone");
    let sql = "SELECT json_extract('{\"secret\": 1', '$.n')".to_owned();
    let mut batches = warehouse.query(sql, integer()).await.unwrap();
    let error = batches.next().await.unwrap().unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
}
