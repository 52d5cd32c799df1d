//! The table of accepted and refused objects, one YAML file per kind: what the plain twins, in-process CEL and an API
//! server all have to agree on.
//!
//! A file holds a valid manifest (`base`) and cases. A case is that manifest with a JSON merge patch (`patch`). With
//! `old`, another merge patch of the base, it replaces that object instead of being created. `refused` lists the rules
//! it breaks, sorted as they are reported; `schema` the fields that break a type or a bound, which only a schema's
//! reader finds, before it comes to the rules.

use serde::Deserialize;
use serde_json::Value;

/// One file of the table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    /// A valid manifest.
    pub(crate) base: Value,
    /// What is made of it.
    pub(crate) cases: Vec<Case>,
}

/// One object and what is wrong with it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// What the case shows.
    pub(crate) name: String,
    /// Makes the object from the base.
    #[serde(default)]
    patch: Value,
    /// Makes the object that it replaces from the base.
    old: Option<Value>,
    /// The rules that the object breaks.
    #[serde(default)]
    pub(crate) refused: Vec<Fault>,
    /// The fields that break a type or a bound.
    #[serde(default)]
    pub(crate) schema: Vec<String>,
}

/// A rule that an object breaks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// The field; empty for the object itself.
    pub(crate) path: String,
    /// What is said of it.
    pub(crate) message: String,
}

/// The files, by kind.
pub(crate) const FILES: [(&str, &str); 4] = [
    ("DataGraph", include_str!("data-graph.yaml")),
    ("EnrichmentMapping", include_str!("enrichment-mapping.yaml")),
    ("Entity", include_str!("entity.yaml")),
    ("Warehouse", include_str!("warehouse.yaml")),
];

/// The table of one kind.
pub(crate) fn table(kind: &str) -> Table {
    let (_, text) = FILES.iter().find(|(name, _)| *name == kind).expect("every kind has a file");
    let mut yaml: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
    yaml.apply_merge().unwrap();
    serde_yaml::from_value(yaml).unwrap_or_else(|error| panic!("the cases of {kind}: {error}"))
}

impl Table {
    /// The object of a case.
    pub(crate) fn object(&self, case: &Case) -> Value {
        patched(&self.base, &case.patch)
    }

    /// The object that the object of a case replaces.
    pub(crate) fn old(&self, case: &Case) -> Option<Value> {
        case.old.as_ref().map(|patch| patched(&self.base, patch))
    }
}

fn patched(base: &Value, patch: &Value) -> Value {
    let mut object = base.clone();
    if !patch.is_null() {
        merge(&mut object, patch);
    }
    object
}

/// JSON merge patch (RFC 7396).
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let members = target.as_object_mut().expect("it was just made an object");
    for (name, value) in patch {
        if value.is_null() {
            members.remove(name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), value);
        }
    }
}
