//! A run that is told to end, that takes too long, or that may not write, ends and says why.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::oracle::is_equal;
use crate::products::world;
use crate::world::World;

/// Soon, on a machine that has other things to do.
const SOON: Duration = Duration::from_secs(10);

/// Lets the table take a minute to be read.
async fn slow_down(world: &World) {
    world
        .execute(
            "ALTER TABLE product RENAME TO before;
             CREATE VIEW product AS SELECT before.* FROM before, LATERAL (SELECT CASE WHEN id = 7 THEN pg_sleep(60) END) AS s",
        )
        .await;
}

async fn speed_up(world: &World) {
    world.execute("DROP VIEW product; ALTER TABLE before RENAME TO product").await;
}

#[tokio::test]
async fn a_run_that_is_told_to_end_ends_its_statement_too() {
    let world = world(200).await;
    world.sync().await;
    slow_down(&world).await;
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let child = world.spawn(&[], None);
        let runs = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'weft' AND wait_event = 'PgSleep'
                    AND datname = current_database()";
        let started = Instant::now();
        while world.query(runs).await.is_empty() {
            assert!(started.elapsed() < SOON * 3, "the statement does not begin");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let told = Instant::now();
        kill(Pid::from_raw(child.id().unwrap() as i32), signal).unwrap();
        let run = world.end(child).await;
        assert!(told.elapsed() < SOON, "it takes {:?} to end", told.elapsed());
        assert_eq!(run.code(), Some(1), "{run:?}");
        for pattern in ["weft:*:lease", "weft:*:slot:*"] {
            assert!(world.redis_keys(pattern).await.is_empty(), "the next sync would wait for one that has ended");
        }
        // The server ends it a little later.
        while !world.query(runs).await.is_empty() {
            assert!(told.elapsed() < SOON, "the server still works for a run that has ended");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    speed_up(&world).await;
    world.sync().await;
    is_equal(&world, "product", "product").await;
    world.keeps_only(0).await;
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended() {
    let world = world(200).await;
    world.sync().await;
    slow_down(&world).await;
    world.edit(
        "graph.yaml",
        "    tls: {mode: Disable}\n",
        "    tls: {mode: Disable}\n  limits: {statementTimeout: 1s}\n",
    );
    let started = Instant::now();
    let run = world.run(&[]).await;
    assert!(matches!(run.code(), Some(1 | 2)), "{run:?}");
    assert!(started.elapsed() < SOON, "{run:?}");
    let told = format!("{}{}", run.stdout, run.stderr);
    assert!(told.contains("statementTimeout"), "{told}");
    speed_up(&world).await;
    world.sync().await;
    is_equal(&world, "product", "product").await;
}

#[tokio::test]
async fn of_more_syncs_than_a_warehouse_has_slots_for_the_others_wait() {
    let world = world(200).await;
    world.edit(
        "graph.yaml",
        "    tls: {mode: Disable}\n",
        "    tls: {mode: Disable}\n  limits: {maxConcurrentSyncs: 1}\n",
    );
    world.command_redis(&["HSET", "weft:default/warehouse/prod:slot:0", "holder", "another"]).await;
    let run = world.run(&["--wait", "1"]).await;
    assert_eq!(run.code(), Some(1), "{run:?}");
    assert!(world.store().entity("product").await.is_err(), "nothing was done");
    let child = world.spawn(&[], None);
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.command_redis(&["DEL", "weft:default/warehouse/prod:slot:0"]).await;
    world.end(child).await.done();
    is_equal(&world, "product", "product").await;
    assert!(world.redis_keys("weft:*:slot:*").await.is_empty());
}

#[tokio::test]
async fn a_copy_of_another_owner_is_refused_and_nothing_of_it_changes() {
    let world = world(200).await;
    world.sync().await;
    let meta = world.keys("product").meta();
    world.command_redis(&["HSET", &meta, "owner", "other/default/main"]).await;
    world.execute("UPDATE product SET name = 'ours' WHERE id = 1").await;
    for arguments in [&[][..], &["--full"]] {
        let run = world.run(arguments).await;
        assert_eq!(run.code(), Some(5), "{run:?}");
    }
    world.command_redis(&["HSET", &meta, "owner", crate::world::OWNER]).await;
    assert_eq!(crate::oracle::differences(&world, "product", "product", "true").await.len(), 1);
    world.sync().await;
    is_equal(&world, "product", "product").await;
    world.keeps_only(0).await;
}
