//! What `weft sync` costs, beside the least that a copy could cost on the same servers: a first load beside a sorted
//! copy of the table that is read out, and beside `redis-cli --pipe` of the same rows; later runs beside the bare
//! difference and the rewriting of the snapshot. Servers and figures are of one machine; figures are medians; the last
//! line is JSON.
//!
//! `cargo bench -p weft --profile dist --features postgres,redis --bench sync`, with `WEFT_ROWS` (1,000,000),
//! `WEFT_BIG` (rows of the one large table, 5 times that) and `WEFT_ROUNDS` (3) in the environment.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "figures are what a benchmark is for")]

mod baseline;
mod figures;
#[path = "../../tests/sync/frames.rs"]
#[allow(dead_code, reason = "there is no proxy here")]
mod frames;
mod items;
mod machine;
mod measured;
#[path = "../../warehouse/tests/postgres/server.rs"]
#[allow(dead_code, reason = "each user of the server needs something else of it")]
mod postgres;
#[path = "../../tests/sync/proxy.rs"]
#[allow(dead_code, reason = "there is no proxy here")]
mod proxy;
#[path = "../../store/tests/redis_server/mod.rs"]
mod redis_server;
mod store;
#[path = "../../tests/sync/world.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod world;

use serde_json::{Value, json};

use crate::figures::{median, tell};
use crate::measured::{Cost, measured, sync};
use crate::world::{World, entity};

/// What happens to so many of a million rows between two runs, and how it is called.
const CHANGES: [(&str, u64, u64); 5] = [
    ("0 % changed", 0, 0),
    ("0.1 % changed", 1_000, 0),
    ("1 % changed", 10_000, 0),
    ("10 % changed", 100_000, 0),
    ("0.1 % deleted", 0, 1_000),
];

/// What the figures should reach.
const LEAST_OF_SLOWER: f64 = 0.6;
const MOST_OF_DIFFERENCE: f64 = 1.3;
const MOST_OF_JSON: f64 = 1.25;
const MOST_MIB: f64 = 128.0;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!("{}", runtime.block_on(measure()));
}

/// A number that the environment may give.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

async fn measure() -> Value {
    let rows = setting("WEFT_ROWS", 1_000_000);
    let (big, rounds) = (setting("WEFT_BIG", 5 * rows), setting("WEFT_ROUNDS", 3));
    let world = with_rows(rows).await;
    let json_bytes = items::json_bytes(&world).await;
    println!(
        "{rows} rows of 12 columns, {json_bytes:.0} bytes of JSON each; medians of {rounds} rounds; PostgreSQL with \
         fsync=off, Redis without persistence and first at the processor\n"
    );
    let stalls = machine::Stalls::watch();
    let load = first_loads(&world, rows, rounds).await;
    let bytes = load["bytesPerRow"].as_f64().unwrap();
    tell("memory in Redis", &format!("{bytes:.0} bytes a row"), Some((bytes / json_bytes, MOST_OF_JSON, "its JSON")));
    let later = later_runs(&world, rows, rounds).await;
    let lookup = store::cpu_per_key(&world, rows).await;
    let (slow, stalls) = (store::slow_commands(&world).await, stalls.so_far());
    tell("Redis' time for a looked-up key", &format!("{lookup:.2} µs"), None);
    tell("commands of Redis beyond 10 ms", &format!("{} {slow:?}", slow.len()), None);
    tell("  waits beyond 10 ms of a thread that only naps", &stalls.to_string(), None);
    drop(world);
    let big = large(big).await;
    json!({
        "rows": rows, "rounds": rounds, "firstLoad": load, "later": later, "large": big,
        "redis": {"bytesPerRow": bytes, "ofJson": bytes / json_bytes, "microsecondsPerKey": lookup, "slowCommands": slow},
        "machineStalls": stalls,
    })
}

/// The servers, and the table with so many rows.
async fn with_rows(rows: u64) -> World {
    let redis = redis_server::Server::start().await;
    let mut world = World::with(&[], redis, &entity("item", "public.item", &["id"])).await;
    world.without_proxies();
    store::prepare(&world).await;
    items::fill(&world, rows).await;
    world
}

