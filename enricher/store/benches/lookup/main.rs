//! What looking rows up costs: keys answered from memory, batches that ask Redis, and the memory of a row that is kept.
//! Redis is one that the benchmark starts; everything is measured on one thread, in medians of rounds.
//!
//! `cargo bench -p weft-store --profile dist --features servers --bench lookup [-- hits]`; `hits` goes on with hits for
//! ten seconds, for a profiler.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints figures, and may panic")]

#[path = "../../tests/redis_server/mod.rs"]
mod redis_server;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use redis_server::Server;
use redis_server::run::{OWNER, SLUG, load, rows, snapshot, writer};
use serde_json::json;
use weft_store::hot::{HotStore, Scope};
use weft_store::{Answer, Reader as _};

#[global_allocator]
static ALLOCATOR: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;

const ROWS: usize = 100_000;
const BATCH: usize = 400;
const ROUNDS: usize = 9;
/// Batches of a round: far less than the time that answers are valid for.
const HIT_BATCHES: usize = 500;
const MISS_BATCHES: usize = 50;

/// The text that fills a row up to some 250 B.
const FILLING: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz\
    ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefg";

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(measure(std::env::args().any(|argument| argument == "hits")));
}

async fn store(server: &Server, cache_bytes: u64) -> Arc<HotStore> {
    let access = server.access();
    let (namespace, graph, owner) = ("shop".to_owned(), "main".to_owned(), OWNER.to_owned());
    let scope = Scope { namespace, graph, owner, max_staleness: None, cache_bytes };
    HotStore::connect(&scope, move || access.clone()).await.unwrap()
}

/// Numbers that are spread, and the same each time.
fn spread(number: usize) -> usize {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 17
}

fn batch(texts: &[String], first: usize, among: usize) -> Vec<&[u8]> {
    (first..first + BATCH).map(|number| texts[spread(number) % among].as_bytes()).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Nanoseconds per key of batches that are answered from memory, and allocations per batch.
async fn hits(store: &HotStore, texts: &[String], among: usize) -> (f64, f64) {
    let mut follower = store.follower();
    store.meta(SLUG).await.unwrap();
    let mut answers = Vec::new();
    for keys in texts[..among].chunks(BATCH) {
        follower.step().await;
        let keys: Vec<&[u8]> = keys.iter().map(|key| key.as_bytes()).collect();
        store.fetch(SLUG, &keys, &mut answers).await;
        answers.clear();
    }
    let mut rounds = Vec::new();
    let mut allocations = 0;
    for round in 0..ROUNDS {
        follower.step().await;
        let batches: Vec<Vec<&[u8]>> =
            (0..HIT_BATCHES).map(|number| batch(texts, (round * HIT_BATCHES + number) * BATCH, among)).collect();
        let before = ALLOCATOR.stats().allocations;
        let started = Instant::now();
        for keys in &batches {
            {
                let fetch = pin!(store.fetch(SLUG, keys, &mut answers));
                assert!(fetch.poll(&mut Context::from_waker(Waker::noop())).is_ready(), "memory has them all");
            }
            std::hint::black_box(&answers);
            answers.clear();
        }
        rounds.push(started.elapsed().as_nanos() as f64 / (HIT_BATCHES * BATCH) as f64);
        allocations = ALLOCATOR.stats().allocations - before;
    }
    (median(rounds), allocations as f64 / HIT_BATCHES as f64)
}

/// Microseconds per batch whose keys are asked for in Redis.
async fn misses(server: &Server, texts: &[String], cache_bytes: u64) -> f64 {
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let store = store(server, cache_bytes).await;
        let mut follower = store.follower();
        store.meta(SLUG).await.unwrap();
        follower.step().await;
        let mut answers = Vec::new();
        let started = Instant::now();
        for number in 0..MISS_BATCHES {
            let start = (round * MISS_BATCHES + number) * BATCH % (ROWS - BATCH);
            let keys: Vec<&[u8]> = texts[start..start + BATCH].iter().map(|key| key.as_bytes()).collect();
            store.fetch(SLUG, &keys, &mut answers).await;
            assert!(answers.iter().all(|answer| matches!(answer, Answer::Found(_))));
            answers.clear();
        }
        rounds.push(started.elapsed().as_nanos() as f64 / 1000.0 / MISS_BATCHES as f64);
    }
    median(rounds)
}

/// Bytes that are allocated for each of so many rows that are kept, and those of its key and row.
async fn memory(server: &Server, texts: &[String], count: usize) -> (f64, f64) {
    let store = store(server, 1 << 30).await;
    let mut follower = store.follower();
    store.meta(SLUG).await.unwrap();
    follower.step().await;
    let mut answers: Vec<Answer> = Vec::with_capacity(BATCH);
    let (mut size, before) = (0, ALLOCATOR.stats());
    for keys in texts[..count].chunks(BATCH) {
        let keys: Vec<&[u8]> = keys.iter().map(|key| key.as_bytes()).collect();
        store.fetch(SLUG, &keys, &mut answers).await;
        size += keys.iter().map(|key| key.len()).sum::<usize>();
        for answer in answers.drain(..) {
            let Answer::Found(row) = answer else { continue };
            size += row.as_bytes().len();
        }
        follower.step().await;
    }
    let after = ALLOCATOR.stats();
    let held = (after.bytes_allocated - before.bytes_allocated) - (after.bytes_deallocated - before.bytes_deallocated);
    (held as f64 / count as f64, size as f64 / count as f64)
}

async fn measure(only_hits: bool) {
    let server = Server::start().await;
    let connection = server.connect().await;
    load(&writer(&connection), &snapshot(7, 32), &rows(ROWS, FILLING)).await;
    let texts: Vec<String> = (0..ROWS).map(|number| format!("sku-{number}")).collect();
    let kept = store(&server, 1 << 30).await;
    if only_hits {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(10) {
            println!("{:.1} ns per hit", hits(&kept, &texts, ROWS).await.0);
        }
        return;
    }
    let (few, allocations) = hits(&kept, &texts, 1000).await;
    let (all, _) = hits(&kept, &texts, ROWS).await;
    let (cold, off) = (misses(&server, &texts, 64 << 20).await, misses(&server, &texts, 0).await);
    let (held, size) = memory(&server, &texts, 60_000).await;
    println!("a hit, 1,000 rows are asked for      {few:>9.0} ns");
    println!("a hit, {ROWS} rows                 {all:>9.0} ns");
    println!("allocations per batch of {BATCH} hits     {allocations:>9.1}");
    println!("a batch of {BATCH} misses               {cold:>9.0} µs");
    println!("a batch of {BATCH}, the cache off       {off:>9.0} µs");
    println!("memory of a row of {size:.0} B with its key {held:>7.0} B, as an allocator is asked for them");
    println!(
        "{}",
        json!({
            "hitFewNs": few.round(), "hitAllNs": all.round(), "allocationsPerHitBatch": allocations, "batch": BATCH,
            "rows": ROWS, "missBatchUs": cold.round(), "offBatchUs": off.round(), "rowAndKeyBytes": size.round(),
            "heldBytesPerRow": held.round(),
        })
    );
}
