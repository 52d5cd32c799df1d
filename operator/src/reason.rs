//! Why an object is as its conditions say, beside the reasons of the planner.

use std::fmt;

/// The spelling is part of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A pod tests the connection.
    Connecting,
    /// The connection can be used: somebody logged in and did there what is needed.
    Connected,
    /// The connection cannot be used; the message says at which step it fails and what helps. It is tested again by
    /// itself.
    ConnectionFailed,
    /// Everything that refers to each other is there and fits.
    Valid,
    /// The object is none of its kind as this version knows it. Apply it anew, or upgrade the operator.
    InvalidObject,
    /// A Warehouse is a file on somebody's machine, which no pod can read. Give it `spec.postgres`.
    LocalOnly,
    /// The DataGraph cannot be used; its own conditions say why.
    DataGraphNotReady,
    /// `enrichmentEnabled` is false: the table is not copied.
    NotEnabled,
    /// No copy has ended yet.
    FirstSync,
    /// The last copy brought the rows up to date, or found them so.
    Synced,
    /// The last copy failed; the message says at what, and the next one tries again.
    SyncFailed,
    /// The copy is another installation's, or a newer sync took over.
    SyncRefused,
    /// The last copy, or test of a connection, ended without an answer: its pod was evicted, killed or ran out of memory.
    ResultUnknown,
    /// A pod cannot start; the message says what it waits for.
    PodWaiting,
    /// The rows were neither read nor found unchanged for two and a half periods of the schedule.
    Stale,
    /// They were.
    Current,
    /// The object is deleted, and what it left in the store and the warehouse is being removed.
    CleaningUp,
    /// An entity that the mapping uses was not copied yet. Events wait, so that none goes out without its rows.
    EntityNotSynced,
    /// `spec.suspend` is true, or there are no replicas.
    Suspended,
    /// Enrichers start or stop.
    Progressing,
    /// All enrichers run.
    Running,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
