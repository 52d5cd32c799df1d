use rdkafka::message::{BorrowedHeaders, OwnedHeaders};
use weft_plan_types::EnrichPlan;

use super::headers::{NO_RULE, ONLY_MAPPING, ONLY_RULE, before_replay, last};

/// The longest name of a rule that is repeated: those of manifests are shorter.
const NAME_CHARACTERS: usize = 63;

/// Whom a record of the source's topic is for.
#[derive(Debug)]
pub(crate) enum Address {
    /// Every rule of every mapping: an event like any other.
    Everyone,
    /// It was sent again, for the rule at this position or, where there is none, for every rule of this mapping.
    Again {
        /// The rule's position in the plan.
        rule: Option<usize>,
        /// The headers that it had before.
        headers: OwnedHeaders,
    },
    /// It was sent again for another mapping.
    AnotherMapping,
    /// It was sent again for a rule that this mapping does not have.
    UnknownRule(String),
}

impl Address {
    /// What a record's headers say.
    pub(crate) fn of(headers: Option<&BorrowedHeaders>, plan: &EnrichPlan) -> Self {
        let Some((headers, rule)) = headers.and_then(|headers| Some((headers, last(headers, ONLY_RULE)?))) else {
            return Self::Everyone;
        };
        if last(headers, ONLY_MAPPING).is_some_and(|mapping| mapping != mapping_name(plan).as_bytes()) {
            return Self::AnotherMapping;
        }
        let number = plan.rules.iter().position(|known| known.name.as_bytes() == rule);
        if number.is_none() && rule != NO_RULE.as_bytes() {
            return Self::UnknownRule(String::from_utf8_lossy(rule).chars().take(NAME_CHARACTERS).collect());
        }
        Self::Again { rule: number, headers: before_replay(headers) }
    }

    /// Whether the rule at a position is applied.
    pub(crate) fn includes(&self, rule: usize) -> bool {
        match self {
            Self::Everyone | Self::Again { rule: None, .. } => true,
            Self::Again { rule: Some(only), .. } => *only == rule,
            Self::AnotherMapping | Self::UnknownRule(_) => false,
        }
    }

    /// The headers to pass on, of a record that came with these.
    pub(crate) fn headers<'a>(&'a self, came: Option<&'a BorrowedHeaders>) -> Option<&'a BorrowedHeaders> {
        match self {
            Self::Again { headers, .. } => Some(headers.as_borrowed()),
            _ => came,
        }
    }
}

/// A mapping as [`ONLY_MAPPING`] names it.
pub(super) fn mapping_name(plan: &EnrichPlan) -> String {
    format!("{}/{}", plan.owner.namespace, plan.mapping)
}
