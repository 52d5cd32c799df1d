use weft_language::{ConditionError, PathError};
use weft_plan_types::EnrichPlan;
use weft_store::{Column, EntityMeta};
use weft_warehouse::names;

use super::list::List;
use super::rule::Rule;
use super::{Failure, Spot};
use crate::event::{NodeId, PathTree};

/// A mapping made ready: paths are nodes of one tree, columns are positions in rows.
#[derive(Debug)]
pub(crate) struct Join {
    pub(super) tree: PathTree,
    /// The arrays whose items are looked up.
    pub(super) lists: Vec<List>,
    pub(super) entities: Vec<JoinedEntity>,
    pub(super) rules: Vec<Rule>,
}

#[derive(Debug)]
pub(super) struct JoinedEntity {
    pub(super) slug: String,
    pub(super) meta: EntityMeta,
}

/// A plan that does not fit the entities as they are.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JoinError {
    /// The store holds another key than the plan says.
    #[error("entity {entity}: its primary key is {found:?}, the mapping was planned for {planned:?}; plan it again")]
    OtherKey { entity: String, found: Vec<String>, planned: Vec<String> },
    /// A column that a rule reads is not in the store.
    #[error("rule {rule}: entity {entity} has no column {column}; it has {}", columns.join(", "))]
    NoColumn { rule: String, entity: String, column: String, columns: Vec<String> },
    /// A rule refers to an entity or alias that the plan does not have.
    #[error("rule {rule}: there is no {kind} {name}")]
    Unknown { rule: String, kind: &'static str, name: String },
    /// A path that does not parse.
    #[error("rule {rule}: {path}: {error}")]
    BadPath { rule: String, path: String, error: PathError },
    /// A written path that has an index in it.
    #[error("rule {rule}: {path}: values are written to members of objects, not to items of arrays")]
    IndexedTarget { rule: String, path: String },
    /// A path from an item (`@`) for an alias that has none, or a path from the event (`$`) to write an item's row to.
    #[error(
        "rule {rule}: {path} does not fit alias {alias}: @ is an item of a forEach, where rows of items are written"
    )]
    Misplaced { rule: String, alias: String, path: String },
    /// Aliases hop from one to the next in a circle.
    #[error("rule {rule}: alias {alias} hops in a circle")]
    Circle { rule: String, alias: String },
    /// A condition that does not parse.
    #[error("rule {rule}: when: {error}")]
    BadCondition { rule: String, error: ConditionError },
}

impl Join {
    /// Makes a plan ready for entities with these metas, one per entry of `plan.entities` and in their order.
    pub(crate) fn new(plan: &EnrichPlan, metas: Vec<EntityMeta>) -> Result<Self, JoinError> {
        let entities: Vec<_> = plan
            .entities
            .iter()
            .zip(metas)
            .map(|(entity, meta)| {
                let same = meta.key.len() == entity.primary_key.len()
                    && (0..meta.key.len()).all(|at| position(&meta.key, &entity.primary_key[at]) == Some(at));
                if same {
                    return Ok(JoinedEntity { slug: entity.slug.clone(), meta });
                }
                Err(JoinError::OtherKey {
                    entity: entity.slug.clone(),
                    found: column_names(&meta.key),
                    planned: entity.primary_key.clone(),
                })
            })
            .collect::<Result<_, _>>()?;
        let (mut tree, mut lists) = (PathTree::new(), Vec::new());
        let rules = plan.rules.iter().map(|rule| Rule::new(rule, &entities, &mut tree, &mut lists));
        let rules = rules.collect::<Result<_, _>>()?;
        Ok(Self { tree, lists, entities, rules })
    }

    /// The rules' names, in their order.
    pub(crate) fn rules(&self) -> impl ExactSizeIterator<Item = &str> {
        self.rules.iter().map(|rule| rule.name.as_str())
    }

    /// The names of a rule's aliases, in their order.
    pub(crate) fn aliases(&self, rule: usize) -> impl ExactSizeIterator<Item = &str> {
        self.rules[rule].aliases.iter().map(|alias| alias.name.as_str())
    }

    /// How many lookups follow each other: one, and one more for each hop.
    pub(crate) fn levels(&self) -> usize {
        self.rules.iter().flat_map(|rule| &rule.aliases).map(|alias| alias.level + 1).max().unwrap_or(0)
    }

    /// The fault of a dead letter in words.
    pub(crate) fn message(&self, rule: usize, failure: Failure) -> String {
        let rule = &self.rules[rule];
        let path = |spot: Spot| match spot {
            Spot::Event(node) => self.tree.path(node).to_string(),
            Spot::Item { list, item, node } => self.lists[list].path(&self.tree, item, node),
        };
        failure.message(path, |position| {
            let alias = &rule.aliases[position];
            let key = rule.key_parts_in_words(alias, self).join(", ");
            format!("{} (entity {}, key from {key})", alias.name, self.entities[alias.entity].slug)
        })
    }
}

/// Where a column stands, by the rule by which the load found the plan's columns in the table.
pub(super) fn position(columns: &[Column], name: &str) -> Option<usize> {
    names::resolve(name, columns.iter().map(|column| column.name.as_str())).ok()
}

pub(super) fn column_names(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}

/// The last node of those on a path.
pub(super) fn end(nodes: &[NodeId]) -> NodeId {
    nodes.last().copied().unwrap_or(NodeId::ROOT)
}
