//! Conditions, as the kstatus conventions want them.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

/// Whether something is the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Is {
    True,
    False,
    Unknown,
}

impl Is {
    fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// What is found of one aspect of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) aspect: &'static str,
    pub(crate) is: Is,
    /// One documented word.
    pub(crate) reason: String,
    /// A sentence for people.
    pub(crate) message: String,
}

impl Finding {
    pub(crate) fn new(
        aspect: &'static str,
        is: Is,
        reason: impl std::fmt::Display,
        message: impl Into<String>,
    ) -> Self {
        Self { aspect, is, reason: reason.to_string(), message: message.into() }
    }

    /// The same of another aspect.
    pub(crate) fn also(&self, aspect: &'static str, is: Is) -> Self {
        Self { aspect, is, ..self.clone() }
    }
}

/// The conditions that say what was found; one that says the same as before keeps its transition time.
pub(crate) fn conditions(
    before: &[Condition],
    generation: Option<i64>,
    now: Timestamp,
    findings: Vec<Finding>,
) -> Vec<Condition> {
    let since = |finding: &Finding| {
        let same = before.iter().find(|it| it.type_ == finding.aspect && it.status == finding.is.as_str());
        same.map_or_else(|| Time(whole_seconds(now)), |it| it.last_transition_time.clone())
    };
    findings
        .into_iter()
        .map(|finding| Condition {
            last_transition_time: since(&finding),
            message: finding.message.chars().take(8000).collect(),
            observed_generation: generation,
            reason: finding.reason,
            status: finding.is.as_str().to_owned(),
            type_: finding.aspect.to_owned(),
        })
        .collect()
}

/// As the API server keeps times.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transition_time_moves_with_the_status_and_with_nothing_else() {
        let (early, late) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(60).unwrap());
        let found = |is, reason| vec![Finding::new("Ready", is, reason, "")];
        let first = conditions(&[], Some(1), early, found(Is::False, "Waiting"));
        let other_reason = conditions(&first, Some(2), late, found(Is::False, "Failed"));
        assert_eq!(other_reason[0].last_transition_time.0, early);
        assert_eq!(other_reason[0].observed_generation, Some(2));
        let other_status = conditions(&first, Some(2), late, found(Is::True, "Synced"));
        assert_eq!(other_status[0].last_transition_time.0, late);
    }
}
