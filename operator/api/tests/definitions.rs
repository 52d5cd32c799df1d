//! The custom resource definitions: what `crds/` holds, and what every field of them has to have.

#![allow(clippy::unwrap_used, clippy::panic)] // also in what the tests share

use std::{collections::BTreeSet, fs, path::Path};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};

#[test]
fn the_files_in_crds_and_in_the_chart_are_those_that_the_types_make() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let generated = weft_api::generated().unwrap();
    for (path, wanted) in &generated {
        let found = fs::read_to_string(root.join(path)).unwrap_or_default();
        assert!(found == *wanted, "{path} is out of date: run `make crds`");
    }
    let expected: BTreeSet<_> = generated.iter().map(|(path, _)| root.join(path)).collect();
    for folder in ["crds", "charts/weft-crds/templates"] {
        for file in fs::read_dir(root.join(folder)).unwrap() {
            let path = file.unwrap().path();
            let defines = fs::read_to_string(&path).unwrap().contains("kind: CustomResourceDefinition");
            assert!(!defines || expected.contains(&path), "{} is made from no type", path.display());
        }
    }
}

#[test]
fn a_release_that_goes_leaves_the_definitions_unless_it_is_told() {
    for (path, template) in weft_api::generated().unwrap().iter().filter(|(path, _)| path.starts_with("charts/")) {
        let (before, after) = template.split_once("  {{- if .Values.keep }}\n").unwrap();
        let (kept, after) = after.split_once("  {{- end }}\n").unwrap();
        assert_eq!(kept, "  annotations:\n    helm.sh/resource-policy: keep\n", "{path}");
        assert!(before.ends_with("\nmetadata:\n") && after.starts_with("  name: "), "{path}");
        assert!(!after.contains("{{"), "Helm would take a part of {path} for a template");
    }
}

#[test]
fn every_field_is_described() {
    every_field(|path, field| {
        assert!(field.description.as_ref().is_some_and(|text| text.len() > 10), "{path} has no description");
    });
}

#[test]
fn every_list_map_and_string_is_bounded() {
    every_field(|path, field| {
        let bounded = match field.type_.as_deref() {
            Some("string") => field.max_length.is_some() || field.enum_.is_some() || field.format.is_some(),
            Some("array") => field.max_items.is_some(),
            Some("integer") => field.minimum.is_some(),
            Some("object") => match &field.additional_properties {
                None => field.properties.is_some(),
                Some(JSONSchemaPropsOrBool::Schema(value)) => {
                    field.max_properties.is_some() && value.max_length.is_some()
                }
                Some(JSONSchemaPropsOrBool::Bool(_)) => false,
            },
            None if field.x_kubernetes_int_or_string == Some(true) => field.max_length.is_some(),
            Some("boolean") => true,
            _ => path.ends_with("enrichments[].default"),
        };
        assert!(bounded, "{path} has no bound");
    });
}

#[test]
fn no_field_is_nullable() {
    every_field(|path, field| assert_eq!(field.nullable, None, "{path}"));
}

#[test]
fn every_kind_shows_whether_it_is_ready_and_why_not() {
    for crd in weft_api::crds() {
        let [version] = crd.spec.versions.as_slice() else { panic!("{} has one version", crd.spec.names.kind) };
        let columns: Vec<_> = version.additional_printer_columns.iter().flatten().collect();
        let named = |name: &str| columns.iter().find(|column| column.name == name);
        for name in ["Ready", "Reason", "Age", "Message"] {
            assert!(named(name).is_some(), "{} has no column {name}", crd.spec.names.kind);
        }
        assert_eq!(named("Message").unwrap().priority, Some(1), "a message is for `-o wide`");
        assert_eq!(crd.spec.names.categories.as_deref(), Some(["weft".to_owned()].as_slice()));
        assert!(version.subresources.as_ref().is_some_and(|subresources| subresources.status.is_some()));
    }
}

fn every_field(judge: impl Fn(&str, &JSONSchemaProps)) {
    for crd in weft_api::crds() {
        let properties = root(&crd).properties.iter().flatten();
        for (name, field) in properties {
            walk(&format!("{}.{name}", crd.spec.names.kind), field, true, &judge);
        }
    }
}

fn root(crd: &CustomResourceDefinition) -> &JSONSchemaProps {
    crd.spec.versions[0].schema.as_ref().unwrap().open_api_v3_schema.as_ref().unwrap()
}

/// An item of a list of scalars has no description of its own: its list's says what it is.
fn walk(path: &str, field: &JSONSchemaProps, described: bool, judge: &impl Fn(&str, &JSONSchemaProps)) {
    if described {
        judge(path, field);
    }
    for (name, property) in field.properties.iter().flatten() {
        walk(&format!("{path}.{name}"), property, true, judge);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(item)) = &field.items {
        let is_object = item.type_.as_deref() == Some("object");
        walk(&format!("{path}[]"), item, is_object, judge);
    }
}
