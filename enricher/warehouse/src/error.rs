use std::time::Duration;

use crate::names::Unresolved;

/// Why a warehouse could not do what it was asked. No message quotes a value of a row.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The warehouse cannot be opened or reached.
    #[error("failed to open {location}: {problem}")]
    Open {
        /// Where it should be: a path or an address.
        location: String,
        /// What is wrong and how to mend it.
        problem: String,
    },
    /// The user's password is not the right one.
    #[error("failed to open {location}: {problem}")]
    Password {
        /// Where it should be: host, port and database.
        location: String,
        /// Whose password it is.
        problem: String,
    },
    /// The warehouse does not answer, or takes nobody in at this moment.
    #[error("failed to reach {location}: {problem}")]
    Unreachable {
        /// Where it should be: host, port and database.
        location: String,
        /// What is wrong and how to mend it.
        problem: String,
    },
    /// The name cannot be one of a table here.
    #[error("the table name {name:?} {problem}")]
    Name {
        /// The name, its parts joined by dots.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// This user lacks a right.
    #[error("not permitted: {0}")]
    Denied(String),
    /// There is no such table or view.
    #[error("failed to find the table: {0}")]
    Table(Unresolved),
    /// The view is there, but reading anything from it fails.
    #[error("the view {view:?} itself fails: {problem}; mend the view, or name another table")]
    View {
        /// Its name, as the warehouse spells it.
        view: String,
        /// What the warehouse says of it.
        problem: String,
    },
    /// The warehouse refused the statement itself, before any row.
    #[error("failed to prepare the statement: {0}")]
    Prepare(String),
    /// The warehouse failed while it ran the statement.
    #[error("failed to run the statement: {0}")]
    Run(String),
    /// A table of this name is there already.
    #[error("failed to create the table: it exists already")]
    Exists,
    /// There is no schema for bookkeeping: [`crate::Dialect::create_state`] makes it.
    #[error("there is no schema for bookkeeping: {0}")]
    NoBookkeeping(String),
    /// A table in bookkeeping is not there, or no longer.
    #[error("a table in bookkeeping is gone: {0}")]
    Gone(String),
    /// The warehouse ended the statement because it took too long.
    #[error("the statement took longer than its time-out of {0:?}; raise limits.statementTimeout, or read fewer rows")]
    TimedOut(Duration),
    /// Somebody else holds a lock; trying again may help.
    #[error("failed to run the statement: the database is locked by another process; try again when it is done")]
    Locked,
    /// The statement was cancelled.
    #[error("the statement was cancelled")]
    Cancelled,
}

impl Error {
    /// The error where the statement only read this view.
    #[cfg(feature = "sqlite")]
    pub(crate) fn of_view(self, view: &str) -> Self {
        match self {
            Error::Prepare(problem) | Error::Run(problem) => Error::View { view: view.to_owned(), problem },
            other => other,
        }
    }

    /// A bounded name for metrics and events.
    pub fn category(&self) -> &'static str {
        match self {
            Error::Open { .. } => "open",
            Error::Password { .. } => "password",
            Error::Unreachable { .. } => "unreachable",
            Error::Name { .. } => "name",
            Error::Denied(_) => "denied",
            Error::Exists => "exists",
            Error::NoBookkeeping(_) => "no_bookkeeping",
            Error::Gone(_) => "gone",
            Error::TimedOut(_) => "timeout",
            Error::Table(_) => "table",
            Error::View { .. } => "view",
            Error::Prepare(_) => "prepare",
            Error::Run(_) => "run",
            Error::Locked => "locked",
            Error::Cancelled => "cancelled",
        }
    }

    /// Whether trying again may help. Where something in bookkeeping is missing, it does: another run makes it anew.
    pub fn is_transient(&self) -> bool {
        matches!(self, Error::Locked | Error::Unreachable { .. } | Error::NoBookkeeping(_) | Error::Gone(_))
    }
}
