use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::SecretValue;

/// A Redis server (7 or newer) and the two users Weft is on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Redis {
    /// `redis://host:port/database`, or `rediss://…` for TLS; port 6379 and database 0 unless given. User and password
    /// go to `writer` and `reader`, never into the URL.
    #[schemars(length(min = 1, max = 512))]
    pub url: String,
    /// Whom syncs log in as; it needs write access to the keys `weft:*`. Default: the server's default user, without
    /// a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer: Option<RedisUser>,
    /// Whom enrichers log in as; read access to the keys `weft:*` is enough. Default: the server's default user,
    /// without a password. Enrichers never get the writer's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<RedisUser>,
    /// What to trust when the URL is `rediss://`. Default: the system's authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<RedisTls>,
}

/// A Redis user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct RedisUser {
    /// The ACL user. Default: `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub username: Option<String>,
    /// Its password.
    pub password: SecretValue,
}

/// Encryption of a Redis connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct RedisTls {
    /// Certificates of the authorities to trust, PEM. Default: those of the system. If the server's certificate was
    /// signed by another, the connection fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<SecretValue>,
}
