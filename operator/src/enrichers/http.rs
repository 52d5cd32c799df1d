//! One question to a pod: a plain GET, bounded in time and in bytes.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long an answer may take: a pod of the same cluster gives it in milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why there is no answer. What was answered instead is not quoted: it may be another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unanswered {
    /// Nobody listens there, or the way is barred.
    #[error("no connection")]
    NoConnection,
    /// Somebody listens and says nothing.
    #[error("no answer within {} s", PATIENCE.as_secs())]
    TooLate,
    /// It is no enricher, or one of another version.
    #[error("an answer that is none of an enricher")]
    Odd,
}

/// What is at a path of a pod, if it is at most so many bytes.
pub(super) async fn get(address: SocketAddr, path: &str, longest: usize) -> Result<Bytes, Unanswered> {
    let asked = tokio::time::timeout(PATIENCE, asked(address, path, longest)).await;
    asked.unwrap_or(Err(Unanswered::TooLate))
}

async fn asked(address: SocketAddr, path: &str, longest: usize) -> Result<Bytes, Unanswered> {
    let stream = TcpStream::connect(address).await.map_err(|_| Unanswered::NoConnection)?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|_| Unanswered::NoConnection)?;
    let request = Request::get(path).header(header::HOST, address.to_string()).body(Empty::<Bytes>::new());
    let request = request.map_err(|_| Unanswered::Odd)?;
    let question = async move {
        let answer = sender.send_request(request).await.map_err(|_| Unanswered::NoConnection)?;
        if answer.status() != StatusCode::OK {
            return Err(Unanswered::Odd);
        }
        let body = Limited::new(answer.into_body(), longest).collect().await;
        body.map(|body| body.to_bytes()).map_err(|_| Unanswered::Odd)
    };
    // The connection ends when its only question has.
    join(question, connection).await.0
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get as route;
    use tokio::net::TcpListener;

    use super::*;

    async fn served() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new()
            .route("/short", route(|| async { "said" }))
            .route("/long", route(|| async { "x".repeat(2000) }))
            .route("/never", route(std::future::pending::<String>));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        address
    }

    #[tokio::test]
    async fn an_answer_is_taken_only_if_it_is_one_and_not_too_long() {
        let address = served().await;
        assert_eq!(get(address, "/short", 4).await.as_deref(), Ok(b"said".as_slice()));
        assert_eq!(get(address, "/short", 3).await, Err(Unanswered::Odd));
        assert_eq!(get(address, "/long", 1000).await, Err(Unanswered::Odd));
        assert_eq!(get(address, "/not-there", 1000).await, Err(Unanswered::Odd));
    }

    #[tokio::test]
    async fn who_does_not_answer_is_not_waited_for() {
        let address = served().await;
        assert_eq!(get(address, "/never", 1000).await, Err(Unanswered::TooLate));
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gone = silent.local_addr().unwrap();
        drop(silent);
        assert_eq!(get(gone, "/short", 1000).await, Err(Unanswered::NoConnection));
    }
}
