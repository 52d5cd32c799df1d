//! Validation rules, each as the API server evaluates it and as its plain twin.

use std::{fmt, sync::OnceLock};

use kube::core::Rule;
use regex_lite::Regex;

/// A rule of the schema: what the API server evaluates (CEL), and what it says of an object that breaks it.
///
/// The type that a rule stands on has the plain twin in its `check` function, which reports the same message at the
/// same path; `tests/rules.rs` holds the two together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CelRule {
    cel: &'static str,
    message: &'static str,
    field: &'static str,
}

impl CelRule {
    pub(crate) const fn new(cel: &'static str, message: &'static str) -> Self {
        Self { cel, message, field: "" }
    }

    /// Reports the fault at a field below the place the rule stands on, such as `.slug`.
    pub(crate) const fn at(self, field: &'static str) -> Self {
        Self { field, ..self }
    }
}

impl From<CelRule> for Rule {
    fn from(rule: CelRule) -> Self {
        let stated = Self::new(rule.cel).message(rule.message);
        if rule.field.is_empty() { stated } else { stated.field_path(rule.field) }
    }
}

/// A rule that a text has to match a pattern. A rule and no `pattern` of the schema, for a pattern's own error shows
/// the pattern and the value, which may hold a password, and tells no cure.
#[derive(Debug)]
pub(crate) struct TextRule {
    pattern: &'static str,
    message: &'static str,
    compiled: OnceLock<Regex>,
}

impl TextRule {
    /// The pattern must mean the same in RE2 and in Rust: no look-around, no classes such as `\s`, no single quote.
    pub(crate) const fn new(pattern: &'static str, message: &'static str) -> Self {
        Self { pattern, message, compiled: OnceLock::new() }
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let compile = || Regex::new(self.pattern).expect("every pattern is compiled by the tests of its rule");
        self.compiled.get_or_init(compile).is_match(text)
    }
}

impl From<&TextRule> for Rule {
    fn from(rule: &TextRule) -> Self {
        Self::new(format!("self.matches(r'{}')", rule.pattern)).message(rule.message)
    }
}

/// A [`TextRule`] that every text of a list has to meet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Each(pub(crate) &'static TextRule);

impl From<Each> for Rule {
    fn from(Each(rule): Each) -> Self {
        Self::new(format!("self.all(text, text.matches(r'{}'))", rule.pattern)).message(rule.message)
    }
}

/// A rule that an object breaks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The field, such as `spec.source.kafka.topic`; empty for the object itself.
    pub path: String,
    /// What to do about it.
    pub message: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(self.message) } else { write!(f, "{}: {}", self.path, self.message) }
    }
}

/// The rules that one object has to meet, beyond the types and bounds of its schema.
pub trait Validate: Sized {
    /// Every rule that the object breaks, sorted by path. `old` is the object that it replaces, if it replaces one: some
    /// fields cannot change.
    fn violations(&self, old: Option<&Self>) -> Vec<Violation>;
}

/// What was found so far.
#[derive(Default)]
pub(crate) struct Violations(Vec<Violation>);

impl Violations {
    /// Notes that `rule`, which stands on `place`, is broken, unless it `holds`.
    pub(crate) fn unless(&mut self, holds: bool, place: &str, rule: CelRule) {
        let path = format!("{place}{}", rule.field).trim_start_matches('.').to_owned();
        self.unless_stated(holds, path, rule.message);
    }

    /// Notes `message` at `path`, unless what it says `holds`.
    pub(crate) fn unless_stated(&mut self, holds: bool, path: String, message: &'static str) {
        if !holds {
            self.0.push(Violation { path, message });
        }
    }

    /// Notes that `text`, which stands at `place`, does not match, unless it does.
    pub(crate) fn text(&mut self, text: &str, place: String, rule: &'static TextRule) {
        self.each([text], place, Each(rule));
    }

    /// Notes that one of the `texts` of the list at `place` does not match, unless all do.
    pub(crate) fn each<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>, place: String, Each(rule): Each) {
        let holds = texts.into_iter().all(|text| rule.matches(text));
        self.unless_stated(holds, place, rule.message);
    }

    /// In the order of their paths.
    pub(crate) fn sorted(mut self) -> Vec<Violation> {
        self.0.sort();
        self.0
    }
}
