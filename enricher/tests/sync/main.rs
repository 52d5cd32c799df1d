//! `weft sync` as a user meets it: the built binary between a real PostgreSQL and a real Redis, which the tests start.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test may panic")]

mod cleanup;
mod cost;
mod crashes;
mod frames;
mod guards;
mod hindrances;
mod histories;
mod losses;
mod oracle;
mod page;
#[path = "../../warehouse/tests/postgres/server.rs"]
#[allow(dead_code, reason = "each user of the server needs something else of it")]
mod postgres;
mod probe;
mod products;
mod proxy;
mod random;
#[path = "../../store/tests/redis_server/mod.rs"]
mod redis_server;
mod secrets;
mod signals;
mod sqlite;
mod warehouse;
mod watcher;
mod world;
