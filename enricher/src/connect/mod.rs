//! From plans and Secrets to connections.

#[cfg(feature = "redis")]
#[allow(dead_code)]
mod args;
mod error;
// A build without servers reads the manifests of Secrets and has no use for them.
#[cfg_attr(not(any(feature = "redis", feature = "postgres")), allow(dead_code))]
mod secrets;
#[cfg(feature = "redis")]
mod store;
mod warehouse;

#[cfg(feature = "redis")]
#[allow(unused_imports)]
pub(crate) use args::{ConnectArgs, Connections};
pub(crate) use error::ConnectError;
pub(crate) use secrets::{SecretArgs, SecretBytes, SecretManifests, Secrets};
pub(crate) use warehouse::{AnyWarehouse, warehouse};
