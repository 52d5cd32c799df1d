//! How much of the machine's time `weft run` needs per event, beside what reading, checking and writing the same
//! lines takes. Everything is measured in one run on one machine; each measurement is a process of its own.
//!
//! `cargo bench -p weft --profile dist --bench run [-- EVENTS | condition]`; `condition` measures that alone.

#![allow(clippy::print_stdout, clippy::print_stderr)] // figures are what a benchmark is for

mod child;
mod condition;
mod data;

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use child::Figures;
use serde_json::json;

#[global_allocator]
static ALLOCATOR: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;

const ROUNDS: usize = 5;
const ROWS: u64 = 100_000;
const CONDITIONS_JUDGED: u64 = 1_000_000;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.split_first() {
        Some((mode, rest)) if mode == "--child" => child::run(rest),
        Some((mode, _)) if mode == "condition" => {
            println!("{}", json!({ "condition_ten_terms_ns": print_condition(CONDITIONS_JUDGED) }));
            ExitCode::SUCCESS
        }
        _ => drive(arguments.first().and_then(|text| text.parse().ok()).unwrap_or(1_000_000)),
    }
}

/// Prints what a condition costs, in nanoseconds per event.
fn print_condition(judged: u64) -> f64 {
    let nanoseconds = condition::nanoseconds(ROUNDS, judged).round();
    println!("a condition of ten terms             {nanoseconds:>12.0} ns of CPU time per event, its fields found");
    nanoseconds
}

fn drive(events: u64) -> ExitCode {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let bytes = data::write(folder.path(), events, ROWS);
    let per_event = bytes / events;
    println!("{events} events of {per_event} bytes, {ROWS} rows; median of {ROUNDS} rounds, output to /dev/null\n");

    let modes = ["copy", "parse", "serde", "run"];
    let mut rounds: Vec<[Figures; 4]> = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(modes.map(|mode| measure(mode, folder.path())));
    }
    let median = |pick: &dyn Fn(&[Figures; 4]) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(pick).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let rate = |mode: usize| median(&|round| events as f64 / round[mode].cpu_seconds);
    let ratio = |mode: usize| median(&|round| round[mode].cpu_seconds / round[3].cpu_seconds);
    let run = |pick: &dyn Fn(&Figures) -> f64| median(&|round| pick(&round[3]));

    let [copy, parse, serde, weft] = [rate(0), rate(1), rate(2), rate(3)];
    // What a run allocates before and after its events does not depend on their number.
    let start = child::figures_of(folder.path(), "run", Some("few.jsonl"));
    let allocations = (run(&|figures| figures.allocations) - start.allocations) / (events - data::FEW) as f64;
    let load = start.cpu_seconds;
    let joined = events as f64 / (run(&|figures| figures.cpu_seconds) - load);
    let peak = run(&|figures| figures.peak_mib);
    println!("read and write the lines             {copy:>12.0} events per CPU second");
    println!("  and check them with Weft's scanner {parse:>12.0}");
    println!("  and check them with serde_json     {serde:>12.0}");
    println!(
        "weft run, whole                      {weft:>12.0}   {:.2} of the checking loop, {:.2} of the copy",
        ratio(1),
        ratio(0)
    );
    println!("weft run, less start and table load  {joined:>12.0}   ({load:.2} CPU seconds for {ROWS} rows)");
    println!("allocations per event {allocations:.4}, peak memory {peak:.1} MiB");
    let condition_ten_terms_ns = print_condition(CONDITIONS_JUDGED);
    println!(
        "{}",
        json!({
            "events": events, "bytesPerEvent": per_event, "rows": ROWS,
            "copyEventsPerCpuSecond": copy.round(), "parseEventsPerCpuSecond": parse.round(),
            "serdeJsonParseEventsPerCpuSecond": serde.round(), "runEventsPerCpuSecond": weft.round(),
            "runWithoutLoadEventsPerCpuSecond": joined.round(),
            "ratioToParse": ratio(1), "ratioToCopy": ratio(0), "loadCpuSeconds": load,
            "runWallSeconds": run(&|figures| figures.wall_seconds),
            "allocationsPerEvent": allocations, "peakMiB": peak,
            "condition_ten_terms_ns": condition_ten_terms_ns,
        })
    );
    ExitCode::SUCCESS
}

fn measure(mode: &str, folder: &Path) -> Figures {
    child::figures_of(folder, mode, None)
}

/// Runs this program again in another mode and gives the last line it printed.
fn again(arguments: &[&str]) -> String {
    let program = std::env::current_exe().expect("a running program has a path");
    let output = Command::new(program)
        .args(arguments)
        .stderr(Stdio::piped())
        .output()
        .expect("this program can be started again");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} failed: {errors}");
    errors.lines().last().expect("a child prints its figures last").to_owned()
}
