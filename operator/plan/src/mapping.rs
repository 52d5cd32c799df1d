//! An EnrichmentMapping: its checks and its EnrichPlan.

mod alias;
mod condition;
mod consent;
pub(crate) mod endpoint;
mod enrichment;
mod hop;
mod overlap;
mod row;
mod rule;
mod target;

use std::collections::{BTreeMap, BTreeSet};

use weft_api::EnrichmentMapping;
use weft_plan_types::{EnrichPlan, MAX_PLAN_BYTES, OnUnavailable, PLAN_VERSION, RulePlan, canonical_bytes};

use crate::catalog::Catalog;
use crate::diagnostic::{Findings, ObjectRef, Report, name, namespace};
use crate::{PlannedEnrichment, Reason, connection, data_graph, entity};
use rule::Scope;

type Check = fn(&EnrichmentMapping, &Catalog<'_>, &mut Report<'_>);

/// In the order a user would fix them.
const CHECKS: [Check; 5] =
    [graph_exists, endpoint::are_given, age_is_a_duration, rules_have_names_of_their_own, rules_are_sound];

/// Reports what is wrong; the plan, if the mapping and its graph are sound.
pub(crate) fn planned(
    mapping: &EnrichmentMapping,
    catalog: &Catalog<'_>,
    findings: &mut Findings,
) -> Option<PlannedEnrichment> {
    let mut report = findings.about(ObjectRef::of("EnrichmentMapping", mapping));
    CHECKS.iter().for_each(|check| check(mapping, catalog, &mut report));
    if !report.is_sound() {
        return None;
    }
    let plan = enrich_plan(mapping, catalog)?;
    if let Err(too_large) = canonical_bytes(&plan) {
        let help = format!(
            "split the mapping in two, each with a group of its own; a plan has room for {MAX_PLAN_BYTES} bytes"
        );
        report.error(Reason::PlanTooLarge, "spec.rules", too_large.to_string(), help);
        return None;
    }
    Some(PlannedEnrichment { object: report.object().clone(), suspended: mapping.spec.suspend, plan })
}

fn graph_exists(mapping: &EnrichmentMapping, catalog: &Catalog<'_>, report: &mut Report<'_>) {
    let (space, graph) = (namespace(mapping), &mapping.spec.data_graph_ref.name);
    if catalog.graph(space, graph).is_none() {
        data_graph::report_unknown(space, graph, catalog, report);
    }
}

fn age_is_a_duration(mapping: &EnrichmentMapping, _: &Catalog<'_>, report: &mut Report<'_>) {
    if max_staleness(mapping).is_none() {
        let written = mapping.spec.max_staleness.as_deref().unwrap_or_default();
        let help = "write hours, minutes and seconds, such as 6h or 1h30m";
        report.error(Reason::InvalidSpec, "spec.maxStaleness", format!("`{written}` is no duration"), help);
    }
}

/// How old rows may be, in seconds; `None` if what is written is no duration.
fn max_staleness(mapping: &EnrichmentMapping) -> Option<Option<u32>> {
    let Some(written) = &mapping.spec.max_staleness else { return Some(None) };
    let seconds = weft_api::duration(written)?.as_secs();
    u32::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Some)
}

fn rules_have_names_of_their_own(mapping: &EnrichmentMapping, _: &Catalog<'_>, report: &mut Report<'_>) {
    let mut seen = BTreeSet::new();
    for (place, rule) in mapping.spec.rules.iter().enumerate() {
        if !seen.insert(&rule.name) {
            let message = format!("two rules are named `{}`", rule.name);
            report.error(Reason::DuplicateRule, format!("spec.rules[{place}].name"), message, "give one another name");
        }
    }
    if mapping.spec.rules.is_empty() {
        report.error(Reason::InvalidSpec, "spec.rules", "the mapping has no rule", "add one with a `name`");
    }
}

fn rules_are_sound(mapping: &EnrichmentMapping, catalog: &Catalog<'_>, report: &mut Report<'_>) {
    scopes(mapping, catalog).for_each(|scope| rule::check(&scope, report));
}

fn scopes<'a>(mapping: &'a EnrichmentMapping, catalog: &'a Catalog<'a>) -> impl Iterator<Item = Scope<'a>> {
    mapping.spec.rules.iter().enumerate().map(move |(place, rule)| {
        Scope::of(rule, place, namespace(mapping), &mapping.spec.data_graph_ref.name, catalog)
    })
}

fn enrich_plan(mapping: &EnrichmentMapping, catalog: &Catalog<'_>) -> Option<EnrichPlan> {
    let graph = catalog.graph(namespace(mapping), &mapping.spec.data_graph_ref.name)?;
    let (_, redis) = data_graph::backends(graph, catalog)?;
    let (source, destination, dead_letter) = endpoint::plans(mapping)?;
    let mut rules: Vec<RulePlan> = Vec::with_capacity(mapping.spec.rules.len());
    let mut entities = BTreeMap::new();
    for scope in scopes(mapping, catalog) {
        let rule = rule::plan(&scope)?;
        rule::add_entities(&rule, &scope, &mut entities);
        rules.push(rule);
    }
    Some(EnrichPlan {
        version: PLAN_VERSION,
        owner: entity::owner(namespace(mapping), name(graph), catalog),
        mapping: name(mapping).to_owned(),
        store: connection::redis_reader(redis),
        source,
        destination,
        dead_letter,
        on_unavailable: match mapping.spec.on_unavailable {
            weft_api::OnUnavailable::Pause => OnUnavailable::Pause,
            weft_api::OnUnavailable::Forward => OnUnavailable::Forward,
        },
        max_staleness_seconds: max_staleness(mapping)?,
        entities: entities.into_iter().map(|(slug, entity)| entity.keys(slug)).collect(),
        rules,
    })
}