/// First loads of the whole table, in turn with the two copies that they are held against.
async fn first_loads(world: &World, rows: u64, rounds: u64) -> Value {
    // Once for the caches' sake, and for the rows that the pipe is fed with.
    sync(world).await;
    let bytes = store::bytes(world).await / rows as f64;
    let pipe = baseline::Pipe::new(world).await;
    world.command_redis(&["SLOWLOG", "RESET"]).await;
    let (mut copies, mut pipes, mut loads): (Vec<Cost>, Vec<Cost>, Vec<Cost>) = Default::default();
    for round in 0..rounds {
        if round % 2 == 0 {
            copies.push(measured(world, baseline::copy(world)).await);
            pipes.push(measured(world, pipe.run()).await);
            pipe.empty().await;
        }
        store::forget(world).await;
        loads.push(sync(world).await);
        if round % 2 == 1 {
            copies.push(measured(world, baseline::copy(world)).await);
            pipes.push(measured(world, pipe.run()).await);
            pipe.empty().await;
        }
    }
    let rate = |costs: &[Cost]| rows as f64 / median(costs, |cost| cost.seconds);
    let (copy, piped, load) = (rate(&copies), rate(&pipes), rate(&loads));
    let slower = copy.min(piped);
    let peak = median(&loads, |cost| cost.peak_mib);
    let (sql_cpu, own_cpu) = (median(&loads, |cost| cost.postgres_cpu), median(&loads, |cost| cost.own_cpu));
    tell("sorted copy in the warehouse, read out", &format!("{copy:.0} rows/s"), None);
    tell("redis-cli --pipe", &format!("{piped:.0} rows/s"), None);
    tell(
        "first load",
        &format!("{load:.0} rows/s"),
        Some((load / slower, LEAST_OF_SLOWER, "the slower one (at least)")),
    );
    tell("  CPU time of PostgreSQL, of weft", &format!("{sql_cpu:.1} s, {own_cpu:.1} s"), None);
    tell("  CPU time of PostgreSQL in the copy", &format!("{:.1} s", median(&copies, |cost| cost.postgres_cpu)), None);
    tell("  peak memory of weft", &format!("{peak:.0} MiB of {MOST_MIB:.0}"), None);
    json!({
        "rowsPerSecond": load, "copyRowsPerSecond": copy, "pipeRowsPerSecond": piped, "ratio": load / slower,
        "peakMiB": peak, "postgresCpuSeconds": sql_cpu, "weftCpuSeconds": own_cpu, "bytesPerRow": bytes,
    })
}

/// Runs after changes, each beside the bare difference.
async fn later_runs(world: &World, rows: u64, rounds: u64) -> Vec<Value> {
    let mut later = Vec::new();
    for (name, changed, deleted) in CHANGES {
        let of = |share: u64| rows * share / 1_000_000;
        let (mut bare, mut runs): (Vec<Cost>, Vec<Cost>) = Default::default();
        for _ in 0..rounds {
            items::change(world, of(changed), of(deleted)).await;
            // Once for the caches' sake.
            baseline::difference(world, false).await;
            bare.push(measured(world, baseline::difference(world, changed + deleted > 0)).await);
            runs.push(sync(world).await);
        }
        let (seconds, least) = (median(&runs, |cost| cost.seconds), median(&bare, |cost| cost.seconds));
        let (sql_cpu, bare_cpu) = (median(&runs, |cost| cost.postgres_cpu), median(&bare, |cost| cost.postgres_cpu));
        let peak = median(&runs, |cost| cost.peak_mib);
        let figure = format!("{seconds:.2} s, PostgreSQL {sql_cpu:.1} s of CPU beside {bare_cpu:.1}, {peak:.0} MiB");
        tell(name, &figure, Some((seconds / least, MOST_OF_DIFFERENCE, "the bare difference")));
        later.push(json!({
            "what": name, "seconds": seconds, "bareSeconds": least, "ratio": seconds / least,
            "postgresCpuSeconds": sql_cpu, "barePostgresCpuSeconds": bare_cpu, "peakMiB": peak,
        }));
    }
    later
}

/// One first load of a large table: its memory must not grow with it.
async fn large(rows: u64) -> Value {
    if rows == 0 {
        return Value::Null;
    }
    let world = with_rows(rows).await;
    let Cost { seconds, peak_mib, .. } = sync(&world).await;
    let rate = rows as f64 / seconds;
    tell(&format!("first load of {rows} rows"), &format!("{rate:.0} rows/s, {peak_mib:.0} MiB of {MOST_MIB:.0}"), None);
    json!({"rows": rows, "rowsPerSecond": rate, "peakMiB": peak_mib})
}
