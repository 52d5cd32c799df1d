//! A real Apache Kafka on free ports of loopback, for tests and benchmarks; kafka.sh starts it.
#![cfg(feature = "servers")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod records;
mod topics;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub use records::{Record, Sent};

/// No broker takes so long to answer, not even on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(90);

/// Brokers of one cluster; they end with it.
#[derive(Debug)]
pub struct Kafka {
    /// Where clients connect without TLS or login.
    pub plain: String,
    /// Where clients log in, over TLS, as [`Kafka::user`].
    pub sasl: String,
    /// Where clients show a certificate, over TLS.
    pub tls: String,
    /// The port of each broker's listener that clients are told to reach through a proxy (`KAFKA_PROXIES`).
    pub behind_proxies: Vec<u16>,
    /// The user of [`Kafka::sasl`].
    pub user: String,
    /// The user's password.
    pub password: String,
    brokers: usize,
    folder: TempDir,
}

impl Kafka {
    /// Starts one broker, or three, and waits until they answer.
    pub fn start(brokers: usize) -> Self {
        Self::start_with(brokers, &[])
    }

    /// Starts brokers with settings that kafka.sh takes from its environment.
    pub fn start_with(brokers: usize, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::Builder::new().prefix("weft-kafka-").tempdir().unwrap();
        let mut command = script();
        command.arg("start").arg(folder.path()).arg(brokers.to_string());
        command.env("KAFKA_OWNER", std::process::id().to_string()).envs(settings.iter().copied());
        if brokers > 1 && !settings.iter().any(|(name, _)| *name == "KAFKA_HEAP") {
            command.env("KAFKA_HEAP", "320m");
        }
        run(&mut command);
        let env = std::fs::read_to_string(folder.path().join("env")).unwrap();
        let value = |name: &str| {
            let found = env.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            found.unwrap_or_else(|| panic!("kafka.sh says no {name}")).to_owned()
        };
        let kafka = Self {
            plain: value("plain"),
            sasl: value("sasl"),
            tls: value("tls"),
            behind_proxies: value("behind").split(',').map(|port| port.parse().unwrap()).collect(),
            user: value("user"),
            password: value("password"),
            brokers,
            folder,
        };
        kafka.wait_until_ready();
        kafka
    }

    /// The file with what a client needs of certificates: `ca.crt`, `client.crt` or `client.key`.
    pub fn certificate(&self, name: &str) -> PathBuf {
        self.folder.path().join("tls").join(name)
    }

    /// The broker's process, to be measured.
    pub fn pid(&self, id: usize) -> u32 {
        let text = std::fs::read_to_string(self.folder.path().join(id.to_string()).join("pid")).unwrap();
        text.trim().parse().unwrap()
    }

    /// Ends a broker without a farewell; brokers count from 1.
    pub fn kill(&self, id: usize) {
        run(script().arg("kill").arg(self.folder.path()).arg(id.to_string()));
    }

    /// Starts a broker again, with the data it had.
    pub fn up(&self, id: usize) {
        run(script().arg("up").arg(self.folder.path()).arg(id.to_string()));
    }

    /// Runs one of Kafka's command line classes and gives what it prints.
    pub fn tool(&self, class: &str, arguments: &[&str]) -> String {
        let output = script().arg("tool").arg(self.folder.path()).arg(class).args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{class} {arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    /// Waits until every broker answers and all of them know each other.
    pub fn wait_until_ready(&self) {
        self.wait_until("the brokers answer", || self.known_brokers() == Some(self.brokers));
    }

    /// Waits until something is so; the test ends with the brokers' logs if that takes too long.
    pub fn wait_until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let started = Instant::now();
        while !is_so() {
            assert!(started.elapsed() < PATIENCE, "waited for {PATIENCE:?} until {what}\n{}", self.logs());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The end of each broker's log.
    fn logs(&self) -> String {
        let log = |id: usize| {
            let text = std::fs::read_to_string(self.folder.path().join(id.to_string()).join("log")).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            format!("broker {id}:\n{}\n", lines[lines.len().saturating_sub(20)..].join("\n"))
        };
        (1..=self.brokers).map(log).collect()
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        let _ = script().arg("stop").arg(self.folder.path()).status();
    }
}

fn script() -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("kafka.sh"));
    command.stdin(Stdio::null());
    command
}

fn run(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}
