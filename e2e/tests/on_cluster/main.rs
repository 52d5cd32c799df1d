//! The charts on a cluster with a node, as a user installs and uses them: `e2e/test-cluster.sh` starts one and runs these
//! tests.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod afterwards;
mod audit;
mod cluster;
mod installation;
mod installed;
mod installing;
mod monitors;
mod order;
mod passwords;
mod servers;
mod shop;
