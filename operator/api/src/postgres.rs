use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ClientCertificate, SecretValue,
    violation::{CelRule, TextRule, Violations},
};

/// A name, or an IPv6 address without brackets.
static HOST: TextRule = TextRule::new(
    r"^([A-Za-z0-9._-]+|[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)$",
    "write the host name or address alone: the user goes to `user`, the port to `port`, the database to `database`",
);
const ONE_AUTH: CelRule = CelRule::new(
    "has(self.password) != has(self.clientCertificate)",
    "give exactly one of `password` and `clientCertificate`",
);
const CERTIFICATE_NEEDS_TLS: CelRule = CelRule::new(
    "!has(self.auth.clientCertificate) || self.tls.mode == 'Verify'",
    "`auth.clientCertificate` needs `tls.mode: Verify`",
)
.at(".tls.mode");
const CA_NEEDS_TLS: CelRule = CelRule::new(
    "!has(self.ca) || self.mode == 'Verify'",
    "`ca` has no use with `mode: Disable`: set `mode: Verify` or leave `ca` out",
)
.at(".ca");

/// A PostgreSQL server (14 or newer) and the database on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = CERTIFICATE_NEEDS_TLS)]
pub struct Postgres {
    /// Host name or address, without port, scheme or user, such as `db.shop.svc`.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = &HOST)]
    pub host: String,
    /// TCP port. Default 5432.
    #[serde(default = "default_port")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
    /// The database that holds the tables. One Warehouse reads one database.
    #[schemars(length(min = 1, max = 63))]
    pub database: String,
    /// The user that reads the tables, such as `weft`. Its password or certificate is given in `auth`.
    #[schemars(length(min = 1, max = 128))]
    pub user: String,
    /// How the user proves itself: exactly one of `password` and `clientCertificate`.
    pub auth: PostgresAuth,
    /// Whether and how the connection is encrypted. Default: encrypted, certificate and host name checked against
    /// the system's authorities.
    #[serde(default)]
    pub tls: PostgresTls,
}

fn default_port() -> i32 {
    5432
}

impl Postgres {
    pub(crate) fn check(&self, place: &str, found: &mut Violations) {
        let PostgresAuth { password, client_certificate } = &self.auth;
        let encrypted = self.tls.mode == TlsMode::Verify;
        found.text(&self.host, format!("{place}.host"), &HOST);
        found.unless(password.is_some() != client_certificate.is_some(), &format!("{place}.auth"), ONE_AUTH);
        found.unless(client_certificate.is_none() || encrypted, place, CERTIFICATE_NEEDS_TLS);
        found.unless(self.tls.ca.is_none() || encrypted, &format!("{place}.tls"), CA_NEEDS_TLS);
    }
}

/// How a PostgreSQL user proves itself: exactly one of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ONE_AUTH)]
pub struct PostgresAuth {
    /// By a password (SCRAM-SHA-256 or MD5, as the server asks).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretValue>,
    /// By a certificate whose common name the server maps to the user. Needs `tls.mode: Verify`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<ClientCertificate>,
}

/// Encryption of a PostgreSQL connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = CA_NEEDS_TLS)]
pub struct PostgresTls {
    /// `Verify` encrypts and checks the server's certificate and host name; `Disable` sends everything, rows
    /// included, in the clear. Default `Verify`; a server without TLS is then refused.
    #[serde(default)]
    pub mode: TlsMode,
    /// Certificates of the authorities to trust, PEM. Default: those of the system. If the server's certificate was
    /// signed by another, the connection fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<SecretValue>,
}

/// Whether a connection is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum TlsMode {
    /// Encrypted; certificate and host name are checked.
    #[default]
    Verify,
    /// Not encrypted.
    Disable,
}
