//! The rows a rule looks up: `entities` and their `match`.

use std::collections::{BTreeMap, BTreeSet};

use weft_api::{Entity, KeyMatch, OnMissing};
use weft_language::{Place, array_path};
use weft_plan_types::{AliasPlan, KeyPlan, MatchPlan};

use super::hop;
use super::row::Way;
use super::rule::Scope;
use crate::Reason;
use crate::catalog::Slug;
use crate::diagnostic::{Report, name};
use crate::identifier::Columns;
use crate::relationship::known_entities;
use crate::suggestion::{did_you_mean, listed};

pub(super) fn are_unique(scope: &Scope<'_>, report: &mut Report<'_>) {
    let mut seen = BTreeSet::new();
    for (place, alias) in scope.rule.entities.iter().enumerate() {
        if !seen.insert(&alias.alias) {
            let message = format!("two entities of the rule have the alias `{}`", alias.alias);
            let field = scope.field(format_args!("entities[{place}].as"));
            report.error(Reason::DuplicateAlias, field, message, "give one of them another `as`");
        }
    }
}

pub(super) fn say_which_row(scope: &Scope<'_>, report: &mut Report<'_>) {
    for (place, alias) in scope.rule.entities.iter().enumerate() {
        let way = Way::of(alias);
        if matches!(way, Way::Unclear) {
            let mixed =
                (alias.entity.is_some() || alias.matches.is_some()) && (alias.from.is_some() || alias.via.is_some());
            let message = match mixed {
                true => format!("the alias `{}` is to be found by a key and by a hop", alias.alias),
                false => format!("the alias `{}` does not say which row it is", alias.alias),
            };
            let help = "give `entity` and `match`, or for a hop from another alias `from` and `via`";
            report.error(Reason::InvalidSpec, scope.field(format_args!("entities[{place}]")), message, help);
        } else if matches!(way, Way::Hop { .. }) && alias.for_each.is_some() {
            let message = format!("the alias `{}` is a hop, which walks no array of its own", alias.alias);
            let help = "leave `forEach` out: a hop from an alias with `forEach` goes from each of its items";
            report.error(Reason::InvalidForEach, scope.field(format_args!("entities[{place}].forEach")), message, help);
        }
    }
}

pub(super) fn entities_exist(scope: &Scope<'_>, report: &mut Report<'_>) {
    if scope.catalog.graph(scope.namespace, scope.graph).is_none() {
        return;
    }
    for (place, alias) in scope.rule.entities.iter().enumerate() {
        let Way::Key { entity: slug, .. } = Way::of(alias) else { continue };
        let field = || scope.field(format_args!("entities[{place}].entity"));
        let graph = scope.graph;
        match scope.catalog.slug(scope.namespace, graph, slug) {
            Slug::Entity(_) => {}
            Slug::Ambiguous => {
                let message = format!("several entities of DataGraph `{graph}` have the slug `{slug}`");
                report.error(Reason::DuplicateSlug, field(), message, "give each of them a `spec.slug` of its own");
            }
            Slug::Unknown => {
                let message = format!("DataGraph `{graph}` has no entity with the slug `{slug}`");
                let help = known_entities(slug, scope.namespace, graph, scope.catalog);
                report.error(Reason::UnknownEntity, field(), message, help);
            }
        }
    }
}

pub(super) fn entities_are_enabled(scope: &Scope<'_>, report: &mut Report<'_>) {
    for (place, alias) in scope.rule.entities.iter().enumerate() {
        let entity = scope.row(place).and_then(|row| row.entity.valid());
        if let Some(entity) = entity.filter(|entity| !entity.spec.enrichment_enabled) {
            let (message, field) = match Way::of(alias) {
                Way::Hop { via, .. } => (
                    format!("`{via}` leads to the entity `{}`, which is not copied to the store", entity.slug()),
                    "via",
                ),
                _ => (format!("the entity `{}` is not copied to the store", entity.slug()), "entity"),
            };
            let help = format!("set `enrichmentEnabled: true` on Entity `{}`", name(entity));
            report.error(
                Reason::EnrichmentNotEnabled,
                scope.field(format_args!("entities[{place}].{field}")),
                message,
                help,
            );
        }
    }
}

/// Every alias that is found by the key of an entity that there is: its place, the entity and the parts of the key.
fn keyed<'s, 'a>(scope: &'s Scope<'a>) -> impl Iterator<Item = (usize, &'a Entity, &'a [KeyMatch])> + use<'s, 'a> {
    scope.rule.entities.iter().enumerate().filter_map(|(place, alias)| match Way::of(alias) {
        Way::Key { key, .. } => Some((place, scope.row(place)?.entity.valid()?, key)),
        Way::Hop { .. } | Way::Unclear => None,
    })
}

