//! A kind's schema, as its CustomResourceDefinition gives it to the API server.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::Value;

/// A structural OpenAPI v3 schema, with the keywords that Weft's resource types use: another one is refused, so that
/// none goes unchecked.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct Schema {
    pub(super) description: String,
    #[serde(rename = "type")]
    pub(super) type_name: Option<Type>,
    pub(super) format: Option<String>,
    pub(super) nullable: bool,
    pub(super) properties: BTreeMap<String, Schema>,
    pub(super) required: Vec<String>,
    pub(super) additional_properties: Option<Additional>,
    pub(super) items: Option<Box<Schema>>,
    #[serde(rename = "enum")]
    pub(super) values: Vec<Value>,
    pub(super) pattern: Option<Pattern>,
    pub(super) min_length: Option<usize>,
    pub(super) max_length: Option<usize>,
    pub(super) min_items: Option<usize>,
    pub(super) max_items: Option<usize>,
    pub(super) min_properties: Option<usize>,
    pub(super) max_properties: Option<usize>,
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
    pub(super) exclusive_minimum: bool,
    pub(super) exclusive_maximum: bool,
    #[serde(rename = "x-kubernetes-preserve-unknown-fields")]
    pub(super) preserve_unknown_fields: bool,
    #[serde(rename = "x-kubernetes-int-or-string")]
    pub(super) int_or_string: bool,
    #[serde(rename = "x-kubernetes-list-type")]
    pub(super) list_type: Option<String>,
    #[serde(rename = "x-kubernetes-list-map-keys")]
    pub(super) list_map_keys: Vec<String>,
    /// Filled in by the types.
    #[serde(rename = "default")]
    _default: IgnoredAny,
    /// Each has a plain twin, [`weft_api::Validate`].
    #[serde(rename = "x-kubernetes-validations")]
    _rules: IgnoredAny,
    /// Also among the plain twins.
    #[serde(rename = "not")]
    _not: IgnoredAny,
}

/// JSON's types as OpenAPI names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Type {
    Object,
    Array,
    String,
    Boolean,
    Integer,
    Number,
}

/// What members without a schema of their own are.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Additional {
    Allowed(bool),
    Schema(Box<Schema>),
}

/// A regular expression that a text has to match somewhere.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) text: String,
    pub(super) regex: Regex,
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let regex = Regex::new(&text).map_err(serde::de::Error::custom)?;
        Ok(Self { text, regex })
    }
}

impl Type {
    /// With its article, for messages.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Object => "a mapping",
            Self::Array => "a list",
            Self::String => "a text",
            Self::Boolean => "a boolean (true or false)",
            Self::Integer => "an integer",
            Self::Number => "a number",
        }
    }

    /// Whether a value is of this type, as the API server judges.
    pub(super) fn accepts(self, value: &Value) -> bool {
        match self {
            Self::Object => value.is_object(),
            Self::Array => value.is_array(),
            Self::String => value.is_string(),
            Self::Boolean => value.is_boolean(),
            Self::Integer => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0),
            Self::Number => value.is_number(),
        }
    }
}

impl Schema {
    /// The schema that every value meets.
    pub(super) fn anything() -> Self {
        Self { preserve_unknown_fields: true, ..Self::default() }
    }

    /// What a field is for: its description's first sentence.
    pub(super) fn purpose(&self) -> Option<&str> {
        let paragraph = self.description.split("\n\n").next().unwrap_or_default();
        let sentence = paragraph.split(". ").next().unwrap_or_default().trim_end_matches('.');
        (!sentence.is_empty()).then_some(sentence)
    }

    /// Whether members are allowed that `properties` does not name.
    pub(super) fn is_open(&self) -> bool {
        let additional = self.additional_properties.as_ref();
        self.preserve_unknown_fields || additional.is_some_and(|it| !matches!(it, Additional::Allowed(false)))
    }
}
