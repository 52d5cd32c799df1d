//! An enricher that runs: what it logs, counts, answers and takes of memory, and how it ends.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::world::PATIENCE;

/// A running `weft enrich`.
pub(crate) struct Enricher {
    process: Child,
    log: PathBuf,
}

impl Enricher {
    /// Starts it, with a file for its log.
    pub(crate) fn start(mut command: Command, log: PathBuf) -> Self {
        command.stderr(File::create(&log).unwrap());
        Self { process: command.spawn().unwrap(), log }
    }

    /// Everything it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until it has logged something.
    pub(crate) fn logs(&mut self, text: &str) {
        self.logs_times(text, 1);
    }

    /// Waits until it has logged something so many times.
    pub(crate) fn logs_times(&mut self, text: &str, times: usize) {
        self.waits_until(text, |log| log.matches(text).count() >= times);
    }

    /// How often the group has given it partitions; that it was given none is logged too.
    pub(crate) fn given(&self) -> usize {
        given(&self.log())
    }

    /// Waits until the group has given it partitions so many times.
    pub(crate) fn is_given(&mut self, times: usize) {
        self.waits_until("that partitions are read", |log| given(log) >= times);
    }

    fn waits_until(&mut self, what: &str, mut is_so: impl FnMut(&str) -> bool) {
        let started = Instant::now();
        while !is_so(&self.log()) {
            let ended = self.process.try_wait().unwrap();
            assert!(ended.is_none(), "it ended ({ended:?}) before it logged {what:?}:\n{}", self.log());
            assert!(started.elapsed() < PATIENCE, "it does not log {what:?}:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the admin port answers: the status and the body.
    pub(crate) fn get(&self, path: &str) -> Option<(u16, String)> {
        let log = self.log();
        let port = log.split_once("\"address\":\"127.0.0.1:")?.1.split_once('"')?.0.parse().ok()?;
        get(port, path)
    }

    /// The counters whose names begin like this, with their labels.
    pub(crate) fn counters(&self, name: &str) -> BTreeMap<String, u64> {
        let text = self.get("/metrics").map(|(_, text)| text).unwrap_or_default();
        let lines =
            text.lines().filter_map(|line| line.rsplit_once(' ')).filter(|(counter, _)| counter.starts_with(name));
        lines.map(|(counter, value)| (counter.to_owned(), value.parse().unwrap())).collect()
    }

    /// The most memory that it had resident so far, and what it has now, in KiB.
    pub(crate) fn memory(&self) -> (u64, u64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let field = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim_end_matches(" kB").trim().parse().unwrap()
        };
        (field("VmHWM:"), field("VmRSS:"))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.process.id().cast_signed()), signal).unwrap();
    }

    /// Asks it to end, and waits until it has, with everything delivered.
    pub(crate) fn stop(self) {
        stop_all(vec![self]);
    }

    /// Waits until it has ended.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "it does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn given(log: &str) -> usize {
    log.lines().filter(|line| line.contains("partitions are read") && !line.contains("[]")).count()
}

/// The status and the body of an answer to GET.
pub(crate) fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: weft\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

/// Asks enrichers to end, all at once, and waits until they have, with everything delivered.
pub(crate) fn stop_all(enrichers: Vec<Enricher>) {
    enrichers.iter().for_each(|enricher| enricher.signal(Signal::SIGTERM));
    for mut enricher in enrichers {
        let status = enricher.ended();
        assert_eq!(status.code(), Some(0), "{}", enricher.log());
    }
}

impl Drop for Enricher {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            println!("the enricher's log:\n{}", self.log());
        }
    }
}
