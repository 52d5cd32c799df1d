//! Opening a file that belongs to somebody else: read-only, also where nothing can be written beside it.

use std::io::ErrorKind;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use super::failed;
use crate::Error;

/// What else a connection may do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Nothing.
    Read,
    /// Write to a file that it attaches.
    Attach,
}

/// Opens the file and reads its schema once.
pub(super) fn read_only(path: &Path, access: Access) -> Result<Connection, Error> {
    let open = |problem: String| Error::Open { location: path.display().to_string(), problem };
    let metadata = std::fs::metadata(path).map_err(|error| open(cause(&error)))?;
    if metadata.is_dir() {
        return Err(open("it is a directory; name the SQLite file in it".to_owned()));
    }
    if !metadata.is_file() {
        // Opening a pipe would wait for a writer that never comes.
        return Err(open("it is a pipe, a socket or a device; name a SQLite file on a disk".to_owned()));
    }
    std::fs::File::open(path).map_err(|error| open(cause(&error)))?;
    if metadata.len() == 0 {
        return Err(open("the file is empty; was it copied whole?".to_owned()));
    }
    let refused = match connect(path, access, false) {
        Ok(connection) => return Ok(connection),
        Err(error) => error,
    };
    // In WAL mode SQLite wants to write beside the file even to read it. Without a WAL there is nothing to write.
    let cannot_write = matches!(
        refused.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::SystemIoFailure)
    );
    if cannot_write
        && !has_content(path, "-wal")
        && !has_content(path, "-journal")
        && let Ok(connection) = connect(path, access, true)
    {
        return Ok(connection);
    }
    Err(match refused.sqlite_error() {
        Some(failure) if cannot_write && has_content(path, "-wal") => open(format!(
            "{}: it has changes in {}-wal that only a user who may write beside it can read; run \
                          `sqlite3 FILE 'PRAGMA wal_checkpoint(TRUNCATE)'` as its owner, or copy both files to a \
                          directory that can be written",
            problem(failure),
            path.display()
        )),
        Some(failure) if cannot_write && has_content(path, "-journal") => open(format!(
            "{}: a writer was interrupted and left {}-journal; open the file once with a program that \
                          may write, such as `sqlite3 FILE .tables`",
            problem(failure),
            path.display()
        )),
        Some(failure) if failure.code != ErrorCode::DatabaseBusy => open(problem(failure)),
        _ => failed(refused),
    })
}

/// Why the file system does not give the file.
pub(super) fn cause(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "reading it is not permitted to this user".to_owned(),
        _ => error.to_string(),
    }
}

fn has_content(path: &Path, suffix: &str) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    std::fs::metadata(name).is_ok_and(|metadata| metadata.len() > 0)
}

fn connect(path: &Path, access: Access, immutable: bool) -> rusqlite::Result<Connection> {
    // What the URI says holds for its file, what the flags say for those that are attached too.
    let flags = match access {
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::Attach => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    } | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let parameters = if immutable { "mode=ro&immutable=1" } else { "mode=ro" };
    let connection = Connection::open_with_flags(uri(path, parameters), flags)?;
    // A view must not reach beyond the file.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    Ok(connection)
}

/// The file as a URI with parameters, such as `immutable=1`: nobody writes to it.
pub(super) fn uri(path: &Path, parameters: &str) -> String {
    let mut uri = if path.is_absolute() { "file://".to_owned() } else { "file:".to_owned() };
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => uri.push(byte as char),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri + "?" + parameters
}

/// What an error code means and what to do; never the text that came with it, it may quote a value.
pub(super) fn problem(failure: &ffi::Error) -> String {
    match failure.code {
        ErrorCode::NotADatabase => "it is not a SQLite database, or it is encrypted".to_owned(),
        ErrorCode::DatabaseCorrupt => {
            "the database is damaged; `sqlite3 FILE 'PRAGMA integrity_check'` tells where".to_owned()
        }
        ErrorCode::CannotOpen => "SQLite cannot open it or a file beside it".to_owned(),
        ErrorCode::ReadOnly => "SQLite has to write to read it, and may not".to_owned(),
        ErrorCode::SystemIoFailure => "the file system failed to read it".to_owned(),
        ErrorCode::PermissionDenied => "reading it is not permitted to this user".to_owned(),
        ErrorCode::TooBig => "a value or the statement is longer than SQLite allows".to_owned(),
        ErrorCode::OutOfMemory => "there is not enough memory".to_owned(),
        _ => ffi::code_to_str(failure.extended_code).to_lowercase(),
    }
}
