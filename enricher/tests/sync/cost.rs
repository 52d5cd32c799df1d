//! What a run reads, moves and writes: no more than it has to.

use std::time::{Duration, Instant};

use crate::oracle::is_equal;
use crate::products::{change, insert, world};
use crate::proxy::When;
use crate::random::is_full;
use crate::watcher::Watcher;
use crate::world::World;

/// How often the whole table was read so far. The server counts when a session ends.
async fn scans(world: &World) -> u64 {
    world.is_quiet().await;
    let rows = world.query("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'product'").await;
    rows[0].get(0).unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_unchanged_table_moves_no_row_and_writes_no_snapshot_and_a_changed_one_is_read_once() {
    let world = world(4200).await;
    world.sync().await;
    let snapshots = async || {
        let tables = world.bookkeeping().await;
        tables.into_iter().filter(|(kind, _)| kind == "snap").collect::<Vec<_>>()
    };
    let before = snapshots().await;
    let mut scanned = scans(&world).await;
    for _ in 0..3 {
        let run = world.sync().await;
        assert_eq!(run.outcome(), "unchanged", "{run:?}");
        assert_eq!((run.number("/rows/total"), run.number("/rows/changed"), run.number("/buckets/kept")), (4200, 0, 2));
        assert_eq!(snapshots().await, before);
        world.keeps_only(0).await;
        assert_eq!(scans(&world).await, scanned + 1);
        scanned += 1;
    }
    change(&world, 1).await;
    scanned = scans(&world).await;
    let run = world.sync().await;
    let rows = ["added", "changed", "removed", "total"].map(|name| run.number(&format!("/rows/{name}")));
    assert_eq!(rows, [1, 4, 1, 4200]);
    assert_eq!(run.number("/buckets/rebuilt"), 0);
    assert_eq!(scans(&world).await, scanned + 1);
    is_equal(&world, "product", "product").await;
}

#[tokio::test]
async fn a_first_load_that_was_nearly_done_goes_on_where_it_was() {
    // 32 buckets.
    let world = world(66_000).await;
    world.sync().await;
    let forget = async || {
        world.command_redis(&["FLUSHALL"]).await;
        world.execute("DROP SCHEMA weft_state CASCADE").await;
    };
    forget().await;
    let most = world.sync().await.requests;
    let mut request = most;
    loop {
        forget().await;
        assert!(world.killed(request, When::Before).await.is_none());
        let there = world.redis_keys("weft:*}").await.len() as u64;
        println!("killed before request {request} of {most}, with {there} of 32 buckets");
        if there < 29 {
            panic!("no request is one at which nine tenths are there");
        }
        if there < 32 {
            let run = world.sync().await;
            let resumed = |name: &str| run.report().pointer(&format!("/resumed/buckets/{name}"));
            let written = resumed("rebuilt").and_then(serde_json::Value::as_u64).unwrap();
            assert_eq!(written, 32 - there, "{run:?}");
            assert_eq!(run.number("/buckets/rebuilt"), 0, "{run:?}");
            break;
        }
        request -= 2;
    }
    is_equal(&world, "product", "product").await;
    world.keeps_only(0).await;
}

#[tokio::test]
async fn of_two_syncs_at_once_one_waits_or_ends() {
    let world = world(4200).await;
    for round in 0..5 {
        change(&world, round).await;
        let (one, other) = (world.spawn(&[], None), world.spawn(&[], None));
        let (one, other) = tokio::join!(world.end(one), world.end(other));
        for run in [&one, &other] {
            assert!(matches!(run.code(), Some(0 | 1 | 5)), "{run:?}");
        }
        assert!(one.code() == Some(0) || other.code() == Some(0), "{one:?} {other:?}");
        is_equal(&world, "product", "product").await;
        world.keeps_only(0).await;
    }
}

#[tokio::test]
async fn a_killed_run_holds_up_the_next_for_a_quarter_of_a_minute_at_most() {
    let world = world(200).await;
    let half = world.sync().await.requests / 2;
    let child = world.spawn(
        &[],
        Some(crate::proxy::Blow { request: half, when: When::After, signal: nix::sys::signal::Signal::SIGKILL }),
    );
    world.end(child).await;
    assert!(world.line.has_struck());
    let started = Instant::now();
    world.sync().await;
    assert!(started.elapsed() < Duration::from_secs(25), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_table_that_grows_to_many_times_its_size_is_answered_from_all_the_while() {
    let world = world(1000).await;
    assert_eq!(world.sync().await.number("/buckets/total"), 1);
    let watcher = Watcher::start(&world).await;
    let mut sizes = vec![(4000, 1), (16_000, 1), (20_000, 8), (70_000, 8), (140_000, 64)];
    if is_full() {
        sizes.extend([(1_000_000, 64), (1_100_000, 512)]);
    }
    for (rows, buckets) in sizes {
        println!("{rows} rows");
        let have = world.query("SELECT max(id) FROM product").await[0].get(0).unwrap().parse::<u64>().unwrap();
        world.execute(&insert(have + 1, rows)).await;
        let run = world.sync().await;
        assert_eq!((run.number("/rows/total"), run.number("/buckets/total")), (rows, buckets), "{run:?}");
        is_equal(&world, "product", "product").await;
        assert_eq!(world.redis_keys("weft:*}").await.len() as u64, buckets, "no bucket of an old set is left");
        world.keeps_only(0).await;
    }
    assert_eq!(watcher.stop().await.unavailable, 0);
}
