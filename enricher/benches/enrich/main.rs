//! How fast `weft enrich` is beside a client that passes the same records on untouched: events per second of its processor
//! time and of the clock, and its peak memory. The backlog is there beforehand.
//!
//!     WEFT_EVENTS=N  how many events (1,000,000 unless set)
//!     WEFT_ROWS=N    how many products (100,000 unless set)
//!
//! The last line is one JSON object with every figure.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a benchmark may panic, and prints")]

mod measure;
mod pass;
#[path = "../../store/tests/redis_server/mod.rs"]
mod redis_server;
mod shop;

use std::process::Command;

use measure::{Figures, measure};
use serde_json::{Map, json};
use shop::{Keys, Shop};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "pass") {
        return pass::run(&arguments[at + 1], &arguments[at + 2], &arguments[at + 3]);
    }
    let number = |name, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (events, rows) = (number("WEFT_EVENTS", 1_000_000) as usize, number("WEFT_ROWS", 100_000));
    let shop = Shop::open(rows);
    let mut all = Map::new();
    println!("{events} events, {rows} products\n");
    println!("{:<28} {:>14} {:>12} {:>9} {:>8}", "", "events/CPU s", "events/s", "peak MiB", "of pass");
    for keys in [Keys::Zipf, Keys::Uniform] {
        shop.produce(keys, events);
        let pass = measure(&shop, "pass", events, |topic| {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["pass", &shop.kafka.plain, &shop.topic_in(), topic]);
            command
        });
        show(&mut all, keys, "pass", &pass, &pass);
        for (name, cache) in [("hot", "128"), ("cold", "0")] {
            let figures = measure(&shop, name, events, |topic| shop.weft_enrich(name, topic, cache));
            show(&mut all, keys, name, &figures, &pass);
        }
    }
    println!("{}", json!({"events": events, "rows": rows, "runs": all}));
}

fn show(all: &mut Map<String, serde_json::Value>, keys: Keys, name: &str, figures: &Figures, pass: &Figures) {
    let ratio = figures.per_cpu_second / pass.per_cpu_second;
    println!(
        "{:<28} {:>14.0} {:>12.0} {:>9.0} {:>8.2}",
        format!("{keys:?} keys, {name}"),
        figures.per_cpu_second,
        figures.per_second,
        figures.peak_mib,
        ratio
    );
    let values = json!({
        "perCpuSecond": figures.per_cpu_second, "perSecond": figures.per_second, "peakMib": figures.peak_mib, "ofPass": ratio,
    });
    all.insert(format!("{keys:?}-{name}").to_lowercase(), values);
}
