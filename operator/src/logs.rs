//! Where the log goes: standard error, one line per message.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::args::LogFormat;

/// Begins to log: from `info` on, or what the environment variable WEFT_LOG asks for.
pub(crate) fn start(format: Option<LogFormat>) {
    let is_terminal = std::io::stderr().is_terminal();
    let filter = EnvFilter::try_from_env("WEFT_LOG").unwrap_or_else(|_| EnvFilter::new("info,kube_client=error"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let started = match format.unwrap_or(if is_terminal { LogFormat::Text } else { LogFormat::Json }) {
        LogFormat::Text => builder.with_ansi(is_terminal).finish().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
    };
    // Somebody else's log is as good.
    drop(started);
}
