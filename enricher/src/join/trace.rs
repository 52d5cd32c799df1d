use weft_language::Explanation;
use weft_store::{ColumnType, key};

use super::batch::{Batch, Verdict};
use super::event::Event;
use super::lookups::Found;
use super::rule::{Alias, Key, KeyPlace, Rule, Value};
use super::{Join, LookupResult};
use crate::event::Kind;

/// Why an event came out of a rule as it did, for a person to read.
#[derive(Debug)]
pub(crate) struct Trace {
    /// What the event says of the rule's consent categories; `None` where the rule asks none.
    pub(crate) consent: Option<ConsentTrace>,
    /// The rule's condition; `None` where it has none.
    pub(crate) when: Option<Explanation>,
    /// The lookups, in the order of the rule's aliases; `None` where the event was refused before.
    pub(crate) lookups: Option<Vec<LookupTrace>>,
    /// What each enrichment writes or leaves, in the order of the rule; empty where nothing was looked up.
    pub(crate) writes: Vec<WriteTrace>,
}

/// What an event says of the consent that a rule asks.
#[derive(Debug)]
pub(crate) struct ConsentTrace {
    pub(crate) is_given: bool,
    /// What stands at `$.context.consent`.
    pub(crate) object: ConsentObject,
    /// Each category with its JSON text.
    pub(crate) categories: Vec<(String, Option<String>)>,
}

/// What stands in the place of the consent object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConsentObject {
    Absent,
    Empty,
    Given,
}

/// One row that was looked up.
#[derive(Debug)]
pub(crate) struct LookupTrace {
    pub(crate) alias: String,
    pub(crate) entity: String,
    pub(crate) optional: bool,
    /// The item of the list, counted from 0.
    pub(crate) item: Option<u32>,
    pub(crate) parts: Vec<KeyPart>,
    /// The key text, where the parts make one.
    pub(crate) key: Option<String>,
    pub(crate) result: LookupResult,
}

/// One part of a key: the column, its type, and the JSON text that came from the event or from another row.
#[derive(Debug)]
pub(crate) struct KeyPart {
    pub(crate) column: String,
    pub(crate) kind: ColumnType,
    pub(crate) from: String,
    pub(crate) value: Option<String>,
}

/// What one enrichment writes.
#[derive(Debug)]
pub(crate) struct WriteTrace {
    /// The path in the event, also of a place in an item.
    pub(crate) to: String,
    pub(crate) item: Option<u32>,
    pub(crate) alias: String,
    pub(crate) column: String,
    pub(crate) origin: Origin,
    /// The JSON text that is written; `None` where nothing is.
    pub(crate) value: Option<String>,
}

/// Where a written value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The row's column.
    Row,
    /// `default` or `ifMissing`: there is no row.
    Fallback,
}

impl Batch {
    /// Why the event with this number came out of a rule as it did. Every level has been answered.
    pub(crate) fn trace(&self, join: &Join, (number, rule_number): (usize, usize), bytes: &[u8]) -> Trace {
        let rule = &join.rules[rule_number];
        let event = self.places.event(join, number, bytes);
        let found = match self.verdicts[number * join.rules.len() + rule_number] {
            Verdict::Waits { first_need, .. } => Some(self.lookups.found(rule, event, first_need as usize)),
            Verdict::Filtered(_) | Verdict::Failed(_) => None,
        };
        Trace {
            consent: consent(rule, event),
            when: when(rule, event, found),
            lookups: found.map(|found| lookups(rule, event, found)),
            writes: found.map(|found| writes(rule, event, found)).unwrap_or_default(),
        }
    }
}

fn consent(rule: &Rule, event: Event<'_>) -> Option<ConsentTrace> {
    let consent = rule.consent.as_ref()?;
    let object = match event.slots[consent.consent.index()].kind {
        Kind::Absent | Kind::Null => ConsentObject::Absent,
        Kind::EmptyObject => ConsentObject::Empty,
        _ => ConsentObject::Given,
    };
    let categories = consent.categories.iter().map(|node| {
        let name = match event.join.tree.path(*node).segments().last() {
            Some(weft_language::Segment::Name(name)) => name.clone(),
            _ => String::new(),
        };
        (name, event.slots[node.index()].of(event.bytes).map(text))
    });
    let categories = categories.collect();
    Some(ConsentTrace { is_given: consent.is_given(event.slots, event.bytes), object, categories })
}

/// Where nothing was looked up, the event alone decided: columns are explained as null, which changes nothing.
fn when(rule: &Rule, event: Event<'_>, found: Option<Found<'_>>) -> Option<Explanation> {
    let when = rule.when.as_ref()?;
    let field = |path: usize| event.slots[when.places[path].index()].of(event.bytes);
    Some(when.condition.explain(field, |column| found?.column(when.columns[column])))
}

fn lookups(rule: &Rule, event: Event<'_>, found: Found<'_>) -> Vec<LookupTrace> {
    let mut traces = Vec::new();
    for (position, alias) in rule.aliases.iter().enumerate() {
        let entity = &event.join.entities[alias.entity];
        for item in 0..found.lookups(alias) {
            let values = key_values(rule, alias, event, found, item);
            let mut key = Vec::new();
            let raw: Vec<_> = values.iter().map(|(_, value)| *value).collect();
            let is_key = key::append_from_json(&entity.meta.key, &raw, &mut key).is_ok();
            let parts = entity.meta.key.iter().zip(values).map(|(column, (from, value))| KeyPart {
                column: column.name.clone(),
                kind: column.kind,
                from,
                value: value.map(text),
            });
            traces.push(LookupTrace {
                alias: alias.name.clone(),
                entity: entity.slug.clone(),
                optional: alias.optional,
                item: alias.list.map(|_| item),
                parts: parts.collect(),
                key: is_key.then(|| text(&key)),
                result: found.result(position, item),
            });
        }
    }
    traces
}

/// For each part of a key, where it comes from in words, and its JSON text.
fn key_values<'batch>(
    rule: &Rule,
    alias: &Alias,
    event: Event<'batch>,
    found: Found<'batch>,
    item: u32,
) -> Vec<(String, Option<&'batch [u8]>)> {
    let words = rule.key_parts_in_words(alias, event.join);
    let value = |part: usize| match &alias.key {
        Key::Event(places) => {
            let place: KeyPlace = places[part];
            event.key_part(rule, alias, item, place)
        }
        Key::Row(from, positions) => found.row(*from, item).and_then(|row| found.fragment(*from, row, positions[part])),
    };
    words.into_iter().enumerate().map(|(part, from)| (from, value(part))).collect()
}

fn writes(rule: &Rule, event: Event<'_>, found: Found<'_>) -> Vec<WriteTrace> {
    let mut traces = Vec::new();
    for value in &rule.values {
        let Value { alias, position, .. } = *value;
        let read = &rule.aliases[alias];
        let column = &event.join.entities[read.entity].meta.columns[position].name;
        for item in 0..found.lookups(read) {
            let to = match read.list {
                Some(list) => {
                    let array = event.join.tree.path(event.join.lists[rule.lists[list].list].array);
                    format!("{array}[{item}]{}", value.to.trim_start_matches('@'))
                }
                None => value.to.clone(),
            };
            traces.push(WriteTrace {
                to,
                item: read.list.map(|_| item),
                alias: read.name.clone(),
                column: column.clone(),
                origin: if found.row(alias, item).is_some() { Origin::Row } else { Origin::Fallback },
                value: found.value(value, item).map(text),
            });
        }
    }
    traces
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
