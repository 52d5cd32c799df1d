use std::error::Error as _;

use redis::{ErrorKind, RedisError};

/// The store cannot be asked.
///
/// No text of the server or of the driver is passed on, for it may quote a key or a row: only what kind of failure it is.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Redis cannot be reached, or did not answer in time.
    #[error("failed to {act}: {cause}")]
    Unreachable {
        /// What was to be done.
        act: &'static str,
        /// What went wrong.
        cause: String,
    },
    /// Redis answered, and refused.
    #[error("failed to {act}: Redis answers {code}{}", remedy(code))]
    Refused {
        /// What was to be done.
        act: &'static str,
        /// Redis' word for it, such as `OOM` or `NOPERM`.
        code: String,
    },
    /// What stands in the store is not what Weft writes there.
    #[error("failed to {act}: the store's {what} is not what weft writes there; delete it and sync the entity anew")]
    Foreign {
        /// What was to be done.
        act: &'static str,
        /// What cannot be read.
        what: &'static str,
    },
    /// The meta is of a layout that is not known here.
    #[error("failed to {act}: the store's layout is {layout}, this version knows up to {known}; use a newer weft", known = super::LAYOUT)]
    OtherLayout {
        /// What was to be done.
        act: &'static str,
        /// The layout, 0 if the meta says none.
        layout: u32,
    },
}

impl StoreError {
    /// What the driver says of an act.
    pub(super) fn new(act: &'static str, error: &RedisError) -> Self {
        match (error.kind(), error.code()) {
            (ErrorKind::Server(_) | ErrorKind::Extension, Some(_)) => {
                Self::Refused { act, code: code(error).to_owned() }
            }
            (ErrorKind::UnexpectedReturnType | ErrorKind::Parse, _) => Self::Foreign { act, what: "answer" },
            _ => Self::Unreachable { act, cause: cause(error) },
        }
    }

    /// Whether it is worth while to try again without a person's doing.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { code, .. } => is_passing(code),
            Self::Foreign { .. } | Self::OtherLayout { .. } => false,
        }
    }
}

/// Redis' word for a refusal. That of a command which a script may not run is `ERR` there, with one of these texts (of
/// Redis 7.0, and of later ones).
pub(super) fn code(error: &RedisError) -> &str {
    let is_of_script =
        |text: &str| text.contains("The user executing the script can't") || text.contains("ACL failure in script");
    match error.code() {
        Some("ERR") if error.detail().is_some_and(is_of_script) => "NOPERM",
        code => code.unwrap_or_default(),
    }
}

/// Whether Redis' word for a refusal is of a state that passes, or that a person mends without touching what Weft is told.
pub(super) fn is_passing(code: &str) -> bool {
    matches!(
        code,
        "OOM" | "LOADING" | "BUSY" | "TRYAGAIN" | "MASTERDOWN" | "READONLY" | "CLUSTERDOWN" | "NOREPLICAS" | "MISCONF"
    )
}

/// What kind of failure it is, without what was sent.
pub(super) fn cause(error: &RedisError) -> String {
    if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connection_refusal() {
        "connection refused".to_owned()
    } else if error.is_connection_dropped() {
        "the connection was closed".to_owned()
    } else {
        // The text of the system or of the TLS library, which know nothing of what was sent.
        let text = error.source().filter(|_| error.is_io_error()).map(ToString::to_string);
        text.unwrap_or_else(|| error.category().to_owned())
    }
}

/// What helps, of the answers that a person can do something about.
pub(super) fn remedy(code: &str) -> &'static str {
    match code {
        "OOM" => "; its memory is full: raise maxmemory or remove what is not needed",
        "NOPERM" => "; the user lacks a permission: docs/sync.md has those that a writer and a reader need",
        "NOAUTH" | "WRONGPASS" => "; check user and password",
        "READONLY" => "; it is a replica: the URL has to name the primary",
        "MISCONF" => "; it cannot write to its disk",
        "NOREPLICAS" => "; too few replicas are in step (min-replicas-to-write)",
        "MASTERDOWN" => "; it is a replica that has lost its primary",
        "BUSY" => "; a script keeps it busy",
        _ => "",
    }
}
