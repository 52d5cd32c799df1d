use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::{entity::SLUG, violation::Violations};

/// How the rows of one entity lead to rows of another, or of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Relationship {
    /// The name by which rules refer to the relationship, unique in the graph: lower case letters, digits, `-` and `_`. A
    /// rule whose `via` names another turns its mapping Ready=False, reason UnknownRelationship.
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = &SLUG)]
    pub slug: String,
    /// A name for people. Default: the slug. It may change at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub display_name: Option<String>,
    /// The slug of the entity the relationship starts from. Hops may go along it from either end.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9][a-z0-9_-]*$"))]
    pub from: String,
    /// The slug of the entity the relationship leads to; it may be that of `from`.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9][a-z0-9_-]*$"))]
    pub to: String,
    /// The columns whose values are equal in rows that belong together: all of the pairs have to be. A hop needs the columns
    /// at the end where it arrives to be the primary key there, and those where it starts to be copied.
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["left".into(), "right".into()]))]
    pub join_on: Vec<JoinColumns>,
}

/// Two columns whose values are equal in rows that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct JoinColumns {
    /// A column of the entity in `from`.
    #[schemars(length(min = 1, max = 300))]
    pub left: String,
    /// A column of the entity in `to`.
    #[schemars(length(min = 1, max = 300))]
    pub right: String,
}

impl Relationship {
    pub(crate) fn check(&self, place: &str, found: &mut Violations) {
        found.text(&self.slug, format!("{place}.slug"), &SLUG);
    }
}
