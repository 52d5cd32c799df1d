//! A gate between an operator and the API server: it counts writes, and ends the operator at one of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Child;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::response::Response;
use http::Method;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::json;
use tokio::sync::Notify;

use crate::bench::Bench;

/// At which write the operator ends: before the API server has it, or after it, with the answer on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Before(u64),
    After(u64),
}

/// An operator in one namespace that is started again whenever the gate has ended it.
pub(crate) struct Gated {
    gate: Arc<Gate>,
    restarts: tokio::task::JoinHandle<()>,
}

struct Gate {
    upstream: Client,
    end: Option<End>,
    operator: Mutex<Option<Child>>,
    ended: Notify,
    writes: AtomicU64,
    /// How many objects of each kind were made and removed.
    counts: Mutex<BTreeMap<String, u64>>,
}

impl Gated {
    /// Starts an operator for a namespace behind a gate of its own.
    pub(crate) async fn start(bench: &Bench, namespace: &str, end: Option<End>) -> Self {
        let kubeconfig = Kubeconfig::read_from(bench.kubeconfig()).unwrap();
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        let gate = Arc::new(Gate {
            upstream: Client::try_from(config).unwrap(),
            end,
            operator: Mutex::default(),
            ended: Notify::new(),
            writes: AtomicU64::new(0),
            counts: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let through = axum::Router::new().fallback(pass).with_state(Arc::clone(&gate));
        tokio::spawn(async move { axum::serve(listener, through).await });
        let kubeconfig = tempfile::NamedTempFile::new().unwrap();
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "gate",
            "contexts": [{ "name": "gate", "context": { "cluster": "gate", "user": "gate" } }],
            "clusters": [{ "name": "gate", "cluster": { "server": server } }],
            "users": [{ "name": "gate", "user": {} }],
        });
        std::fs::write(kubeconfig.path(), config.to_string()).unwrap();
        gate.starts_operator(kubeconfig.path(), namespace);
        let (again, namespace) = (Arc::clone(&gate), namespace.to_owned());
        let restarts = tokio::spawn(async move {
            loop {
                again.ended.notified().await;
                again.starts_operator(kubeconfig.path(), &namespace);
            }
        });
        Self { gate, restarts }
    }

    /// How many writes the operators tried.
    pub(crate) fn writes(&self) -> u64 {
        self.gate.writes.load(Ordering::SeqCst)
    }

    /// How many objects of each kind were made and removed.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.gate.counts.lock().unwrap().clone()
    }
}

impl Drop for Gated {
    fn drop(&mut self) {
        self.restarts.abort();
        self.gate.kill();
    }
}

impl Gate {
    fn starts_operator(&self, kubeconfig: &Path, namespace: &str) {
        let child = crate::bench::operator(kubeconfig, &[namespace.to_owned()], "a").spawn().unwrap();
        *self.operator.lock().unwrap() = Some(child);
    }

    fn kill(&self) {
        if let Some(mut child) = self.operator.lock().unwrap().take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Ends the operator, which waits for an answer, and has it started again.
    async fn ends(&self) -> Response {
        self.kill();
        self.ended.notify_one();
        std::future::pending().await
    }
}

/// Passes a request on, to the end, also where the operator that sent it has ended.
async fn pass(State(gate): State<Arc<Gate>>, request: Request) -> Response {
    tokio::spawn(forward(gate, request)).await.unwrap()
}

async fn forward(gate: Arc<Gate>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    // An event may be told twice, or not at all.
    let is_counted = |kind: &str| !parts.uri.path().contains(kind);
    let is_write = parts.method != Method::GET && is_counted("/leases") && is_counted("/events");
    let number = if is_write { gate.writes.fetch_add(1, Ordering::SeqCst) + 1 } else { 0 };
    if gate.end == Some(End::Before(number)) {
        return gate.ends().await;
    }
    parts.headers.remove(http::header::HOST);
    let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let forwarded = http::Request::from_parts(parts, kube::client::Body::from(body.to_vec()));
    let answer = gate.upstream.send(forwarded).await.unwrap();
    // Server-side apply makes what is not there, and says so.
    let did = match (method, answer.status().as_u16()) {
        (Method::POST | Method::PATCH, 201) => Some("made"),
        (Method::DELETE, 200 | 202) => Some("removed"),
        _ => None,
    };
    let did = did.filter(|_| is_write);
    if let Some(did) = did {
        // .../namespaces/NAMESPACE/KIND[/NAME]
        let kind = path.split('/').skip_while(|part| *part != "namespaces").nth(2).unwrap_or_default();
        *gate.counts.lock().unwrap().entry(format!("{kind} {did}")).or_default() += 1;
    }
    if gate.end == Some(End::After(number)) {
        return gate.ends().await;
    }
    answer.map(axum::body::Body::new)
}
