//! Hops: aliases whose row is reached from another alias's row.

use std::collections::BTreeMap;

use weft_api::Entity;
use weft_plan_types::HopPlan;

use super::enrichment::synced_columns;
use super::row::{self, Hop, Way};
use super::rule::Scope;
use crate::Reason;
use crate::catalog::Slug;
use crate::diagnostic::{Report, name};
use crate::identifier::Columns;
use crate::relationship::{SEGMENT_LEVELS, Walk, known_entities};
use crate::suggestion::{did_you_mean, listed};

/// Every hop of the rule with its place, its `from` and its `via`.
fn hops<'s>(scope: &'s Scope<'_>) -> impl Iterator<Item = (usize, &'s str, &'s str)> {
    scope.rule.entities.iter().enumerate().filter_map(|(place, alias)| match Way::of(alias) {
        Way::Hop { from, via } => Some((place, from, via)),
        Way::Key { .. } | Way::Unclear => None,
    })
}

pub(super) fn start_at_aliases(scope: &Scope<'_>, report: &mut Report<'_>) {
    for (place, from, _) in hops(scope) {
        if scope.alias(from).is_none() {
            let field = scope.field(format_args!("entities[{place}].from"));
            scope.report_unknown_alias(from, field, report);
        }
    }
}

pub(super) fn do_not_go_in_circles(scope: &Scope<'_>, report: &mut Report<'_>) {
    for circle in row::circles(scope.rule, &scope.named) {
        let names: Vec<&str> =
            circle.iter().filter_map(|place| scope.rule.entities.get(*place)).map(|one| one.alias.as_str()).collect();
        let (Some(place), Some(first)) = (circle.first(), names.first()) else { continue };
        let message = match names.as_slice() {
            [_] => format!("the alias `{first}` hops from itself"),
            _ => format!("the aliases {} hop from each other in a circle", listed(names.iter().copied())),
        };
        let field = scope.field(format_args!("entities[{place}].from"));
        let help = "find one of them by its key, with `entity` and `match`";
        report.error(Reason::HopCycle, field, message, help);
    }
}

pub(super) fn go_along_relationships(scope: &Scope<'_>, report: &mut Report<'_>) {
    if scope.catalog.graph(scope.namespace, scope.graph).is_none() {
        return;
    }
    let graph = scope.graph;
    let all = || scope.catalog.relationships(scope.namespace, graph);
    for (place, from, via) in hops(scope) {
        let field = || scope.field(format_args!("entities[{place}].via"));
        let Some(row) = scope.row(place) else { continue };
        match &row.hop {
            Some(Hop::Unknown) => {
                let message = format!("DataGraph `{graph}` has no relationship with the slug `{via}`");
                let named = all().find(|one| one.display_name.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(via)));
                let slugs = || all().map(|one| one.slug.as_str());
                let help = match named {
                    Some(one) => format!("the relationship named `{via}` has the slug `{}`: write that", one.slug),
                    None => did_you_mean(via, slugs(), || format!("its relationships: {}", listed(slugs()))),
                };
                report.error(Reason::UnknownRelationship, field(), message, help);
            }
            Some(Hop::Ambiguous) => {
                let message = format!("several relationships of DataGraph `{graph}` have the slug `{via}`");
                report.error(Reason::DuplicateSlug, field(), message, "give each of them a `slug` of its own");
            }
            Some(Hop::Elsewhere(relationship)) => {
                let near = scope.alias_row(from).and_then(|row| row.slug).unwrap_or_default();
                let message = format!(
                    "the relationship `{via}` joins `{}` with `{}`, but `{from}` is a row of `{near}`",
                    relationship.from, relationship.to
                );
                let there = all().filter(|one| Walk::from(near, one).is_some()).map(|one| one.slug.as_str());
                let help = match listed(there) {
                    none if none == "none" => format!("no relationship of the graph has an end at `{near}`: add one"),
                    there => format!("the relationships at `{near}`: {there}"),
                };
                report.error(Reason::RelationshipElsewhere, field(), message, help);
            }
            Some(Hop::Along(walk)) => arrives_at_an_entity(scope, row.entity, walk, via, field(), report),
            Some(Hop::FromNowhere) | None => {}
        }
    }
}

