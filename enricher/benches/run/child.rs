//! What is measured: one way to deal with the events, in a process of its own.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use nix::sys::resource::{Usage, UsageWho, getrusage};
use serde::{Deserialize, Serialize};

const BUFFER: usize = 1 << 20;

#[derive(Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) cpu_seconds: f64,
    pub(crate) wall_seconds: f64,
    pub(crate) allocations: f64,
    pub(crate) peak_mib: f64,
}

/// Measures a mode in a process of its own.
pub(crate) fn figures_of(folder: &Path, mode: &str, events: Option<&str>) -> Figures {
    let events = folder.join(events.unwrap_or("events.jsonl"));
    let line = super::again(&["--child", mode, path(folder), path(&events)]);
    serde_json::from_str(&line).expect("a child prints figures")
}

fn path(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

/// The child: `MODE FOLDER EVENTS`.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let [mode, folder, events] = arguments else { return ExitCode::from(2) };
    let start = Instant::now();
    let before = super::ALLOCATOR.stats().allocations;
    match mode.as_str() {
        "copy" => lines(events, |_| true),
        "parse" => lines(events, weft::is_event),
        "serde" => lines(events, |line| serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()),
        _ => {
            let arguments = ["weft", "run", "-f", folder, "--events", events, "--output", "/dev/null", "-o", "json"]
                .map(Into::into);
            weft::main(arguments.into_iter());
        }
    }
    let figures = Figures {
        cpu_seconds: cpu_seconds(),
        wall_seconds: start.elapsed().as_secs_f64(),
        allocations: (super::ALLOCATOR.stats().allocations - before) as f64,
        peak_mib: usage().max_rss() as f64 / 1024.0,
    };
    eprintln!("{}", serde_json::to_string(&figures).expect("figures are JSON"));
    ExitCode::SUCCESS
}

/// What this process took of the machine's time so far.
pub(crate) fn cpu_seconds() -> f64 {
    let usage = usage();
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    seconds(usage.user_time()) + seconds(usage.system_time())
}

fn usage() -> Usage {
    getrusage(UsageWho::RUSAGE_SELF).expect("a process may ask for its own usage")
}

/// Reads lines and writes those that `keep` lets through, with buffers of 1 MiB.
fn lines(events: &str, keep: impl Fn(&[u8]) -> bool) {
    let mut input = File::open(events).expect("the events were written");
    let mut output = File::options().write(true).open("/dev/null").expect("there is a null device");
    let (mut buffer, mut end, mut out) = (vec![0; 2 * BUFFER], 0, Vec::with_capacity(2 * BUFFER));
    loop {
        let count = input.read(&mut buffer[end..end + BUFFER]).expect("the events can be read");
        end += count;
        let mut start = 0;
        while let Some(feed) = memchr::memchr(b'\n', &buffer[start..end]) {
            let line = &buffer[start..start + feed];
            assert!(keep(line), "every line is an event");
            out.extend_from_slice(line);
            out.push(b'\n');
            start += feed + 1;
        }
        if out.len() >= BUFFER || count == 0 {
            output.write_all(&out).expect("the null device takes everything");
            out.clear();
        }
        if count == 0 {
            return;
        }
        buffer.copy_within(start..end, 0);
        end -= start;
    }
}
