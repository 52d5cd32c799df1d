//! What a real API server makes of the CRDs: `e2e/test-crds.sh` finds or starts one and runs these tests.

#![allow(clippy::unwrap_used, clippy::panic)] // also in what the tests share

#[path = "../../../operator/api/tests/cases/mod.rs"]
mod cases;

mod cluster;
mod definitions;
mod examples;
mod manual;
mod table;
