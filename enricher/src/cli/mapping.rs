//! A mapping of the manifests, chosen and made ready on the tables it reads.

use std::path::Path;

use anyhow::{Context, anyhow};
use weft_plan::{Planned, PlannedEnrichment, PlannedSync};
use weft_plan_types::{EnrichPlan, SyncPlan};
use weft_store::{MemoryStore, Reader};

use super::events::is_stdio;
use super::progress::Progress;
use super::{Failure, Format, diagnostics, tell};
use crate::connect::Secrets;
use crate::join::Join;
use crate::load::{self, LoadReport};
use crate::manifests::{Loaded, ManifestArgs};

/// Reads the manifests of a command that reads events too; whatever is wrong or odd about them goes to standard error.
pub(crate) fn manifests(args: &ManifestArgs, events: &Path) -> Result<Loaded, Failure> {
    if is_stdio(events) && args.filename.iter().any(|path| is_stdio(path)) {
        let message = "standard input cannot hold both manifests (-f -) and events; name a file with --events";
        return Err(Failure::Configuration(anyhow!(message)));
    }
    diagnostics::usable(args, Format::Text)
}

/// The mapping to run: the one that is named, else the only one that is not suspended.
pub(crate) fn choose<'plan>(planned: &'plan Planned, name: Option<&str>) -> Result<&'plan EnrichPlan, Failure> {
    let (suspended, running): (Vec<_>, Vec<_>) =
        planned.enrichments.iter().filter(|mapping| is_named(mapping, name)).partition(|mapping| mapping.suspended);
    for mapping in &suspended {
        tell(format_args!("note: EnrichmentMapping {} is suspended and not run", full_name(mapping)));
    }
    if running.is_empty() && !suspended.is_empty() {
        return refuse("nothing to run; set suspend: false in the mapping to run it".to_owned());
    }
    only_one(planned, &running, name)
}

/// The mapping that is named, else the only one, suspended or not.
#[cfg(feature = "kafka")]
pub(crate) fn choose_any<'plan>(planned: &'plan Planned, name: Option<&str>) -> Result<&'plan EnrichPlan, Failure> {
    let named: Vec<_> = planned.enrichments.iter().filter(|mapping| is_named(mapping, name)).collect();
    only_one(planned, &named, name)
}

/// Whether a mapping has a name, `NAME` or `NAMESPACE/NAME`; any has, if there is none.
fn is_named(mapping: &PlannedEnrichment, name: Option<&str>) -> bool {
    let PlannedEnrichment { object, .. } = mapping;
    name.is_none_or(|name| match name.split_once('/') {
        Some((namespace, name)) => object.namespace == namespace && object.name == name,
        None => object.name == name,
    })
}

fn only_one<'plan>(
    planned: &'plan Planned,
    found: &[&'plan PlannedEnrichment],
    name: Option<&str>,
) -> Result<&'plan EnrichPlan, Failure> {
    match (found, name) {
        ([mapping], _) => Ok(&mapping.plan),
        ([], Some(name)) => {
            let names = names(planned.enrichments.iter());
            refuse(format!("there is no EnrichmentMapping {name}; the manifests hold {names}"))
        }
        ([], None) => refuse("the manifests hold no EnrichmentMapping".to_owned()),
        (several, _) => {
            let names = names(several.iter().copied());
            refuse(format!("the manifests hold several EnrichmentMappings; choose one with --mapping: {names}"))
        }
    }
}

/// A mapping with the rows it looks up.
pub(crate) struct Prepared {
    pub(crate) store: MemoryStore,
    pub(crate) reports: Vec<LoadReport>,
    pub(crate) join: Join,
}

impl Prepared {
    /// Copies the tables of the mapping's entities into memory; says which rows of them cannot be used.
    pub(crate) async fn new(planned: &Planned, plan: &EnrichPlan, secrets: &Secrets) -> Result<Self, Failure> {
        let plans: Vec<&SyncPlan> = syncs(planned, plan).map(|sync| &sync.plan).collect();
        let mut store = MemoryStore::default();
        let progress = Progress::of_rows();
        let reports = load::load_all(&plans, secrets, &mut store, |so_far| progress.rows(&so_far)).await;
        progress.finish();
        let reports = reports.map_err(|error| match error.is_transient() {
            true => Failure::Transient(error.into()),
            false => Failure::Configuration(error.into()),
        })?;
        warn_of_rejected_rows(&reports);
        let join = join(plan, &store).await?;
        Ok(Self { store, reports, join })
    }
}

/// The syncs of the entities that a mapping looks up.
pub(crate) fn syncs<'plan>(planned: &'plan Planned, plan: &EnrichPlan) -> impl Iterator<Item = &'plan PlannedSync> {
    let is_used = |sync: &&PlannedSync| {
        let SyncPlan { owner, entity, .. } = &sync.plan;
        *owner == plan.owner && plan.entities.iter().any(|used| used.slug == entity.slug)
    };
    planned.syncs.iter().filter(is_used)
}

/// The join of a mapping, on what the store says of its entities.
pub(crate) async fn join(plan: &EnrichPlan, store: &impl Reader) -> Result<Join, Failure> {
    let mut metas = Vec::with_capacity(plan.entities.len());
    for entity in &plan.entities {
        let meta = store.meta(&entity.slug).await;
        let meta = meta.map_err(|reason| Failure::Transient(anyhow!("entity {}: {reason}", entity.slug)))?;
        metas.push(meta);
    }
    let join = Join::new(plan, metas).with_context(|| format!("mapping {}", plan.mapping));
    join.map_err(Failure::Configuration)
}

/// Says which rows of the tables cannot be used, by reason, with samples of their keys.
fn warn_of_rejected_rows(reports: &[LoadReport]) {
    let style = anstyle::AnsiColor::Yellow.on_default().bold();
    for report in reports {
        for line in report.rejections() {
            tell(format_args!("{style}warning{style:#}: entity {}: {line}", report.entity));
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
