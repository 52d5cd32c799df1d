//! A Redis server of a test's own: on a free port of loopback, with a folder of its own, ended with the test.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may panic, and uses what it needs"
)]

pub mod run;

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use weft_store::redis::{Access, ConnectionManager, connect};

/// A running server.
pub struct Server {
    process: Child,
    pub port: u16,
    arguments: Vec<String>,
    pub folder: TempDir,
}

impl Server {
    /// A server without persistence.
    pub async fn start() -> Self {
        Self::start_with(tempfile::tempdir().unwrap(), &|port| vec!["--port".to_owned(), port.to_string()], false).await
    }

    /// A server in `folder` with these arguments for a port; `tls` if that is all it speaks.
    pub async fn start_with(mut folder: TempDir, arguments: &dyn Fn(u16) -> Vec<String>, tls: bool) -> Self {
        // Another process may take the port in between.
        for _ in 0..20 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let arguments = arguments(port);
            let mut server = Self { process: spawn(folder.path(), &arguments), port, arguments, folder };
            if server.is_up(tls).await {
                return server;
            }
            folder = server.into_folder();
        }
        panic!("redis-server does not come up");
    }

    fn into_folder(mut self) -> TempDir {
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    /// Waits until the server answers; `false` if it ended.
    async fn is_up(&mut self, tls: bool) -> bool {
        for _ in 0..1000 {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            // TLS and users are what the test is about: there it is enough that the port is open.
            let up = if tls {
                std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok()
            } else {
                connect(&self.access()).await.is_ok()
            };
            if up {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }

    /// How to reach it without TLS, user or password.
    pub fn access(&self) -> Access {
        Access { url: format!("redis://127.0.0.1:{}/0", self.port), username: None, password: None, ca: None }
    }

    pub async fn connect(&self) -> ConnectionManager {
        connect(&self.access()).await.unwrap()
    }

    /// Starts it again, with the same port and folder.
    pub async fn start_again(&mut self) {
        self.process = spawn(self.folder.path(), &self.arguments);
        assert!(self.is_up(false).await);
    }

    /// Stops the process without a chance to say goodbye.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn spawn(folder: &Path, arguments: &[String]) -> Child {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no", "--dir"])
        .arg(folder)
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("redis-server cannot be started ({error}); scripts/setup.sh test installs it"))
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
