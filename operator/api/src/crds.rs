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

/// What is made of the definitions, by its path in the repository: a file per kind in `crds/`, and the same as templates
/// of the chart `weft-crds`.
pub fn generated() -> Result<Vec<(String, String)>, serde_yaml::Error> {
    let mut files = Vec::new();
    for crd in crds() {
        let definition = serde_yaml::to_string(&crd)?;
        let name = format!("{}.yaml", crd.spec.names.plural);
        files.push((format!("charts/weft-crds/templates/{name}"), format!("{ORIGIN}{}", template(&definition))));
        files.push((format!("crds/{name}"), format!("{ORIGIN}{definition}")));
    }
    Ok(files)
}

const ORIGIN: &str = "# Generated from the types in operator/api by crdgen (`make crds`): do not edit.\n";

/// A definition that stays when its release goes, unless the values say otherwise: every object of its kind would go
/// with it.
fn template(definition: &str) -> String {
    let quoted = definition.replace("{{", "{{ \"{{\" }}");
    let kept = "metadata:\n  {{- if .Values.keep }}\n  annotations:\n    helm.sh/resource-policy: keep\n  {{- end }}\n";
    quoted.replacen("metadata:\n", kept, 1)
}
