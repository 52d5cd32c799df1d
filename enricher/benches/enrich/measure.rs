//! One run of one process from its start until every event is out.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::shop::{PARTITIONS, Shop};

/// What a run took.
pub(crate) struct Figures {
    pub(crate) per_cpu_second: f64,
    pub(crate) per_second: f64,
    pub(crate) peak_mib: f64,
}

/// Runs a command that writes all events to a topic of its own.
pub(crate) fn measure(shop: &Shop, name: &str, events: usize, command: impl FnOnce(&str) -> Command) -> Figures {
    let topic = shop.fresh_topic(name);
    let mut process = command(&topic).stdin(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    // From the first output on, so that joining the group, which the clock has but the processor has not, does not count.
    let mut first = None;
    let wall = loop {
        assert!(process.try_wait().unwrap().is_none(), "{name} ended before its events did");
        let out: i64 = shop.kafka.ends(&topic, PARTITIONS).values().sum();
        if out > 0 && first.is_none() {
            first = Some(Instant::now());
        }
        if out as usize >= events {
            break first.unwrap_or(started).elapsed();
        }
        assert!(started.elapsed() < Duration::from_secs(600), "{name}: {out} of {events} after ten minutes");
        std::thread::sleep(Duration::from_millis(50));
    };
    let (cpu, peak_mib) = used(&process);
    kill(Pid::from_raw(process.id().cast_signed()), Signal::SIGTERM).unwrap();
    process.wait().unwrap();
    let events = events as f64;
    Figures { per_cpu_second: events / cpu, per_second: events / wall.as_secs_f64(), peak_mib }
}

/// The seconds of processor time and the peak of resident memory, in MiB, of a process.
fn used(process: &Child) -> (f64, f64) {
    let read = |name| std::fs::read_to_string(format!("/proc/{}/{name}", process.id())).unwrap();
    let stat = read("stat");
    // Behind the name, which may hold blanks: state is the first field, user and system time the 12th and 13th.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    let status = read("status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib: f64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    (ticks / 100.0, kib / 1024.0)
}
