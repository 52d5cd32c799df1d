//! What PostgreSQL's errors mean and what to do. A message of the server may quote a value of a row, so only those are
//! told whose words are known to be names.

use std::error::Error as StdError;
use std::io::ErrorKind;

use tokio_postgres::Error as Failure;
use tokio_postgres::error::{DbError, SqlState};

use super::connect::Options;
use super::dialect::quoted;
use crate::Error;

/// The server did not answer in time.
pub(super) fn silent(options: &Options) -> Error {
    let problem = "it does not answer; check host and port, and that a firewall lets this machine in";
    Error::Unreachable { location: options.location(), problem: problem.to_owned() }
}

/// Why nobody was logged in.
pub(super) fn of_login(options: &Options, failure: &Failure) -> Error {
    let location = options.location();
    let open = |problem: String| Error::Open { location: location.clone(), problem };
    let unreachable = |problem: &str| Error::Unreachable { location: location.clone(), problem: problem.to_owned() };
    if let Some(told) = failure.as_db_error() {
        return match told.code() {
            code if *code == SqlState::CANNOT_CONNECT_NOW => {
                unreachable("it starts or stops at this moment; try again")
            }
            code if *code == SqlState::TOO_MANY_CONNECTIONS => {
                unreachable("it has no connection left; try again, or raise its max_connections")
            }
            code if *code == SqlState::QUERY_CANCELED => unreachable(
                "the login took longer than the user's statement_timeout allows; raise it: ALTER ROLE … SET statement_timeout",
            ),
            code if *code == SqlState::INVALID_PASSWORD => {
                let problem = format!("the password of user {:?} is wrong, or there is no such user", options.user);
                Error::Password { location, problem }
            }
            _ => open(refusal(options, told)),
        };
    }
    if let Some(fault) = find::<rustls::Error>(failure) {
        return open(certificate_fault(options, fault));
    }
    if let Some(fault) = find::<std::io::Error>(failure) {
        return match fault.kind() {
            ErrorKind::ConnectionRefused => unreachable("nothing listens there; check host and port, and that it runs"),
            ErrorKind::TimedOut => silent(options),
            ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe => {
                unreachable("it closed the connection; check that host and port are those of PostgreSQL")
            }
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => unreachable("there is no way to this host"),
            ErrorKind::InvalidInput => open("the host is no name that a certificate can have".to_owned()),
            _ if fault.to_string().contains("lookup") => unreachable("the host name is not known; check host"),
            kind => unreachable(&kind.to_string()),
        };
    }
    // What remains has no type to tell it by.
    let words = chain(failure);
    if words.contains("does not support TLS") {
        return open(
            "it has no TLS; turn on ssl there, or set tls.mode to Disable if the network is trusted".to_owned(),
        );
    }
    if words.contains("password missing") {
        return open(format!("it asks user {:?} for a password and none is given", options.user));
    }
    unreachable("the connection broke off; check that host and port are those of PostgreSQL")
}

fn refusal(options: &Options, told: &DbError) -> String {
    let Options { user, database, .. } = options;
    match told.code() {
        code if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => format!(
            "it does not let user {user:?} in from here; check that the role exists and may log in, that pg_hba.conf \
             has a line for it, and tls.mode"
        ),
        code if *code == SqlState::INVALID_CATALOG_NAME => {
            format!("there is no database {database:?}; check its spelling, case included")
        }
        code if *code == SqlState::INSUFFICIENT_PRIVILEGE => format!(
            "user {user:?} may not connect to it; run: GRANT CONNECT ON DATABASE {} TO {}",
            quoted(database),
            quoted(user)
        ),
        code => format!("it refused the login (SQLSTATE {})", code.code()),
    }
}

fn certificate_fault(options: &Options, fault: &rustls::Error) -> String {
    use rustls::CertificateError as Certificate;
    match fault {
        rustls::Error::InvalidCertificate(fault) => match fault {
            Certificate::UnknownIssuer | Certificate::BadSignature => {
                "its certificate comes from an authority that is not trusted; name that authority's certificate in \
                 tls.ca"
                    .to_owned()
            }
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
                format!("its certificate is not for the host {:?}; name the host as the certificate does", options.host)
            }
            Certificate::Expired | Certificate::ExpiredContext { .. } => "its certificate has expired".to_owned(),
            _ => "its certificate is not valid".to_owned(),
        },
        rustls::Error::AlertReceived(_) => {
            "it broke off the TLS handshake; it may ask for another client certificate".to_owned()
        }
        _ => "the TLS handshake failed; check that host and port are those of PostgreSQL".to_owned(),
    }
}

