//! `weft enrich` as a user meets it: the built binary between topics of a real Apache Kafka, with rows of a real Redis.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test may panic")]

mod access;
mod admin;
mod audit;
mod breaker;
mod faults;
mod ledger;
mod letters;
mod line;
mod load;
mod marks;
mod memory;
mod numbers;
mod offsets;
mod outcomes;
mod poison;
mod probe;
mod process;
#[allow(dead_code, reason = "not all of it is used here")]
#[path = "../sync/random.rs"]
mod random;
mod records;
mod refused;
mod secrets;
#[path = "../shop/mod.rs"]
mod shop;
mod silence;
mod stream;
mod stuck;
mod unavailable;
mod waits;
mod world;
