//! The hot cache in front of a real Redis.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod redis_server;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use redis_server::Server;
use redis_server::run::{
    OWNER, SLUG, ask, begin, command, entity, found, keys, load, now, replace, row_of, rows, snapshot, target, writer,
};
use tokio::task::JoinHandle;
use weft_store::hot::{HotStore, Scope};
use weft_store::redis::{Outcome, Snapshot};
use weft_store::{Answer, Reader as _, Unavailable};

fn scope() -> Scope {
    Scope {
        namespace: "shop".to_owned(),
        graph: "main".to_owned(),
        owner: OWNER.to_owned(),
        max_staleness: None,
        cache_bytes: 1 << 20,
    }
}

async fn hot(server: &Server, scope: &Scope) -> Arc<HotStore> {
    let access = server.access();
    HotStore::connect(scope, move || access.clone()).await.unwrap()
}

/// Somebody who follows until the test ends.
struct Following(JoinHandle<()>);

impl Following {
    fn of(store: &Arc<HotStore>) -> Self {
        let store = Arc::clone(store);
        Self(tokio::spawn(async move {
            store.follow().await;
        }))
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn unavailable(reason: Unavailable) -> Answer {
    Answer::Unavailable(reason)
}

/// Asks without waiting: `None` if that takes the store.
fn ask_memory(store: &HotStore, keys: &[&str]) -> Option<Vec<Answer>> {
    let keys: Vec<&[u8]> = keys.iter().map(|key| key.as_bytes()).collect();
    let mut answers = Vec::new();
    let is_ready =
        pin!(store.fetch(SLUG, &keys, &mut answers)).poll(&mut Context::from_waker(Waker::noop())).is_ready();
    is_ready.then_some(answers)
}

/// Asks until the answers are these.
async fn until(store: &HotStore, keys: &[&str], wanted: &[Answer], patience: Duration) {
    let started = Instant::now();
    loop {
        let answers = ask(store, keys).await;
        if answers == wanted {
            return;
        }
        assert!(started.elapsed() < patience, "after {patience:?} still {answers:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Asks once and is followed, so that it is answered from memory from now on.
async fn warm(store: &HotStore, keys: &[&str]) {
    ask(store, keys).await;
    store.follower().step().await;
    ask(store, keys).await;
}

fn round_trips(store: &HotStore) -> u64 {
    store.counters().round_trips.load(Ordering::Relaxed)
}

#[tokio::test]
async fn what_was_asked_once_is_answered_from_memory_without_waiting_also_what_is_missing() {
    let server = Server::start().await;
    let connection = server.connect().await;
    load(&writer(&connection), &snapshot(7, 2), &rows(20, "a")).await;
    let store = hot(&server, &scope()).await;
    let mut follower = store.follower();
    assert!(ask_memory(&store, &["sku-1"]).is_none(), "the feed is not followed yet");
    follower.step().await;
    let wanted = [found("sku-1", "a 1"), Answer::Missing, found("sku-2", "a 2")];
    assert_eq!(ask(&*store, &["sku-1", "none", "sku-2"]).await, wanted);
    let before = round_trips(&store);
    assert_eq!(ask_memory(&store, &["sku-1", "none", "sku-2"]).unwrap(), wanted);
    assert_eq!(round_trips(&store), before);
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let counters = store.counters();
    assert_eq!((count(&counters.hits), count(&counters.misses), count(&counters.entries)), (3, 4, 3));

    // A cache of nothing asks each time.
    let cold = hot(&server, &Scope { cache_bytes: 0, ..scope() }).await;
    cold.follower().step().await;
    for _ in 0..2 {
        let before = round_trips(&cold);
        assert_eq!(ask(&*cold, &["sku-1"]).await, [found("sku-1", "a 1")]);
        assert!(round_trips(&cold) > before);
    }
}

#[tokio::test]
async fn batches_that_want_the_same_key_at_once_ask_the_store_once() {
    let server = Server::start().await;
    let connection = server.connect().await;
    load(&writer(&connection), &snapshot(7, 1), &rows(20, "a")).await;
    let store = hot(&server, &scope()).await;
    let mut follower = store.follower();
    ask(&*store, &["sku-19"]).await;
    follower.step().await;
    let before = round_trips(&store);
    let batches = (0..50).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { ask(&*store, &["sku-1", "sku-2"]).await })
    });
    for batch in batches.collect::<Vec<_>>() {
        assert_eq!(batch.await.unwrap(), [found("sku-1", "a 1"), found("sku-2", "a 2")]);
    }
    assert_eq!(round_trips(&store) - before, 1);
    // Whoever asked gives up: the others ask for themselves.
    let mut answers = Vec::new();
    let mut first = Box::pin(store.fetch(SLUG, &[b"sku-3"], &mut answers));
    assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let other = Arc::clone(&store);
    let second = tokio::spawn(async move { ask(&*other, &["sku-3"]).await });
    while store.counters().joined.load(Ordering::Relaxed) < 99 {
        tokio::task::yield_now().await;
    }
    drop(first);
    assert_eq!(second.await.unwrap(), [found("sku-3", "a 3")]);
}

#[tokio::test]
async fn a_changed_row_shows_within_two_seconds_of_the_commit_and_unchanged_ones_stay() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let writer = writer(&connection);
    load(&writer, &snapshot(7, 1), &rows(20, "a")).await;
    let store = hot(&server, &scope()).await;
    let _following = Following::of(&store);
    until(&store, &["sku-1", "new"], &[found("sku-1", "a 1"), Answer::Missing], Duration::from_secs(2)).await;
    while ask_memory(&store, &["sku-1", "sku-2", "new"]).is_none() {
        ask(&*store, &["sku-1", "sku-2", "new"]).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let next = snapshot(8, 1);
    begin(&writer, &next).await;
    let mut patch = writer.bucket(target(8, &next), 0, Some(7));
    patch.put(b"sku-1", &row_of(&["sku-1", "b"])).await.unwrap();
    patch.put(b"new", &row_of(&["new", "b"])).await.unwrap();
    assert_eq!(patch.finish().await.unwrap(), Outcome::Done);
    assert_eq!(writer.commit(8, 8).await.unwrap(), Outcome::Done);
    let wanted = [found("sku-1", "b"), found("new", "b")];
    until(&store, &["sku-1", "new"], &wanted, Duration::from_secs(2)).await;
    assert!(ask_memory(&store, &["sku-2"]).is_some(), "what the feed did not name is still there");
    assert_eq!(store.counters().drops.load(Ordering::Relaxed), 1, "at the beginning");
}

#[tokio::test]
async fn a_writer_that_dies_after_a_bucket_leaves_nothing_stale_whoever_goes_on() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let writer = writer(&connection);
    load(&writer, &snapshot(7, 1), &rows(5, "a")).await;
    let store = hot(&server, &scope()).await;
    warm(&store, &["sku-1"]).await;
    let mut follower = store.follower();
    follower.step().await;
    ask(&*store, &["sku-1"]).await;
    assert_eq!(ask_memory(&store, &["sku-1"]).unwrap(), [found("sku-1", "a 1")]);

    // It writes its bucket and is gone; another run finds the bucket done, and commits.
    let next = snapshot(8, 1);
    begin(&writer, &next).await;
    assert_eq!(replace(&writer, target(8, &next), 0, &rows(5, "b")).await, Outcome::Done);
    assert_eq!(writer.take(9).await.unwrap(), Outcome::Done);
    assert_eq!(replace(&writer, target(9, &next), 0, &rows(5, "b")).await, Outcome::Already(8));
    assert_eq!(writer.commit(9, 8).await.unwrap(), Outcome::Done);
    follower.step().await;
    assert_eq!(ask(&*store, &["sku-1"]).await, [found("sku-1", "b 1")]);
}

#[tokio::test]
async fn what_is_lost_old_or_of_other_columns_is_forgotten_as_soon_as_the_feed_was_read() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let writer = writer(&connection);
    load(&writer, &snapshot(7, 1), &rows(5, "a")).await;
    let store = hot(&server, &scope()).await;
    store.meta(SLUG).await.unwrap();
    let mut follower = store.follower();
    let ways: [(&[&str], Unavailable); 3] = [
        (&["HSET", &keys().meta(), "owner", "local/shop/other"], Unavailable::StoreOwned),
        (&["HSET", &keys().meta(), "layout", "9"], Unavailable::OtherLayout),
        (&["FLUSHALL"], Unavailable::NotSynced),
    ];
    for (number, (way, reason)) in ways.into_iter().enumerate() {
        follower.step().await;
        ask(&*store, &["sku-1"]).await;
        assert!(ask_memory(&store, &["sku-1"]).is_some());
        command(&connection, way).await;
        follower.step().await;
        assert_eq!(ask(&*store, &["sku-1"]).await, [unavailable(reason)]);
        command(&connection, &["FLUSHALL"]).await;
        load(&writer, &snapshot(10 + number as u64, 1), &rows(5, "a")).await;
    }
    // Another feed than the one that was followed, and rows of which no entry tells.
    follower.step().await;
    ask(&*store, &["sku-1"]).await;
    command(&connection, &["FLUSHALL"]).await;
    load(&writer, &snapshot(20, 1), &rows(5, "b")).await;
    follower.step().await;
    assert_eq!(ask(&*store, &["sku-1"]).await, [found("sku-1", "b 1")]);
    // A column is gone.
    ask(&*store, &["sku-1"]).await;
    let narrow = Snapshot { entity: entity(&["SKU"]), ..snapshot(21, 1) };
    load(&writer, &narrow, &rows(0, "")).await;
    follower.step().await;
    assert_eq!(ask(&*store, &["sku-1"]).await, [unavailable(Unavailable::ColumnsChanged)]);
}

