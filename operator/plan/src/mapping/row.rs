//! What the aliases of a rule stand for: the entity of each, and for a hop the relationship it goes along.

use std::collections::{BTreeMap, BTreeSet};

use weft_api::{EnrichmentRule, EntityAlias, KeyMatch, Relationship};
use weft_language::{Path, array_path};

use crate::catalog::{Catalog, Slug};
use crate::relationship::Walk;

/// How an alias says which row it means.
#[derive(Clone, Copy)]
pub(super) enum Way<'a> {
    /// By the key of an entity's row.
    Key { entity: &'a str, key: &'a [KeyMatch], for_each: Option<&'a str> },
    /// By a hop from another alias's row.
    Hop { from: &'a str, via: &'a str },
    /// By neither or by both.
    Unclear,
}

impl<'a> Way<'a> {
    pub(super) fn of(alias: &'a EntityAlias) -> Self {
        match (&alias.entity, &alias.matches, &alias.from, &alias.via) {
            (Some(entity), _, None, None) => Way::Key { entity, key: alias.key(), for_each: alias.for_each.as_deref() },
            (None, None, Some(from), Some(via)) => Way::Hop { from, via },
            _ => Way::Unclear,
        }
    }
}

/// What an alias stands for, as far as its rule and its graph tell.
pub(super) struct Row<'a> {
    /// What its slug stands for; unknown where a hop leads nowhere.
    pub(super) entity: Slug<'a>,
    /// The entity's slug, where there is one.
    pub(super) slug: Option<&'a str>,
    /// Whether there is a row per item of an array.
    pub(super) is_per_item: bool,
    /// The array whose items are walked, by this alias or where its hops start, if its path parses.
    pub(super) array: Option<Path>,
    /// How the last hop goes.
    pub(super) hop: Option<Hop<'a>>,
    /// How many hops lead to it from a row that is found by its key.
    pub(super) hops: usize,
}

/// A step from one row to another.
pub(super) enum Hop<'a> {
    /// Along this relationship.
    Along(Walk<'a>),
    /// The relationship does not touch the entity it starts from.
    Elsewhere(&'a Relationship),
    /// Several relationships have the slug.
    Ambiguous,
    /// No relationship has the slug.
    Unknown,
    /// The row it starts from is of no entity.
    FromNowhere,
}

/// What each alias of a rule stands for, in their order. An alias that no chain of hops connects with a key has no row.
pub(super) fn rows<'a>(
    rule: &'a EnrichmentRule,
    named: &BTreeMap<&str, usize>,
    namespace: &str,
    graph: &str,
    catalog: &Catalog<'a>,
) -> Vec<Option<Row<'a>>> {
    let ways: Vec<Way<'a>> = rule.entities.iter().map(Way::of).collect();
    let mut rows: Vec<Option<Row<'a>>> = Vec::new();
    rows.resize_with(ways.len(), || None);
    let mut starting: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut known = Vec::new();
    for (place, way) in ways.iter().enumerate() {
        match way {
            Way::Key { entity, for_each, .. } => {
                rows[place] = Some(Row {
                    entity: catalog.slug(namespace, graph, entity),
                    slug: Some(entity),
                    is_per_item: for_each.is_some(),
                    array: for_each.and_then(|path| array_path(path).ok()),
                    hop: None,
                    hops: 0,
                });
                known.push(place);
            }
            Way::Hop { from, .. } => {
                if let Some(start) = named.get(from) {
                    starting.entry(*start).or_default().push(place);
                }
            }
            Way::Unclear => {}
        }
    }
    while let Some(start) = known.pop() {
        for place in starting.remove(&start).unwrap_or_default() {
            if let (Way::Hop { via, .. }, Some(near)) = (ways[place], &rows[start]) {
                rows[place] = Some(hop(near, via, namespace, graph, catalog));
                known.push(place);
            }
        }
    }
    rows
}

fn hop<'a>(near: &Row<'a>, via: &str, namespace: &str, graph: &str, catalog: &Catalog<'a>) -> Row<'a> {
    let hop = match (near.slug, catalog.relationship(namespace, graph, via)) {
        (_, None) => Hop::Unknown,
        (_, Some(None)) => Hop::Ambiguous,
        (None, Some(Some(_))) => Hop::FromNowhere,
        (Some(slug), Some(Some(relationship))) => {
            Walk::from(slug, relationship).map_or(Hop::Elsewhere(relationship), Hop::Along)
        }
    };
    let slug = if let Hop::Along(walk) = &hop { Some(walk.to) } else { None };
    Row {
        entity: slug.map_or(Slug::Unknown, |slug| catalog.slug(namespace, graph, slug)),
        slug,
        is_per_item: near.is_per_item,
        array: near.array.clone(),
        hop: Some(hop),
        hops: near.hops + 1,
    }
}

/// The circles that aliases hop in, each by the places of its aliases in the order they hop, the first of them first.
pub(super) fn circles(rule: &EnrichmentRule, named: &BTreeMap<&str, usize>) -> Vec<Vec<usize>> {
    let before = |place: usize| match Way::of(rule.entities.get(place)?) {
        Way::Hop { from, .. } => named.get(from).copied(),
        Way::Key { .. } | Way::Unclear => None,
    };
    let mut visited = BTreeSet::new();
    let mut found = Vec::new();
    for start in 0..rule.entities.len() {
        let mut chain: BTreeMap<usize, usize> = BTreeMap::new();
        let mut next = Some(start);
        while let Some(place) = next.filter(|place| !visited.contains(place)) {
            visited.insert(place);
            chain.insert(place, chain.len());
            next = before(place);
        }
        let Some(entry) = next.and_then(|place| chain.get(&place).copied()) else { continue };
        let mut circle: Vec<(usize, usize)> =
            chain.into_iter().map(|(place, at)| (at, place)).filter(|(at, _)| *at >= entry).collect();
        circle.sort_unstable();
        let mut circle: Vec<usize> = circle.into_iter().map(|(_, place)| place).collect();
        let least = circle.iter().enumerate().min_by_key(|(_, place)| **place).map_or(0, |(at, _)| at);
        circle.rotate_left(least);
        found.push(circle);
    }
    found.sort_unstable();
    found
}
