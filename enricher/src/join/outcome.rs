use super::list::NotAList;
use crate::event::NodeId;

/// What became of one event under one rule; each is counted exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was appended to the output.
    Sent(Sent),
    /// The rule does not want it.
    Filtered(FilteredBy),
    /// An alias that is not optional has no row, and the rule drops such events.
    Dropped,
    /// It cannot be sent.
    DeadLettered(Failure),
}

/// What refused an event that a rule does not want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FilteredBy {
    /// The rule's condition does not hold.
    When,
    /// The event does not allow all of the rule's consent categories.
    Consent,
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
    /// Nothing was written, for the store could not tell all of the rows.
    #[cfg_attr(not(any(test, feature = "kafka")), expect(dead_code, reason = "without Kafka, events wait for rows"))]
    AsItCame,
}

/// Why an event cannot be sent under a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A member on a path that the rule reads or writes occurs more than once in its object.
    DuplicateKey(Spot),
    /// A value on the way to a written place is neither an object nor missing nor null.
    BadParent(Spot),
    /// What stands in the place of an array cannot be walked.
    NotAList { array: NodeId, reason: NotAList },
    /// The alias at this position of the rule has no row, and the rule makes dead letters of such events.
    Missing {
        /// The position among the rule's aliases.
        alias: usize,
        /// The item of its list, if it has one.
        item: Option<u32>,
        /// What the lookup gave instead of a row.
        lookup: LookupResult,
    },
}

/// A place in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spot {
    /// On a path from the event's root.
    Event(NodeId),
    /// In an item of a list, on a path from the item.
    Item {
        /// The list's position in the join.
        list: usize,
        /// The item, counted from 0.
        item: u32,
        /// The place in the item.
        node: NodeId,
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

impl Outcome {
    /// The outcome as counters spell it, with what filtered the event or why it is a dead letter.
    pub(crate) fn counter(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Sent(Sent::Enriched) => ("enriched", None),
            Self::Sent(Sent::PartiallyEnriched) => ("partially_enriched", None),
            Self::Sent(Sent::Unenriched) => ("unenriched", None),
            Self::Sent(Sent::AsItCame) => ("unenriched", Some("unavailable")),
            Self::Filtered(FilteredBy::When) => ("filtered", Some("when")),
            Self::Filtered(FilteredBy::Consent) => ("filtered", Some("consent")),
            Self::Dropped => ("dropped", None),
            Self::DeadLettered(failure) => ("dead_lettered", Some(failure.reason())),
        }
    }
}

impl LookupResult {
    /// The result as counters spell it.
    pub(crate) fn counter(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Missing => "missing",
            Self::NoKey => "no_key",
            Self::BadKey => "bad_key",
        }
    }

    /// The result for a person.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Missing => "missing",
            Self::NoKey => "no key",
            Self::BadKey => "bad key",
        }
    }
}

impl Failure {
    /// The reason as dead letters and counters spell it.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::DuplicateKey(_) => "duplicate_key",
            Self::BadParent(_) => "bad_parent",
            Self::NotAList { reason: NotAList::OtherValue, .. } => "not_an_array",
            Self::NotAList { reason: NotAList::TooLong, .. } => "too_many_items",
            Self::Missing { .. } => "missing",
        }
    }

    /// Where in the pipeline it came up.
    pub(crate) fn stage(self) -> &'static str {
        match self {
            Self::DuplicateKey(_) | Self::NotAList { .. } => "read",
            Self::BadParent(_) => "write",
            Self::Missing { .. } => "lookup",
        }
    }

    /// The fault in words; `path` names a place, `alias` the alias at a position of the rule.
    pub(crate) fn message(self, path: impl Fn(Spot) -> String, alias: impl Fn(usize) -> String) -> String {
        match self {
            Self::DuplicateKey(spot) => format!("the key at {} occurs more than once in its object", path(spot)),
            Self::BadParent(spot) => {
                format!("{} is neither an object nor null, nothing can be written below it", path(spot))
            }
            Self::NotAList { array, reason } => reason.message(&path(Spot::Event(array))),
            Self::Missing { alias: position, item, lookup } => {
                let alias = alias(position);
                let of_item = item.map_or(String::new(), |item| format!(", item {item}"));
                match lookup {
                    LookupResult::NoKey => format!("no key for {alias}{of_item}: the value is absent, null or empty"),
                    LookupResult::BadKey => {
                        format!("bad key for {alias}{of_item}: the value does not fit the key column's type")
                    }
                    LookupResult::Found | LookupResult::Missing => format!("no row for {alias}{of_item}"),
                }
            }
        }
    }
}
