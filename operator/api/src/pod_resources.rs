use kube::KubeSchema;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{
    Amount,
    violation::{CelRule, Violations},
};

const AMOUNT: CelRule = CelRule::new(
    "type(self) == int ? self >= 0 : isQuantity(self) && !quantity(self).isLessThan(quantity('0')) && \
     !quantity(self).isGreaterThan(quantity('1Ei'))",
    "write an amount such as 2, 250m or 512Mi",
);
const CPU_WITHIN_LIMIT: CelRule = CelRule::new(
    "!has(self.requests) || !has(self.limits) || !has(self.requests.cpu) || !has(self.limits.cpu) || \
     !(type(self.requests.cpu) == int || isQuantity(self.requests.cpu)) || \
     !(type(self.limits.cpu) == int || isQuantity(self.limits.cpu)) || \
     !(type(self.requests.cpu) == int ? quantity('0').add(self.requests.cpu) : quantity(self.requests.cpu)).isGreaterThan(\
     (type(self.limits.cpu) == int ? quantity('0').add(self.limits.cpu) : quantity(self.limits.cpu)))",
    "more CPU is requested than the limit allows: lower the request, or raise the limit",
)
.at(".requests");
const MEMORY_WITHIN_LIMIT: CelRule = CelRule::new(
    "!has(self.requests) || !has(self.limits) || !has(self.requests.memory) || !has(self.limits.memory) || \
     !(type(self.requests.memory) == int || isQuantity(self.requests.memory)) || \
     !(type(self.limits.memory) == int || isQuantity(self.limits.memory)) || \
     !(type(self.requests.memory) == int ? quantity('0').add(self.requests.memory) : quantity(self.requests.memory)).isGreaterThan(\
     (type(self.limits.memory) == int ? quantity('0').add(self.limits.memory) : quantity(self.limits.memory)))",
    "more memory is requested than the limit allows: lower the request, or raise the limit",
)
.at(".requests");

/// How much of a node a container asks for, and may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = CPU_WITHIN_LIMIT, validation = MEMORY_WITHIN_LIMIT)]
pub struct Resources {
    /// What a node has to have free for the pod. Default: the limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<Amounts>,
    /// What the container may not exceed: with more CPU it is slowed down, with more memory it is ended. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Amounts>,
}

/// Amounts of what a node has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Amounts {
    /// Cores, such as `2`, or thousandths of one, such as `250m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "quantity")]
    #[x_kube(validation = AMOUNT)]
    pub cpu: Option<Amount>,
    /// Bytes, such as `512Mi` or `2G`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "quantity")]
    #[x_kube(validation = AMOUNT)]
    pub memory: Option<Amount>,
}

impl Resources {
    pub(crate) fn check(&self, place: &str, found: &mut Violations) {
        for (amounts, name) in [(&self.requests, "requests"), (&self.limits, "limits")] {
            let Some(amounts) = amounts else { continue };
            for (amount, field) in [(&amounts.cpu, "cpu"), (&amounts.memory, "memory")] {
                let is_one = amount.as_ref().is_none_or(|amount| amount.is_sound());
                found.unless(is_one, &format!("{place}.{name}.{field}"), AMOUNT);
            }
        }
        let is_within = |of: fn(&Amounts) -> Option<&Amount>| {
            let amount = |amounts: &Option<Amounts>| amounts.as_ref().and_then(of).and_then(Amount::nano);
            amount(&self.requests).zip(amount(&self.limits)).is_none_or(|(request, limit)| request <= limit)
        };
        found.unless(is_within(|amounts| amounts.cpu.as_ref()), place, CPU_WITHIN_LIMIT);
        found.unless(is_within(|amounts| amounts.memory.as_ref()), place, MEMORY_WITHIN_LIMIT);
    }
}

/// The schema of an amount.
fn quantity(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "x-kubernetes-int-or-string": true, "maxLength": 32 })
}
