//! Lines between enrichers and their servers: they can be cut, and made to stand still.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// All lines together; they end with the process.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());

/// What becomes of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It passes.
    Open,
    /// It passes, each piece of 64 KiB or less so much later.
    Slow(Duration),
    /// Nothing passes, and nobody is told.
    Still,
    /// Connections are closed, and new ones too.
    Cut,
}

/// A line to one server.
pub(crate) struct Line {
    /// Where clients connect.
    pub(crate) port: u16,
    server: Arc<AtomicU16>,
    state: watch::Sender<State>,
}

impl Line {
    /// A line that leads nowhere yet.
    pub(crate) fn new() -> Self {
        let (state, seen) = watch::channel(State::Open);
        let listener = RUNTIME.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Arc::new(AtomicU16::new(0));
        let leads_to = Arc::clone(&server);
        RUNTIME.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                RUNTIME.spawn(connect(client, leads_to.load(Ordering::Relaxed), seen.clone()));
            }
        });
        Self { port, server, state }
    }

    /// Leads to a port of loopback from now on.
    pub(crate) fn leads_to(&self, port: u16) {
        self.server.store(port, Ordering::Relaxed);
    }

    /// Changes what becomes of what is sent, on connections that are there too.
    pub(crate) fn becomes(&self, state: State) {
        self.state.send_replace(state);
    }
}

async fn connect(client: TcpStream, server: u16, state: watch::Receiver<State>) {
    if *state.borrow() == State::Cut {
        return;
    }
    // A server that is away closes the connection.
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let mut cut = state.clone();
    // Whichever ends first ends the other, and with it both connections.
    tokio::select! {
        () = pass(from_client, to_server, state.clone()) => {}
        () = pass(from_server, to_client, state) => {}
        _ = cut.wait_for(|state| *state == State::Cut) => {}
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut state: watch::Receiver<State>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let Ok(now) = state.wait_for(|state| *state != State::Still).await.map(|state| *state) else { return };
        if let State::Slow(pause) = now {
            tokio::time::sleep(pause).await;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
