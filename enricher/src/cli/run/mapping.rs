use anyhow::anyhow;
use weft_plan::{Planned, PlannedEnrichment};
use weft_plan_types::EnrichPlan;

use super::Failure;
use crate::cli::tell;

/// The mapping to run: the one that is named, else the only one that is not suspended.
pub(super) fn choose<'plan>(planned: &'plan Planned, name: Option<&str>) -> Result<&'plan EnrichPlan, Failure> {
    let wanted = |mapping: &&PlannedEnrichment| match name {
        None => true,
        Some(name) => match name.split_once('/') {
            Some((namespace, name)) => mapping.object.namespace == namespace && mapping.object.name == name,
            None => mapping.object.name == name,
        },
    };
    let (suspended, running): (Vec<_>, Vec<_>) =
        planned.enrichments.iter().filter(wanted).partition(|mapping| mapping.suspended);
    for mapping in &suspended {
        tell(format_args!("note: EnrichmentMapping {} is suspended and not run", full_name(mapping)));
    }
    match (&running[..], name) {
        ([mapping], _) => Ok(&mapping.plan),
        ([], Some(name)) if suspended.is_empty() => {
            let names = names(planned.enrichments.iter());
            refuse(format!("there is no EnrichmentMapping {name}; the manifests hold {names}"))
        }
        ([], _) if suspended.is_empty() => refuse("the manifests hold no EnrichmentMapping".to_owned()),
        ([], _) => refuse("nothing to run; set suspend: false in the mapping to run it".to_owned()),
        (several, _) => {
            let names = names(several.iter().copied());
            refuse(format!("the manifests hold several EnrichmentMappings; choose one with --mapping: {names}"))
        }
    }
}

fn refuse<T>(message: String) -> Result<T, Failure> {
    Err(Failure::Configuration(anyhow!(message)))
}

fn full_name(mapping: &PlannedEnrichment) -> String {
    format!("{}/{}", mapping.object.namespace, mapping.object.name)
}

fn names<'plan>(mappings: impl Iterator<Item = &'plan PlannedEnrichment>) -> String {
    let names: Vec<_> = mappings.map(full_name).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