pub(super) fn match_the_primary_key(scope: &Scope<'_>, report: &mut Report<'_>) {
    for (place, entity, parts) in keyed(scope) {
        let key = Columns::of(entity.spec.primary_key.iter().map(String::as_str));
        let mut matched = BTreeSet::new();
        for (part, KeyMatch { column, .. }) in parts.iter().enumerate() {
            let field = || scope.field(format_args!("entities[{place}].match[{part}].column"));
            match key.find(column) {
                None => {
                    let message = format!("`{column}` is not in the primary key of entity `{}`", entity.slug());
                    let help = did_you_mean(column, key.names(), || format!("the key: {}", listed(key.names())));
                    report.error(Reason::MatchNotPrimaryKey, field(), message, help);
                }
                Some(found) if !matched.insert(found) => {
                    let message = format!("the key column `{found}` is matched twice");
                    report.error(Reason::MatchNotPrimaryKey, field(), message, "remove one");
                }
                Some(_) => {}
            }
        }
        let missing: Vec<_> = key.names().filter(|column| !matched.contains(column)).collect();
        if !missing.is_empty() {
            let missing = listed(missing);
            let message =
                format!("the key of entity `{}` is not matched as a whole: {missing} is missing", entity.slug());
            let field = scope.field(format_args!("entities[{place}].match"));
            let help = format!("add {missing} with its path in the event");
            report.error(Reason::MatchNotPrimaryKey, field, message, help);
        }
    }
}

pub(super) fn arrays_parse(scope: &Scope<'_>, report: &mut Report<'_>) {
    for (place, alias) in scope.rule.entities.iter().enumerate() {
        let Way::Key { for_each: Some(written), key, .. } = Way::of(alias) else { continue };
        let field = || scope.field(format_args!("entities[{place}].forEach"));
        if let Err(error) = array_path(written) {
            let message = format!("`{written}` is no path of an array's items, from byte {} on", error.at + 1);
            report.error(Reason::InvalidForEach, field(), message, error.message);
        } else if !key.is_empty() && key.iter().all(|part| part.path.starts_with('$')) {
            let message = "every item gets the same row, for no path of the key starts with @, the item";
            report.warning(
                Reason::InvalidForEach,
                field(),
                message,
                "start a path of `match` with @., or leave `forEach` out",
            );
        }
    }
}

pub(super) fn paths_parse(scope: &Scope<'_>, report: &mut Report<'_>) {
    for (place, alias) in scope.rule.entities.iter().enumerate() {
        for (part, KeyMatch { path, .. }) in alias.key().iter().enumerate() {
            let field = || scope.field(format_args!("entities[{place}].match[{part}].path"));
            match Place::parse(path) {
                Err(error) => {
                    let message = format!("`{path}` is no path, from byte {} on", error.at + 1);
                    report.error(Reason::InvalidPath, field(), message, error.message);
                }
                Ok(Place::Event(parsed)) if parsed.segments().is_empty() => {
                    let message = "the whole event is no key";
                    let help = "name a field, such as $.properties.product_id";
                    report.error(Reason::InvalidPath, field(), message, help);
                }
                Ok(Place::Item(_)) if alias.for_each.is_none() => {
                    let message = format!("`{path}` names a place in an item, and the alias walks no array");
                    let help =
                        "add `forEach` with the array, such as $.properties.products[*], or start the path with $.";
                    report.error(Reason::NoItem, field(), message, help);
                }
                Ok(_) => {}
            }
        }
    }
}

/// A row that nothing reads is of use only where its absence decides. Beside a name that stands for no alias nothing is
/// said: it may have been meant.
pub(super) fn are_used(scope: &Scope<'_>, report: &mut Report<'_>) {
    let written = scope.rule.enrichments.iter().map(|one| one.from.alias.as_str());
    let judged = scope.condition.iter().flat_map(|condition| condition.columns()).map(|column| column.alias.as_str());
    let left = scope.rule.entities.iter().filter_map(|alias| alias.from.as_deref());
    let read: BTreeSet<_> = written.chain(judged).chain(left).collect();
    if read.iter().any(|alias| !scope.named.contains_key(alias)) {
        return;
    }
    for (place, alias) in scope.rule.entities.iter().enumerate() {
        if matches!(Way::of(alias), Way::Unclear) {
            continue;
        }
        let decides = !alias.optional && scope.rule.on_missing != OnMissing::Forward;
        if !decides && !read.contains(alias.alias.as_str()) {
            let message = format!("the alias `{}` is looked up, but nothing reads it", alias.alias);
            let field = scope.field(format_args!("entities[{place}].as"));
            report.warning(Reason::UnusedAlias, field, message, "add an enrichment that reads it, or remove it");
        }
    }
}

/// The alias as the data plane reads it: matches in the primary key's order. `None` if it is not sound.
pub(super) fn plan(place: usize, scope: &Scope<'_>) -> Option<AliasPlan> {
    let (alias, row) = (scope.rule.entities.get(place)?, scope.row(place)?);
    let entity = row.entity.valid()?;
    let (key, for_each) = match Way::of(alias) {
        Way::Key { key, for_each, .. } => {
            let array = for_each.map(array_path).transpose().ok()?;
            (KeyPlan::Match(matches(entity, key)?), array.map(|path| path.to_string()))
        }
        Way::Hop { from, via } => (KeyPlan::Hop(hop::plan(place, from, via, scope)?), None),
        Way::Unclear => return None,
    };
    let entity = entity.slug().to_owned();
    Some(AliasPlan { alias: alias.alias.clone(), entity, key, for_each, optional: alias.optional })
}

fn matches(entity: &Entity, parts: &[KeyMatch]) -> Option<Vec<MatchPlan>> {
    let key = Columns::of(entity.spec.primary_key.iter().map(String::as_str));
    let paths: BTreeMap<_, _> = parts.iter().map(|part| (key.find(&part.column), &part.path)).collect();
    let matches = entity.spec.primary_key.iter().map(|column| {
        let path = Place::parse(paths.get(&Some(column.as_str()))?).ok()?;
        Some(MatchPlan { column: column.clone(), path: path.to_string() })
    });
    matches.collect()
}
