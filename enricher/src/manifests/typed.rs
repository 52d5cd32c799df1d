//! From values to Weft's types: the schema of each kind, then the types themselves.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::LazyLock,
};

use serde::de::DeserializeOwned;
use serde_json::Value;
use weft_api::{DataGraph, EnrichmentMapping, Entity, Validate, Warehouse};

use super::{Diagnostic, FieldPath, Manifests, Object, ObjectRef, Severity, metadata, part, schema::Schema, walk};

/// Each kind's schema.
static SCHEMAS: LazyLock<BTreeMap<String, Schema>> = LazyLock::new(|| {
    weft_api::crds()
        .iter()
        .map(|definition| {
            let mut definition = serde_json::to_value(definition).expect("a definition is plain data");
            let kind = definition["spec"]["names"]["kind"].as_str().unwrap_or_default().to_owned();
            let schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].take();
            let mut schema: Schema = serde_json::from_value(schema).expect("a test reads every definition's schema");
            for field in ["apiVersion", "kind", "metadata"] {
                // The API server knows these itself; `metadata` is checked apart.
                schema.properties.insert(field.to_owned(), Schema::anything());
            }
            (kind, schema)
        })
        .collect()
});

/// What the API server would refuse in each object by itself. Corrects booleans of older YAML on the way.
pub(super) fn check(manifests: &mut Manifests) {
    let mut objects = std::mem::take(&mut manifests.objects);
    for object in &mut objects {
        let Some(schema) = SCHEMAS.get(&object.reference.kind) else { continue };
        let mut value = std::mem::take(&mut object.value);
        let mut faults = metadata::faults(&value["metadata"]);
        let plain = |field: &FieldPath| manifests.is_plain(object, field);
        faults.extend(walk::faults(schema, &mut value, FieldPath::default(), &plain));
        object.value = value;
        let placed: Vec<_> = faults.into_iter().map(|fault| manifests.placed(fault, object)).collect();
        manifests.diagnostics.extend(placed);
    }
    manifests.objects = objects;
}

/// The objects as their types, and those that have none because of what the schema's check found.
#[derive(Default)]
pub(super) struct Typed {
    pub(super) warehouses: Vec<Warehouse>,
    pub(super) data_graphs: Vec<DataGraph>,
    pub(super) entities: Vec<Entity>,
    pub(super) mappings: Vec<EnrichmentMapping>,
    pub(super) unreadable: Vec<ObjectRef>,
    /// The rules of single objects that are broken.
    pub(super) violations: Vec<Diagnostic>,
}

impl Typed {
    /// There may be more objects of that kind than could be read.
    pub(super) fn is_incomplete(&self, kind: &str) -> bool {
        self.unreadable.iter().any(|object| object.kind == kind)
    }
}

/// The fields of each object that are known to be wrong.
pub(super) type FaultyFields = BTreeMap<ObjectRef, BTreeSet<String>>;

/// Reads the objects into their types and checks the rules that no schema can hold.
pub(super) fn typed(manifests: &mut Manifests) -> Typed {
    let mut typed = Typed::default();
    let known = manifests.faulty_fields();
    let mut misfits = Vec::new();
    for object in &manifests.objects {
        let mut reading = Reading { manifests, object, known: known.get(&object.reference), violations: Vec::new() };
        let read = match object.reference.kind.as_str() {
            "Warehouse" => reading.add(&mut typed.warehouses),
            "DataGraph" => reading.add(&mut typed.data_graphs),
            "Entity" => reading.add(&mut typed.entities),
            _ => reading.add(&mut typed.mappings),
        };
        typed.violations.append(&mut reading.violations);
        if let Err(misfit) = read {
            typed.unreadable.push(object.reference.clone());
            if !known.contains_key(&object.reference) {
                misfits.push(manifests.placed(Diagnostic::error("InvalidValue", misfit.to_string()), object));
            }
        }
    }
    manifests.diagnostics.append(&mut misfits);
    typed
}

/// Reads one object into its type.
struct Reading<'a> {
    manifests: &'a Manifests,
    object: &'a Object,
    known: Option<&'a BTreeSet<String>>,
    violations: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn add<K: DeserializeOwned + Validate>(&mut self, to: &mut Vec<K>) -> Result<(), serde_json::Error> {
        let mut value = self.object.value.clone();
        value["metadata"]["namespace"] = self.object.reference.namespace.as_str().into();
        for path in ["/spec/sqlite/path", "/spec/bookkeeping/path"] {
            if let Some(Value::String(path)) = value.pointer_mut(path) {
                // A manifest's path is relative to its file, a plan's to the working directory.
                *path = self.manifests.folder(self.object).join(&path).display().to_string();
            }
        }
        let resource: K = serde_json::from_value(value)?;
        for violation in resource.violations(None) {
            if !self.known.is_some_and(|known| known.contains(&violation.path)) {
                let fault = Diagnostic::error("InvalidValue", violation.message);
                let fault = fault.field(FieldPath::parse(&violation.path));
                self.violations.push(self.manifests.placed(fault, self.object));
            }
        }
        to.push(resource);
        Ok(())
    }
}

impl Manifests {
    pub(super) fn faulty_fields(&self) -> FaultyFields {
        let mut fields = FaultyFields::new();
        for fault in self.diagnostics.iter().filter(|fault| fault.severity == Severity::Error) {
            if let Some(object) = &fault.object {
                fields.entry(object.clone()).or_default().insert(fault.field.to_string());
            }
        }
        fields
    }

    /// What an object's paths are relative to.
    fn folder(&self, object: &Object) -> &Path {
        let (file, _) = &self.documents[object.document];
        &self.files[*file].folder
    }

    fn is_plain(&self, object: &Object, field: &FieldPath) -> bool {
        let (_, index) = &self.documents[object.document];
        index.find(&object.in_document(field)).is_some_and(|found| found.plain && found.exact)
    }

    /// A diagnostic of an object's field with its place.
    pub(super) fn placed(&self, fault: Diagnostic, object: &Object) -> Diagnostic {
        let key = fault.reason == "UnknownField";
        let mut place = self.place_of(object, &fault.field, key);
        if fault.reason == "InvalidCondition"
            && let Some(span) = &place.span
        {
            let file = &self.files[place.file].text;
            place.span = part::of_condition(&object.value, &fault.field, file, span).or_else(|| place.span.clone());
        }
        Diagnostic { place: Some(place), ..fault.of(&object.reference) }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::schema::Type, *};

    #[test]
    fn the_schema_of_every_kind_is_read() {
        assert_eq!(SCHEMAS.keys().collect::<Vec<_>>(), ["DataGraph", "EnrichmentMapping", "Entity", "Warehouse"]);
        assert!(SCHEMAS.values().all(|schema| schema.type_name == Some(Type::Object)));
        assert!(SCHEMAS.values().all(|schema| schema.properties["spec"].type_name == Some(Type::Object)));
    }
}
