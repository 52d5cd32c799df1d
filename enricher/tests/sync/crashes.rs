//! A run is killed before and after each of its requests: one clean run later, store and table are equal.

use std::time::{Duration, Instant};

use crate::oracle::is_equal;
use crate::products::{change, change_again, restore, world};
use crate::proxy::When;
use crate::random::{Random, cases, seed};
use crate::world::World;

/// Enough for two buckets.
const ROWS: u64 = 4200;

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

#[tokio::test]
async fn two_runs_may_be_killed_one_after_the_other() {
    let (pairs, least) = match cases() {
        Some(cases @ 1_000_000..) => (cases / 100, 10_000),
        _ => (u64::MAX, 200),
    };
    let mut random = Random(seed());
    let world = world(ROWS).await;
    let most = world.sync().await.requests + 4;
    let started = Instant::now();
    let mut killed = 0;
    for case in 0..pairs {
        if case >= least && started.elapsed() > Duration::from_secs(60) {
            break;
        }
        let work = random.of(&ALL);
        prepare(&world, work, case).await;
        for again in [false, true] {
            let (request, when) = (1 + random.below(most), random.of(&[When::Before, When::After]));
            println!("pair {case}, {work:?}: killed {when:?} request {request}");
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
    println!("{killed} runs were killed");
    assert!(killed >= least, "hardly any run was killed: {killed}");
}
