//! A warehouse of any kind.

use std::path::Path;

#[cfg(feature = "postgres")]
use weft_plan_types::PostgresAuth;
use weft_plan_types::{WarehouseConnection, WarehousePlan};
use weft_store::Column;
use weft_warehouse::sqlite::Sqlite;
use weft_warehouse::{Batches, Dialect, Error, Grants, Listed, Reading, Table, Warehouse};

use super::{ConnectError, Secrets};

/// A warehouse of any kind.
#[derive(Clone)]
pub(crate) enum AnyWarehouse {
    /// A file on this machine.
    Sqlite(Sqlite),
    /// A server.
    #[cfg(feature = "postgres")]
    Postgres(weft_warehouse::postgres::Postgres),
}

/// Opens the warehouse of a plan, to read tables from. Its Secrets are those of the namespace.
#[cfg_attr(not(feature = "postgres"), allow(unused_variables, clippy::unused_async))]
pub(crate) async fn warehouse(
    plan: &WarehousePlan,
    namespace: &str,
    secrets: &Secrets,
) -> Result<AnyWarehouse, ConnectError> {
    let name = &plan.name;
    let failed = |source| ConnectError::Warehouse { name: name.clone(), source };
    match &plan.connection {
        WarehouseConnection::Sqlite { path, .. } => {
            Sqlite::open(Path::new(path)).map(AnyWarehouse::Sqlite).map_err(failed)
        }
        #[cfg(feature = "postgres")]
        WarehouseConnection::Postgres(connection) => {
            let options = postgres::options(plan, connection, namespace, secrets)?;
            let connected = weft_warehouse::postgres::Postgres::connect(options).await;
            connected.map(AnyWarehouse::Postgres).map_err(|error| match (error, &connection.auth) {
                (source @ Error::Password { .. }, PostgresAuth::Password(secret)) => {
                    let secret = secret.clone();
                    ConnectError::Password { name: name.clone(), field: postgres::PASSWORD, secret, source }
                }
                (source, _) => failed(source),
            })
        }
        #[cfg(not(feature = "postgres"))]
        WarehouseConnection::Postgres(_) => Err(ConnectError::NotBuiltIn { name: name.clone() }),
    }
}

/// Opens the warehouse of a plan, to keep books in it too.
#[cfg(feature = "redis")]
pub(crate) async fn warehouse_with_books(
    plan: &WarehousePlan,
    namespace: &str,
    secrets: &Secrets,
) -> Result<AnyWarehouse, ConnectError> {
    let WarehouseConnection::Sqlite { path, bookkeeping } = &plan.connection else {
        return warehouse(plan, namespace, secrets).await;
    };
    let opened = Sqlite::open_with_state(Path::new(path), Path::new(bookkeeping)).map(AnyWarehouse::Sqlite);
    opened.map_err(|source| ConnectError::Warehouse { name: plan.name.clone(), source })
}

#[cfg(feature = "postgres")]
mod postgres {
    use std::time::Duration;

    use weft_plan_types::{PostgresAuth, PostgresConnection, TlsMode, WarehousePlan};
    use weft_warehouse::postgres::{ClientCertificate, Options, Tls};

    use crate::connect::Secrets;
    use crate::connect::secrets::{Purpose, SecretError};

    /// The field that names the password.
    pub(super) const PASSWORD: &str = "spec.postgres.auth.password";

    /// How to log in, with every secret it takes.
    pub(super) fn options(
        plan: &WarehousePlan,
        connection: &PostgresConnection,
        namespace: &str,
        secrets: &Secrets,
    ) -> Result<Options, SecretError> {
        let purpose =
            |field| Purpose { object: format!("Warehouse {}", plan.name), namespace: namespace.to_owned(), field };
        let (password, client) = match &connection.auth {
            PostgresAuth::Password(password) => (Some(secrets.text(password, &purpose(PASSWORD))?), None),
            PostgresAuth::ClientCertificate { certificate, private_key } => {
                let of = |secret, field| secrets.bytes(secret, &purpose(field));
                let client = ClientCertificate {
                    certificate: of(certificate, "spec.postgres.auth.clientCertificate.certificate")?,
                    private_key: of(private_key, "spec.postgres.auth.clientCertificate.privateKey")?,
                };
                (None, Some(client))
            }
        };
        let ca = connection.ca.as_ref().map(|ca| secrets.bytes(ca, &purpose("spec.postgres.tls.ca"))).transpose()?;
        Ok(Options {
            host: connection.host.clone(),
            port: connection.port,
            database: connection.database.clone(),
            user: connection.user.clone(),
            password,
            tls: match connection.tls {
                TlsMode::Disable => Tls::Disable,
                TlsMode::Verify => Tls::Verify { ca, client },
            },
            bookkeeping: connection.bookkeeping.clone(),
            statement_timeout: Some(Duration::from_secs(plan.statement_timeout_seconds.into())),
        })
    }
}

impl Warehouse for AnyWarehouse {
    fn dialect(&self) -> &dyn Dialect {
        match self {
            Self::Sqlite(file) => file.dialect(),
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => server.dialect(),
        }
    }

    async fn describe(&self, table: &[String]) -> Result<Table, Error> {
        match self {
            Self::Sqlite(file) => file.describe(table).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => server.describe(table).await,
        }
    }

    async fn tables(&self) -> Result<Vec<Listed>, Error> {
        match self {
            Self::Sqlite(file) => file.tables().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => server.tables().await,
        }
    }

    async fn grants(&self, readings: &[Reading], all: bool) -> Result<Grants, Error> {
        match self {
            Self::Sqlite(file) => file.grants(readings, all).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => server.grants(readings, all).await,
        }
    }

    async fn query(&self, sql: String, columns: Vec<Column>) -> Result<Batches, Error> {
        match self {
            Self::Sqlite(file) => file.query(sql, columns).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => server.query(sql, columns).await,
        }
    }

    async fn execute(&self, sql: String) -> Result<u64, Error> {
        match self {
            Self::Sqlite(file) => file.execute(sql).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => server.execute(sql).await,
        }
    }

    async fn cancel(&self) {
        match self {
            Self::Sqlite(file) => file.cancel().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => server.cancel().await,
        }
    }
}
