use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    EntityAlias,
    entity_alias::is_place,
    violation::{CelRule, Each, TextRule, Violations},
};

/// What the schema says by `not`: a rule cannot see a field that may hold anything.
const DEFAULT_OR_IF_MISSING: &str = "give `default` or `ifMissing`, not both";

const TARGET: CelRule = CelRule::new(
    "size(self) > 2 && (self.startsWith('$.') || self.startsWith('$[') || self.startsWith('@.') || self.startsWith('@['))",
    "a path starts with $. and names a place in the event, such as $.properties.name, or for an alias with `forEach` in its item, such as @.name",
);
static CATEGORY: TextRule =
    TextRule::new("^[^0-9]", "a category's id does not start with a digit: write it as events do, such as Advertising");

/// Which events, joined with what, written where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrichmentRule {
    /// The rule's name, unique in the mapping; it stands in metrics and dead letters.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?$"))]
    pub name: String,
    /// The condition an event has to meet, such as `type = "track" and event = "Order Completed"`. Default: every event
    /// matches. A condition that does not parse turns the mapping Ready=False, and the message marks the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub when: Option<String>,
    /// The consent that the user has to have given. Default: consent is not asked. It is judged on the event as it came,
    /// before anything is looked up; an event without `context.consent` passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// The rows to look up for an event, each under an alias. Default: none; the event is sent as it came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["as".into()]))]
    pub entities: Vec<EntityAlias>,
    /// The values to write into the event, no two at one place. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub enrichments: Vec<Enrichment>,
    /// What happens to an event when an alias that is not optional has no row: `Forward` sends it all the same, `Drop`
    /// does not send it, `DeadLetter` sends it to the dead letter topic. Default `Forward`.
    #[serde(default)]
    pub on_missing: OnMissing,
}

impl EnrichmentRule {
    pub(crate) fn check(&self, place: &str, found: &mut Violations) {
        if let Some(consent) = &self.consent {
            let categories = consent.categories.iter().map(String::as_str);
            found.each(categories, format!("{place}.consent.categories"), Each(&CATEGORY));
        }
        for (at, alias) in self.entities.iter().enumerate() {
            alias.check(&format!("{place}.entities[{at}]"), found);
        }
        for (at, enrichment) in self.enrichments.iter().enumerate() {
            let place = format!("{place}.enrichments[{at}]");
            found.unless(is_place(&enrichment.to), &format!("{place}.to"), TARGET);
            let both = enrichment.default.is_some() && enrichment.if_missing.is_some();
            found.unless_stated(!both, place, DEFAULT_OR_IF_MISSING);
        }
    }
}

/// The consent that a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Consent {
    /// The ids of the categories, each as `context.consent.categoryPreferences` of an event spells it, upper and lower case
    /// apart. All of them have to be true there; a category that an event does not name is not allowed.
    #[schemars(length(min = 1, max = 64), inner(length(min = 1, max = 34)))]
    #[x_kube(merge_strategy = ListMerge::Set, validation = Each(&CATEGORY))]
    pub categories: Vec<String>,
}

/// One value to write into the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("not" = {"required": ["default", "ifMissing"]}))]
pub struct Enrichment {
    /// The alias and the column the value comes from.
    pub from: EnrichmentSource,
    /// The path the value is written to, such as `$.properties.product_name`, or for an alias with `forEach`, and a hop from
    /// one, in the item, such as `@.name`; member names only. A value already there is replaced, parents that are missing
    /// or null become objects, any other parent is an error of that event.
    #[schemars(length(min = 1, max = 1024))]
    #[x_kube(validation = TARGET)]
    pub to: String,
    /// What to write when the alias has no row: any JSON value but null, which counts as not given (Kubernetes drops it);
    /// `ifMissing: SetNull` writes null. Not together with `ifMissing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_json")]
    pub default: Option<Value>,
    /// What to do when the alias has no row: `Omit` writes nothing, so that a value already there stays; `SetNull`
    /// writes null. Default `Omit`. Not together with `default`. (A row whose column is NULL writes null.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "IfMissing")]
    pub if_missing: Option<IfMissing>,
}

/// Where the value of an [`Enrichment`] comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrichmentSource {
    /// An alias of the same rule (`entities[].as`).
    #[serde(rename = "as")]
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[A-Za-z_][A-Za-z0-9_]*$"))]
    pub alias: String,
    /// A column of the entity. If it is not among the entity's columns, the mapping turns Ready=False, reason
    /// ColumnNotSynced.
    #[schemars(length(min = 1, max = 300))]
    pub column: String,
}

/// What an enrichment does when its alias has no row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum IfMissing {
    /// Write nothing.
    #[default]
    Omit,
    /// Write `null`. Not called `Null`, which YAML reads as no value.
    SetNull,
}

/// What happens to an event when an alias that is not optional has no row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum OnMissing {
    /// It is sent all the same.
    #[default]
    Forward,
    /// It is not sent.
    Drop,
    /// It becomes a dead letter.
    DeadLetter,
}

fn any_json(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"x-kubernetes-preserve-unknown-fields": true})
}
