//! The store of a data graph.

use weft_plan_types::{Owner, RedisConnection};
use weft_store::redis::{Access, ConnectError as Refusal, ConnectionManager, connect};

use super::secrets::Purpose;
use super::{ConnectError, Secrets};

/// As whom a store is reached, which is also where its manifest names the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Whoever fills it.
    Writer,
    /// Whoever looks rows up.
    Reader,
}

impl Role {
    fn password(self) -> &'static str {
        match self {
            Role::Writer => "spec.store.redis.writer.password",
            Role::Reader => "spec.store.redis.reader.password",
        }
    }
}

/// Connects to the store of a graph, as its plan says.
pub(crate) async fn store(
    connection: &RedisConnection,
    role: Role,
    owner: &Owner,
    secrets: &Secrets,
) -> Result<ConnectionManager, ConnectError> {
    let access = access(connection, role, owner, secrets)?;
    connect(&access).await.map_err(|source| refused(source, connection, role, owner))
}

/// How to reach the store of a graph, as its plan says.
pub(super) fn access(
    connection: &RedisConnection,
    role: Role,
    owner: &Owner,
    secrets: &Secrets,
) -> Result<Access, ConnectError> {
    let purpose =
        |field| Purpose { object: format!("DataGraph {}", owner.graph), namespace: owner.namespace.clone(), field };
    let user = connection.user.as_ref();
    let password = user.map(|user| secrets.text(&user.password, &purpose(role.password()))).transpose()?;
    let ca = connection.ca.as_ref().map(|ca| secrets.bytes(ca, &purpose("spec.store.redis.tls.ca"))).transpose()?;
    Ok(Access { url: connection.url.clone(), username: user.and_then(|user| user.username.clone()), password, ca })
}

/// Why there is no connection to the store of a graph, in the words of its plan.
pub(super) fn refused(source: Refusal, connection: &RedisConnection, role: Role, owner: &Owner) -> ConnectError {
    match (source, &connection.user) {
        (source @ Refusal::Password { .. }, Some(user)) => ConnectError::StorePassword {
            graph: owner.graph.clone(),
            field: role.password(),
            secret: user.password.clone(),
            source,
        },
        (source, _) => unreachable(owner, source),
    }
}

/// Connects to the store of a graph.
pub(super) async fn reach(access: &Access, owner: &Owner) -> Result<ConnectionManager, ConnectError> {
    connect(access).await.map_err(|source| unreachable(owner, source))
}

/// Why there is no connection to the store of a graph.
pub(super) fn unreachable(owner: &Owner, source: Refusal) -> ConnectError {
    ConnectError::Store { graph: owner.graph.clone(), source }
}
