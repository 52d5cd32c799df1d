//! The engine against a real PostgreSQL and a real Redis.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod shop;
mod sqlite;

#[path = "../../../warehouse/tests/postgres/server.rs"]
#[allow(dead_code, reason = "this test uses what it needs of it")]
mod postgres;
#[path = "../../../store/tests/redis_server/mod.rs"]
mod redis_server;

use shop::Shop;
use weft_plan_types::HoldReason;
use weft_sync::{Ending, Mode, Request, Rows};
use weft_warehouse::Rejection;

#[tokio::test]
async fn a_table_becomes_a_copy_and_then_only_what_changed_travels() {
    let shop = Shop::open(&[
        "CREATE TABLE p (id int PRIMARY KEY, name text, price numeric)",
        "INSERT INTO p SELECT i, 'name ' || i, i / 4.0 FROM generate_series(1, 10000) i",
    ])
    .await;
    let report = shop.sync().await;
    assert_eq!((report.outcome, report.mode), (Ending::Synced, Mode::Full));
    assert_eq!(report.rows, Rows { added: 10_000, total: 10_000, ..Rows::default() });
    shop.is_equal().await;

    let report = shop.sync().await;
    assert_eq!((report.outcome, report.rows.total), (Ending::Unchanged, 10_000));
    assert_eq!(shop.tables().await, ["claim", "snap", "stage"]);

    shop.execute("UPDATE p SET price = 0 WHERE id = 7").await;
    shop.execute("DELETE FROM p WHERE id = 8").await;
    shop.execute("INSERT INTO p VALUES (0, NULL, NULL)").await;
    let report = shop.sync().await;
    assert_eq!((report.outcome, report.mode), (Ending::Synced, Mode::Incremental));
    assert_eq!(report.rows, Rows { added: 1, changed: 1, removed: 1, rejected: 0, total: 10_000 });
    assert_eq!((report.buckets.rebuilt, report.buckets.left), (0, 0));
    shop.is_equal().await;
    assert_eq!(shop.tables().await, ["claim", "snap", "snap", "stage"]);
}

#[tokio::test]
async fn rows_that_cannot_be_used_are_left_out_counted_and_do_not_flip() {
    let shop = Shop::open(&[
        "CREATE TABLE p (id text, name text)",
        "INSERT INTO p VALUES ('a', '1'), ('b', '2'), ('b', '3'), (NULL, '4'), (NULL, '5'), ('', '6')",
        "INSERT INTO p VALUES ('large', repeat('x', 70000))",
    ])
    .await;
    let report = shop.sync().await;
    let rejected: Vec<_> = report.rejected.into_iter().collect();
    let expected = [(Rejection::NullKey, 3), (Rejection::DuplicateKey, 2), (Rejection::RowTooLarge, 1)];
    assert_eq!(rejected, expected);
    assert_eq!(report.rows.total, 1);
    assert_eq!(shop.keys().await, ["a"]);

    // One of the two equals what the store has.
    shop.execute("INSERT INTO p VALUES ('a', '1')").await;
    let report = shop.sync().await;
    assert_eq!((report.rows.removed, report.rows.total, report.outcome), (1, 0, Ending::Held));
    shop.execute("INSERT INTO p VALUES ('c', '1')").await;
    let report = shop.sync().await;
    assert_eq!((report.rows.removed, report.rows.added), (1, 1));
    assert_eq!(shop.keys().await, ["c"]);
    for _ in 0..3 {
        assert_eq!(shop.sync().await.outcome, Ending::Unchanged);
    }
}

#[tokio::test]
async fn an_emptied_table_deletes_nothing_until_its_run_is_approved() {
    let shop = Shop::open(&[
        "CREATE TABLE p (id int PRIMARY KEY, name text)",
        "INSERT INTO p SELECT i, 'n' FROM generate_series(1, 1000) i",
    ])
    .await;
    shop.sync().await;
    shop.execute("DELETE FROM p").await;
    let held = shop.sync().await.held.unwrap();
    assert_eq!(held.reason, HoldReason::HeldEmptySource);
    for _ in 0..3 {
        let again = shop.sync().await;
        let still = again.held.unwrap();
        assert_eq!((again.outcome, still.run, still.reason), (Ending::Held, held.run, held.reason));
        assert_eq!(still.rows.unwrap().removed, 1000, "the run that is held is an earlier one");
    }
    assert_eq!(shop.keys().await.len(), 1000);
    let run = held.run.unwrap();
    let other = shop.run(Request { approve: Some(run + 1), ..Request::default() }).await.unwrap_err();
    assert_eq!(
        other.to_string(),
        format!("run {} is not held; run {run} is: look at it, then approve that one", run + 1)
    );
    let approved = shop.run(Request { approve: Some(run), ..Request::default() }).await.unwrap();
    assert_eq!((approved.mode, approved.rows.removed), (Mode::Approved, 1000));
    assert_eq!(shop.keys().await.len(), 0);
    let again = shop.run(Request { approve: Some(run), ..Request::default() }).await.unwrap();
    assert_eq!((again.outcome, again.run), (Ending::Unchanged, Some(run)), "it was applied before");
    let none = shop.run(Request { approve: Some(run - 1), ..Request::default() }).await.unwrap_err();
    assert_eq!(none.to_string(), format!("run {} is not held; no run is", run - 1));
    assert_eq!(shop.sync().await.outcome, Ending::Unchanged);
}

