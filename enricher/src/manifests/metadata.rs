//! What Kubernetes demands of every object's `metadata`, which no CustomResourceDefinition describes.

use serde_json::Value;
use weft_plan::closest;

use super::{Diagnostic, FieldPath};

/// The fields of an object's metadata (`ObjectMeta` of Kubernetes 1.33).
const FIELDS: [&str; 15] = [
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Children are named from an object's name, and labels hold it.
const MAX_NAME: usize = 63;

/// What is wrong with an object's metadata; that it has a name is known.
pub(super) fn faults(metadata: &Value) -> Vec<Diagnostic> {
    let root = FieldPath::parse("metadata");
    let mut faults = Vec::new();
    for (field, value) in metadata.as_object().into_iter().flatten() {
        let place = root.member(field);
        match (field.as_str(), value) {
            ("name", Value::String(name)) => faults.extend(name_fault(name, true).map(|fault| fault.field(place))),
            ("namespace", Value::String(name)) => {
                faults.extend(name_fault(name, false).map(|fault| fault.field(place)))
            }
            ("namespace", Value::Null) => {}
            ("namespace", _) => faults.push(wrong_type("a text", value).field(place)),
            ("labels" | "annotations", _) => texts(value, &place, &mut faults),
            _ if FIELDS.contains(&field.as_str()) => {}
            _ => {
                let help = match closest(field, FIELDS) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => "remove it; what describes the object goes under `spec`".to_owned(),
                };
                let fault = Diagnostic::error("UnknownField", format!("there is no field `{field}` here"));
                faults.push(fault.help(help).field(place));
            }
        }
    }
    faults
}

/// RFC 1123: a subdomain for objects, a label for namespaces.
fn name_fault(name: &str, dots: bool) -> Option<Diagnostic> {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let label = |part: &str| {
        part.bytes().all(|byte| inner(byte) || byte == b'-')
            && part.bytes().next().is_some_and(inner)
            && part.bytes().last().is_some_and(inner)
    };
    let valid = if dots { name.split('.').all(label) } else { label(name) };
    if valid && name.len() <= MAX_NAME {
        return None;
    }
    let dots = if dots { ", dots" } else { "" };
    let help = format!(
        "write at most {MAX_NAME} lower-case letters, digits{dots} and hyphens, with a letter or digit at both ends"
    );
    Some(Diagnostic::error("InvalidValue", format!("{name:?} is no name that Kubernetes takes")).help(help))
}

/// A mapping from texts to texts.
fn texts(value: &Value, place: &FieldPath, faults: &mut Vec<Diagnostic>) {
    let Value::Object(members) = value else {
        if !value.is_null() {
            faults.push(wrong_type("a mapping of texts", value).field(place.clone()));
        }
        return;
    };
    for (name, member) in members {
        if !member.is_string() {
            faults.push(wrong_type("a text", member).field(place.member(name)));
        }
    }
}

fn wrong_type(wanted: &str, value: &Value) -> Diagnostic {
    let fault = Diagnostic::error("WrongType", format!("this has to be {wanted}"));
    let scalar = value.is_boolean() || value.is_number();
    fault.maybe_help(scalar.then(|| format!("put it in quotes: \"{value}\"")))
}
