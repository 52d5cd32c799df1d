//! One rule of a mapping, with what its names stand for.

use std::collections::BTreeMap;
use std::fmt::Display;

use weft_api::{EnrichmentRule, Entity, EntityAlias};
use weft_plan_types::{OnMissing, RulePlan};

use super::{alias, condition, enrichment, target};
use crate::catalog::{Catalog, Slug};
use crate::diagnostic::Report;

type Check = fn(&Scope<'_>, &mut Report<'_>);

/// In the order a user would fix them.
const CHECKS: [Check; 12] = [
    condition::parses,
    alias::are_unique,
    alias::entities_exist,
    alias::entities_are_enabled,
    alias::match_the_primary_key,
    alias::paths_parse,
    enrichment::sources_are_aliases,
    enrichment::columns_are_synced,
    enrichment::have_one_fallback,
    target::can_be_written,
    target::do_not_overlap,
    alias::are_used,
];

/// One rule, with what its names stand for.
pub(super) struct Scope<'a> {
    pub(super) rule: &'a EnrichmentRule,
    pub(super) namespace: &'a str,
    pub(super) graph: &'a str,
    pub(super) catalog: &'a Catalog<'a>,
    place: usize,
    /// The first alias of each name.
    aliases: BTreeMap<&'a str, &'a EntityAlias>,
}

impl<'a> Scope<'a> {
    pub(super) fn of(
        rule: &'a EnrichmentRule,
        place: usize,
        namespace: &'a str,
        graph: &'a str,
        catalog: &'a Catalog<'a>,
    ) -> Self {
        let aliases = rule.entities.iter().rev().map(|alias| (alias.alias.as_str(), alias)).collect();
        Self { rule, namespace, graph, catalog, place, aliases }
    }

    /// The full name of a field of the rule.
    pub(super) fn field(&self, below: impl Display) -> String {
        format!("spec.rules[{}].{below}", self.place)
    }

    pub(super) fn alias(&self, name: &str) -> Option<&'a EntityAlias> {
        self.aliases.get(name).copied()
    }

    pub(super) fn alias_names(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.aliases.keys().copied()
    }

    pub(super) fn slug(&self, alias: &EntityAlias) -> Slug<'a> {
        self.catalog.slug(self.namespace, self.graph, &alias.entity)
    }

    /// The entity an alias looks up, if there is one and only one.
    pub(super) fn entity(&self, alias: &EntityAlias) -> Option<&'a Entity> {
        match self.slug(alias) {
            Slug::Entity(entity) => Some(entity),
            Slug::Ambiguous | Slug::Unknown => None,
        }
    }

    /// Slug and primary key of each entity that is looked up.
    pub(super) fn primary_keys(&self) -> Vec<(String, Vec<String>)> {
        let entities = self.rule.entities.iter().filter_map(|alias| self.entity(alias));
        entities.map(|entity| (entity.slug().to_owned(), entity.spec.primary_key.clone())).collect()
    }
}

pub(super) fn check(scope: &Scope<'_>, report: &mut Report<'_>) {
    CHECKS.iter().for_each(|check| check(scope, report));
}

/// The rule as the data plane reads it; `None` if it is not sound.
pub(super) fn plan(scope: &Scope<'_>) -> Option<RulePlan> {
    let rule = scope.rule;
    Some(RulePlan {
        name: rule.name.clone(),
        when: rule.when.clone(),
        consent: Vec::new(),
        entities: rule.entities.iter().map(|alias| alias::plan(alias, scope)).collect::<Option<_>>()?,
        enrichments: rule.enrichments.iter().map(|one| enrichment::plan(one, scope)).collect::<Option<_>>()?,
        on_missing: match rule.on_missing {
            weft_api::OnMissing::Forward => OnMissing::Forward,
            weft_api::OnMissing::Drop => OnMissing::Drop,
            weft_api::OnMissing::DeadLetter => OnMissing::DeadLetter,
        },
    })
}
