//! Redis or the bookkeeping lose what they hold: readers are told so, and the next run brings back what was lost.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::oracle::is_equal;
use crate::products::{change, insert, world};
use crate::proxy::{Blow, When};
use crate::watcher::Watcher;
use crate::world::World;

/// Enough for eight buckets.
const ROWS: u64 = 30_000;
const BUCKETS: u32 = 8;

async fn loaded() -> World {
    let world = world(ROWS).await;
    let run = world.sync().await;
    assert_eq!(run.number("/buckets/total"), u64::from(BUCKETS));
    world
}

/// The buckets that Redis still has.
async fn there(world: &World) -> u32 {
    world.redis_keys("weft:*}").await.len() as u32
}

/// One run, which writes `rewritten` buckets anew and makes everything good.
async fn is_made_good(world: &World, rewritten: u32) {
    let run = world.sync().await;
    assert_eq!(run.number("/buckets/rebuilt"), u64::from(rewritten), "{run:?}");
    is_equal(world, "product", "product").await;
    world.keeps_only(0).await;
}

#[tokio::test]
async fn half_of_the_buckets_are_lost_and_only_they_are_written_again() {
    let world = loaded().await;
    let watcher = Watcher::start(&world).await;
    for bucket in (0..BUCKETS).step_by(2) {
        world.command_redis(&["DEL", &world.keys("product").bucket(BUCKETS, bucket)]).await;
    }
    is_made_good(&world, BUCKETS / 2).await;
    assert_eq!(world.sync().await.outcome(), "unchanged");
    watcher.stop().await;
}

#[tokio::test]
async fn a_flushed_store_is_unavailable_and_filled_again() {
    let world = loaded().await;
    let watcher = Watcher::start(&world).await;
    world.command_redis(&["FLUSHALL"]).await;
    is_made_good(&world, BUCKETS).await;
    assert!(watcher.stop().await.unavailable > 0);
}

#[tokio::test]
async fn a_redis_without_persistence_starts_anew() {
    let mut world = loaded().await;
    let watcher = Watcher::start(&world).await;
    world.redis.kill();
    let run = world.run(&[]).await;
    assert_eq!(run.code(), Some(1), "{run:?}");
    world.redis.start_again().await;
    is_made_good(&world, BUCKETS).await;
    assert!(watcher.stop().await.unavailable > 0);
}

#[tokio::test]
async fn an_older_backup_of_redis_is_brought_up_to_date() {
    let mut world = loaded().await;
    world.command_redis(&["SAVE"]).await;
    let dump = world.redis.folder.path().join("dump.rdb");
    let backup = fs::read(&dump).unwrap();
    for later in 1..3 {
        // Row 1 and its neighbours change, which nobody watches.
        change(&world, 0).await;
        world.execute(&format!("UPDATE product SET name = 'later {later}' WHERE id = 1")).await;
        world.execute("DELETE FROM product WHERE id = 1000000").await;
        world.execute(&insert(5, 5)).await;
        world.sync().await;
    }
    let before = world.store().entity("product").await.unwrap().committed.unwrap().run;
    let watcher = Watcher::start(&world).await;
    world.redis.kill();
    fs::write(&dump, backup).unwrap();
    world.redis.start_again().await;
    // The backup's run is not the newest snapshot any more: only where it is kept may buckets be patched.
    world.sync().await;
    is_equal(&world, "product", "product").await;
    world.keeps_only(0).await;
    assert!(world.store().entity("product").await.unwrap().committed.unwrap().run > before, "numbers never return");
    watcher.stop().await;
}

#[tokio::test]
async fn what_redis_evicts_is_unavailable_and_written_again() {
    let world = loaded().await;
    let watcher = Watcher::start(&world).await;
    world.command_redis(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).await;
    let mut memory = 12 << 20;
    while there(&world).await == BUCKETS {
        memory -= 512 << 10;
        world.command_redis(&["CONFIG", "SET", "maxmemory", &memory.to_string()]).await;
    }
    world.command_redis(&["CONFIG", "SET", "maxmemory", "0"]).await;
    let lost = BUCKETS - there(&world).await;
    let has_meta = !world.redis_keys("weft:*:meta").await.is_empty();
    println!("{lost} buckets were evicted, the meta {}", if has_meta { "was not" } else { "too" });
    is_made_good(&world, if has_meta { lost } else { BUCKETS }).await;
    watcher.stop().await;
}

