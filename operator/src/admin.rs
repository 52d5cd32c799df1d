//! The admin port: whether the operator lives, whether it is ready, and what it counts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::metrics::Metrics;

/// What the admin port tells.
pub(crate) struct Health {
    pub(crate) metrics: Metrics,
    ready: AtomicBool,
}

impl Health {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        Ok(Self { metrics: Metrics::new()?, ready: AtomicBool::new(false) })
    }

    /// The cluster can be reached and knows the kinds; from now on this replica leads, or could.
    pub(crate) fn is_ready(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }
}

/// Answers on an address, from now until the process ends.
pub(crate) async fn serve(address: SocketAddr, health: &Arc<Health>) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("failed to listen on {address} (--admin)"))?;
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "answers on the admin port");
    }
    let routes = Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(Arc::clone(health));
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "the admin port ended");
        }
    });
    Ok(())
}

async fn readyz(State(health): State<Arc<Health>>) -> (StatusCode, &'static str) {
    match health.ready.load(Ordering::Relaxed) {
        true => (StatusCode::OK, "ready\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "the cluster is not reached, or does not know the kinds yet\n"),
    }
}

async fn metrics(State(health): State<Arc<Health>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], health.metrics.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dashboard_asks_for_nothing_that_is_not_counted() {
        let health = Health::new().unwrap();
        health.metrics.reconciled("Entity", 0.1);
        health.metrics.failed("Entity", "conflict");
        health.metrics.wrote("Job", "create");
        let text = health.metrics.text();
        let dashboard = include_str!("../../charts/weft/dashboards/overview.json");
        let names = dashboard.match_indices("weft_operator_").map(|(place, _)| {
            let end = dashboard[place..].find(|letter: char| letter != '_' && !letter.is_ascii_alphanumeric());
            &dashboard[place..place + end.unwrap()]
        });
        let missing: Vec<_> = names.filter(|name| !text.contains(&format!("\n{name}"))).collect();
        assert_eq!(missing, [""; 0]);
    }
}
