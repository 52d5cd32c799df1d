//! The rows a rule looks up: `entities` and their `match`.

use std::collections::{BTreeMap, BTreeSet};

use weft_api::{EntityAlias, KeyMatch, OnMissing};
use weft_language::Path;
use weft_plan_types::{AliasPlan, KeyPlan, MatchPlan};

use super::rule::Scope;
use crate::Reason;
use crate::catalog::Slug;
use crate::diagnostic::{Report, name};
use crate::identifier::Columns;
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

pub(super) fn entities_exist(scope: &Scope<'_>, report: &mut Report<'_>) {
    if scope.catalog.graph(scope.namespace, scope.graph).is_none() {
        return;
    }
    for (place, alias) in scope.rule.entities.iter().enumerate() {
        let field = || scope.field(format_args!("entities[{place}].entity"));
        let (slug, graph) = (&alias.entity, scope.graph);
        match scope.slug(alias) {
            Slug::Entity(_) => {}
            Slug::Ambiguous => {
                let message = format!("several entities of DataGraph `{graph}` have the slug `{slug}`");
                report.error(Reason::DuplicateSlug, field(), message, "give each of them a `spec.slug` of its own");
            }
            Slug::Unknown => {
                let known = || scope.catalog.slugs(scope.namespace, graph);
                let message = format!("DataGraph `{graph}` has no entity with the slug `{slug}`");
                let help = did_you_mean(slug, known(), || format!("its entities: {}", listed(known())));
                report.error(Reason::UnknownEntity, field(), message, help);
            }
        }
    }
}

pub(super) fn entities_are_enabled(scope: &Scope<'_>, report: &mut Report<'_>) {
    for (place, alias) in scope.rule.entities.iter().enumerate() {
        if let Some(entity) = scope.entity(alias).filter(|entity| !entity.spec.enrichment_enabled) {
            let message = format!("the entity `{}` is not copied to the store", alias.entity);
            let help = format!("set `enrichmentEnabled: true` on Entity `{}`", name(entity));
            let field = scope.field(format_args!("entities[{place}].entity"));
            report.error(Reason::EnrichmentNotEnabled, field, message, help);
        }
    }
}

pub(super) fn match_the_primary_key(scope: &Scope<'_>, report: &mut Report<'_>) {
    for (place, alias) in scope.rule.entities.iter().enumerate() {
        let Some(entity) = scope.entity(alias) else { continue };
        let key = Columns::of(entity.spec.primary_key.iter().map(String::as_str));
        let mut matched = BTreeSet::new();
        for (part, KeyMatch { column, .. }) in alias.matches.iter().enumerate() {
            let field = || scope.field(format_args!("entities[{place}].match[{part}].column"));
            match key.find(column) {
                None => {
                    let message = format!("`{column}` is not in the primary key of entity `{}`", alias.entity);
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
                format!("the key of entity `{}` is not matched as a whole: {missing} is missing", alias.entity);
            let field = scope.field(format_args!("entities[{place}].match"));
            report.error(
                Reason::MatchNotPrimaryKey,
                field,
                message,
                format!("add {missing} with its path in the event"),
            );
        }
    }
}

pub(super) fn paths_parse(scope: &Scope<'_>, report: &mut Report<'_>) {
    for (place, alias) in scope.rule.entities.iter().enumerate() {
        for (part, KeyMatch { path, .. }) in alias.matches.iter().enumerate() {
            let field = || scope.field(format_args!("entities[{place}].match[{part}].path"));
            match Path::parse(path) {
                Err(error) => {
                    let message = format!("`{path}` is no path, from byte {} on", error.at + 1);
                    report.error(Reason::InvalidPath, field(), message, error.message);
                }
                Ok(parsed) if parsed.segments().is_empty() => {
                    let message = "the whole event is no key";
                    report.error(
                        Reason::InvalidPath,
                        field(),
                        message,
                        "name a field, such as $.properties.product_id",
                    );
                }
                Ok(_) => {}
            }
        }
    }
}

/// A row that no enrichment reads is of use only where its absence decides.
pub(super) fn are_used(scope: &Scope<'_>, report: &mut Report<'_>) {
    let read: BTreeSet<_> = scope.rule.enrichments.iter().map(|one| one.from.alias.as_str()).collect();
    for (place, alias) in scope.rule.entities.iter().enumerate() {
        let decides = !alias.optional && scope.rule.on_missing != OnMissing::Forward;
        if !decides && !read.contains(alias.alias.as_str()) {
            let message = format!("the alias `{}` is looked up, but nothing reads it", alias.alias);
            let field = scope.field(format_args!("entities[{place}].as"));
            report.warning(Reason::UnusedAlias, field, message, "add an enrichment that reads it, or remove it");
        }
    }
}

/// The alias as the data plane reads it: matches in the primary key's order. `None` if it is not sound.
pub(super) fn plan(alias: &EntityAlias, scope: &Scope<'_>) -> Option<AliasPlan> {
    let entity = scope.entity(alias)?;
    let key = Columns::of(entity.spec.primary_key.iter().map(String::as_str));
    let paths: BTreeMap<_, _> = alias.matches.iter().map(|part| (key.find(&part.column), &part.path)).collect();
    let matches = entity.spec.primary_key.iter().map(|column| {
        let path = Path::parse(paths.get(&Some(column.as_str()))?).ok()?;
        Some(MatchPlan { column: column.clone(), path: path.to_string() })
    });
    Some(AliasPlan {
        alias: alias.alias.clone(),
        entity: alias.entity.clone(),
        key: KeyPlan::Match(matches.collect::<Option<_>>()?),
        for_each: None,
        optional: alias.optional,
    })
}
