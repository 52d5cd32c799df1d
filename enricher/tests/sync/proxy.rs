//! Stands between `weft` and its servers, counts what it asks, and kills it at one of its requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::frames::{Answers, Protocol, Requests};

/// Where a process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Before its request reaches the server.
    Before,
    /// Once the server has answered, and before the process knows.
    After,
}

/// What happens at a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Blow {
    /// The request, from 1.
    pub(crate) request: u64,
    /// Before or after it.
    pub(crate) when: When,
    /// What is sent to the process: SIGKILL, or SIGSTOP to go on with later.
    pub(crate) signal: Signal,
}

/// What the proxies of a process have in common.
#[derive(Clone, Default)]
pub(crate) struct Line(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    process: Option<i32>,
    requests: u64,
    blow: Option<Blow>,
    has_struck: bool,
}

/// What becomes of a request.
enum Fate {
    Passes,
    /// The process is no more: nothing passes.
    Ends,
    /// It passes, and its answer does not.
    IsTheLast,
}

impl Line {
    /// Counts anew, for a process that is about to be told.
    pub(crate) fn begin(&self, blow: Option<Blow>) {
        *self.state() = State { blow, ..State::default() };
    }

    /// The process, once it runs.
    pub(crate) fn is_of(&self, process: u32) {
        self.state().process = i32::try_from(process).ok();
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> u64 {
        self.state().requests
    }

    pub(crate) fn has_struck(&self) -> bool {
        self.state().has_struck
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arrives(&self) -> Fate {
        let mut state = self.state();
        state.requests += 1;
        match state.blow {
            Some(blow) if blow.request == state.requests => match blow.when {
                When::Before => state.strike(blow),
                When::After => Fate::IsTheLast,
            },
            _ => Fate::Passes,
        }
    }

    fn is_answered(&self) -> Fate {
        let mut state = self.state();
        state.blow.map_or(Fate::Passes, |blow| state.strike(blow))
    }
}

impl State {
    fn strike(&mut self, blow: Blow) -> Fate {
        self.has_struck = true;
        if let Some(process) = self.process {
            let _ = kill(Pid::from_raw(process), blow.signal);
        }
        // One that was only stopped finds its connections as it left them.
        if blow.signal == Signal::SIGKILL { Fate::Ends } else { Fate::Passes }
    }
}

/// Listens on a port of loopback, and leads to `server`; gives the port.
pub(crate) async fn listen(line: &Line, protocol: Protocol, server: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let line = line.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let line = line.clone();
            tokio::spawn(async move {
                // A server that is away closes the connection.
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else { return };
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                pass_on(line, protocol, client, server).await;
            });
        }
    });
    port
}

/// The answers that are awaited on a connection, the oldest first; `true` where the process ends with it.
type Awaited = Arc<Mutex<VecDeque<bool>>>;

async fn pass_on(line: Line, protocol: Protocol, client: TcpStream, server: TcpStream) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let awaited = Awaited::default();
    // Whichever ends first ends the other, and with it both connections.
    tokio::select! {
        () = pass_requests(line.clone(), protocol, from_client, to_server, Arc::clone(&awaited)) => {}
        () = pass_answers(line, protocol, from_server, to_client, awaited) => {}
    }
}

async fn pass_requests(
    line: Line,
    protocol: Protocol,
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    awaited: Awaited,
) {
    let mut requests = Requests::new(protocol);
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        requests.extend(&buffer[..read]);
        while let Some(request) = requests.next() {
            let fate = if request.counts { line.arrives() } else { Fate::Passes };
            if request.is_answered {
                let is_last = matches!(fate, Fate::IsTheLast);
                awaited.lock().unwrap_or_else(PoisonError::into_inner).push_back(is_last);
            }
            if matches!(fate, Fate::Ends) || to.write_all(&request.bytes).await.is_err() {
                return;
            }
        }
    }
}

async fn pass_answers(
    line: Line,
    protocol: Protocol,
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    awaited: Awaited,
) {
    let mut answers = Answers::new(protocol);
    let mut buffer = vec![0; 1 << 16];
    // Of an answer that must not arrive, nothing does.
    let mut held = Vec::new();
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        answers.extend(&buffer[..read]);
        let mut passes = Vec::new();
        while let Some((bytes, ends)) = answers.next() {
            let is_last = {
                let mut awaited = awaited.lock().unwrap_or_else(PoisonError::into_inner);
                let is_last = awaited.front().copied().unwrap_or(false);
                if ends {
                    awaited.pop_front();
                }
                is_last
            };
            if !is_last {
                passes.extend_from_slice(&bytes);
                continue;
            }
            held.extend_from_slice(&bytes);
            if ends {
                if matches!(line.is_answered(), Fate::Ends) {
                    return;
                }
                // A stopped process gets the answer when it goes on.
                passes.append(&mut held);
            }
        }
        if to.write_all(&passes).await.is_err() {
            return;
        }
    }
}
