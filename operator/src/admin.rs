//! The admin port: whether the operator lives, whether it is ready, and what it counts.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::condition_metrics;
use crate::metrics::Metrics;
use crate::world::World;

/// What the admin port tells.
pub(crate) struct Health {
    pub(crate) metrics: Metrics,
    /// What this replica acts for; nothing while another acts.
    worlds: Mutex<Vec<World>>,
    ready: AtomicBool,
}

impl Health {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        Ok(Self { metrics: Metrics::new()?, worlds: Mutex::default(), ready: AtomicBool::new(false) })
    }

    /// The cluster can be reached and knows the kinds; from now on this replica leads, or could.
    pub(crate) fn is_ready(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }

    /// From now on the conditions of these objects are shown, and no others.
    pub(crate) fn shows(&self, worlds: Vec<World>) {
        *self.worlds.lock().unwrap_or_else(PoisonError::into_inner) = worlds;
    }

    /// What is counted, and the conditions of all objects, in the text format of Prometheus.
    fn exposition(&self) -> String {
        let worlds = self.worlds.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // It fails only if two metrics have one name.
        self.metrics.text() + &condition_metrics::text(&worlds).unwrap_or_default()
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
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], health.exposition())
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
        health.metrics.cleaned("removed");
        let text = health.exposition() + &condition_metrics::example();
        let dashboard = include_str!("../../charts/weft/dashboards/overview.json");
        let names = dashboard.split(|letter: char| letter != '_' && !letter.is_ascii_alphanumeric());
        // The enricher's test looks for its own.
        let asked: Vec<_> =
            names.filter(|name| name.starts_with("weft_") && !name.starts_with("weft_enricher_")).collect();
        let missing: Vec<_> = asked.iter().filter(|name| !text.contains(&format!("\n{name}"))).collect();
        assert_eq!(missing, [&""; 0]);
        for counted in ["weft_operator_cleanups_total", "weft_object_condition", "weft_object_condition_reason"] {
            assert!(asked.contains(&counted), "the dashboard does not show {counted}");
        }
    }
}
