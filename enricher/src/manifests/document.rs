//! From a file's text to its documents: JSON values with the positions of everything in them.

use serde::Deserialize;
use serde_json::{Map, Value};
use serde_yaml::{Mapping, Value as Yaml};

use super::{Diagnostic, FieldPath, events, index::Index, source::SourceFile};

/// One document of a file that is neither empty nor refused.
pub(super) struct Document {
    /// What it says.
    pub(super) value: Value,
    /// Where it says so.
    pub(super) index: Index,
}

/// The documents of a file, in order, and what is wrong with its YAML.
pub(super) fn documents(file: &SourceFile, id: usize) -> (Vec<Document>, Vec<Diagnostic>) {
    let (indexes, mut diagnostics) = events::index(file, id);
    let mut documents = Vec::new();
    for (index, data) in indexes.into_iter().zip(serde_yaml::Deserializer::from_str(&file.text)) {
        if index.refused {
            continue;
        }
        let value = match Yaml::deserialize(data) {
            Ok(Yaml::Null) => continue,
            Ok(value) => value,
            Err(error) => {
                diagnostics.push(unreadable(file, id, &error));
                break;
            }
        };
        let mut reading = Reading {
            file: id,
            index: &index,
            field: FieldPath::default(),
            diagnostics: Vec::new(),
            may_quote: !file.may_hold_secrets(0..file.text.len()),
        };
        let value = reading.value(value);
        if reading.diagnostics.is_empty() {
            documents.push(Document { value, index });
        } else {
            diagnostics.append(&mut reading.diagnostics);
        }
    }
    (documents, diagnostics)
}

fn unreadable(file: &SourceFile, id: usize, error: &serde_yaml::Error) -> Diagnostic {
    let at = error.location().map(|place| file.offset(place.line(), place.column().saturating_sub(1)));
    let text = error.to_string();
    let cause = text.split(" at line ").next().unwrap_or(&text);
    if let Some(number) = too_large_an_integer(cause) {
        let number = if file.may_hold_secrets(at.unwrap_or_default()..at.unwrap_or_default()) { "…" } else { number };
        let message = format!("the integer {number} is larger than the 64 bits that Kubernetes keeps of one");
        let fault =
            Diagnostic::error("NotJson", message).help(format!("write a text, \"{number}\", or a smaller number"));
        return fault.in_file(id, at.map(|at| at..at + number.len()));
    }
    Diagnostic::error("InvalidYaml", format!("this is not YAML: {cause}"))
        .help("check the indentation, quotes and brackets here and just above")
        .in_file(id, at.map(|at| at..at))
}

/// The integer that a YAML error is about, where it is about one of more than 64 bits.
fn too_large_an_integer(cause: &str) -> Option<&str> {
    let (_, rest) = cause.split_once("invalid type: integer `")?;
    let (number, rest) = rest.split_once('`')?;
    (rest.starts_with(" as u128") || rest.starts_with(" as i128")).then_some(number)
}

/// Turns YAML's data model into JSON's, which is all that Kubernetes knows.
struct Reading<'index> {
    file: usize,
    index: &'index Index,
    field: FieldPath,
    diagnostics: Vec<Diagnostic>,
    /// No word of it can be a secret's.
    may_quote: bool,
}

impl Reading<'_> {
    fn value(&mut self, value: Yaml) -> Value {
        match value {
            Yaml::Null => Value::Null,
            Yaml::Bool(value) => Value::Bool(value),
            Yaml::String(value) => Value::String(value),
            Yaml::Number(number) => self.number(&number),
            Yaml::Sequence(items) => {
                let items = items.into_iter().enumerate();
                Value::Array(items.map(|(at, item)| self.item(at, item)).collect())
            }
            Yaml::Mapping(mapping) => Value::Object(self.mapping(mapping)),
            Yaml::Tagged(tagged) => {
                let message = match self.may_quote {
                    true => format!("the tag `{}` means nothing here", tagged.tag),
                    false => "what begins with `!` is a tag, and means nothing here".to_owned(),
                };
                self.refuse("UnknownTag", message, "leave the tag out, or put the text in quotes");
                self.value(tagged.value)
            }
        }
    }

    fn item(&mut self, at: usize, item: Yaml) -> Value {
        self.field.push_index(at);
        let item = self.value(item);
        self.field.pop();
        item
    }

    fn number(&mut self, number: &serde_yaml::Number) -> Value {
        let integer = number.as_i64().map(Value::from).or_else(|| number.as_u64().map(Value::from));
        let json = integer.or_else(|| number.as_f64().and_then(serde_json::Number::from_f64).map(Value::Number));
        json.unwrap_or_else(|| {
            self.refuse(
                "NotJson",
                format!("{number} is no number that JSON knows"),
                "put it in quotes if it is a text",
            );
            Value::Null
        })
    }

    fn mapping(&mut self, mapping: Mapping) -> Map<String, Value> {
        let mut members = Map::new();
        let mut merged = Vec::new();
        for (key, value) in mapping {
            let key = match key {
                Yaml::String(key) if key == "<<" => {
                    merged.push(value);
                    continue;
                }
                Yaml::String(key) => key,
                Yaml::Number(key) => key.to_string(),
                Yaml::Bool(key) => key.to_string(),
                _ => {
                    self.refuse("KeyNotText", "a key has to be a text".to_owned(), "write the key out as a text");
                    continue;
                }
            };
            self.field.push_name(&key);
            let value = self.value(value);
            self.field.pop();
            members.insert(key, value);
        }
        for source in merged {
            self.field.push_name("<<");
            self.merge(&mut members, source);
            self.field.pop();
        }
        members
    }

    /// What a merge key brings in: the members that the mapping itself does not name.
    fn merge(&mut self, members: &mut Map<String, Value>, source: Yaml) {
        let sources = match source {
            Yaml::Sequence(sources) => sources,
            single => vec![single],
        };
        for source in sources {
            let Yaml::Mapping(source) = source else {
                let message = "`<<` takes a mapping or a list of mappings".to_owned();
                self.refuse("InvalidMerge", message, "name the anchor of a mapping, as in `<<: *defaults`");
                continue;
            };
            for (key, value) in self.mapping(source) {
                members.entry(key).or_insert(value);
            }
        }
    }

    fn refuse(&mut self, reason: &'static str, message: String, help: &'static str) {
        let place = self.index.find(&self.field).map(|found| found.value);
        let refused = Diagnostic::error(reason, message).help(help).field(self.field.clone());
        self.diagnostics.push(refused.in_file(self.file, place));
    }
}

#[cfg(test)]
mod tests;
