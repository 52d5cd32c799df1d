use weft_language::{Condition, Path, PathError, Place, Segment};
use weft_plan_types::{AliasPlan, EnrichmentPlan, HopPlan, IfMissing, KeyPlan, RulePlan};

use super::JoinError;
use super::compile::{JoinedEntity, column_names, end, position};
use super::consent::Consent;
use super::list::{List, RuleList};
use super::rule::{Alias, Key, KeyPlace, Rule, Value, When};
use crate::event::{PathTree, WriteTree};

impl Rule {
    /// Makes one rule ready; trees and lists gain what it reads and writes.
    pub(super) fn new(
        plan: &RulePlan,
        entities: &[JoinedEntity],
        tree: &mut PathTree,
        lists: &mut Vec<List>,
    ) -> Result<Self, JoinError> {
        let rule = Self {
            name: plan.name.clone(),
            consent: Consent::new(&plan.consent, tree),
            when: None,
            aliases: Vec::new(),
            nodes: Vec::new(),
            lists: Vec::new(),
            writes: WriteTree::default(),
            values: Vec::new(),
            on_missing: plan.on_missing,
        };
        let mut builder = Builder { plan, entities, tree, lists, rule };
        for alias in &plan.entities {
            builder.alias(alias)?;
        }
        builder.settle_hops()?;
        builder.rule.when = plan.when.as_deref().map(|text| builder.when(text)).transpose()?;
        for enrichment in &plan.enrichments {
            builder.enrichment(enrichment)?;
        }
        let mut rule = builder.rule;
        for nodes in rule.lists.iter_mut().map(|list| &mut list.nodes).chain([&mut rule.nodes]) {
            nodes.sort_unstable();
            nodes.dedup();
        }
        Ok(rule)
    }
}

/// Makes one rule ready, step by step.
struct Builder<'a> {
    plan: &'a RulePlan,
    entities: &'a [JoinedEntity],
    tree: &'a mut PathTree,
    lists: &'a mut Vec<List>,
    rule: Rule,
}