fn arrives_at_an_entity(
    scope: &Scope<'_>,
    far: Slug<'_>,
    walk: &Walk<'_>,
    via: &str,
    field: String,
    report: &mut Report<'_>,
) {
    let (graph, to) = (scope.graph, walk.to);
    match far {
        Slug::Entity(_) => {}
        Slug::Ambiguous => {
            let message = format!("`{via}` leads to `{to}`, a slug that several entities of DataGraph `{graph}` have");
            report.error(Reason::DuplicateSlug, field, message, "give each of them a `spec.slug` of its own");
        }
        Slug::Unknown => {
            let message = format!("`{via}` leads to `{to}`, a slug that no entity of DataGraph `{graph}` has");
            report.error(
                Reason::UnknownEntity,
                field,
                message,
                known_entities(to, scope.namespace, graph, scope.catalog),
            );
        }
    }
}

pub(super) fn arrive_at_the_primary_key(scope: &Scope<'_>, report: &mut Report<'_>) {
    for (place, _, via) in hops(scope) {
        let Some((walk, far)) = arrival(scope, place) else { continue };
        if near_columns(walk, far).is_none() {
            let reached = listed(walk.pairs.iter().map(|(_, far)| *far));
            let key = listed(far.spec.primary_key.iter().map(String::as_str));
            let message = format!(
                "`{via}` arrives at `{}` by {reached}, and rows are only found by their primary key {key}",
                walk.to
            );
            let help = format!(
                "let the relationship join {key}, or name an Entity of that table with {reached} as its primary key"
            );
            report.error(Reason::HopNeedsIndex, scope.field(format_args!("entities[{place}].via")), message, help);
        }
    }
}

pub(super) fn start_from_synced_columns(scope: &Scope<'_>, report: &mut Report<'_>) {
    for (place, from, via) in hops(scope) {
        let Some((walk, _)) = arrival(scope, place) else { continue };
        let Some(near) = scope.alias_row(from).and_then(|row| row.entity.valid()) else { continue };
        let Some(synced) = synced_columns(near) else { continue };
        for (column, _) in walk.pairs.iter().filter(|(column, _)| synced.find(column).is_none()) {
            let message =
                format!("`{via}` needs the column `{column}` of entity `{}`, which is not copied", near.slug());
            let help = format!("add it to `spec.columns` of Entity `{}`", name(near));
            report.error(Reason::ColumnNotSynced, scope.field(format_args!("entities[{place}].via")), message, help);
        }
    }
}

/// A warning, once for a rule.
pub(super) fn are_not_deep(scope: &Scope<'_>, report: &mut Report<'_>) {
    let depth = |(place, _, _): &(usize, &str, &str)| scope.row(*place).map_or(0, |row| row.hops);
    let Some(deepest) = hops(scope).min_by_key(|hop| std::cmp::Reverse(depth(hop))) else { return };
    let (place, levels) = (deepest.0, depth(&deepest) + 1);
    if levels > SEGMENT_LEVELS {
        let alias = scope.rule.entities.get(place).map_or("", |alias| &alias.alias);
        let message =
            format!("the chain of hops to `{alias}` is {levels} rows long, which are looked up one after another");
        let help = format!("join some of the tables in a view; Segment's graphs have {SEGMENT_LEVELS} levels at most");
        report.warning(Reason::DeepChain, scope.field(format_args!("entities[{place}].from")), message, help);
    }
}

/// How a hop goes and the entity it arrives at, where there is one.
fn arrival<'s, 'a>(scope: &'s Scope<'a>, place: usize) -> Option<(&'s Walk<'a>, &'a Entity)> {
    let row = scope.row(place)?;
    match &row.hop {
        Some(Hop::Along(walk)) => Some((walk, row.entity.valid()?)),
        _ => None,
    }
}

/// The columns a hop starts from, in the order of the primary key it arrives at; `None` if it arrives elsewhere.
fn near_columns<'a>(walk: &Walk<'a>, far: &Entity) -> Option<Vec<&'a str>> {
    let key = Columns::of(far.spec.primary_key.iter().map(String::as_str));
    let mut near = BTreeMap::new();
    for (column, arrives) in &walk.pairs {
        if near.insert(key.find(arrives)?, *column).is_some() {
            return None;
        }
    }
    far.spec.primary_key.iter().map(|column| near.get(column.as_str()).copied()).collect()
}

/// The hop as the data plane reads it; `None` if it is not sound.
pub(super) fn plan(place: usize, from: &str, via: &str, scope: &Scope<'_>) -> Option<HopPlan> {
    let (walk, far) = arrival(scope, place)?;
    let near = scope.alias_row(from)?.entity.valid()?;
    let synced = synced_columns(near);
    let spelled = |column: &str| match &synced {
        Some(synced) => synced.find(column).map(str::to_owned),
        None => Some(column.to_owned()),
    };
    let columns = near_columns(walk, far)?.into_iter().map(spelled).collect::<Option<_>>()?;
    Some(HopPlan { from: from.to_owned(), via: via.to_owned(), columns })
}
