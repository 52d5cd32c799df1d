//! `weft enrich` as a user meets it: the built binary between topics of a real Apache Kafka, with rows of a real Redis.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test may panic")]

mod access;
mod admin;
mod ledger;
mod letters;
mod offsets;
mod poison;
mod records;
#[path = "../shop/mod.rs"]
mod shop;
mod stream;
mod waits;
mod world;
