use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::violation::{CelRule, TextRule, Violations};

const ONE_WAY: CelRule = CelRule::new(
    "!(has(self.entity) || has(self.match)) || !(has(self.from) || has(self.via))",
    "a row is found by a key (`entity` and `match`) or by a hop (`from` and `via`): remove one of the two",
);
const WHOLE_WAY: CelRule = CelRule::new(
    "(has(self.entity) && has(self.match)) || (has(self.from) && has(self.via))",
    "say which row is looked up: give `entity` and `match`, or for a hop from another alias `from` and `via`",
);
const NO_ARRAY_OF_A_HOP: CelRule = CelRule::new(
    "!has(self.forEach) || !(has(self.from) || has(self.via))",
    "a hop goes from each row of the alias it starts at, item by item if that has `forEach`: leave `forEach` out",
)
.at(".forEach");
const ITEM_NEEDS_ARRAY: CelRule = CelRule::new(
    "has(self.forEach) || !has(self.match) || self.match.all(part, !part.path.startsWith('@'))",
    "a path that starts with @ names a place in an item: give `forEach` with the array, or start the path with $.",
)
.at(".match");
const KEY_PATH: CelRule = CelRule::new(
    "self == '@' || (size(self) > 2 && (self.startsWith('$.') || self.startsWith('$[') || \
     self.startsWith('@.') || self.startsWith('@[')))",
    "a path starts with $. and names a place in the event, such as $.properties.product_id, or with `forEach` in the item, such as @.product_id",
);
static ARRAY_PATH: TextRule = TextRule::new(
    r"^\$[.\[].*\[\*\]$",
    "write the path of an array in the event with [*] behind it, such as $.properties.products[*]",
);

/// One row to look up for an event, or for each item of an array: by its key (`entity` and `match`), or by a hop along a
/// relationship from another alias's row (`from` and `via`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ONE_WAY, validation = WHOLE_WAY, validation = NO_ARRAY_OF_A_HOP, validation = ITEM_NEEDS_ARRAY)]
pub struct EntityAlias {
    /// The name by which the rule refers to the row: letters, digits and `_`. Two aliases may look up one entity.
    #[serde(rename = "as")]
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[A-Za-z_][A-Za-z0-9_]*$"))]
    pub alias: String,
    /// The slug of the entity to look up. Required, with `match`, unless the row is reached by a hop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9][a-z0-9_-]*$"))]
    pub entity: Option<String>,
    /// Where in the event the key comes from: exactly the columns of the entity's primary key, each once.
    #[serde(rename = "match", default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["column".into()]))]
    pub matches: Option<Vec<KeyMatch>>,
    /// The alias of the same rule whose row a hop starts from. Required, with `via`, unless there is `match`. A hop from
    /// an alias with `forEach` is taken for each item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[A-Za-z_][A-Za-z0-9_]*$"))]
    pub from: Option<String>,
    /// The slug of the DataGraph's relationship that a hop goes along, from either of its ends; from an entity to itself,
    /// from `left` to `right`. The columns it arrives at have to be exactly the primary key there, else the mapping turns
    /// Ready=False, reason HopNeedsIndex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9][a-z0-9_-]*$"))]
    pub via: Option<String>,
    /// The path of an array in the event and `[*]`, such as `$.properties.products[*]`: a row is looked up for each of its
    /// items, at most 10,000. Default: one row for the event. An array that is absent or null has no items; anything else
    /// that is no array is an error of that event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    #[x_kube(validation = &ARRAY_PATH)]
    pub for_each: Option<String>,
    /// Whether a missing row is as good as a found one: if true, it does not count for `onMissing`. Default false.
    #[serde(default)]
    pub optional: bool,
}

/// Where in the event one part of a key comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyMatch {
    /// A column of the entity's primary key.
    #[schemars(length(min = 1, max = 300))]
    pub column: String,
    /// The path of its value: in the event, such as `$.properties.product_id`, or with `forEach` in the item, such as
    /// `@.product_id`; `@` alone is the item itself. An absent, null or empty value is no key: the row counts as missing.
    #[schemars(length(min = 1, max = 1024))]
    #[x_kube(validation = KEY_PATH)]
    pub path: String,
}

impl EntityAlias {
    /// The parts of the key; none for a hop.
    pub fn key(&self) -> &[KeyMatch] {
        self.matches.as_deref().unwrap_or_default()
    }

    pub(crate) fn check(&self, place: &str, found: &mut Violations) {
        let (has_match, has_hop) = (self.matches.is_some(), self.from.is_some() || self.via.is_some());
        found.unless(!(self.entity.is_some() || has_match) || !has_hop, place, ONE_WAY);
        let is_whole = (self.entity.is_some() && has_match) || (self.from.is_some() && self.via.is_some());
        found.unless(is_whole, place, WHOLE_WAY);
        found.unless(self.for_each.is_none() || !has_hop, place, NO_ARRAY_OF_A_HOP);
        let in_event = self.key().iter().all(|part| !part.path.starts_with('@'));
        found.unless(self.for_each.is_some() || in_event, place, ITEM_NEEDS_ARRAY);
        for (part, key) in self.key().iter().enumerate() {
            found.unless(is_key_path(&key.path), &format!("{place}.match[{part}].path"), KEY_PATH);
        }
        if let Some(array) = &self.for_each {
            found.text(array, format!("{place}.forEach"), &ARRAY_PATH);
        }
    }
}

fn is_key_path(text: &str) -> bool {
    text == "@" || is_place(text)
}

/// Whether a text starts as a path into the event or an item does.
pub(crate) fn is_place(text: &str) -> bool {
    text.chars().nth(2).is_some() && ["$.", "$[", "@.", "@["].iter().any(|start| text.starts_with(start))
}
