//! How fast `weft enrich` is beside a client that passes the same records on untouched: events per second of its processor
//! time and of the clock, peak memory and Redis' time per event from a backlog that is there beforehand; then how long an
//! event takes at half load.
//!
//!     WEFT_EVENTS=N  how many events (1,000,000 unless set)
//!     WEFT_ROWS=N    how many products (100,000 unless set)
//!     WEFT_ROUNDS=N  how often each backlog is worked off, in turn; medians are shown (3 unless set)
//!     WEFT_RATE=N    events per second for the latencies; a quarter of what the slowest took of the backlog unless set, 0 skips:
//!                    half the load of a machine that also sends and reads them
//!
//! The last line is one JSON object with every figure.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a benchmark may panic, and prints")]

mod events;
mod latency;
mod manifests;
mod measure;
mod pass;
#[path = "../../store/tests/redis_server/mod.rs"]
mod redis_server;
mod shop;

use events::Keys;
use manifests::Work;
use measure::{Figures, backlog, median};
use serde_json::{Map, Value, json};
use shop::Shop;

/// What is measured, and of which events.
struct Contender {
    name: &'static str,
    keys: Keys,
    /// Rules for weft, and the MiB of rows that it holds in memory; without them the bare client.
    weft: Option<(Work, u32)>,
}

const HOT: u32 = 32;

const CONTENDERS: [Contender; 12] = [
    Contender { name: "pass", keys: Keys::Zipf, weft: None },
    Contender { name: "hot", keys: Keys::Zipf, weft: Some((Work::One, HOT)) },
    Contender { name: "cold", keys: Keys::Zipf, weft: Some((Work::One, 0)) },
    Contender { name: "pass", keys: Keys::Uniform, weft: None },
    Contender { name: "hot", keys: Keys::Uniform, weft: Some((Work::One, HOT)) },
    Contender { name: "cold", keys: Keys::Uniform, weft: Some((Work::One, 0)) },
    Contender { name: "hot, 3 entities", keys: Keys::Zipf, weft: Some((Work::Three, HOT)) },
    Contender { name: "cold, 3 entities", keys: Keys::Zipf, weft: Some((Work::Three, 0)) },
    Contender { name: "hot, a hop", keys: Keys::Zipf, weft: Some((Work::Hop, HOT)) },
    Contender { name: "cold, a hop", keys: Keys::Zipf, weft: Some((Work::Hop, 0)) },
    Contender { name: "hot, an array of 3", keys: Keys::Zipf, weft: Some((Work::Array, HOT)) },
    Contender { name: "cold, an array of 3", keys: Keys::Zipf, weft: Some((Work::Array, 0)) },
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "pass") {
        return pass::run(&arguments[at + 1], &arguments[at + 2], &arguments[at + 3]);
    }
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let events = number("WEFT_EVENTS").unwrap_or(1_000_000) as usize;
    let (rows, rounds) = (number("WEFT_ROWS").unwrap_or(100_000), number("WEFT_ROUNDS").unwrap_or(3));
    let shop = Shop::open(rows);
    println!("{events} events of {} bytes, {rows} products; medians of {rounds} rounds\n", shop.event_bytes());
    let (backlogs, slowest) = backlogs(&shop, events, rounds);
    let rate = number("WEFT_RATE").unwrap_or(slowest as u64 / 4);
    let latencies = if rate > 0 { latencies(&shop, rate) } else { Map::new() };
    println!(
        "{}",
        json!({"events": events, "rows": rows, "rounds": rounds, "backlog": backlogs, "latency": latencies})
    );
}

/// Works the backlogs off; gives the figures, and the events per second of the slowest of the first three.
fn backlogs(shop: &Shop, events: usize, rounds: u64) -> (Map<String, Value>, f64) {
    let mut taken: Vec<Vec<Figures>> = CONTENDERS.iter().map(|_| Vec::new()).collect();
    for keys in [Keys::Zipf, Keys::Uniform] {
        let from = shop.produce(keys, events);
        for _ in 0..rounds {
            for (contender, taken) in CONTENDERS.iter().zip(&mut taken).filter(|(one, _)| one.keys == keys) {
                taken.push(backlog(shop, contender.name, events, |to| shop.command(contender.weft, &from, to)));
            }
        }
        shop.kafka.delete_topic(&from);
    }
    let (mut all, mut slowest) = (Map::new(), f64::MAX);
    println!(
        "{:<30} {:>14} {:>10} {:>9} {:>12} {:>8}",
        "", "events/CPU s", "events/s", "peak MiB", "Redis µs/ev", "of pass"
    );
    let pass = |keys| {
        let found = CONTENDERS.iter().position(|one| one.keys == keys && one.weft.is_none());
        median(&taken[found.unwrap()], |figures| figures.per_cpu_second)
    };
    for (contender, taken) in CONTENDERS.iter().zip(&taken) {
        let of = |pick: fn(&Figures) -> f64| median(taken, pick);
        let (per_cpu_second, per_second) = (of(|one| one.per_cpu_second), of(|one| one.per_second));
        let (peak_mib, redis) = (of(|one| one.peak_mib), of(|one| one.redis_microseconds));
        let of_pass = per_cpu_second / pass(contender.keys);
        let name = format!("{:?} keys, {}", contender.keys, contender.name);
        println!("{name:<30} {per_cpu_second:>14.0} {per_second:>10.0} {peak_mib:>9.0} {redis:>12.2} {of_pass:>8.2}");
        let figures = json!({
            "perCpuSecond": per_cpu_second, "perSecond": per_second, "peakMib": peak_mib,
            "redisMicrosecondsPerEvent": redis, "ofPass": of_pass,
        });
        all.insert(name, figures);
        if matches!(contender.weft, None | Some((Work::One, _))) {
            slowest = slowest.min(per_second);
        }
    }
    (all, slowest)
}

/// How long events take at a rate, from the moment they are given to the producer until they are read.
fn latencies(shop: &Shop, rate: u64) -> Map<String, Value> {
    println!("\n{:<30} {:>10} {:>10} {:>10}   at {rate} events/s", "latency in ms", "p50", "p99", "p99.9");
    let mut all = Map::new();
    for contender in &CONTENDERS[..3] {
        let found = latency::measure(shop, rate, contender.name, |from, to| shop.command(contender.weft, from, to));
        let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|share| found.milliseconds(share));
        println!("{:<30} {p50:>10.1} {p99:>10.1} {p999:>10.1}", contender.name);
        let figures = json!({"rate": found.rate, "p50": p50, "p99": p99, "p99.9": p999});
        all.insert(contender.name.to_owned(), figures);
    }
    all
}
