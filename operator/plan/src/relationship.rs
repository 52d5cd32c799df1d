//! A DataGraph's relationships: their checks, and where one leads from an entity.

use std::collections::{BTreeMap, BTreeSet};

use weft_api::{DataGraph, Relationship};

use crate::Reason;
use crate::catalog::{Catalog, Slug};
use crate::diagnostic::{Report, name, namespace};
use crate::suggestion::{did_you_mean, listed};

/// Segment's data graphs go no deeper.
pub(crate) const SEGMENT_LEVELS: usize = 6;

/// A relationship as it is walked from one of its ends to the other.
pub(crate) struct Walk<'a> {
    /// The slug of the entity it arrives at.
    pub(crate) to: &'a str,
    /// The columns that are equal: of the entity it starts at, of the one it arrives at.
    pub(crate) pairs: Vec<(&'a str, &'a str)>,
}

impl<'a> Walk<'a> {
    /// From the entity with this slug; `None` where it is at neither end. From an entity to itself: forward.
    pub(crate) fn from(entity: &str, relationship: &'a Relationship) -> Option<Self> {
        let pairs = relationship.join_on.iter().map(|pair| (pair.left.as_str(), pair.right.as_str()));
        if relationship.from == entity {
            Some(Self { to: &relationship.to, pairs: pairs.collect() })
        } else if relationship.to == entity {
            Some(Self { to: &relationship.from, pairs: pairs.map(|(left, right)| (right, left)).collect() })
        } else {
            None
        }
    }
}

pub(crate) fn have_slugs_of_their_own(graph: &DataGraph, _: &Catalog<'_>, report: &mut Report<'_>) {
    let mut seen = BTreeMap::new();
    for (place, Relationship { slug, .. }) in graph.spec.relationships.iter().enumerate() {
        let field = format!("spec.relationships[{place}].slug");
        if slug.is_empty() {
            report.error(
                Reason::InvalidSlug,
                field,
                "the relationship has no slug",
                "give it one, such as product-brand",
            );
        } else if let Some(first) = seen.insert(slug, place) {
            let message = format!("the slug `{slug}` is also that of relationships[{first}]");
            report.error(Reason::DuplicateSlug, field, message, "give one of them another");
        }
    }
}

pub(crate) fn have_entities_at_their_ends(graph: &DataGraph, catalog: &Catalog<'_>, report: &mut Report<'_>) {
    let (space, graph_name) = (namespace(graph), name(graph));
    for (place, Relationship { from, to, .. }) in graph.spec.relationships.iter().enumerate() {
        for (end, slug) in [("from", from), ("to", to)] {
            let field = || format!("spec.relationships[{place}].{end}");
            match catalog.slug(space, graph_name, slug) {
                Slug::Entity(_) => {}
                Slug::Ambiguous => {
                    let message = format!("several entities of DataGraph `{graph_name}` have the slug `{slug}`");
                    report.error(Reason::DuplicateSlug, field(), message, "give each of them a `spec.slug` of its own");
                }
                Slug::Unknown => {
                    let message = format!("DataGraph `{graph_name}` has no entity with the slug `{slug}`");
                    report.error(
                        Reason::UnknownEntity,
                        field(),
                        message,
                        known_entities(slug, space, graph_name, catalog),
                    );
                }
            }
        }
    }
}

/// The entity that was probably meant by a slug that there is not, also by its name; else those that there are.
pub(crate) fn known_entities(slug: &str, namespace: &str, graph: &str, catalog: &Catalog<'_>) -> String {
    if let Some(entity) = catalog.named(namespace, graph, slug) {
        return match entity.slug() {
            slug if slug == name(entity) => format!("did you mean `{slug}`?"),
            slug => format!("Entity `{}` has the slug `{slug}`: write that", name(entity)),
        };
    }
    let known = || catalog.slugs(namespace, graph);
    did_you_mean(slug, known(), || format!("its entities: {}", listed(known())))
}

pub(crate) fn join_columns_stand_once(graph: &DataGraph, _: &Catalog<'_>, report: &mut Report<'_>) {
    for (place, Relationship { join_on, .. }) in graph.spec.relationships.iter().enumerate() {
        let field = |at: usize, side| format!("spec.relationships[{place}].joinOn[{at}].{side}");
        let (mut lefts, mut rights) = (BTreeSet::new(), BTreeSet::new());
        for (at, pair) in join_on.iter().enumerate() {
            for (side, column, seen) in [("left", &pair.left, &mut lefts), ("right", &pair.right, &mut rights)] {
                if column.is_empty() {
                    let help = "write its name, or remove the pair";
                    report.error(Reason::InvalidSpec, field(at, side), "the column has no name", help);
                } else if !seen.insert(column) {
                    let message = format!("the column `{column}` stands twice on the {side}");
                    report.error(Reason::DuplicateColumn, field(at, side), message, "remove one of the two pairs");
                }
            }
        }
        if join_on.is_empty() {
            let message = "the relationship joins no columns";
            let help = "add a pair `{left: COLUMN, right: COLUMN}`";
            report.error(Reason::InvalidSpec, format!("spec.relationships[{place}].joinOn"), message, help);
        }
    }
}

/// A chain of relationships that a Segment data graph could not hold is told, once.
pub(crate) fn are_not_deep(graph: &DataGraph, _: &Catalog<'_>, report: &mut Report<'_>) {
    if let Some((entity, levels)) =
        longest_chain(&graph.spec.relationships).filter(|(_, levels)| *levels > SEGMENT_LEVELS)
    {
        let message = format!("the longest chain of relationships, to `{entity}`, is {levels} entities long");
        let help = format!(
            "nothing, unless the graph is to be brought to Segment, where {SEGMENT_LEVELS} levels are the most"
        );
        report.warning(Reason::DeepChain, "spec.relationships", message, help);
    }
}

/// The end of the longest chain and how many entities it has. What lies on a circle or behind one has no end to count to
/// and is left out.
fn longest_chain(relationships: &[Relationship]) -> Option<(&str, usize)> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut waiting: BTreeMap<&str, usize> = BTreeMap::new();
    for Relationship { from, to, .. } in relationships.iter().filter(|one| one.from != one.to) {
        waiting.entry(from).or_default();
        let before = waiting.entry(to).or_default();
        if next.entry(from).or_default().insert(to) {
            *before += 1;
        }
    }
    let mut ready: Vec<(&str, usize)> =
        waiting.iter().filter(|(_, before)| **before == 0).map(|(entity, _)| (*entity, 1)).collect();
    let mut levels: BTreeMap<&str, usize> = BTreeMap::new();
    let mut longest = None;
    while let Some((entity, level)) = ready.pop() {
        longest = longest.max(Some((level, std::cmp::Reverse(entity))));
        for after in next.get(entity).into_iter().flatten() {
            let reached = levels.entry(after).or_default();
            *reached = (*reached).max(level + 1);
            if let Some(before) = waiting.get_mut(after) {
                *before -= 1;
                if *before == 0 {
                    ready.push((after, *reached));
                }
            }
        }
    }
    longest.map(|(level, entity)| (entity.0, level))
}
