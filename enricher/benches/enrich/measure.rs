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
    /// Redis' processor time for an event.
    pub(crate) redis_microseconds: f64,
}

/// Runs a command that writes all events of a backlog to a topic of its own.
pub(crate) fn backlog(shop: &Shop, name: &str, events: usize, command: impl FnOnce(&str) -> Command) -> Figures {
    let topic = shop.topic(name);
    let redis = shop.redis_seconds();
    let process = Process::start(&mut command(&topic));
    let started = Instant::now();
    // From the first output on, so that joining the group, which the clock has but the processor has not, does not count.
    let mut first = None;
    let wall = loop {
        let out: i64 = shop.kafka.ends(&topic, PARTITIONS).values().sum();
        if out > 0 && first.is_none() {
            first = Some((Instant::now(), out));
        }
        if out as usize >= events {
            let (since, already) = first.unwrap_or((started, 0));
            break since.elapsed().as_secs_f64() * events as f64 / (events as f64 - already as f64).max(1.0);
        }
        assert!(started.elapsed() < Duration::from_secs(600), "{name}: {out} of {events} after ten minutes");
        std::thread::sleep(Duration::from_millis(50));
    };
    let (cpu, peak_mib) = process.used();
    let redis_seconds = shop.redis_seconds() - redis;
    drop(process);
    // All of them together would take tens of gigabytes.
    shop.kafka.delete_topic(&topic);
    let redis_microseconds = redis_seconds * 1e6 / events as f64;
    let events = events as f64;
    Figures { per_cpu_second: events / cpu, per_second: events / wall, peak_mib, redis_microseconds }
}

/// The middle one of the figures.
pub(crate) fn median(all: &[Figures], pick: impl Fn(&Figures) -> f64) -> f64 {
    let mut figures: Vec<f64> = all.iter().map(pick).collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// A process that is asked to end with what measures it.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).spawn().unwrap())
    }

    /// The seconds of processor time and the peak of resident memory, in MiB.
    fn used(&self) -> (f64, f64) {
        let read = |name| std::fs::read_to_string(format!("/proc/{}/{name}", self.0.id())).unwrap();
        let stat = read("stat");
        // Behind the name, which may hold blanks: state is the first field, user and system time the 12th and 13th.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
        let status = read("status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kib: f64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        (ticks / 100.0, kib / 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.0.id().cast_signed()), Signal::SIGTERM);
        let _ = self.0.wait();
    }
}