#[tokio::test]
async fn rows_that_became_too_old_are_not_answered_from_memory_and_the_reason_names_their_age() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let writer = writer(&connection);
    let read_at = now() - 3597;
    load(&writer, &Snapshot { snapshot_time: read_at, ..snapshot(7, 1) }, &rows(3, "a")).await;
    let store = hot(&server, &Scope { max_staleness: Some(Duration::from_secs(3600)), ..scope() }).await;
    let _following = Following::of(&store);
    until(&store, &["sku-1"], &[found("sku-1", "a 1")], Duration::from_secs(1)).await;
    let started = Instant::now();
    let too_old = loop {
        match ask(&*store, &["sku-1"]).await.remove(0) {
            Answer::Unavailable(reason) => break reason,
            _ => assert!(started.elapsed() < Duration::from_secs(6), "still answered"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(matches!(too_old, Unavailable::TooOld { seconds: 3600..3610 }), "{too_old:?}");
    assert!(too_old.to_string().contains("1h 0m ago"), "{too_old}");
    assert_eq!(writer.verify(7, now()).await.unwrap(), Outcome::Done);
    until(&store, &["sku-1"], &[found("sku-1", "a 1")], Duration::from_secs(4)).await;
}

#[tokio::test]
async fn an_outage_ends_by_itself_and_nothing_from_before_is_answered_after() {
    let mut server = Server::start().await;
    let connection = server.connect().await;
    load(&writer(&connection), &snapshot(7, 1), &rows(5, "a")).await;
    let store = hot(&server, &scope()).await;
    let _following = Following::of(&store);
    until(&store, &["sku-1"], &[found("sku-1", "a 1")], Duration::from_secs(2)).await;
    server.kill();
    until(&store, &["sku-1"], &[unavailable(Unavailable::Unreachable)], Duration::from_secs(4)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.start_again().await;
    // It has lost everything, and says so until it is filled.
    until(&store, &["sku-1"], &[unavailable(Unavailable::NotSynced)], Duration::from_secs(4)).await;
    let connection = server.connect().await;
    load(&writer(&connection), &snapshot(8, 1), &rows(5, "b")).await;
    until(&store, &["sku-1"], &[found("sku-1", "b 1")], Duration::from_secs(3)).await;
}
