use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::CustomResourceExt;

use crate::{DataGraph, EnrichmentMapping, Entity, Warehouse};

/// The definitions of all kinds, sorted by name.
pub fn crds() -> [CustomResourceDefinition; 4] {
    [crd::<DataGraph>(), crd::<EnrichmentMapping>(), crd::<Entity>(), crd::<Warehouse>()]
}

/// The definition of one kind. Unlike what the derive makes of an `Option`, no field is nullable: the API server then
/// drops a `null` before it judges, so that null and absent are one, to the rules as to the types here.
pub fn crd<K: CustomResourceExt>() -> CustomResourceDefinition {
    let mut crd = K::crd();
    for version in &mut crd.spec.versions {
        if let Some(schema) = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut()) {
            schema.title = None;
            not_nullable(schema);
        }
    }
    crd
}

fn not_nullable(schema: &mut JSONSchemaProps) {
    schema.nullable = None;
    schema.properties.iter_mut().flatten().for_each(|(_, property)| not_nullable(property));
    if let Some(JSONSchemaPropsOrArray::Schema(item)) = &mut schema.items {
        not_nullable(item);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(value)) = &mut schema.additional_properties {
        not_nullable(value);
    }
}

/// The file a definition is kept in under `crds/`.
pub fn file_name(crd: &CustomResourceDefinition) -> String {
    format!("{}.yaml", crd.spec.names.plural)
}

/// A definition as its file holds it.
pub fn to_yaml(crd: &CustomResourceDefinition) -> Result<String, serde_yaml::Error> {
    let definition = serde_yaml::to_string(crd)?;
    Ok(format!("# Generated from the types in operator/api by crdgen (`make crds`): do not edit.\n{definition}"))
}
