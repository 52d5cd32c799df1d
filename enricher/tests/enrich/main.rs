//! `weft enrich` as a user meets it: the built binary between topics of a real Apache Kafka, with rows of a real Redis.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test may panic")]

mod access;
mod admin;
mod ledger;
mod offsets;
mod poison;
mod records;
#[path = "../../store/tests/redis_server/mod.rs"]
mod redis_server;
mod waits;
mod world;
