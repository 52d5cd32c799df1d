//! Every validation rule, as its plain twin and (feature `cel`) as CEL, judges the table of cases alike.

#![allow(clippy::unwrap_used, clippy::panic)] // also in what the tests share

mod cases;

use std::collections::BTreeSet;

use cases::{Fault, table};
use kube::CustomResourceExt;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use weft_api::{DataGraph, EnrichmentMapping, Entity, Validate, Warehouse};

trait Kind: CustomResourceExt + Validate + Serialize + DeserializeOwned {}
impl<K: CustomResourceExt + Validate + Serialize + DeserializeOwned> Kind for K {}

/// Judges every case whose object has the types of its kind.
fn judge<K: Kind>(verdict: impl Fn(&K, Option<&K>) -> Vec<Fault>) {
    let kind = K::crd().spec.names.kind;
    let table = table(&kind);
    for case in &table.cases {
        let typed = |object: Value| serde_json::from_value::<K>(object);
        let (Ok(object), Ok(old)) = (typed(table.object(case)), table.old(case).map(typed).transpose()) else {
            assert!(!case.schema.is_empty(), "{kind}, {}: no such fields", case.name);
            continue;
        };
        let mut expected = case.refused.clone();
        expected.sort();
        assert_eq!(verdict(&object, old.as_ref()), expected, "{kind}, {}", case.name);
    }
}

fn plain<K: Kind>(object: &K, old: Option<&K>) -> Vec<Fault> {
    let fault = |violation: weft_api::Violation| Fault { path: violation.path, message: violation.message.to_owned() };
    object.violations(old).into_iter().map(fault).collect()
}

#[test]
fn the_plain_twin_of_every_rule_judges_as_the_table_says() {
    judge::<DataGraph>(plain);
    judge::<EnrichmentMapping>(plain);
    judge::<Entity>(plain);
    judge::<Warehouse>(plain);
}

#[cfg(feature = "cel")]
mod cel {
    use kube::core::cel::{ErrorKind, validate_cel, validate_cel_update};

    use super::*;

    /// What the CRD says by `not` instead of a rule.
    const NO_RULE: &str = "give `default` or `ifMissing`, not both";

    /// What rules say that this CEL cannot judge, for it knows no `type`; the API server's can, and judges the same table.
    const OF_TYPES: [&str; 3] = [
        "write an amount such as 2, 250m or 512Mi",
        "more CPU is requested than the limit allows: lower the request, or raise the limit",
        "more memory is requested than the limit allows: lower the request, or raise the limit",
    ];

    fn cel<K: Kind>(object: &K, old: Option<&K>) -> Vec<Fault> {
        let verdict = old.map_or_else(|| validate_cel(object), |old| validate_cel_update(object, old));
        let mut faults: Vec<_> = verdict
            .err()
            .into_iter()
            .flatten()
            .filter(|error| error.kind != ErrorKind::UnsupportedReference || !error.rule.contains("type("))
            .map(|error| {
                assert_eq!(error.kind, ErrorKind::ValidationFailure, "{error}: {}", error.rule);
                Fault { path: error.field_path.trim_start_matches('.').to_owned(), message: error.message }
            })
            .collect();
        let by_others = |fault: &Fault| fault.message == NO_RULE || OF_TYPES.contains(&fault.message.as_str());
        faults.extend(plain(object, old).into_iter().filter(by_others));
        faults.sort();
        faults
    }

    #[test]
    fn every_rule_judges_as_the_table_says() {
        judge::<DataGraph>(cel);
        judge::<EnrichmentMapping>(cel);
        judge::<Entity>(cel);
        judge::<Warehouse>(cel);
    }
}

#[test]
fn every_rule_has_a_case_that_it_refuses() {
    for crd in weft_api::crds() {
        let kind = &crd.spec.names.kind;
        let refused: BTreeSet<_> =
            table(kind).cases.into_iter().flat_map(|case| case.refused).map(|fault| fault.message).collect();
        let mut stated = BTreeSet::new();
        messages(&serde_json::to_value(&crd).unwrap(), &mut stated);
        assert!(!stated.is_empty(), "{kind} has rules");
        let untested: Vec<_> = stated.difference(&refused).collect();
        assert!(untested.is_empty(), "{kind} has rules that no case breaks: {untested:?}");
    }
}

fn messages(schema: &Value, found: &mut BTreeSet<String>) {
    let rules = schema.get("x-kubernetes-validations").and_then(Value::as_array);
    found.extend(rules.into_iter().flatten().filter_map(|rule| Some(rule.get("message")?.as_str()?.to_owned())));
    match schema {
        Value::Object(members) => members.values().for_each(|member| messages(member, found)),
        Value::Array(items) => items.iter().for_each(|item| messages(item, found)),
        _ => {}
    }
}
