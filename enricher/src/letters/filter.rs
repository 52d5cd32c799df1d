use serde::{Deserialize, Serialize};

use super::Letter;

/// Which letters are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    /// One of these reasons; any if there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) reasons: Vec<String>,
    /// One of these rules; any if there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) rules: Vec<String>,
    /// None of these rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) without: Vec<String>,
    /// Became a letter at this time or later, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<i64>,
    /// Became a letter before this time, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<i64>,
}

impl Filter {
    /// Whether a letter is meant.
    pub(crate) fn takes(&self, letter: &Letter<'_>) -> bool {
        self.takes_parts(letter.reason, letter.rule, letter.time())
    }

    /// Whether a letter is meant, or would be but for [`Filter::without`].
    pub(super) fn takes_with_rules_left_out(&self, letter: &Letter<'_>) -> bool {
        self.takes_of_any_rule(letter.reason, letter.rule, letter.time())
    }

    /// Whether a letter with this reason, rule and time is meant. One whose time is not known is at no time.
    pub(super) fn takes_parts(&self, reason: &str, rule: &str, time: Option<i64>) -> bool {
        self.takes_of_any_rule(reason, rule, time) && !self.without.iter().any(|known| known == rule)
    }

    fn takes_of_any_rule(&self, reason: &str, rule: &str, time: Option<i64>) -> bool {
        let is_one_of = |names: &[String], name: &str| names.is_empty() || names.iter().any(|known| known == name);
        is_one_of(&self.reasons, reason)
            && is_one_of(&self.rules, rule)
            && self.since.is_none_or(|since| time.is_some_and(|time| time >= since))
            && self.until.is_none_or(|until| time.is_some_and(|time| time < until))
    }
}
