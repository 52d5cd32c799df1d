//! Which of the documents are Weft's, and what each object is called.

use serde_json::Value;
use weft_plan::{closest, either};

use super::{Diagnostic, FieldPath, diagnostic::ObjectRef};

/// The kinds of Weft, in the order in which one needs the other.
pub(super) const KINDS: [&str; 4] = ["Warehouse", "DataGraph", "Entity", "EnrichmentMapping"];

/// The namespace of a manifest that names none.
const DEFAULT_NAMESPACE: &str = "default";

/// An object of Weft as it was written.
#[derive(Debug)]
pub(crate) struct Object {
    /// Its kind, namespace and name.
    pub(crate) reference: ObjectRef,
    /// All of it.
    pub(crate) value: Value,
    /// The document it stands in: a position in [`super::Manifests::documents`].
    pub(super) document: usize,
    /// Where in that document; not empty in a `List`.
    pub(super) root: FieldPath,
}

/// What a document, or an item of a list, is.
pub(super) enum Content {
    /// An object of one of Weft's kinds.
    Weft(ObjectRef, Value),
    /// A Secret, which only connections use.
    Secret(ObjectRef, Value),
    /// An object of somebody else's, as `kind name`.
    Foreign(String),
    /// A list: its items are objects.
    List(Vec<Value>),
    /// Something that was meant to be an object; the field is relative to the document.
    Faulty(Box<Diagnostic>),
}

/// Tells what a document is.
pub(super) fn recognise(value: Value) -> Content {
    let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    if api_version.is_empty() || kind.is_empty() {
        return unmarked(&value, api_version, kind);
    }
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let is_list = matches!(group, "" | weft_api::GROUP) && kind.ends_with("List") && value["items"].is_array();
    if is_list {
        let Value::Object(mut members) = value else { return Content::List(Vec::new()) };
        let Some(Value::Array(items)) = members.remove("items") else { return Content::List(Vec::new()) };
        return Content::List(items);
    }
    if api_version == "v1" && kind == "Secret" {
        return match named(value) {
            Content::Weft(reference, value) => Content::Secret(reference, value),
            other => other,
        };
    }
    if group != weft_api::GROUP {
        return foreign(&value, group, kind);
    }
    if !KINDS.contains(&kind) {
        let help = match closest(kind, KINDS) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("the kinds are {}", either(KINDS)),
        };
        return faulty("UnknownKind", format!("{} has no kind `{kind}`", weft_api::GROUP), help, "kind");
    }
    if version != weft_api::VERSION {
        let message = format!("this version of weft does not know `{api_version}`");
        return faulty("UnknownVersion", message, format!("write `{}`", weft_api::API_VERSION), "apiVersion");
    }
    named(value)
}

/// A document that does not say what it is.
fn unmarked(value: &Value, api_version: &str, kind: &str) -> Content {
    let is_object = ["apiVersion", "kind", "metadata", "spec"].iter().any(|field| value.get(field).is_some());
    if !is_object {
        return Content::Foreign("a document without apiVersion and kind".to_owned());
    }
    let (missing, help) = match (api_version.is_empty(), kind.is_empty()) {
        (true, _) => ("apiVersion", format!("add `apiVersion: {}`", weft_api::API_VERSION)),
        _ => ("kind", format!("add `kind:` with {}", either(KINDS))),
    };
    let what = if kind.is_empty() { "this object".to_owned() } else { format!("this {kind}") };
    faulty("MissingField", format!("{what} has no `{missing}` that is a text"), help, missing)
}

/// An object of another group; one without a group, or whose group differs by a slip, is probably Weft's.
fn foreign(value: &Value, group: &str, kind: &str) -> Content {
    let is_near = |known: &str| {
        let name = |group: &str| group.split('.').next().unwrap_or_default().to_ascii_lowercase();
        group.is_empty() || name(group) == name(known) || strsim::levenshtein(group, known) <= 2
    };
    if KINDS.contains(&kind) && is_near(weft_api::GROUP) {
        let help = format!("write `{}`", weft_api::API_VERSION);
        let message = match group {
            "" => format!("{kind} is no kind of Kubernetes' own group, which is meant without a `/`"),
            group => format!("{kind} is no kind of the group `{group}`"),
        };
        return faulty("UnknownGroup", message, help, "apiVersion");
    }
    let name = value["metadata"]["name"].as_str().unwrap_or("without a name");
    Content::Foreign(format!("{kind} {name}"))
}

fn named(value: Value) -> Content {
    let text = |field: &str| value["metadata"][field].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let kind = value["kind"].as_str().unwrap_or_default().to_owned();
    let Some(name) = text("name") else {
        let help = "add `metadata.name`: lower-case letters, digits and hyphens".to_owned();
        let message = format!("this {kind} has no `metadata.name` that is a text");
        return faulty("MissingField", message, help, "metadata.name");
    };
    let namespace = text("namespace").unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned());
    Content::Weft(ObjectRef { kind, namespace, name }, value)
}

fn faulty(reason: &'static str, message: String, help: String, field: &str) -> Content {
    Content::Faulty(Box::new(Diagnostic::error(reason, message).help(help).field(FieldPath::parse(field))))
}

impl Object {
    /// A field of this object as a field of the document it stands in.
    pub(super) fn in_document(&self, field: &FieldPath) -> FieldPath {
        self.root.join(field)
    }
}
