//! What the operator asks of the API server, as this has written it down.

use std::fs;
use std::time::Duration;

use serde_json::Value;

/// A request of the operator's.
pub(crate) struct Request {
    pub(crate) verb: String,
    /// With its part that is meant, such as `entities/status`.
    pub(crate) resource: String,
    pub(crate) namespace: String,
    /// The status code of the answer.
    pub(crate) code: u64,
}

/// All requests up to now, in their order.
pub(crate) fn requests() -> Vec<Request> {
    let file = std::env::var("WEFT_AUDIT_LOG").expect("WEFT_AUDIT_LOG names the log; e2e/test-cluster.sh sets it");
    let log = fs::read_to_string(file).unwrap();
    // The last line may still be written.
    let whole = log.rsplit_once('\n').map_or("", |(lines, _)| lines);
    whole.lines().map(|line| request(&serde_json::from_str(line).unwrap())).collect()
}

fn request(event: &Value) -> Request {
    let text = |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (resource, part) = (text("/objectRef/resource"), text("/objectRef/subresource"));
    Request {
        verb: text("/verb"),
        resource: if part.is_empty() { resource } else { format!("{resource}/{part}") },
        namespace: text("/objectRef/namespace"),
        code: event.pointer("/responseStatus/code").and_then(Value::as_u64).unwrap_or_default(),
    }
}

/// How long nothing may be written: WEFT_QUIET_SECONDS, or a minute.
pub(crate) fn quiet() -> Duration {
    let seconds = std::env::var("WEFT_QUIET_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(60))
}