/// Why a statement failed, of which nothing but names is in the server's words while it is only `prepared`. `None` if
/// it was cancelled or took too long.
pub(super) fn of_statement(options: &Options, failure: &Failure, prepared: bool) -> Option<Error> {
    let Some(told) = failure.as_db_error() else {
        if failure.is_closed() || find::<std::io::Error>(failure).is_some() {
            return Some(lost(options));
        }
        return Some(Error::Run("its result or the statement has an unexpected form".to_owned()));
    };
    let code = told.code().code();
    Some(match code {
        "57014" => return None,
        "55P03" | "40P01" | "40001" => Error::Locked,
        "42P07" | "42P06" => Error::Exists,
        // Of those that create one name at the same moment, one may learn of another by the table's row type or by a
        // unique index of the catalogue.
        "42710" => Error::Exists,
        "23505" if told.schema() == Some("pg_catalog") => Error::Exists,
        "42P01" if is_in_bookkeeping(options, told) => Error::Gone(in_schema(options)),
        "3F000" if told.message().contains(&options.bookkeeping) => Error::NoBookkeeping(in_schema(options)),
        "42501" => Error::Denied(denied(options, told)),
        "57P01" | "57P02" | "57P03" | "57P05" => lost(options),
        "54000" | "54011" => Error::Run(
            "the rows have more or longer columns than PostgreSQL can make a table of; name fewer in the entity's columns"
                .to_owned(),
        ),
        "55000" => Error::Run(
            "the table is not ready to be read (SQLSTATE 55000); a materialised view must have been refreshed once".to_owned(),
        ),
        "53100" => Error::Run("the server's disk is full".to_owned()),
        "53200" => Error::Run("the server has not enough memory".to_owned()),
        _ if code.starts_with("08") => lost(options),
        _ if code.starts_with("53") => Error::Run(format!("the server lacks a resource (SQLSTATE {code})")),
        _ if prepared && (code.starts_with("42") || code.starts_with("0A") || code.starts_with("3F")) => {
            Error::Prepare(told.message().to_owned())
        }
        _ if prepared => Error::Prepare(format!("the server refuses it (SQLSTATE {code})")),
        "25006" => Error::Run("the server or its session is read-only; name a server that takes writes".to_owned()),
        _ if code.starts_with("22") => {
            Error::Run(format!("a value does not fit what is done with it (SQLSTATE {code})"))
        }
        _ => Error::Run(format!("the server gave up (SQLSTATE {code})")),
    })
}

fn in_schema(options: &Options) -> String {
    format!("schema {:?} of {}", options.bookkeeping, options.location())
}

/// Whether the table that is missing is one in bookkeeping; in every language the server's words have its name. Only
/// tables there are ever dropped, and then the name comes without its schema.
fn is_in_bookkeeping(options: &Options, told: &DbError) -> bool {
    let words = told.message();
    let schema = format!("{}.", options.bookkeeping);
    let mut at = words.match_indices(&schema).map(|(at, _)| at);
    let begins = |at: usize| !words[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
    told.routine() == Some("DropErrorMsgNonExistent") || at.any(begins)
}

/// What is not granted: the server's own words, if they come from where it checks grants.
fn denied(options: &Options, told: &DbError) -> String {
    let (user, schema) = (&options.user, &options.bookkeeping);
    match told.routine() {
        Some("aclcheck_error") if told.message() == format!("permission denied for schema {schema}") => {
            let (schema, role) = (quoted(schema), quoted(user));
            format!(
                "the user {user:?} may not write in bookkeeping; run: GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}"
            )
        }
        Some("aclcheck_error") if told.message().starts_with("permission denied for database ") => format!(
            "the user {user:?} may not create the schema for bookkeeping; run as an administrator: CREATE SCHEMA {} \
             AUTHORIZATION {}",
            quoted(schema),
            quoted(user)
        ),
        Some("aclcheck_error" | "aclcheck_error_col") => {
            format!("{}; grant it to the user {user:?}", told.message())
        }
        _ => format!("the user {user:?} lacks a grant"),
    }
}

fn lost(options: &Options) -> Error {
    Error::Unreachable { location: options.location(), problem: "the connection was lost; try again".to_owned() }
}

/// The first cause of this type, also inside of what I/O wraps.
fn find<T: StdError + 'static>(failure: &Failure) -> Option<&T> {
    let mut cause = failure.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        cause = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

/// All that the causes say.
fn chain(failure: &Failure) -> String {
    let mut words = failure.to_string();
    let mut cause = failure.source();
    while let Some(error) = cause {
        words.push_str(&format!(": {error}"));
        cause = error.source();
    }
    words
}
