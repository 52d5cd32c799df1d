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
    /// Somebody else holds a lock; trying again may help.
    #[error("failed to run the statement: the database is locked by another process; try again when it is done")]
    Locked,
    /// The statement was cancelled.
    #[error("the statement was cancelled")]
    Cancelled,
}

impl Error {
    /// The error where the statement only read this view.
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
            Error::Table(_) => "table",
            Error::View { .. } => "view",
            Error::Prepare(_) => "prepare",
            Error::Run(_) => "run",
            Error::Locked => "locked",
            Error::Cancelled => "cancelled",
        }
    }

    /// Whether trying again may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Error::Locked)
    }
}
