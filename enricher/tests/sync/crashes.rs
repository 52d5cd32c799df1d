//! A run is killed before and after each of its requests: one clean run later, store and table are equal.

use std::time::Instant;

use crate::oracle::is_equal;
use crate::products::{change, change_again, insert, restore, world};
use crate::proxy::When;
use crate::random::{Random, cases, is_full, sample, seed};
use crate::watcher::Watcher;
use crate::world::World;

/// Enough for two buckets.
const ROWS: u64 = 4200;

/// So many pairs are under way at the same time, each in a world of its own: a run waits for its servers about as long
/// as it works.
const WORLDS: u64 = 3;

/// Rows of one bucket, and so many that they want more than one.
const FEW: u64 = 4000;
const MANY: u64 = 16_500;

/// What a run has to do when it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// Some rows changed.
    Changes,
    /// Nothing was ever copied.
    FirstLoad,
    /// Some rows changed, and a bucket is lost.
    LostBucket,
    /// Redis is empty, and the bookkeeping is not.
    LostStore,
    /// The bookkeeping is gone, and Redis has everything.
    LostBookkeeping,
}

const ALL: [Work; 5] = [Work::Changes, Work::FirstLoad, Work::LostBucket, Work::LostStore, Work::LostBookkeeping];

async fn prepare(world: &World, work: Work, case: u64) {
    change(world, case).await;
    if matches!(work, Work::FirstLoad | Work::LostStore) {
        world.command_redis(&["FLUSHALL"]).await;
    }
    if matches!(work, Work::FirstLoad | Work::LostBookkeeping) {
        world.execute("DROP SCHEMA weft_state CASCADE").await;
    }
    if work == Work::LostBucket {
        world.command_redis(&["DEL", &world.keys("product").bucket(2, (case % 2) as u32)]).await;
    }
}

/// The run that comes after: it makes everything good.
async fn is_made_good(world: &World) {
    world.sync().await;
    is_equal(world, "product", "product").await;
    world.keeps_only(0).await;
}

async fn sweep(work: Work) {
    let world = world(ROWS).await;
    world.sync().await;
    is_equal(&world, "product", "product").await;
    let mut killed = 0;
    for request in 1.. {
        let mut has_struck = false;
        for when in [When::Before, When::After] {
            let case = request * 2 + u64::from(when == When::After);
            println!("{work:?}: killed {when:?} request {request}");
            prepare(&world, work, case).await;
            if world.killed(request, when).await.is_none() {
                has_struck = true;
                killed += 1;
            }
            change_again(&world, case).await;
            is_made_good(&world).await;
            restore(&world, case).await;
        }
        if !has_struck {
            break;
        }
    }
    println!("{work:?}: {killed} runs were killed");
    assert!(killed > 40, "so few requests are no run: {killed}");
}

/// Fills a store anew, with few rows in one bucket.
async fn shrink(world: &World) {
    world.command_redis(&["FLUSHALL"]).await;
    world.execute(&format!("DROP SCHEMA IF EXISTS weft_state CASCADE; DELETE FROM product WHERE id > {FEW}")).await;
    assert_eq!(world.sync().await.number("/buckets/total"), 1);
}

/// Changes the rows of a case, and adds many.
async fn grow(world: &World, case: u64) {
    change(world, case).await;
    world.execute(&insert(FEW + 1, MANY)).await;
}

#[tokio::test]
async fn a_run_that_makes_more_buckets_may_be_killed_at_any_request() {
    let world = world(FEW).await;
    shrink(&world).await;
    grow(&world, 0).await;
    let grown = world.sync().await;
    assert_eq!(grown.number("/buckets/total"), 8);
    let (mut tried, mut killed) = (0, 0);
    for request in sample(grown.requests, 4) {
        for when in [When::Before, When::After] {
            println!("killed {when:?} request {request} of {}", grown.requests);
            // Of the cases whose rows the watcher does not watch.
            let case = request % 20;
            restore(&world, case).await;
            shrink(&world).await;
            let watcher = Watcher::start(&world).await;
            grow(&world, case).await;
            killed += u64::from(world.killed(request, when).await.is_none());
            tried += 1;
            change_again(&world, case).await;
            is_made_good(&world).await;
            assert_eq!(world.redis_keys("weft:*}").await.len(), 8, "a bucket of the old set is left");
            assert_eq!(watcher.stop().await.unavailable, 0);
            restore(&world, case).await;
        }
    }
    println!("{killed} of {tried} runs were killed");
    assert!(killed * 10 >= tried * 9, "hardly any run was killed: {killed} of {tried}");
}

#[tokio::test]
async fn a_run_with_changes_may_be_killed_at_any_request() {
    sweep(Work::Changes).await;
}

#[tokio::test]
async fn a_first_load_may_be_killed_at_any_request() {
    sweep(Work::FirstLoad).await;
}

#[tokio::test]
async fn a_run_that_mends_a_bucket_may_be_killed_at_any_request() {
    sweep(Work::LostBucket).await;
}

/// One after the other of these pairs, in a world of their own, as `random` has it; gives how many runs were killed.
async fn kill_pairs(pairs: impl Iterator<Item = u64>, seed: u64) -> u64 {
    let mut random = Random(seed);
    let world = world(ROWS).await;
    let most = world.sync().await.requests + 4;
    let mut killed = 0;
    for case in pairs {
        let work = random.of(&ALL);
        prepare(&world, work, case).await;
        for again in [false, true] {
            let (request, when) = (1 + random.below(most), random.of(&[When::Before, When::After]));
            println!("world {seed}, pair {case}, {work:?}: killed {when:?} request {request}");
            killed += u64::from(world.killed(request, when).await.is_none());
            if again || random.percent(50) {
                restore(&world, case).await;
                change(&world, case).await;
                change_again(&world, case).await;
            }
            if random.percent(10) {
                world.command_redis(&["FLUSHALL"]).await;
            }
        }
        is_made_good(&world).await;
        restore(&world, case).await;
    }
    killed
}

#[test]
fn two_runs_may_be_killed_one_after_the_other() {
    let pairs = if is_full() { cases().unwrap_or_default() / 100 } else { 200 };
    let seed = seed();
    let started = Instant::now();
    let in_world = |world| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(kill_pairs((world..pairs).step_by(WORLDS as usize), seed + world))
    };
    let killed: u64 = std::thread::scope(|scope| {
        let worlds: Vec<_> = (0..WORLDS).map(|world| scope.spawn(move || in_world(world))).collect();
        worlds.into_iter().map(|world| world.join().unwrap()).sum()
    });
    println!("{killed} runs of {pairs} pairs were killed in {:.0?}", started.elapsed());
    assert!(killed >= pairs, "hardly any run was killed: {killed}");
}
