use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{
    Resources,
    violation::{CelRule, TextRule, Violations},
};

const SELECTOR: CelRule = CelRule::new(
    r"self.all(name, size(name) <= 317 && self[name].matches(r'^([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$'))",
    "write labels of nodes: names of at most 317 characters, and values that begin and end in a letter or digit",
);
static VALUE: TextRule = TextRule::new(
    r"^([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$",
    "a value has letters, digits, `-`, `_` and `.`, and begins and ends in a letter or digit",
);
static TAINT: TextRule = TextRule::new(
    r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$",
    "write the key of a taint, such as dedicated or example.com/dedicated",
);
static NAME: TextRule = TextRule::new(
    r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
    "write a name of lower case letters, digits, `-` and `.` that begins and ends in a letter or digit",
);
const EQUAL_NEEDS_KEY: CelRule = CelRule::new(
    "has(self.key) || self.operator == 'Exists'",
    "without `key` every taint is meant: give `operator: Exists`",
)
.at(".operator");
const EXISTS_HAS_NO_VALUE: CelRule = CelRule::new(
    "self.operator == 'Equal' || !has(self.value)",
    "`operator: Exists` means any value: leave `value` out",
)
.at(".value");
const SECONDS_NEED_NO_EXECUTE: CelRule = CelRule::new(
    "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
    "only what evicts a pod can be tolerated for a time: give `effect: NoExecute`",
)
.at(".tolerationSeconds");

/// What pods are given besides what Weft needs of them: a closed part of a pod's specification. A field that is left out is
/// as the DataGraph's `podTemplate` has it, else as its own text says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodTemplate {
    /// How much of a node the container may use. Default: requests of 50m CPU and 64Mi of memory, and no limits. It is taken
    /// as a whole: with limits alone, Kubernetes requests as much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// The labels of the nodes that pods may run on. Default: any node.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "labels")]
    #[x_kube(validation = SELECTOR)]
    pub node_selector: BTreeMap<String, String>,
    /// The taints of nodes that do not keep pods away. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub tolerations: Vec<Toleration>,
    /// The ServiceAccount of the pods, which has to be in the same namespace. It gets no token in any case. Default: `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = &NAME)]
    pub service_account_name: Option<String>,
    /// Secrets of the same namespace with which the image is pulled. Default: those of the ServiceAccount.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub image_pull_secrets: Vec<PullSecret>,
}

/// A Secret of the type `kubernetes.io/dockerconfigjson`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PullSecret {
    /// The Secret's name.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = &NAME)]
    pub name: String,
}

/// A taint that does not keep pods away from a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = EQUAL_NEEDS_KEY, validation = EXISTS_HAS_NO_VALUE, validation = SECONDS_NEED_NO_EXECUTE)]
pub struct Toleration {
    /// The taint's key. Left out with `operator: Exists`, every taint is tolerated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 317))]
    #[x_kube(validation = &TAINT)]
    pub key: Option<String>,
    /// Whether the taint's value has to be `value` (`Equal`, the default) or may be any (`Exists`).
    #[serde(default)]
    pub operator: TolerationOperator,
    /// The taint's value. Default: an empty one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    #[x_kube(validation = &VALUE)]
    pub value: Option<String>,
    /// What the taint does. Default: all of it is tolerated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<TaintEffect>,
    /// How many seconds a pod stays on a node that gets the taint `NoExecute`. Default: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub toleration_seconds: Option<i64>,
}

/// How a taint's value is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum TolerationOperator {
    /// It has to be the same.
    #[default]
    Equal,
    /// It may be any.
    Exists,
}

/// What a taint does; left out, all of it is tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum TaintEffect {
    /// It keeps new pods away.
    NoSchedule,
    /// It keeps new pods away where there is another node.
    PreferNoSchedule,
    /// It evicts pods too.
    NoExecute,
}

impl PodTemplate {
    /// This one, and where it says nothing, the other.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        fn first<T: Clone>(one: &[T], other: &[T]) -> Vec<T> {
            if one.is_empty() { other } else { one }.to_vec()
        }
        let selector = if self.node_selector.is_empty() { other } else { self };
        Self {
            resources: self.resources.as_ref().or(other.resources.as_ref()).cloned(),
            node_selector: selector.node_selector.clone(),
            tolerations: first(&self.tolerations, &other.tolerations),
            service_account_name: self.service_account_name.as_ref().or(other.service_account_name.as_ref()).cloned(),
            image_pull_secrets: first(&self.image_pull_secrets, &other.image_pull_secrets),
        }
    }

    pub(crate) fn check(&self, place: &str, found: &mut Violations) {
        if let Some(resources) = &self.resources {
            resources.check(&format!("{place}.resources"), found);
        }
        let is_label = |(name, value): (&String, &String)| name.chars().count() <= 317 && VALUE.matches(value);
        found.unless(self.node_selector.iter().all(is_label), &format!("{place}.nodeSelector"), SELECTOR);
        for (at, toleration) in self.tolerations.iter().enumerate() {
            toleration.check(&format!("{place}.tolerations[{at}]"), found);
        }
        if let Some(name) = &self.service_account_name {
            found.text(name, format!("{place}.serviceAccountName"), &NAME);
        }
        for (at, secret) in self.image_pull_secrets.iter().enumerate() {
            found.text(&secret.name, format!("{place}.imagePullSecrets[{at}].name"), &NAME);
        }
    }
}

impl Toleration {
    fn check(&self, place: &str, found: &mut Violations) {
        let is_equal = self.operator == TolerationOperator::Equal;
        found.unless(self.key.is_some() || !is_equal, place, EQUAL_NEEDS_KEY);
        found.unless(is_equal || self.value.is_none(), place, EXISTS_HAS_NO_VALUE);
        let evicts = self.effect == Some(TaintEffect::NoExecute);
        found.unless(self.toleration_seconds.is_none() || evicts, place, SECONDS_NEED_NO_EXECUTE);
        if let Some(key) = &self.key {
            found.text(key, format!("{place}.key"), &TAINT);
        }
        if let Some(value) = &self.value {
            found.text(value, format!("{place}.value"), &VALUE);
        }
    }
}

/// The schema of a map of labels.
fn labels(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 32,
        "additionalProperties": { "type": "string", "maxLength": 63 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_given_is_taken_whole_and_another_is_the_default_s() {
        let read = |text: &str| serde_yaml::from_str::<PodTemplate>(text).unwrap();
        let own = read("{resources: {limits: {memory: 1Gi}}, nodeSelector: {disk: fast}}");
        let default = read("{resources: {requests: {cpu: 1}}, nodeSelector: {zone: a}, serviceAccountName: weft}");
        let expected =
            read("{resources: {limits: {memory: 1Gi}}, nodeSelector: {disk: fast}, serviceAccountName: weft}");
        assert_eq!(own.or(&default), expected);
        assert_eq!(PodTemplate::default().or(&default), default);
    }
}
