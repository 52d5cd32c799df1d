use serde::{Deserialize, Serialize};

/// A secret's value, read from the file `<secrets-dir>/<name>/<key>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretFile {
    /// The Secret's name.
    pub name: String,
    /// The key in it.
    pub key: String,
}

/// A warehouse and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WarehousePlan {
    /// The Warehouse's name, for messages.
    pub name: String,
    /// How to reach it.
    pub connection: WarehouseConnection,
    /// How long it may take for one statement.
    pub statement_timeout_seconds: u32,
    /// How many entities are copied from it at the same time.
    pub max_concurrent_syncs: u32,
}

/// How to reach a warehouse, by kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum WarehouseConnection {
    /// A PostgreSQL server.
    Postgres(PostgresConnection),
    /// A SQLite file.
    Sqlite {
        /// The file's path. It is opened read-only.
        path: String,
        /// The path of the file with what was copied last; it is made if it is not there.
        bookkeeping: String,
    },
}

/// How to reach a PostgreSQL server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostgresConnection {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Database name.
    pub database: String,
    /// User name.
    pub user: String,
    /// How the user proves itself.
    pub auth: PostgresAuth,
    /// Whether and how the connection is encrypted.
    pub tls: TlsMode,
    /// Certificates of the authorities to trust; the system's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<SecretFile>,
    /// The schema with what was copied last, spelled exactly so, unquoted.
    pub bookkeeping: String,
}

/// How a PostgreSQL user proves itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum PostgresAuth {
    /// By a password.
    Password(SecretFile),
    /// By a certificate.
    ClientCertificate {
        /// The certificate chain, PEM.
        certificate: SecretFile,
        /// Its private key, PEM.
        private_key: SecretFile,
    },
}

/// Whether and how a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TlsMode {
    /// Encrypted, certificate and host name checked.
    Verify,
    /// Not encrypted.
    Disable,
}

/// A Redis server and one of its users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RedisConnection {
    /// `redis://` or `rediss://` (TLS), host, port, database; no user info.
    pub url: String,
    /// As whom; the server's default user when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<RedisUser>,
    /// Certificates of the authorities to trust; the system's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<SecretFile>,
}

/// A Redis user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RedisUser {
    /// The ACL user; `default` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The password.
    pub password: SecretFile,
}

/// A Kafka topic and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KafkaTopic {
    /// `host:port` of the brokers to start from.
    pub bootstrap_servers: Vec<String>,
    /// The topic.
    pub topic: String,
    /// How the client proves itself; not at all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<KafkaAuth>,
    /// Encryption; plain text when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<KafkaTls>,
}

/// How a Kafka client proves itself (SASL).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KafkaAuth {
    /// `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.
    pub mechanism: String,
    /// The user.
    pub username: String,
    /// The password.
    pub password: SecretFile,
}

/// Encryption of a Kafka connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KafkaTls {
    /// Certificates of the authorities to trust; the system's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<SecretFile>,
    /// The client's certificate chain, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<SecretFile>,
    /// The certificate's private key, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key: Option<SecretFile>,
}
