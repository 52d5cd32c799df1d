//! Compares an object with its kind's schema, as the API server would, and tells everything that is wrong at once.

use serde_json::{Map, Value};
use weft_plan::{closest, either};

use super::{
    Diagnostic, FieldPath,
    schema::{Additional, Schema, Type},
};

/// What is wrong with `value`, which stands at `field` of an object; `plain` tells whether the text at a field is
/// without quotes.
pub(super) fn faults(
    schema: &Schema,
    value: &mut Value,
    field: FieldPath,
    plain: &dyn Fn(&FieldPath) -> bool,
) -> Vec<Diagnostic> {
    let mut walk = Walk { field, plain, faults: Vec::new() };
    walk.value(schema, value);
    walk.faults
}

struct Walk<'plain> {
    field: FieldPath,
    plain: &'plain dyn Fn(&FieldPath) -> bool,
    faults: Vec<Diagnostic>,
}

impl Walk<'_> {
    fn value(&mut self, schema: &Schema, value: &mut Value) {
        if value.is_null() && schema.nullable {
            return;
        }
        if schema.int_or_string {
            match value {
                Value::String(text) => self.text(schema, text),
                value if !Type::Integer.accepts(value) => {
                    self.wrong_type("an integer or a text", value, schema.purpose())
                }
                _ => {}
            }
            return;
        }
        if let Some(wanted) = schema.type_name {
            self.boolean_of_yaml_1_1(wanted, value);
            if !wanted.accepts(value) {
                return self.wrong_type(wanted.noun(), value, schema.purpose());
            }
        }
        self.listed_value(schema, value);
        if schema.type_name.is_none() && schema.preserve_unknown_fields {
            return self.any_json(value);
        }
        match value {
            Value::Object(members) => self.object(schema, members),
            Value::Array(items) => self.array(schema, items),
            Value::String(text) => self.text(schema, text),
            Value::Number(number) => self.number(schema, number),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// A value of any type, as `metadata` is to a schema: kubectl would send a boolean where a text without quotes looks like one to it.
    fn any_json(&mut self, value: &Value) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, member)| {
                self.field.push_name(name);
                self.any_json(member);
                self.field.pop();
            }),
            Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| {
                self.field.push_index(at);
                self.any_json(item);
                self.field.pop();
            }),
            Value::String(text) => {
                if let Some(meaning) = boolean(text).filter(|_| (self.plain)(&self.field)) {
                    self.faults.push(said_as_boolean(text, meaning).field(self.field.clone()));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn object(&mut self, schema: &Schema, members: &mut Map<String, Value>) {
        let misspelt = misspelt(schema, members);
        for name in &schema.required {
            let present = members.get(name).is_some_and(|member| !member.is_null());
            if !present && !misspelt.contains(&name.as_str()) {
                let purpose = schema.properties.get(name).and_then(Schema::purpose);
                let fault = Diagnostic::error("MissingField", format!("`{name}` is missing"));
                self.faults.push(
                    fault.maybe_help(purpose.map(|it| format!("add `{name}`: {it}"))).field(self.field.member(name)),
                );
            }
        }
        self.bounds(members.len(), schema.min_properties, schema.max_properties, "member");
        // The API server drops a member that is null where it may not be.
        members.retain(|name, member| {
            let kept = |known: &Schema| known.nullable || known.preserve_unknown_fields;
            !member.is_null() || schema.properties.get(name).is_none_or(kept)
        });
        for (name, member) in members {
            let known = schema.properties.get(name).or(match &schema.additional_properties {
                Some(Additional::Schema(schema)) => Some(schema),
                _ => None,
            });
            self.field.push_name(name);
            match known {
                Some(known) => self.value(known, member),
                None if schema.is_open() || (schema.properties.is_empty() && schema.type_name.is_none()) => {}
                None => self.unknown(schema, name),
            }
            self.field.pop();
        }
    }

    fn array(&mut self, schema: &Schema, items: &mut [Value]) {
        self.bounds(items.len(), schema.min_items, schema.max_items, "item");
        self.repetitions(schema, items);
        if let Some(schema) = &schema.items {
            for (at, item) in items.iter_mut().enumerate() {
                self.field.push_index(at);
                self.value(schema, item);
                self.field.pop();
            }
        }
    }

    /// Items of a set that are equal, items of a list map that share their key.
    fn repetitions(&mut self, schema: &Schema, items: &[Value]) {
        let keys = &schema.list_map_keys;
        let is_map = schema.list_type.as_deref() == Some("map") && !keys.is_empty();
        if !is_map && schema.list_type.as_deref() != Some("set") {
            return;
        }
        let mut seen = std::collections::HashMap::new();
        for (at, item) in items.iter().enumerate() {
            let identity = if is_map {
                keys.iter().filter_map(|key| item.get(key)).map(Value::to_string).collect::<Vec<_>>().join(", ")
            } else {
                item.to_string()
            };
            if identity.is_empty() {
                continue;
            }
            if let Some(first) = seen.get(&identity) {
                self.field.push_index(at);
                let what = if is_map { format!("{} {identity}", keys.join(", ")) } else { identity };
                let field = keys.first().map_or_else(|| self.field.clone(), |key| self.field.member(key));
                self.field.pop();
                let message = format!("{what} is already at `{}[{first}]`", self.field);
                self.faults.push(
                    Diagnostic::error("DuplicateItem", message).help("change or remove one of the two").field(field),
                );
            } else {
                seen.insert(identity, at);
            }
        }
    }

    fn text(&mut self, schema: &Schema, text: &str) {
        self.bounds(text.chars().count(), schema.min_length, schema.max_length, "character");
        if let Some(pattern) = &schema.pattern
            && !text.is_empty() | schema.min_length.is_none_or(|least| least == 0)
            && !pattern.regex.is_match(text)
        {
            let message = format!("{} does not match the pattern `{}`", quoted(text), pattern.text);
            self.report("InvalidValue", message, schema.purpose().map(str::to_owned));
        }
    }

    fn number(&mut self, schema: &Schema, number: &serde_json::Number) {
        let Some(value) = number.as_f64() else { return };
        let format = match schema.format.as_deref() {
            Some("int32") => Some((f64::from(i32::MIN), f64::from(i32::MAX))),
            _ => None,
        };
        let least = schema.minimum.or(format.map(|(least, _)| least));
        let most = schema.maximum.or(format.map(|(_, most)| most));
        if let Some(least) = least.filter(|least| value < *least || (schema.exclusive_minimum && value <= *least)) {
            let word = if schema.exclusive_minimum { "greater than" } else { "at least" };
            self.report("InvalidValue", format!("{number} is too small"), Some(format!("write {word} {least}")));
        }
        if let Some(most) = most.filter(|most| value > *most || (schema.exclusive_maximum && value >= *most)) {
            let word = if schema.exclusive_maximum { "less than" } else { "at most" };
            self.report("InvalidValue", format!("{number} is too large"), Some(format!("write {word} {most}")));
        }
    }

    fn bounds(&mut self, count: usize, least: Option<usize>, most: Option<usize>, unit: &str) {
        let plural = |n: usize| if n == 1 { format!("{n} {unit}") } else { format!("{n} {unit}s") };
        if let Some(least) = least.filter(|least| count < *least) {
            let message = if count == 0 { "this is empty".to_owned() } else { format!("this has {}", plural(count)) };
            self.report("InvalidValue", message, Some(format!("give at least {}", plural(least))));
        }
        if let Some(most) = most.filter(|most| count > *most) {
            self.report(
                "InvalidValue",
                format!("this has {}", plural(count)),
                Some(format!("give at most {}", plural(most))),
            );
        }
    }

    fn listed_value(&mut self, schema: &Schema, value: &Value) {
        if schema.values.is_empty() || schema.values.contains(value) {
            return;
        }
        let names: Vec<&str> = schema.values.iter().filter_map(Value::as_str).collect();
        let help = match closest(value.as_str().unwrap_or_default(), names.iter().copied()) {
            Some(name) => format!("did you mean `{name}`? It takes {}", either(names.iter().copied())),
            None => format!("write {}", either(names.iter().copied())),
        };
        self.report("InvalidValue", format!("{} is none of the values it takes", shown(value)), Some(help));
    }

    fn unknown(&mut self, schema: &Schema, name: &str) {
        let names: Vec<&str> = schema.properties.keys().map(String::as_str).collect();
        let help = match closest(name, names.iter().copied()) {
            Some(known) => format!("did you mean `{known}`?"),
            None if names.is_empty() => "remove it".to_owned(),
            None => format!("remove it, or write {}", either(names.iter().copied())),
        };
        self.report("UnknownField", format!("there is no field `{name}` here"), Some(help));
    }

    /// YAML 1.1, which kubectl speaks, reads an unquoted `yes` as a boolean; YAML 1.2 as a text.
    fn boolean_of_yaml_1_1(&mut self, wanted: Type, value: &mut Value) {
        let Some(meaning) = value.as_str().and_then(boolean) else { return };
        if !matches!(wanted, Type::String | Type::Boolean) || !(self.plain)(&self.field) {
            return;
        }
        let text = value.as_str().unwrap_or_default();
        let fault = match wanted {
            Type::String => said_as_boolean(text, meaning),
            _ => Diagnostic::warning("YamlBoolean", format!("only older YAML reads `{text}` as the boolean {meaning}"))
                .help(format!("write {meaning}")),
        };
        self.faults.push(fault.field(self.field.clone()));
        if wanted == Type::Boolean {
            *value = Value::Bool(meaning);
        }
    }

    fn wrong_type(&mut self, wanted: &str, value: &Value, purpose: Option<&str>) {
        let quotes = wanted == Type::String.noun() && matches!(value, Value::Bool(_) | Value::Number(_));
        let help = if quotes { Some(format!("put it in quotes: \"{value}\"")) } else { purpose.map(str::to_owned) };
        self.report("WrongType", format!("this has to be {wanted}, not {}", shown(value)), help);
    }

    fn report(&mut self, reason: &'static str, message: String, help: Option<String>) {
        self.faults.push(Diagnostic::error(reason, message).maybe_help(help).field(self.field.clone()));
    }
}

/// The fields that unknown members probably mean: each is reported as a slip, not as missing too.
fn misspelt<'schema>(schema: &'schema Schema, members: &Map<String, Value>) -> Vec<&'schema str> {
    let unknown = members.keys().filter(|name| !schema.is_open() && !schema.properties.contains_key(*name));
    unknown.filter_map(|name| closest(name, schema.properties.keys().map(String::as_str))).collect()
}

/// The warning about a text without quotes that kubectl reads as a boolean.
fn said_as_boolean(text: &str, meaning: bool) -> Diagnostic {
    let message = format!("kubectl reads `{text}` without quotes as the boolean {meaning}");
    Diagnostic::warning("YamlBoolean", message).help(format!("write \"{text}\""))
}

/// What YAML 1.1 makes of a text without quotes where YAML 1.2 sees no boolean.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// A value in a message, cut where it is long.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Number(value) => format!("the number {value}"),
        Value::String(text) => format!("the text {}", quoted(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}

fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    let cut: String = text.chars().take(SHOWN).collect();
    if cut.len() < text.len() { format!("{cut:?}…") } else { format!("{text:?}") }
}

#[cfg(test)]
mod tests;
