//! The connection to a Redis server.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisError, TlsCertificates,
};
use rustls::CertificateError;

use super::error::{cause, code, is_passing, remedy};

/// A connection that is not made, or a command that is not answered, within this time has failed.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The longest pause between two tries to connect again.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How often a connection is tried before the commands that wait for it fail; the next command tries anew.
const TRIES: usize = 4;

/// Where a store is, and how to get in.
#[derive(Clone)]
pub struct Access {
    /// `redis://host:port/database` or, with TLS, `rediss://…`; without user info.
    pub url: String,
    /// The ACL user; without one, Redis' user `default`.
    pub username: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// The certificates that the server's has to be signed by, as PEM; the system's if there are none.
    pub ca: Option<Vec<u8>>,
}

/// Why there is no connection. No text holds a password, or user info of the URL.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL is none of Redis.
    #[error("the store's url is no URL such as redis://host:6379/0, or rediss://host:6379/0 for TLS")]
    Url,
    /// The URL holds a user or a password.
    #[error("the store's url holds a user or a password; give them as username and password")]
    UserInfo,
    /// There are certificates, and no TLS.
    #[error("the store has tls.ca, and its url begins with redis://; TLS needs rediss://")]
    CaWithoutTls,
    /// The certificates cannot be read.
    #[error("the store's tls.ca holds no certificates in PEM")]
    Ca,
    /// The server does not take the user or the password.
    #[error("failed to connect to the store at {address}: wrong user or password{}", remedy("WRONGPASS"))]
    Password {
        /// Host and port.
        address: String,
    },
    /// The server cannot be reached, or does not let us in.
    #[error("failed to connect to the store at {address}: {cause}")]
    Refused {
        /// Host and port.
        address: String,
        /// What went wrong, and what helps.
        cause: String,
        /// Whether it is worth while to try again without a person's doing.
        transient: bool,
    },
}

impl std::fmt::Debug for Access {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Access").finish_non_exhaustive()
    }
}

/// Connects. The connection heals itself: what is asked while it is broken fails, or waits for one of a few tries.
pub async fn connect(access: &Access) -> Result<ConnectionManager, ConnectError> {
    let (client, address) = client(access)?;
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(TIMEOUT))
        .set_response_timeout(Some(TIMEOUT))
        .set_max_delay(LONGEST_PAUSE)
        .set_number_of_retries(TRIES);
    let refused = |error: RedisError| refused(&address, &error);
    // One try, so that what is wrong is said at once: the manager's own first connection would be tried again.
    try_once(&client).await.map_err(&refused)?;
    ConnectionManager::new_with_config(client, config).await.map_err(refused)
}

fn refused(address: &str, error: &RedisError) -> ConnectError {
    if is_password_refused(error) {
        return ConnectError::Password { address: address.to_owned() };
    }
    let untrusted = certificate_fault(error);
    let is_untrusted = untrusted.is_some();
    let code = code(error);
    let cause = match code {
        _ if let Some(fault) = untrusted => fault.to_owned(),
        _ if error.to_string().contains("refused to switch database") => database_fault(error).to_owned(),
        "" if error.is_connection_refusal() => {
            format!("{}; check host and port of the url, and that Redis runs there", cause(error))
        }
        "" if error.source().is_some_and(|source| source.to_string().contains("lookup")) => {
            "the host name is not known; check the host of the url".to_owned()
        }
        "" => cause(error),
        code => format!("Redis answers {code}{}", remedy(code)),
    };
    let transient = !is_untrusted && (error.is_io_error() || error.is_timeout() || is_passing(code));
    ConnectError::Refused { address: address.to_owned(), cause, transient }
}

/// What is wrong with the server's certificate, if that is why there is no connection.
fn certificate_fault(error: &RedisError) -> Option<&'static str> {
    let cause = error.source()?.downcast_ref::<Arc<dyn std::error::Error + Send + Sync>>()?;
    let io = cause.downcast_ref::<std::io::Error>()?;
    match io.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => Some(
            "its certificate comes from an authority that is not trusted; name that authority's certificate in tls.ca",
        ),
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => Some("its certificate is not for this host; name the host in url as the certificate does"),
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            Some("its certificate has expired")
        }
        rustls::Error::InvalidCertificate(_) => Some("its certificate is not valid"),
        _ => None,
    }
}

/// Why the database that the URL names was not chosen.
fn database_fault(error: &RedisError) -> &'static str {
    if error.detail().is_some_and(|detail| detail.contains("no permissions")) {
        "the user may not choose the database of the url; give it +select, or name database 0"
    } else {
        "it has no such database as the url names behind the last slash; name one from 0 to 15, or raise `databases` there"
    }
}

/// Connects once. Once the connection breaks, whatever is asked over it fails.
pub(crate) async fn connect_once(access: &Access) -> Result<MultiplexedConnection, ConnectError> {
    let (client, address) = client(access)?;
    try_once(&client).await.map_err(|error| refused(&address, &error))
}

async fn try_once(client: &Client) -> Result<MultiplexedConnection, RedisError> {
    let once = AsyncConnectionConfig::new().set_connection_timeout(Some(TIMEOUT)).set_response_timeout(Some(TIMEOUT));
    let mut connection = client.get_multiplexed_async_connection_with_config(&once).await?;
    // Without a password Redis lets everybody connect, and refuses the first command. That of a user who was let in may
    // be forbidden.
    let answer = redis::cmd("PING").exec_async(&mut connection).await;
    answer.or_else(|error| if error.code() == Some("NOPERM") { Ok(()) } else { Err(error) })?;
    Ok(connection)
}

fn client(access: &Access) -> Result<(Client, String), ConnectError> {
    let authority =
        access.url.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    if authority.is_some_and(|authority| authority.contains('@')) {
        return Err(ConnectError::UserInfo);
    }
    if !["redis://", "rediss://"].iter().any(|scheme| access.url.starts_with(scheme)) {
        return Err(ConnectError::Url);
    }
    let info = access.url.as_str().into_connection_info().map_err(|_| ConnectError::Url)?;
    let info = with_credentials(info, access);
    let (tls, address) = match info.addr() {
        ConnectionAddr::Tcp(host, port) => (false, format!("{host}:{port}")),
        ConnectionAddr::TcpTls { host, port, insecure: false, .. } => (true, format!("{host}:{port}")),
        _ => return Err(ConnectError::Url),
    };
    let client = match (tls, &access.ca) {
        (false, Some(_)) => return Err(ConnectError::CaWithoutTls),
        (false, None) => Client::open(info).map_err(|_| ConnectError::Url)?,
        (true, ca) => {
            // One provider for the process; whoever was first chose it.
            let _ = rustls::crypto::ring::default_provider().install_default();
            if ca.as_ref().is_some_and(|ca| !ca.windows(PEM_BEGIN.len()).any(|text| text == PEM_BEGIN)) {
                return Err(ConnectError::Ca);
            }
            let certificates = TlsCertificates { client_tls: None, root_cert: ca.clone() };
            Client::build_with_tls(info, certificates).map_err(|_| ConnectError::Ca)?
        }
    };
    Ok((client, address))
}

const PEM_BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

fn with_credentials(info: ConnectionInfo, access: &Access) -> ConnectionInfo {
    let mut settings = info.redis_settings().clone();
    if let Some(username) = &access.username {
        settings = settings.set_username(username);
    }
    if let Some(password) = &access.password {
        settings = settings.set_password(password);
    }
    info.set_redis_settings(settings)
}

fn is_password_refused(error: &RedisError) -> bool {
    matches!(error.kind(), redis::ErrorKind::AuthenticationFailed) || error.code() == Some("WRONGPASS")
}