impl Builder<'_> {
    fn alias(&mut self, alias: &AliasPlan) -> Result<(), JoinError> {
        let entity = self.entities.iter().position(|entity| entity.slug == alias.entity);
        let entity = entity.ok_or_else(|| self.unknown("entity", &alias.entity))?;
        let list = alias.for_each.as_deref().map(|array| self.list(array)).transpose()?;
        let key = match &alias.key {
            KeyPlan::Match(parts) => {
                let places = parts.iter().map(|part| self.key_place(alias, list, &part.path));
                Key::Event(places.collect::<Result<_, _>>()?)
            }
            KeyPlan::Hop(hop) => self.row_key(alias, hop)?,
        };
        let key_columns = self.entities[entity].meta.key.len();
        let given = match &key {
            Key::Event(places) => places.len(),
            Key::Row(_, positions) => positions.len(),
        };
        if given != key_columns {
            return Err(self.unknown("key for the whole of alias", &alias.alias));
        }
        let name = alias.alias.clone();
        self.rule.aliases.push(Alias { name, entity, key, list, level: 0, optional: alias.optional });
        Ok(())
    }

    /// The rule's list for an array; two aliases of one array share it, and all rules share what is read of it.
    fn list(&mut self, array: &str) -> Result<usize, JoinError> {
        let path = self.path(array)?;
        let nodes = self.tree.insert(&path);
        let array = end(&nodes);
        self.rule.nodes.extend(nodes);
        let list = self.lists.iter().position(|list| list.array == array).unwrap_or_else(|| {
            self.lists.push(List { array, tree: PathTree::new() });
            self.lists.len() - 1
        });
        let lists = &mut self.rule.lists;
        Ok(lists.iter().position(|known| known.list == list).unwrap_or_else(|| {
            lists.push(RuleList { list, nodes: Vec::new(), writes: WriteTree::default() });
            lists.len() - 1
        }))
    }

    fn key_place(&mut self, alias: &AliasPlan, list: Option<usize>, path: &str) -> Result<KeyPlace, JoinError> {
        match (self.place(path)?, list) {
            (Place::Event(path), _) => {
                let nodes = self.tree.insert(&path);
                let place = end(&nodes);
                self.rule.nodes.extend(nodes);
                Ok(KeyPlace::Event(place))
            }
            (Place::Item(path), Some(list)) => {
                let list = &mut self.rule.lists[list];
                let nodes = self.lists[list.list].tree.insert(&path);
                let place = end(&nodes);
                list.nodes.extend(nodes);
                Ok(KeyPlace::Item(place))
            }
            (Place::Item(_), None) => Err(self.misplaced(&alias.alias, path)),
        }
    }

    /// The key of a hop; the alias it starts from may stand behind it, so its position in the plan counts.
    fn row_key(&self, alias: &AliasPlan, hop: &HopPlan) -> Result<Key, JoinError> {
        let from = self.plan.entities.iter().position(|other| other.alias == hop.from);
        let from = from.filter(|_| hop.from != alias.alias).ok_or_else(|| self.unknown("alias", &hop.from))?;
        let left = &self.plan.entities[from].entity;
        let left = self.entities.iter().find(|entity| entity.slug == *left);
        let left = left.ok_or_else(|| self.unknown("entity", &self.plan.entities[from].entity))?;
        let positions = hop.columns.iter().map(|column| self.column(left, column));
        Ok(Key::Row(from, positions.collect::<Result<_, _>>()?))
    }

    /// Gives each hop its level and its list, which are those of the alias that the chain of hops starts from.
    fn settle_hops(&mut self) -> Result<(), JoinError> {
        let aliases = &mut self.rule.aliases;
        for position in 0..aliases.len() {
            let (mut level, mut start) = (0, position);
            while let Key::Row(from, _) = aliases[start].key {
                (level, start) = (level + 1, from);
                if level > aliases.len() {
                    let alias = aliases[position].name.clone();
                    return Err(JoinError::Circle { rule: self.plan.name.clone(), alias });
                }
            }
            (aliases[position].level, aliases[position].list) = (level, aliases[start].list);
        }
        Ok(())
    }

    fn when(&mut self, text: &str) -> Result<When, JoinError> {
        let condition =
            Condition::parse(text).map_err(|error| JoinError::BadCondition { rule: self.plan.name.clone(), error })?;
        let (mut places, mut nodes) = (Vec::new(), Vec::new());
        for path in condition.paths() {
            let on_path = self.tree.insert(path);
            places.push(end(&on_path));
            nodes.extend(on_path);
        }
        nodes.sort_unstable();
        nodes.dedup();
        let columns = condition.columns().iter().map(|read| {
            let alias = self.alias_named(&read.alias)?;
            Ok((alias, self.column(&self.entities[self.rule.aliases[alias].entity], &read.column)?))
        });
        let columns = columns.collect::<Result<_, _>>()?;
        Ok(When { condition, places, nodes, columns })
    }

    fn enrichment(&mut self, enrichment: &EnrichmentPlan) -> Result<(), JoinError> {
        let alias = self.alias_named(&enrichment.alias)?;
        let Alias { entity, list, .. } = self.rule.aliases[alias];
        let position = self.column(&self.entities[entity], &enrichment.column)?;
        let number = self.rule.values.len();
        match (self.place(&enrichment.to)?, list) {
            (Place::Event(path), None) => {
                let names = self.names(&path)?;
                self.rule.nodes.extend(self.tree.insert(&path));
                self.rule.writes.insert(self.tree, &names, number);
            }
            (Place::Item(path), Some(list)) => {
                let names = self.names(&path)?;
                let list = &mut self.rule.lists[list];
                let tree = &mut self.lists[list.list].tree;
                list.nodes.extend(tree.insert(&path));
                list.writes.insert(tree, &names, number);
            }
            _ => return Err(self.misplaced(&enrichment.alias, &enrichment.to)),
        }
        self.rule.values.push(Value {
            alias,
            position,
            fallback: fallback(&enrichment.if_missing),
            to: enrichment.to.clone(),
        });
        Ok(())
    }

    /// The member names of a path that is written to.
    fn names<'path>(&self, path: &'path Path) -> Result<Vec<&'path str>, JoinError> {
        let name = |segment: &'path Segment| match segment {
            Segment::Name(name) => Some(name.as_str()),
            Segment::Index(_) => None,
        };
        let names: Option<Vec<&str>> = path.segments().iter().map(name).collect();
        names.ok_or_else(|| JoinError::IndexedTarget { rule: self.plan.name.clone(), path: path.to_string() })
    }

    fn alias_named(&self, name: &str) -> Result<usize, JoinError> {
        self.rule.aliases.iter().position(|alias| alias.name == name).ok_or_else(|| self.unknown("alias", name))
    }

    fn column(&self, entity: &JoinedEntity, column: &str) -> Result<usize, JoinError> {
        position(&entity.meta.columns, column).ok_or_else(|| JoinError::NoColumn {
            rule: self.plan.name.clone(),
            entity: entity.slug.clone(),
            column: column.to_owned(),
            columns: column_names(&entity.meta.columns),
        })
    }

    fn path(&self, text: &str) -> Result<Path, JoinError> {
        Path::parse(text).map_err(|error| self.bad_path(text, error))
    }

    fn place(&self, text: &str) -> Result<Place, JoinError> {
        Place::parse(text).map_err(|error| self.bad_path(text, error))
    }

    fn bad_path(&self, path: &str, error: PathError) -> JoinError {
        JoinError::BadPath { rule: self.plan.name.clone(), path: path.to_owned(), error }
    }

    fn misplaced(&self, alias: &str, path: &str) -> JoinError {
        JoinError::Misplaced { rule: self.plan.name.clone(), alias: alias.to_owned(), path: path.to_owned() }
    }

    fn unknown(&self, kind: &'static str, name: &str) -> JoinError {
        JoinError::Unknown { rule: self.plan.name.clone(), kind, name: name.to_owned() }
    }
}

fn fallback(if_missing: &IfMissing) -> Option<Box<[u8]>> {
    match if_missing {
        IfMissing::Omit => None,
        IfMissing::Null => Some(b"null".as_slice().into()),
        IfMissing::Default(value) => Some(value.to_string().into_bytes().into()),
    }
}