#[tokio::test]
async fn a_redis_that_is_full_in_the_middle_of_a_load_gets_the_rest_later() {
    let world = loaded().await;
    world.execute(&insert(ROWS + 1, ROWS * 4)).await;
    let watcher = Watcher::start(&world).await;
    let info: String = redis::cmd("INFO").arg("memory").query_async(&mut world.redis()).await.unwrap();
    let used = info.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
    let most = used.parse::<u64>().unwrap() + (2 << 20);
    world.command_redis(&["CONFIG", "SET", "maxmemory", &most.to_string()]).await;
    let run = world.run(&[]).await;
    assert_eq!(run.code(), Some(1), "{run:?}");
    assert!(run.stderr.contains("maxmemory") || run.stdout.contains("maxmemory"), "{run:?}");
    world.command_redis(&["CONFIG", "SET", "maxmemory", "0"]).await;
    world.forget_leases().await;
    world.sync().await;
    is_equal(&world, "product", "product").await;
    world.keeps_only(0).await;
    assert_eq!(watcher.stop().await.unavailable, 0);
}

#[tokio::test]
async fn bookkeeping_that_is_gone_is_made_again() {
    let world = loaded().await;
    let watcher = Watcher::start(&world).await;
    world.execute("DROP SCHEMA weft_state CASCADE").await;
    world.execute("DELETE FROM product WHERE id BETWEEN 1 AND 5").await;
    // Nothing says which of the store's rows are gone: all buckets are written again.
    let run = world.sync().await;
    assert_eq!(run.number("/buckets/rebuilt"), u64::from(BUCKETS));
    is_equal(&world, "product", "product").await;
    world.keeps_only(0).await;
    assert_eq!(world.sync().await.outcome(), "unchanged");
    world.execute(&insert(1, 5)).await;
    world.sync().await;
    is_equal(&world, "product", "product").await;
    assert_eq!(watcher.stop().await.unavailable, 0);
}

#[tokio::test]
async fn a_run_that_slept_through_a_flush_and_another_run_changes_nothing() {
    let world = world(4200).await;
    let most = world.sync().await.requests;
    let mut refused = 0;
    for request in (2..most).step_by(3) {
        for when in [When::Before, When::After] {
            println!("stopped {when:?} request {request}");
            world.execute("UPDATE product SET name = 'stale' WHERE id BETWEEN 1 AND 50").await;
            let sleeper = world.spawn(&[], Some(Blow { request, when, signal: Signal::SIGSTOP }));
            let process = Pid::from_raw(sleeper.id().unwrap() as i32);
            let (mut sleeper, started) = (Some(sleeper), Instant::now());
            while !world.line.has_struck() && started.elapsed() < Duration::from_secs(30) {
                tokio::time::sleep(Duration::from_millis(1)).await;
                if sleeper.as_mut().unwrap().try_wait().unwrap().is_some() {
                    sleeper = None;
                    break;
                }
            }
            let Some(sleeper) = sleeper else { continue };
            world.command_redis(&["FLUSHALL"]).await;
            world.execute("UPDATE product SET name = 'fresh' WHERE id BETWEEN 1 AND 50").await;
            world.sync().await;
            kill(process, Signal::SIGCONT).unwrap();
            let late = world.end(sleeper).await;
            // One that had claimed nothing yet may still do its work.
            assert!(matches!(late.code(), Some(0 | 1 | 5)), "{late:?}");
            refused += u64::from(late.code() != Some(0));
            is_equal(&world, "product", "product").await;
            world.forget_leases().await;
            world.sync().await;
            is_equal(&world, "product", "product").await;
            world.keeps_only(0).await;
        }
    }
    assert!(refused > 5, "{refused} runs were told that another took over");
}

#[tokio::test]
async fn buckets_that_outlive_their_meta_and_their_bookkeeping_answer_nothing_any_more() {
    let world = world(200).await;
    for ahead in [0, 1, 2, 1000] {
        world.sync().await;
        let bucket = world.keys("product").bucket(1, 0);
        let control: String = redis::cmd("HGET").arg(&bucket).arg("").query_async(&mut world.redis()).await.unwrap();
        let [layout, _, columns] = control.split(' ').collect::<Vec<_>>()[..] else { panic!("{control}") };
        // As clocks that differ, and more than one run a second, may leave it.
        let run = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() + ahead;
        world.command_redis(&["HSET", &bucket, "", &format!("{layout} {run} {columns}")]).await;
        world.command_redis(&["DEL", &world.keys("product").meta()]).await;
        world.execute("DROP SCHEMA weft_state CASCADE; UPDATE product SET name = name || '.'").await;
        world.sync().await;
        is_equal(&world, "product", "product").await;
        world.keeps_only(0).await;
    }
}
