//! What stands in a run's way: a backup that reads its tables, a column it may not read, a result it cannot write.

use crate::oracle::is_equal;
use crate::postgres::PASSWORD;
use crate::products::world;
use crate::world::{BOOKKEEPING, World};

#[tokio::test]
async fn a_backup_that_reads_the_bookkeeping_stops_no_run() {
    let world = world(200).await;
    world.sync().await;
    let tables = world.query(&format!("SELECT tablename FROM pg_tables WHERE schemaname = '{BOOKKEEPING}'")).await;
    let tables: Vec<String> = tables.iter().map(|table| format!("{BOOKKEEPING}.{}", table.get(0).unwrap())).collect();
    let tables = tables.join(", ");
    let backup = world.connect().await;
    backup.batch_execute(&format!("BEGIN; LOCK TABLE {tables} IN ACCESS SHARE MODE")).await.unwrap();
    for id in 1..=3 {
        world.execute(&format!("UPDATE product SET name = 'changed' WHERE id = {id}")).await;
        let run = world.sync().await;
        assert_eq!(run.number("/rows/changed"), 1);
        assert!(run.number("/undropped") > 0, "{run:?}");
        is_equal(&world, "product", "product").await;
    }
    let unchanged = world.sync().await;
    assert_eq!((unchanged.outcome(), unchanged.number("/undropped") > 0), ("unchanged", true));
    backup.batch_execute("COMMIT").await.unwrap();
    assert_eq!(world.sync().await.report().get("undropped"), None);
    world.keeps_only(0).await;
}

#[tokio::test]
async fn a_column_that_may_not_be_read_is_named_and_never_left_out() {
    let role = format!("CREATE ROLE half_reader LOGIN PASSWORD '{}'", PASSWORD.replace('\'', "''"));
    let world = World::new(&[
        "CREATE TABLE product (id bigint PRIMARY KEY, name text, margin numeric)",
        "INSERT INTO product VALUES (1, 'Chair', 7)",
        &role,
        "GRANT SELECT (id, name) ON product TO half_reader",
        "CREATE SCHEMA weft_state AUTHORIZATION half_reader",
    ])
    .await;
    world.edit("graph.yaml", "user: admin", "user: half_reader");
    let refused = world.run(&[]).await;
    assert_eq!(refused.code(), Some(2), "{refused:?}");
    let error = refused.report()["error"].as_str().unwrap();
    assert_eq!(
        error,
        "table public.product: columns: all are to be copied, and the warehouse's user may not read margin; grant it \
         SELECT on them, or name the columns to copy"
    );
    world.edit("entities.yaml", "primaryKey", "columns: [margin], primaryKey");
    let refused = world.run(&[]).await;
    let error = refused.report()["error"].as_str().unwrap();
    assert!(error.starts_with("table public.product: columns: the warehouse's user may not read margin; "), "{error}");
    world.edit("entities.yaml", "[margin]", "[NAME]");
    world.sync().await;
    is_equal(&world, "product", "product").await;
}

#[tokio::test]
async fn a_result_that_cannot_be_written_is_told_before_anything_is_done() {
    let world = world(20).await;
    let run = world.run(&["--result", "/nowhere/result.json"]).await;
    assert_eq!((run.code(), run.requests), (Some(2), 0), "{run:?}");
    assert!(run.stderr.contains("--result: /nowhere/result.json cannot be written: No such file"), "{run:?}");
}

#[tokio::test]
async fn a_full_run_can_be_tried_dry() {
    let world = world(200).await;
    world.sync().await;
    let dry = world.run(&["--full", "--dry-run"]).await.done();
    assert_eq!((dry.outcome(), dry.report()["mode"].as_str()), ("dry_run", Some("full")));
    assert_eq!(world.sync().await.outcome(), "unchanged");
}