#[tokio::test]
async fn a_key_of_another_type_is_held_and_loads_anew_once_approved() {
    let shop = Shop::open(&[
        "CREATE TABLE p (id int PRIMARY KEY, name text)",
        "INSERT INTO p SELECT i, 'n' FROM generate_series(1, 10) i",
    ])
    .await;
    shop.sync().await;
    shop.execute("ALTER TABLE p ALTER id TYPE text").await;
    let held = shop.sync().await.held.unwrap();
    assert_eq!(held.reason, HoldReason::HeldKeyType);
    let approved = shop.run(Request { approve: held.run, ..Request::default() }).await.unwrap();
    assert_eq!(approved.rows.total, 10);
    shop.is_equal().await;
    assert_eq!(shop.sync().await.outcome, Ending::Unchanged);
}

#[tokio::test]
async fn lost_buckets_and_only_those_are_filled_anew() {
    let shop = Shop::open(&[
        "CREATE TABLE p (id int PRIMARY KEY, name text)",
        "INSERT INTO p SELECT i, 'n' || i FROM generate_series(1, 40000) i",
    ])
    .await;
    let report = shop.sync().await;
    assert_eq!((report.buckets.total, report.buckets.rebuilt), (16, 16));
    for bucket in [1, 5, 6, 15] {
        shop.lose(16, bucket).await;
    }
    let report = shop.sync().await;
    assert_eq!((report.outcome, report.buckets.rebuilt, report.buckets.kept), (Ending::Synced, 4, 12));
    assert_eq!((report.rows.added, report.rows.changed), (0, 0));
    shop.is_equal().await;
    shop.flush().await;
    let report = shop.sync().await;
    assert_eq!((report.outcome, report.buckets.rebuilt), (Ending::Synced, 16));
    shop.is_equal().await;
    // A row that somebody removed is missed.
    shop.lose_row("1").await;
    let report = shop.sync().await;
    assert_eq!((report.mended, report.buckets.rebuilt), (1, 1));
    shop.is_equal().await;
}

#[tokio::test]
async fn a_table_that_grew_gets_more_buckets_in_the_same_run() {
    let shop = Shop::open(&["CREATE TABLE p (id int PRIMARY KEY, name text)", "INSERT INTO p VALUES (0, '')"]).await;
    assert_eq!(shop.sync().await.buckets.total, 1);
    shop.execute("INSERT INTO p SELECT i, 'n' || i FROM generate_series(1, 70000) i").await;
    assert_eq!(shop.sync().await.buckets.total, 32);
    shop.is_equal().await;
    assert!(shop.has_no_bucket(1, 0).await);
}

#[tokio::test]
async fn a_new_column_fills_every_bucket_and_is_no_mass_change() {
    let shop = Shop::open(&[
        "CREATE TABLE p (id int PRIMARY KEY, name text)",
        "INSERT INTO p SELECT i, 'n' FROM generate_series(1, 1000) i",
    ])
    .await;
    shop.sync().await;
    shop.execute("ALTER TABLE p ADD tags text[] DEFAULT '{a,b}'").await;
    let report = shop.sync().await;
    assert_eq!((report.outcome, report.rows.total), (Ending::Synced, 1000));
    shop.is_equal().await;
    assert_eq!(shop.sync().await.outcome, Ending::Unchanged);
}

#[tokio::test]
async fn a_dropped_bookkeeping_is_made_again_and_the_store_stays_right() {
    let shop = Shop::open(&[
        "CREATE TABLE p (id int PRIMARY KEY, name text)",
        "INSERT INTO p SELECT i, 'n' FROM generate_series(1, 1000) i",
    ])
    .await;
    shop.sync().await;
    shop.execute("DROP SCHEMA weft_state CASCADE").await;
    shop.execute("DELETE FROM p WHERE id < 10").await;
    let report = shop.sync().await;
    assert_eq!((report.outcome, report.mode, report.rows.total), (Ending::Synced, Mode::Full, 991));
    shop.is_equal().await;
}

#[tokio::test]
async fn a_dry_run_says_what_it_would_do_and_leaves_nothing() {
    let shop = Shop::open(&["CREATE TABLE p (id int PRIMARY KEY, name text)", "INSERT INTO p VALUES (1, 'a')"]).await;
    let report = shop.run(Request { dry_run: true, ..Request::default() }).await.unwrap();
    assert_eq!((report.outcome, report.rows.added, report.run), (Ending::DryRun, 1, None));
    assert!(report.statements[0].starts_with("CREATE TABLE"), "{:?}", report.statements);
    assert!(shop.tables().await.is_empty() && shop.has_no_bucket(1, 0).await);
}
