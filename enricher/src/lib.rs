//! Weft's data plane and command line. The interface is the `weft` binary; the crate has none of its own.

#[cfg(test)]
#[path = "../language/tests/cases/mod.rs"]
mod cases;
#[cfg(feature = "redis")]
mod cleanup;
mod cli;
mod connect;
#[cfg(feature = "kafka")]
mod enrich;
mod event;
#[cfg(feature = "manifests")]
mod init;
mod join;
#[cfg(feature = "kafka")]
mod letters;
mod load;
mod lookup;
#[cfg(feature = "manifests")]
mod manifests;
#[cfg(feature = "kafka")]
mod metrics;
#[cfg(feature = "redis")]
mod probe;
mod run;
#[cfg(feature = "kafka")]
mod sink;
#[cfg(feature = "kafka")]
mod source;
#[cfg(feature = "redis")]
mod sync;

pub use cli::main;

/// Whether a line is one JSON object; the benchmark's measure for what checking alone costs.
#[doc(hidden)]
pub fn is_event(line: &[u8]) -> bool {
    static TREE: std::sync::LazyLock<event::PathTree> = std::sync::LazyLock::new(event::PathTree::new);
    event::scan(&TREE, line, &mut [event::Slot::default()]).is_ok()
}
