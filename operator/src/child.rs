//! What the operator makes of an object: named, labelled and owned alike everywhere.

use kube::api::DynamicObject;
use kube::{Resource, ResourceExt as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Everything the operator makes has this label; it watches nothing else of these kinds.
pub(crate) const MANAGED: &str = "app.kubernetes.io/managed-by=weft-operator";
/// What a child is for, and of which kind: `entity`, `mapping`, or `warehouse-probe`.
pub(crate) const OWNER_KIND: &str = "weft.dev/owner-kind";
/// The name of the object that it is of.
pub(crate) const OWNER_NAME: &str = "weft.dev/owner";
/// On what removes the copy of a deleted Entity: its uid.
pub(crate) const CLEANUP: &str = "weft.dev/cleanup-of";
/// The hash of the plan that a ConfigMap holds or a Job runs.
pub(crate) const PLAN: &str = "weft.dev/plan";

/// What an object is to its children.
#[derive(Clone, Debug)]
pub(crate) struct Parent {
    /// As it stands in the label [`OWNER_KIND`].
    kind: &'static str,
    pub(crate) namespace: String,
    pub(crate) name: String,
    reference: Value,
}

impl Parent {
    pub(crate) fn of<K: Resource<DynamicType = ()>>(kind: &'static str, object: &K) -> Self {
        Self {
            kind,
            namespace: object.namespace().unwrap_or_default(),
            name: object.name_any(),
            reference: json!({
                "apiVersion": K::api_version(&()),
                "kind": K::kind(&()),
                "name": object.name_any(),
                "uid": object.uid().unwrap_or_default(),
                "controller": true,
                "blockOwnerDeletion": true,
            }),
        }
    }

    /// The name of a child: the parent's, cut to 40, and 8 hex digits of what tells it from others.
    pub(crate) fn child_name(&self, distinction: &[&str]) -> String {
        let cut: String = self.name.chars().take(40).collect();
        format!("{}-{}", cut.trim_end_matches(['-', '.']), hash(distinction))
    }

    /// The name of the child of which there is one.
    pub(crate) fn only_child_name(&self) -> String {
        self.child_name(&[self.kind, &self.namespace, &self.name])
    }

    /// The labels of a child and of its pods.
    pub(crate) fn labels(&self) -> Value {
        let component = match self.kind {
            "entity" => "sync",
            "mapping" => "enricher",
            _ => "probe",
        };
        json!({
            "app.kubernetes.io/name": "weft",
            "app.kubernetes.io/component": component,
            "app.kubernetes.io/managed-by": "weft-operator",
            OWNER_KIND: self.kind,
            OWNER_NAME: self.name,
        })
    }

    /// The labels by which the parent's pods are told from others'.
    pub(crate) fn selector(&self) -> Value {
        json!({ OWNER_KIND: self.kind, OWNER_NAME: self.name })
    }

    /// The metadata of a child; `plan` where it belongs to one plan.
    pub(crate) fn metadata(&self, name: &str, plan: Option<&str>) -> Value {
        let mut labels = self.labels();
        if let Some(plan) = plan {
            labels[PLAN] = plan.into();
        }
        json!({
            "name": name, "namespace": self.namespace, "labels": labels, "ownerReferences": [self.reference],
        })
    }
}

/// Of which object a child is, as its labels say: kind and name.
pub(crate) fn parent_of(child: &DynamicObject) -> Option<(&str, &str)> {
    let labels = child.labels();
    Some((labels.get(OWNER_KIND)?, labels.get(OWNER_NAME)?))
}

/// Eight hex digits of a SHA-256 of the parts.
pub(crate) fn hash(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part.as_bytes());
    }
    digest.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// The kind of an object or a manifest.
pub(crate) fn kind_of(child: &DynamicObject) -> &str {
    child.types.as_ref().map(|types| types.kind.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use weft_api::{Entity, EntitySpec, LocalRef};

    use super::*;

    fn parent(name: &str) -> Parent {
        let spec = EntitySpec {
            data_graph_ref: LocalRef { name: "main".into() },
            slug: None,
            display_name: None,
            table_ref: "a.b".into(),
            primary_key: vec!["ID".into()],
            enrichment_enabled: true,
            columns: None,
            schedule: None,
            suspend: false,
        };
        Parent::of("entity", &Entity::new(name, spec))
    }

    #[test]
    fn names_of_children_fit_a_cron_job_and_never_end_their_first_part_in_a_separator() {
        let long = "a".repeat(39) + "-" + &"b".repeat(23);
        let name = parent(&long).only_child_name();
        assert!(name.len() <= 52, "{name}");
        assert!(!name.contains("--"), "{name}");
    }

    #[test]
    fn entities_that_differ_only_behind_the_cut_have_children_of_their_own() {
        let long = "a".repeat(50);
        assert_ne!(parent(&(long.clone() + "1")).only_child_name(), parent(&(long + "2")).only_child_name());
    }

    #[test]
    fn parts_are_not_confused_with_one_another() {
        assert_ne!(hash(&["a", "bc"]), hash(&["ab", "c"]));
    }
}
