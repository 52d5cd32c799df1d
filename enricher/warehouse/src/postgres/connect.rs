//! Logging in: where, as whom, and encrypted how.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure;
use crate::Error;

/// How long the server may take to answer a new connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The least memory that a statement has for each of its sorts and hash tables, 64 MB.
const WORK_KILOBYTES: u32 = 65_536;

/// Where a PostgreSQL database is, and who asks.
#[derive(Clone)]
pub struct Options {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Database name.
    pub database: String,
    /// User name.
    pub user: String,
    /// The user's password; none where a client certificate stands for it.
    pub password: Option<String>,
    /// Whether and how the connection is encrypted.
    pub tls: Tls,
    /// The schema for bookkeeping, the only one in which anything is written.
    pub bookkeeping: String,
    /// The server ends a statement that takes longer; the server's own limit when absent.
    pub statement_timeout: Option<Duration>,
}

/// Whether and how a connection is encrypted.
#[derive(Clone)]
pub enum Tls {
    /// Not encrypted.
    Disable,
    /// Encrypted, certificate and host name checked.
    Verify {
        /// Certificates of the authorities to trust, PEM; the system's when absent.
        ca: Option<Vec<u8>>,
        /// What this side proves itself with.
        client: Option<ClientCertificate>,
    },
}

/// A certificate by which a user logs in.
#[derive(Clone)]
pub struct ClientCertificate {
    /// The certificate chain, PEM.
    pub certificate: Vec<u8>,
    /// Its private key, PEM.
    pub private_key: Vec<u8>,
}

impl Options {
    /// Where it is, for messages.
    pub(super) fn location(&self) -> String {
        let Self { host, port, database, .. } = self;
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        format!("postgres {host}:{port}, database {database:?}")
    }
}

/// Logs in and fixes what the session's settings would change in texts.
pub(super) async fn log_in(options: &Options) -> Result<(Client, MakeRustlsConnect), Error> {
    let open = |problem: String| Error::Open { location: options.location(), problem };
    let (ssl_mode, tls) = match &options.tls {
        Tls::Disable => (SslMode::Disable, encryption(RootCertStore::empty(), None).map_err(open)?),
        Tls::Verify { ca, client } => {
            let roots = authorities(ca.as_deref()).map_err(open)?;
            (SslMode::Require, encryption(roots, client.as_ref()).map_err(open)?)
        }
    };
    let mut config = Config::new();
    config
        .host(&options.host)
        .port(options.port)
        .dbname(&options.database)
        .user(&options.user)
        .application_name("weft")
        .connect_timeout(CONNECT_TIMEOUT)
        .ssl_mode(ssl_mode);
    if let Some(password) = &options.password {
        config.password(password);
    }
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, config.connect(tls.clone())).await;
    let (client, connection) =
        connected.map_err(|_| failure::silent(options))?.map_err(|error| failure::of_login(options, &error))?;
    // It ends with the client; what ends it before that, each statement tells.
    tokio::spawn(connection);
    client.batch_execute(&settings(options)).await.map_err(|error| failure::of_login(options, &error))?;
    Ok((client, tls))
}

fn settings(options: &Options) -> String {
    // The comparison of a table with its snapshot sorts and hashes both: with the 4 MB that a server gives by default a
    // million rows go through many small files. A server that gives more knows why. To compile such a statement takes
    // longer than it gains. To hash a row takes far longer than to hand it from a worker to another process, which the
    // server cannot know: it counts every function alike, and would let its workers idle. How many of them a statement
    // may have is the server's to say.
    // The limit first: the role's own may be too short for the rest.
    let mut sql = match options.statement_timeout {
        Some(limit) => format!("SET statement_timeout = {}; ", limit.as_millis().clamp(1, i32::MAX as u128)),
        None => String::new(),
    };
    let _ = write!(
        sql,
        "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1; \
         SET bytea_output = 'hex'; SET default_transaction_isolation = 'read committed'; SET jit = off; \
         SET parallel_tuple_cost = 0; SELECT \
         set_config(name, '{WORK_KILOBYTES}', false) FROM pg_catalog.pg_settings WHERE name = 'work_mem' AND \
         setting::bigint < {WORK_KILOBYTES}"
    );
    sql
}

fn authorities(ca: Option<&[u8]>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let Some(pem) = ca else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return if roots.is_empty() {
            Err("this system has no certificates of authorities; name those to trust in tls.ca".to_owned())
        } else {
            Ok(roots)
        };
    };
    for certificate in certificates(pem, "tls.ca")? {
        roots.add(certificate).map_err(|_| "tls.ca has a certificate that is no authority's".to_owned())?;
    }
    Ok(roots)
}

fn encryption(roots: RootCertStore, client: Option<&ClientCertificate>) -> Result<MakeRustlsConnect, String> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| "this build has no TLS".to_owned())?
        .with_root_certificates(roots);
    let config = match client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let chain = certificates(&client.certificate, "the client certificate")?;
            let key = PrivateKeyDer::from_pem_slice(&client.private_key)
                .map_err(|_| "the client certificate's private key is no PEM without a pass phrase".to_owned())?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|_| "the private key is not that of the client certificate".to_owned())?
        }
    };
    Ok(MakeRustlsConnect::new(config))
}

/// The certificates in a PEM text, at least one.
fn certificates(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(format!("{what} holds no certificate in PEM form")),
    }
}
