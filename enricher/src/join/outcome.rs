use crate::event::{NodeId, PathTree};

/// What became of one event under one rule; each is counted exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was appended to the output.
    Sent(Sent),
    /// The rule's condition does not hold.
    Filtered,
    /// An alias that is not optional has no row, and the rule drops such events.
    Dropped,
    /// It cannot be sent.
    DeadLettered(Failure),
}

/// How much was found for an event that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Every lookup found its row, or none was asked.
    Enriched,
    /// Some lookups found their row.
    PartiallyEnriched,
    /// No lookup found its row.
    Unenriched,
}

/// Why an event cannot be sent under a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A member on a path that the rule reads or writes occurs more than once in its object.
    DuplicateKey(NodeId),
    /// A value on the way to a written place is neither an object nor missing nor null.
    BadParent(NodeId),
    /// The alias at this position of the rule has no row, and the rule makes dead letters of such events.
    Missing {
        /// The position among the rule's aliases.
        alias: usize,
        /// What the lookup gave instead of a row.
        lookup: LookupResult,
    },
}

/// What came of one lookup of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LookupResult {
    /// A row.
    Found,
    /// There is no row with this key.
    Missing,
    /// The event has no value for the key: it is absent, null or empty.
    NoKey,
    /// The event's value cannot be brought to the key column's type.
    BadKey,
}

impl Failure {
    /// The reason as dead letters and counters spell it.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::DuplicateKey(_) => "duplicate_key",
            Self::BadParent(_) => "bad_parent",
            Self::Missing { .. } => "missing",
        }
    }

    /// Where in the pipeline it came up.
    pub(crate) fn stage(self) -> &'static str {
        match self {
            Self::DuplicateKey(_) => "read",
            Self::BadParent(_) => "write",
            Self::Missing { .. } => "lookup",
        }
    }

    /// The fault in words; `alias` names the alias of a [`Failure::Missing`].
    pub(crate) fn message(self, tree: &PathTree, alias: impl Fn(usize) -> String) -> String {
        match self {
            Self::DuplicateKey(node) => {
                format!("the key at {} occurs more than once in its object", tree.path(node))
            }
            Self::BadParent(node) => {
                format!("{} is neither an object nor null, nothing can be written below it", tree.path(node))
            }
            Self::Missing { alias: position, lookup } => {
                let alias = alias(position);
                match lookup {
                    LookupResult::NoKey => format!("no key for {alias}: the value is absent, null or empty"),
                    LookupResult::BadKey => {
                        format!("bad key for {alias}: the value does not fit the key column's type")
                    }
                    LookupResult::Found | LookupResult::Missing => format!("no row for {alias}"),
                }
            }
        }
    }
}
