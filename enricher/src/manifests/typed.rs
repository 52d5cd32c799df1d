//! From values to Weft's types: the schema of each kind, then the types themselves.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use weft_api::{DataGraph, EnrichmentMapping, Entity, Validate, Warehouse};

use super::{
    Diagnostic, FieldPath, Manifests, Object, ObjectRef, Severity, metadata,
    schema::{Schema, Type},
    walk,
};

/// Each kind's schema.
fn schemas() -> BTreeMap<String, Schema> {
    weft_api::crds()
        .iter()
        .map(|definition| {
            let mut definition = serde_json::to_value(definition).expect("a definition is plain data");
            let kind = definition["spec"]["names"]["kind"].as_str().unwrap_or_default().to_owned();
            let schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].take();
            let mut schema: Schema = serde_json::from_value(schema).expect("a test reads every definition's schema");
            for field in ["apiVersion", "kind", "metadata"] {
                // The API server knows these itself; `metadata` is checked apart.
                schema
                    .properties
                    .insert(field.to_owned(), Schema { preserve_unknown_fields: true, ..Schema::default() });
            }
            schema.type_name = Some(Type::Object);
            (kind, schema)
        })
        .collect()
}

/// What the API server would refuse in each object by itself. Corrects booleans of older YAML on the way.
pub(super) fn check(manifests: &mut Manifests) {
    let schemas = schemas();
    let mut objects = std::mem::take(&mut manifests.objects);
    for object in &mut objects {
        let Some(schema) = schemas.get(&object.reference.kind) else { continue };
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
    let objects = std::mem::take(&mut manifests.objects);
    for object in &objects {
        match object.reference.kind.as_str() {
            "Warehouse" => {
                let warehouse = manifests.object(object, &known, &mut typed.unreadable);
                typed.warehouses.extend(warehouse.map(|it| manifests.with_joined_path(it, object)));
            }
            "DataGraph" => typed.data_graphs.extend(manifests.object(object, &known, &mut typed.unreadable)),
            "Entity" => typed.entities.extend(manifests.object(object, &known, &mut typed.unreadable)),
            "EnrichmentMapping" => typed.mappings.extend(manifests.object(object, &known, &mut typed.unreadable)),
            _ => {}
        }
    }
    manifests.objects = objects;
    typed
}

impl Manifests {
    fn object<K>(&mut self, object: &Object, known: &FaultyFields, unreadable: &mut Vec<ObjectRef>) -> Option<K>
    where
        K: DeserializeOwned + Validate,
    {
        let known = known.get(&object.reference);
        let mut value = object.value.clone();
        value["metadata"]["namespace"] = object.reference.namespace.as_str().into();
        match serde_json::from_value::<K>(value) {
            Ok(resource) => {
                for violation in resource.violations(None) {
                    if !known.is_some_and(|known| known.contains(&violation.path)) {
                        let fault = Diagnostic::error("InvalidValue", violation.message);
                        let fault = self.placed(fault.field(FieldPath::parse(&violation.path)), object);
                        self.diagnostics.push(fault);
                    }
                }
                Some(resource)
            }
            Err(error) => {
                if known.is_none() {
                    let fault = self.placed(Diagnostic::error("InvalidValue", error.to_string()), object);
                    self.diagnostics.push(fault);
                }
                unreadable.push(object.reference.clone());
                None
            }
        }
    }

    pub(super) fn faulty_fields(&self) -> FaultyFields {
        let mut fields = FaultyFields::new();
        for fault in self.diagnostics.iter().filter(|fault| fault.severity == Severity::Error) {
            if let Some(object) = &fault.object {
                fields.entry(object.clone()).or_default().insert(fault.field.to_string());
            }
        }
        fields
    }

    /// The path of a SQLite file is relative to the manifest; a plan's is relative to the working directory.
    fn with_joined_path(&self, mut warehouse: Warehouse, object: &Object) -> Warehouse {
        let (file, _) = &self.documents[object.document];
        if let Some(sqlite) = &mut warehouse.spec.sqlite {
            sqlite.path = self.files[*file].folder.join(&sqlite.path).display().to_string();
        }
        warehouse
    }

    fn is_plain(&self, object: &Object, field: &FieldPath) -> bool {
        let (_, index) = &self.documents[object.document];
        index.find(&object.in_document(field)).is_some_and(|found| found.plain && found.exact)
    }

    /// A diagnostic of an object's field with its place.
    pub(super) fn placed(&self, fault: Diagnostic, object: &Object) -> Diagnostic {
        let key = fault.reason == "UnknownField";
        let place = self.place_of(object, &fault.field, key);
        Diagnostic { place: Some(place), ..fault.of(&object.reference) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_of_every_kind_is_read() {
        let kinds: Vec<String> = schemas().into_keys().collect();
        assert_eq!(kinds, ["DataGraph", "EnrichmentMapping", "Entity", "Warehouse"]);
        assert!(schemas().values().all(|schema| schema.properties["spec"].type_name == Some(Type::Object)));
    }
}
