//! The admin port: whether the enricher lives, whether it is ready, what it counts, and how far it is behind.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;

use crate::cli::Failure;
use crate::enrich::Status;

/// Answers on an address, from now until the process ends.
pub(super) fn serve(
    address: SocketAddr,
    status: &Arc<Status>,
    runtime: &tokio::runtime::Handle,
) -> Result<(), Failure> {
    let bound = runtime.block_on(TcpListener::bind(address));
    let listener = bound.with_context(|| {
        format!("failed to listen on {address} (--admin); name another port, or end what listens there")
    });
    let listener = listener.map_err(Failure::Configuration)?;
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "answers on the admin port");
    }
    let routes = Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/v1/lag", get(lag))
        .with_state(Arc::clone(status));
    runtime.spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "the admin port ended");
        }
    });
    Ok(())
}

/// The thread that does the work has done some lately.
async fn livez(State(status): State<Arc<Status>>) -> (StatusCode, &'static str) {
    match status.is_alive() {
        true => (StatusCode::OK, "alive\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "the pipeline does not move\n"),
    }
}

/// It reads and delivers; else, what it waits for, one a line.
async fn readyz(State(status): State<Arc<Status>>) -> (StatusCode, String) {
    let waits = status.unready();
    if waits.is_empty() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    (StatusCode::SERVICE_UNAVAILABLE, waits.into_iter().map(|wait| wait + "\n").collect())
}

async fn metrics(State(status): State<Arc<Status>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], status.metrics())
}

async fn lag(State(status): State<Arc<Status>>) -> Json<serde_json::Value> {
    Json(status.lag())
}
