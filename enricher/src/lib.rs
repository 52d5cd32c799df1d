//! Weft's data plane and command line. The interface is the `weft` binary; the crate has none of its own.

mod cli;
mod event;
mod join;
mod run;

pub use cli::main;
