//! From plans and Secrets to connections.

#[cfg(feature = "redis")]
mod args;
mod error;
#[cfg(feature = "kafka")]
mod kafka;
// A build without servers reads the manifests of Secrets and has no use for them.
#[cfg_attr(not(any(feature = "redis", feature = "postgres")), allow(dead_code))]
mod secrets;
#[cfg(feature = "redis")]
mod store;
#[cfg(feature = "kafka")]
mod topics;
mod warehouse;

#[cfg(feature = "redis")]
pub(crate) use args::{ConnectArgs, Connections, Readable, StoreArgs, installation};
pub(crate) use error::ConnectError;
#[cfg(feature = "kafka")]
pub(crate) use kafka::{Access, ClientError, Endpoint, unanswered};
pub(crate) use secrets::{SecretArgs, SecretBytes, SecretManifests, Secrets};
#[cfg(feature = "redis")]
pub(crate) use store::{Role, store};
#[cfg(feature = "kafka")]
pub(crate) use topics::{Accesses, Topics};
#[cfg(feature = "redis")]
pub(crate) use warehouse::warehouse_with_books;
pub(crate) use warehouse::{AnyWarehouse, warehouse};
