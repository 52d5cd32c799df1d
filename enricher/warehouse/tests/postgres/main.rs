//! What the PostgreSQL connector does, against a server that these tests start and stop.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test may panic")]

mod bookkeeping;
mod keys;
mod login;
mod names;
mod rows;
mod server;
mod statements;
mod values;
