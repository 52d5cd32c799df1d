use weft_language::{Condition, ConditionError, Path, PathError, Segment};
use weft_plan_types::{EnrichPlan, IfMissing, KeyPlan, OnMissing, RulePlan};
use weft_store::{Column, EntityMeta};
use weft_warehouse::names;

use crate::event::{NodeId, PathTree, WriteTree};

/// A mapping made ready: paths are nodes of one tree, columns are positions in rows.
#[derive(Debug)]
pub(crate) struct Join {
    pub(super) tree: PathTree,
    pub(super) entities: Vec<JoinedEntity>,
    pub(super) rules: Vec<Rule>,
}

#[derive(Debug)]
pub(super) struct JoinedEntity {
    pub(super) slug: String,
    pub(super) meta: EntityMeta,
}

#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) when: Option<When>,
    pub(super) aliases: Vec<Alias>,
    /// The nodes on the paths of keys and written places, roots included: none may be repeated.
    pub(super) nodes: Vec<NodeId>,
    pub(super) writes: WriteTree,
    pub(super) values: Vec<Value>,
    pub(super) on_missing: OnMissing,
}

#[derive(Debug)]
pub(super) struct When {
    pub(super) condition: Condition,
    /// Where the condition's paths end, in the order of `condition.paths()`.
    pub(super) places: Vec<NodeId>,
    /// The nodes on the condition's paths.
    pub(super) nodes: Vec<NodeId>,
}

#[derive(Debug)]
pub(super) struct Alias {
    pub(super) name: String,
    pub(super) entity: usize,
    /// Where the parts of the key stand, in the order of the entity's key columns.
    pub(super) places: Vec<NodeId>,
    pub(super) optional: bool,
}

#[derive(Debug)]
pub(super) struct Value {
    pub(super) alias: usize,
    pub(super) position: usize,
    /// What is written when the alias has no row.
    pub(super) fallback: Option<Box<[u8]>>,
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
        let mut join = Self { tree: PathTree::new(), entities, rules: Vec::new() };
        for rule in &plan.rules {
            let rule = Rule::new(rule, &mut join.tree, &join.entities)?;
            join.rules.push(rule);
        }
        Ok(join)
    }

    /// The rules' names, in their order.
    pub(crate) fn rules(&self) -> impl ExactSizeIterator<Item = &str> {
        self.rules.iter().map(|rule| rule.name.as_str())
    }

    /// The names of a rule's aliases, in their order.
    pub(crate) fn aliases(&self, rule: usize) -> impl ExactSizeIterator<Item = &str> {
        self.rules[rule].aliases.iter().map(|alias| alias.name.as_str())
    }

    /// The fault of a dead letter in words.
    pub(crate) fn message(&self, rule: usize, failure: super::Failure) -> String {
        let rule = &self.rules[rule];
        failure.message(&self.tree, |alias| {
            let alias = &rule.aliases[alias];
            let paths: Vec<_> = alias.places.iter().map(|place| self.tree.path(*place).to_string()).collect();
            format!("{} (entity {}, key from {})", alias.name, self.entities[alias.entity].slug, paths.join(", "))
        })
    }
}

impl Rule {
    fn new(plan: &RulePlan, tree: &mut PathTree, entities: &[JoinedEntity]) -> Result<Self, JoinError> {
        let mut nodes = Vec::new();
        let when = plan.when.as_deref().map(|text| When::new(plan, text, tree)).transpose()?;
        let mut aliases = Vec::new();
        for alias in &plan.entities {
            let entity = entities.iter().position(|entity| entity.slug == alias.entity);
            let entity = entity.ok_or_else(|| unknown(plan, "entity", &alias.entity))?;
            let mut places = Vec::new();
            let KeyPlan::Match(matches) = &alias.key else { return Err(unknown(plan, "match of alias", &alias.alias)) };
            for part in matches {
                places.push(read(plan, &part.path, tree, &mut nodes)?);
            }
            aliases.push(Alias { name: alias.alias.clone(), entity, places, optional: alias.optional });
        }
        let (mut writes, mut values) = (WriteTree::default(), Vec::new());
        for enrichment in &plan.enrichments {
            let alias = aliases.iter().position(|alias| alias.name == enrichment.alias);
            let alias = alias.ok_or_else(|| unknown(plan, "alias", &enrichment.alias))?;
            let entity = &entities[aliases[alias].entity];
            let position = position(&entity.meta.columns, &enrichment.column).ok_or_else(|| JoinError::NoColumn {
                rule: plan.name.clone(),
                entity: entity.slug.clone(),
                column: enrichment.column.clone(),
                columns: column_names(&entity.meta.columns),
            })?;
            let path = parse(plan, &enrichment.to)?;
            nodes.extend(tree.insert(&path));
            let names: Option<Vec<&str>> = path.segments().iter().map(name).collect();
            let names =
                names.ok_or_else(|| JoinError::IndexedTarget { rule: plan.name.clone(), path: path.to_string() })?;
            writes.insert(tree, &names, values.len());
            values.push(Value { alias, position, fallback: fallback(&enrichment.if_missing) });
        }
        nodes.sort_unstable();
        nodes.dedup();
        Ok(Self { name: plan.name.clone(), when, aliases, nodes, writes, values, on_missing: plan.on_missing })
    }
}

impl When {
    fn new(plan: &RulePlan, text: &str, tree: &mut PathTree) -> Result<Self, JoinError> {
        let condition =
            Condition::parse(text).map_err(|error| JoinError::BadCondition { rule: plan.name.clone(), error })?;
        let (mut places, mut nodes) = (Vec::new(), Vec::new());
        for path in condition.paths() {
            let on_path = tree.insert(path);
            places.extend(on_path.last());
            nodes.extend(on_path);
        }
        nodes.sort_unstable();
        nodes.dedup();
        Ok(Self { condition, places, nodes })
    }
}

/// The node of a path that is read; `nodes` gains all that lie on it.
fn read(plan: &RulePlan, text: &str, tree: &mut PathTree, nodes: &mut Vec<NodeId>) -> Result<NodeId, JoinError> {
    let on_path = tree.insert(&parse(plan, text)?);
    let place = on_path.last().copied().unwrap_or(NodeId::ROOT);
    nodes.extend(on_path);
    Ok(place)
}

fn parse(plan: &RulePlan, text: &str) -> Result<Path, JoinError> {
    Path::parse(text).map_err(|error| JoinError::BadPath { rule: plan.name.clone(), path: text.to_owned(), error })
}

fn name(segment: &Segment) -> Option<&str> {
    match segment {
        Segment::Name(name) => Some(name),
        Segment::Index(_) => None,
    }
}

fn fallback(if_missing: &IfMissing) -> Option<Box<[u8]>> {
    match if_missing {
        IfMissing::Omit => None,
        IfMissing::Null => Some(b"null".as_slice().into()),
        IfMissing::Default(value) => Some(value.to_string().into_bytes().into()),
    }
}

/// Where a column stands, by the rule by which the load found the plan's columns in the table.
fn position(columns: &[Column], name: &str) -> Option<usize> {
    names::resolve(name, columns.iter().map(|column| column.name.as_str())).ok()
}

fn column_names(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}

fn unknown(rule: &RulePlan, kind: &'static str, name: &str) -> JoinError {
    JoinError::Unknown { rule: rule.name.clone(), kind, name: name.to_owned() }
}
