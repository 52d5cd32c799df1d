//! A preview for machines.

use serde::Serialize;
use serde_json::value::RawValue;
use weft_language::Explanation;

use super::{Preview, RulePreview};
use crate::join::{ConsentTrace, LookupTrace, Origin, WriteTrace};

/// The preview as JSON; every value of an event or a row is there as it is written.
pub(super) fn json(preview: &Preview<'_>) -> String {
    let event = raw(Some(&String::from_utf8_lossy(&preview.event.bytes)));
    let json = Json {
        mapping: preview.mapping,
        source: &preview.source,
        line: preview.event.line,
        fault: preview.event.fault.map(|fault| fault.message()),
        before: event.filter(|_| preview.event.fault.is_none()),
        rules: preview.rules.iter().map(RuleJson::of).collect(),
    };
    format!("{}\n", serde_json::to_string_pretty(&json).expect("a preview is texts, numbers and JSON"))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'run> {
    mapping: &'run str,
    source: &'run str,
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    before: Option<Box<RawValue>>,
    rules: Vec<RuleJson<'run>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleJson<'run> {
    rule: &'run str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'run str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<ConsentJson<'run>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    when: Option<WhenJson<'run>>,
    lookups: Vec<LookupJson<'run>>,
    writes: Vec<WriteJson<'run>>,
    after: Option<Box<RawValue>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConsentJson<'run> {
    is_given: bool,
    categories: Vec<CategoryJson<'run>>,
}

#[derive(Serialize)]
struct CategoryJson<'run> {
    category: &'run str,
    value: Option<Box<RawValue>>,
}

/// A condition or a part of one; `held` is null for a part that was not reached.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WhenJson<'run> {
    condition: &'run str,
    held: Option<bool>,
    decided: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<ValueJson<'run>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<WhenJson<'run>>,
}

#[derive(Serialize)]
struct ValueJson<'run> {
    name: &'run str,
    value: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct LookupJson<'run> {
    alias: &'run str,
    entity: &'run str,
    optional: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<u32>,
    parts: Vec<PartJson<'run>>,
    key: Option<&'run str>,
    result: &'static str,
}

#[derive(Serialize)]
struct PartJson<'run> {
    column: &'run str,
    from: &'run str,
    value: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct WriteJson<'run> {
    to: &'run str,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<u32>,
    alias: &'run str,
    column: &'run str,
    from: &'static str,
    value: Option<Box<RawValue>>,
}

impl<'run> RuleJson<'run> {
    fn of(rule: &'run RulePreview<'run>) -> Self {
        let (outcome, reason) = rule.outcome();
        let is_written = rule.sent.is_some();
        Self {
            rule: rule.name,
            outcome,
            reason,
            message: rule.fault.as_deref(),
            consent: rule.trace.consent.as_ref().map(ConsentJson::of),
            when: rule.trace.when.as_ref().map(WhenJson::of),
            lookups: rule.trace.lookups.iter().flatten().map(LookupJson::of).collect(),
            writes: rule.trace.writes.iter().filter(|_| is_written).map(WriteJson::of).collect(),
            after: raw(rule.sent.as_ref().map(|sent| String::from_utf8_lossy(sent)).as_deref()),
        }
    }
}

impl<'run> WhenJson<'run> {
    fn of(part: &'run Explanation) -> Self {
        let values = part.values.iter().map(|read| ValueJson { name: &read.text, value: raw(read.value.as_deref()) });
        Self {
            condition: &part.text,
            held: part.held,
            decided: part.decided,
            values: values.collect(),
            parts: part.parts.iter().map(WhenJson::of).collect(),
        }
    }
}

impl<'run> ConsentJson<'run> {
    fn of(consent: &'run ConsentTrace) -> Self {
        let category = |(name, value): &'run (String, Option<String>)| CategoryJson {
            category: name,
            value: raw(value.as_deref()),
        };
        Self { is_given: consent.is_given, categories: consent.categories.iter().map(category).collect() }
    }
}

impl<'run> LookupJson<'run> {
    fn of(lookup: &'run LookupTrace) -> Self {
        let parts = lookup.parts.iter().map(|part| PartJson {
            column: &part.column,
            from: &part.from,
            value: raw(part.value.as_deref()),
        });
        Self {
            alias: &lookup.alias,
            entity: &lookup.entity,
            optional: lookup.optional,
            item: lookup.item,
            parts: parts.collect(),
            key: lookup.key.as_deref(),
            result: lookup.result.counter(),
        }
    }
}

impl<'run> WriteJson<'run> {
    fn of(write: &'run WriteTrace) -> Self {
        let from = match (write.origin, &write.value) {
            (Origin::Row, _) => "row",
            (Origin::Fallback, Some(_)) => "default",
            (Origin::Fallback, None) => "nothing",
        };
        let WriteTrace { to, item, alias, column, value, .. } = write;
        Self { to, item: *item, alias, column, from, value: raw(value.as_deref()) }
    }
}

/// A JSON text as it is.
fn raw(text: Option<&str>) -> Option<Box<RawValue>> {
    RawValue::from_string(text?.to_owned()).ok()
}
