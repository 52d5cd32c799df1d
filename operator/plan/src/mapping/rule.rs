//! One rule of a mapping, with what its names stand for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use weft_api::{EnrichmentRule, Entity, EntityAlias};
use weft_language::Condition;
use weft_plan_types::{EntityKeys, KeyPlan, OnMissing, RulePlan};

use super::row::{self, Row};
use super::{alias, condition, consent, enrichment, hop, overlap, target};
use crate::Reason;
use crate::catalog::Catalog;
use crate::diagnostic::Report;
use crate::suggestion::{did_you_mean, listed};

type Check = fn(&Scope<'_>, &mut Report<'_>);

/// In the order a user would fix them.
const CHECKS: [Check; 25] = [
    condition::parses,
    consent::is_to_categories,
    alias::are_unique,
    alias::say_which_row,
    alias::entities_exist,
    hop::start_at_aliases,
    hop::do_not_go_in_circles,
    hop::go_along_relationships,
    alias::entities_are_enabled,
    alias::match_the_primary_key,
    hop::arrive_at_the_primary_key,
    hop::start_from_synced_columns,
    alias::arrays_parse,
    alias::paths_parse,
    condition::reads_aliases,
    condition::reads_synced_columns,
    enrichment::sources_are_aliases,
    enrichment::columns_are_synced,
    enrichment::have_one_fallback,
    target::parse,
    target::are_where_the_row_is,
    target::can_be_written,
    overlap::none,
    alias::are_used,
    hop::are_not_deep,
];

/// One rule, with what its names stand for.
pub(super) struct Scope<'a> {
    pub(super) rule: &'a EnrichmentRule,
    pub(super) namespace: &'a str,
    pub(super) graph: &'a str,
    pub(super) catalog: &'a Catalog<'a>,
    /// The rule's `when`, if it has one that parses.
    pub(super) condition: Option<Condition>,
    /// The place of the first alias of each name.
    pub(super) named: BTreeMap<&'a str, usize>,
    place: usize,
    rows: Vec<Option<Row<'a>>>,
}

impl<'a> Scope<'a> {
    pub(super) fn of(
        rule: &'a EnrichmentRule,
        place: usize,
        namespace: &'a str,
        graph: &'a str,
        catalog: &'a Catalog<'a>,
    ) -> Self {
        let condition = rule.when.as_ref().and_then(|when| Condition::parse(when).ok());
        let aliases = rule.entities.iter().enumerate().rev();
        let named = aliases.map(|(place, alias)| (alias.alias.as_str(), place)).collect();
        let rows = row::rows(rule, &named, namespace, graph, catalog);
        Self { rule, namespace, graph, catalog, condition, named, place, rows }
    }

    /// The full name of a field of the rule.
    pub(super) fn field(&self, below: impl Display) -> String {
        format!("spec.rules[{}].{below}", self.place)
    }

    pub(super) fn alias(&self, name: &str) -> Option<&'a EntityAlias> {
        self.rule.entities.get(*self.named.get(name)?)
    }

    pub(super) fn alias_names(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.named.keys().copied()
    }

    /// What the alias at a place of the list stands for.
    pub(super) fn row(&self, place: usize) -> Option<&Row<'a>> {
        self.rows.get(place)?.as_ref()
    }

    /// What the alias of a name stands for.
    pub(super) fn alias_row(&self, name: &str) -> Option<&Row<'a>> {
        self.row(*self.named.get(name)?)
    }

    /// The entity that the alias of a name looks up, if there is one and only one.
    pub(super) fn alias_entity(&self, name: &str) -> Option<&'a Entity> {
        self.alias_row(name)?.entity.valid()
    }

    /// Reports a name that stands where an alias should.
    pub(super) fn report_unknown_alias(&self, written: &str, field: String, report: &mut Report<'_>) {
        let message = format!("the rule has no alias `{written}`");
        let help = did_you_mean(written, self.alias_names(), || format!("its aliases: {}", listed(self.alias_names())));
        report.error(Reason::UnknownAlias, field, message, help);
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
        consent: rule.consent.as_ref().map(|consent| consent.categories.clone()).unwrap_or_default(),
        entities: (0..rule.entities.len()).map(|place| alias::plan(place, scope)).collect::<Option<_>>()?,
        enrichments: rule.enrichments.iter().map(|one| enrichment::plan(one, scope)).collect::<Option<_>>()?,
        on_missing: match rule.on_missing {
            weft_api::OnMissing::Forward => OnMissing::Forward,
            weft_api::OnMissing::Drop => OnMissing::Drop,
            weft_api::OnMissing::DeadLetter => OnMissing::DeadLetter,
        },
    })
}

/// An entity that rules look up: its primary key and the columns that they read of it.
pub(super) struct Used<'a> {
    primary_key: &'a [String],
    columns: BTreeSet<String>,
}

impl Used<'_> {
    pub(super) fn keys(self, slug: &str) -> EntityKeys {
        EntityKeys {
            slug: slug.to_owned(),
            primary_key: self.primary_key.to_vec(),
            columns: self.columns.into_iter().collect(),
        }
    }
}

/// Adds what a rule looks up and reads, by slug: for its enrichments, its `when` and its hops.
pub(super) fn add_entities<'a>(rule: &RulePlan, scope: &Scope<'a>, entities: &mut BTreeMap<&'a str, Used<'a>>) {
    for entity in scope.rows.iter().flatten().filter_map(|row| row.entity.valid()) {
        let unread = Used { primary_key: &entity.spec.primary_key, columns: BTreeSet::new() };
        entities.entry(entity.slug()).or_insert(unread);
    }
    let mut read = |alias: &str, column: &str| {
        let Some(entity) = scope.alias_entity(alias) else { return };
        let spelled = enrichment::synced_columns(entity).and_then(|synced| synced.find(column));
        if let Some(used) = entities.get_mut(entity.slug()) {
            used.columns.insert(spelled.unwrap_or(column).to_owned());
        }
    };
    rule.enrichments.iter().for_each(|enrichment| read(&enrichment.alias, &enrichment.column));
    scope.condition.iter().flat_map(Condition::columns).for_each(|column| read(&column.alias, &column.column));
    for alias in &rule.entities {
        if let KeyPlan::Hop(hop) = &alias.key {
            hop.columns.iter().for_each(|column| read(&hop.from, column));
        }
    }
}
