//! Statements that run long, end early or give much.

use std::time::{Duration, Instant};

use weft_store::{Column, ColumnType};
use weft_warehouse::postgres::{Options, Postgres};
use weft_warehouse::{Error, Warehouse as _};

use crate::server::{database, server};
use crate::values::json;

fn integer() -> Vec<Column> {
    vec![Column { name: "n".to_owned(), kind: ColumnType::Integer }]
}

/// Waits until so many statements that contain `mark` run at the server.
pub(crate) async fn until_running(mark: &str, count: &str) {
    let observer = Postgres::connect(server().options("postgres")).await.unwrap();
    let literal = observer.dialect().literal(&format!("%{mark}%"));
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE {literal} AND state = 'active' AND pid <> pg_backend_pid()"
    );
    let started = Instant::now();
    loop {
        let rows = json(observer.query(sql.clone(), integer()).await.unwrap()).await.unwrap();
        if rows[0][0] == count {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{mark}: {} run", rows[0][0]);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn cancelling_ends_a_statement_at_the_server() {
    let (_, warehouse) = database(&[]).await;
    let running = warehouse.clone();
    let statement = tokio::spawn(async move { running.execute("SELECT pg_sleep(600) AS cancelled".to_owned()).await });
    until_running("AS cancelled", "1").await;
    warehouse.cancel().await;
    let outcome = statement.await.unwrap();
    assert!(matches!(outcome, Err(Error::Cancelled)), "{outcome:?}");
    until_running("AS cancelled", "0").await;
    assert_eq!(warehouse.execute("SELECT 1".to_owned()).await.unwrap(), 1);
}

#[tokio::test]
async fn a_query_ends_at_the_server_when_nobody_takes_its_rows() {
    let (_, warehouse) = database(&[]).await;
    let endless =
        "WITH RECURSIVE dropped(n) AS (SELECT 1::bigint UNION ALL SELECT n + 1 FROM dropped) SELECT n FROM dropped";
    let mut batches = warehouse.query(endless.to_owned(), integer()).await.unwrap();
    assert_eq!(batches.next().await.unwrap().unwrap().num_rows(), 4096);
    drop(batches);
    until_running("RECURSIVE dropped", "0").await;
    assert_eq!(warehouse.execute("SELECT 1".to_owned()).await.unwrap(), 1);
    let waiting =
        warehouse.query("SELECT 1::bigint AS n FROM pg_sleep(600) unread".to_owned(), integer()).await.unwrap();
    until_running("600) unread", "1").await;
    drop(waiting);
    until_running("600) unread", "0").await;
}

#[tokio::test]
async fn a_statement_ends_at_the_server_when_nobody_waits_for_it() {
    let (_, warehouse) = database(&[]).await;
    let running = warehouse.clone();
    let statement = tokio::spawn(async move { running.execute("SELECT pg_sleep(600) AS abandoned".to_owned()).await });
    until_running("AS abandoned", "1").await;
    statement.abort();
    until_running("AS abandoned", "0").await;
    assert_eq!(warehouse.execute("SELECT 1".to_owned()).await.unwrap(), 1);
}

#[tokio::test]
async fn a_statement_beyond_its_time_out_says_so() {
    let (options, _) = database(&[]).await;
    let statement_timeout = Some(Duration::from_millis(50));
    let warehouse = Postgres::connect(Options { statement_timeout, ..options }).await.unwrap();
    let error = warehouse.execute("SELECT pg_sleep(600)".to_owned()).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut(limit) if Some(limit) == statement_timeout), "{error:?}");
    assert!(error.to_string().contains("limits.statementTimeout"), "{error}");
    assert_eq!(warehouse.execute("SELECT 1".to_owned()).await.unwrap(), 1);
}

#[tokio::test]
async fn a_long_table_comes_in_batches_that_a_slow_reader_holds_back() {
    let rows = "CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 200000) n";
    let (_, warehouse) = database(&[rows]).await;
    let mut columns = integer();
    columns.push(Column { name: "text".to_owned(), kind: ColumnType::Text });
    let sql = "SELECT n, text, 1 AS held_back FROM t";
    columns.push(Column { name: "one".to_owned(), kind: ColumnType::Integer });
    let mut batches = warehouse.query(sql.to_owned(), columns).await.unwrap();
    let (mut seen, mut sum) = (0, 0);
    while let Some(batch) = batches.next().await {
        let batch = batch.unwrap();
        assert!(batch.num_rows() <= 4096);
        if seen == 0 {
            // The server cannot get rid of the rest as long as nobody reads it.
            until_running("AS held_back", "1").await;
        }
        seen += batch.num_rows();
        let schema = batch.schema();
        let cells = weft_warehouse::Cells::new(batch.column(0), schema.field(0)).unwrap();
        for row in 0..batch.num_rows() {
            let weft_store::Value::Integer(n) = cells.get(row).unwrap() else { panic!("no integer") };
            sum += n;
        }
    }
    assert_eq!((seen, sum), (200_000, 200_000 * 200_001 / 2));
}

#[tokio::test]
async fn rows_that_are_long_fill_a_batch_sooner() {
    let (_, warehouse) = database(&[]).await;
    let sql = "SELECT repeat('x', 1 << 20) AS n FROM generate_series(1, 10)";
    let text = vec![Column { name: "n".to_owned(), kind: ColumnType::Text }];
    let mut batches = warehouse.query(sql.to_owned(), text).await.unwrap();
    let mut sizes = Vec::new();
    while let Some(batch) = batches.next().await {
        sizes.push(batch.unwrap().num_rows());
    }
    assert_eq!(sizes, [4, 4, 2]);
}

#[tokio::test]
async fn no_error_quotes_a_value_of_a_row() {
    let (_, warehouse) = database(&[
        "CREATE TABLE t (v text UNIQUE)",
        "INSERT INTO t VALUES ('secret')",
        "CREATE FUNCTION leak(v text) RETURNS int LANGUAGE plpgsql AS 'BEGIN RAISE insufficient_privilege USING MESSAGE = v; END'",
    ])
    .await;
    for (sql, told) in [
        ("SELECT v::int AS n FROM t", "a value does not fit what is done with it (SQLSTATE 22P02)"),
        ("INSERT INTO t SELECT v FROM t", "the server gave up (SQLSTATE 23505)"),
        ("SELECT leak(v) AS n FROM t", "the user \"admin\" lacks a grant"),
        ("SELECT none FROM t", "failed to prepare the statement: column \"none\" does not exist"),
        ("CREATE TABLE t AS SELECT 1", "failed to create the table: it exists already"),
    ] {
        let error = warehouse.execute(sql.to_owned()).await.unwrap_err();
        let text = error.to_string();
        assert!(text.ends_with(told), "{sql}: {text}");
        assert!(!text.contains("secret") && !format!("{error:?}").contains("secret"), "{error:?}");
    }
}

#[tokio::test]
async fn a_changed_number_of_rows_is_told_and_a_lost_connection_may_be_tried_again() {
    let (_, warehouse) = database(&[]).await;
    let made = "CREATE TABLE t AS SELECT n FROM generate_series(1, 7) n";
    assert_eq!(warehouse.execute(made.to_owned()).await.unwrap(), 7);
    assert_eq!(warehouse.execute("DROP TABLE t".to_owned()).await.unwrap(), 0);
    let error = warehouse.execute("SELECT pg_terminate_backend(pg_backend_pid())".to_owned()).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }) && error.is_transient(), "{error:?}");
    let error = warehouse.execute("SELECT 1".to_owned()).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
}
