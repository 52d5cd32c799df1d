//! The second file, for bookkeeping, beside the one that is only read.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::dialect::BOOKKEEPING;
use super::{failed, open};
use crate::Error;

/// How long a statement waits for another process that writes to the file. Only one can at a time, and what it writes
/// may be a whole table.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Attaches the file as the schema [`BOOKKEEPING`]; makes it if there is none.
pub(super) fn attach(connection: &Connection, main: &Path, state: &Path) -> Result<(), Error> {
    let location = format!("the bookkeeping file {}", state.display());
    let open = |problem: String| Error::Open { location: location.clone(), problem };
    let refused = |error: rusqlite::Error| match error.sqlite_error() {
        Some(failure) if !matches!(failure.code, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            open(problem(failure.code).map_or_else(|| open::problem(failure), str::to_owned))
        }
        _ => failed(error),
    };
    may_be_bookkeeping(main, state).map_err(open)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(refused)?;
    let uri = open::uri(state, "mode=rwc");
    connection.execute(&format!("ATTACH ?1 AS {BOOKKEEPING}"), [uri]).map_err(refused)?;
    let tables = format!("SELECT count(*) FROM {BOOKKEEPING}.sqlite_schema");
    connection.query_row(&tables, [], |row| row.get::<_, i64>(0)).map_err(refused)?;
    if connection.is_readonly(BOOKKEEPING).map_err(refused)? {
        return Err(open("writing to it is not permitted to this user".to_owned()));
    }
    // Whole after a kill at any time, and read while another process writes. Where the file system cannot do that the
    // file keeps the journal it has, and where another process is about to change it, that does it for both.
    match connection.query_row(&format!("PRAGMA {BOOKKEEPING}.journal_mode = WAL"), [], |_| Ok(())) {
        Err(error) if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) => Err(refused(error)),
        _ => Ok(()),
    }
}

/// Whether a file at this path can be the one for bookkeeping.
fn may_be_bookkeeping(main: &Path, state: &Path) -> Result<(), String> {
    match std::fs::metadata(state) {
        Ok(metadata) if metadata.is_dir() => Err("it is a directory; name a file in it".to_owned()),
        Ok(metadata) if !metadata.is_file() => Err("it is a pipe, a socket or a device; name a file".to_owned()),
        Ok(_) if state.canonicalize().ok() == main.canonicalize().ok() => {
            Err("it is the file that is read, and nothing is written there; name another".to_owned())
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => match state.parent() {
            Some(parent) if !parent.as_os_str().is_empty() && !parent.is_dir() => {
                Err("there is no such directory; create it, or name a file elsewhere".to_owned())
            }
            _ => Ok(()),
        },
        Err(error) => Err(open::cause(&error)),
    }
}

/// What an error code means where writing is what was tried.
fn problem(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::CannotOpen => {
            Some("SQLite cannot create or open it or a file beside it; may this user write there?")
        }
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Some("writing to it is not permitted to this user"),
        ErrorCode::DiskFull => Some("the disk is full"),
        ErrorCode::SystemIoFailure => Some("the file system failed to read or write it"),
        _ => None,
    }
}
