//! What `weft sync` costs, beside the least that a copy could cost on the same servers: a first load beside a sorted
//! copy of the table that is read out, and beside `redis-cli --pipe` of the same rows; later runs beside the bare
//! difference and the rewriting of the snapshot. Servers and figures are of one machine; the last line is JSON.
//!
//! `cargo bench -p weft --profile dist --features postgres,redis --bench sync [-- ROWS]`

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "figures are what a benchmark is for")]

mod baseline;
#[path = "../../tests/sync/frames.rs"]
#[allow(dead_code, reason = "there is no proxy here")]
mod frames;
mod items;
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

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::world::{Run, World, entity};

/// What happens to so many of a million rows between two runs, and how it is called.
const CHANGES: [(&str, u64, u64); 5] = [
    ("0 % changed", 0, 0),
    ("0.1 % changed", 1_000, 0),
    ("1 % changed", 10_000, 0),
    ("10 % changed", 100_000, 0),
    ("0.1 % deleted", 0, 1_000),
];

fn main() {
    let rows = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!("{}", runtime.block_on(measure(rows)));
}

async fn measure(rows: u64) -> Value {
    let redis = redis_server::Server::start().await;
    let mut world = World::with(&[], redis, &entity("item", "public.item", &["id"])).await;
    world.without_proxies();
    items::fill(&world, rows).await;
    let json_bytes = items::json_bytes(&world).await;
    println!("{rows} rows of 12 columns, {json_bytes:.0} bytes of JSON each\n");

    let copied = baseline::copied(&world).await;
    let empty = store::memory(&world).await;
    let loaded = sync(&world).await;
    let bytes = (store::memory(&world).await - empty) / rows as f64;
    let mut slow = store::slow_commands(&world).await;
    let piped = baseline::piped(&world).await;
    // Reading whole buckets for it may have been slow.
    world.command_redis(&["SLOWLOG", "RESET"]).await;
    let slowest = copied.max(piped);
    let rate = |seconds: f64| rows as f64 / seconds;
    tell("sorted copy in the warehouse, read out", &format!("{:.0} rows/s", rate(copied)));
    tell("redis-cli --pipe", &format!("{:.0} rows/s", rate(piped)));
    tell(
        "first load",
        &format!("{:.0} rows/s, {:.2} of the slower one", rate(loaded.seconds), slowest / loaded.seconds),
    );
    tell("peak memory of it", &format!("{:.0} MiB", loaded.peak_mib));
    tell("memory in Redis", &format!("{bytes:.0} bytes a row, {:.2} of its JSON", bytes / json_bytes));

    let mut later = Vec::new();
    for (name, changed, deleted) in CHANGES {
        let of = |share: u64| rows * share / 1_000_000;
        items::change(&world, of(changed), of(deleted)).await;
        let bare = baseline::difference(&world, changed + deleted > 0).await;
        let run = sync(&world).await;
        let ratio = run.seconds / bare;
        tell(name, &format!("{:.2} s, {ratio:.2} of the bare difference, {:.0} MiB", run.seconds, run.peak_mib));
        later.push(
            json!({"what": name, "seconds": run.seconds, "bareSeconds": bare, "ratio": ratio, "peakMiB": run.peak_mib}),
        );
    }
    let lookup = store::cpu_per_key(&world, rows).await;
    slow += store::slow_commands(&world).await;
    tell("Redis' time for a looked-up key", &format!("{lookup:.2} µs"));
    tell("commands of Redis beyond 10 ms", &slow.to_string());
    json!({
        "rows": rows,
        "firstLoad": {
            "rowsPerSecond": rate(loaded.seconds), "copyRowsPerSecond": rate(copied), "pipeRowsPerSecond": rate(piped),
            "ratio": slowest / loaded.seconds, "peakMiB": loaded.peak_mib,
        },
        "later": later,
        "redis": {"bytesPerRow": bytes, "ofJson": bytes / json_bytes, "microsecondsPerKey": lookup, "slowCommands": slow},
    })
}

fn tell(what: &str, figure: &str) {
    println!("{what:<42} {figure}");
}

/// One run: how long it took and how much memory it had at most.
struct Measured {
    seconds: f64,
    peak_mib: f64,
}

async fn sync(world: &World) -> Measured {
    let started = Instant::now();
    let child = world.spawn(&[], None);
    let status = format!("/proc/{}/status", child.id().unwrap());
    let mut ends = std::pin::pin!(world.end(child));
    let mut peak_kib = 0.0;
    let run: Run = loop {
        // The kernel keeps the peak: the last look before the end tells it.
        tokio::select! {
            run = &mut ends => break run,
            () = tokio::time::sleep(Duration::from_millis(5)) => {}
        }
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak_kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(peak_kib);
    };
    run.done();
    Measured { seconds: started.elapsed().as_secs_f64(), peak_mib: peak_kib / 1024.0 }
}
