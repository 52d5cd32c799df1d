//! Whether a mapping can run as it is written, and what becomes of enrichers that run by what was written before.

use weft_api::{EnrichmentMapping, Entity};
use weft_plan::{Diagnostic, Planned, PlannedEnrichment};
use weft_plan_types::Pause;

use super::running::Count;
use crate::condition::{Finding, Is};
use crate::data_graph::unusable;
use crate::driver::{Kind as _, Observed, diagnosed, first_error, is_stalled};
use crate::reason::Reason;

/// Why a mapping cannot run as it is written.
pub(super) struct Blocked {
    /// Not ready, because.
    ready: Finding,
    /// Only a change of the mapping helps.
    is_stalled: bool,
    /// It is what the mapping refers to that has changed.
    is_broken: bool,
}

/// The plan, if everything is there that it needs.
pub(super) fn runnable<'a>(
    mapping: &EnrichmentMapping,
    planned: &'a Planned,
    observed: &Observed<'_>,
) -> Result<&'a PlannedEnrichment, Blocked> {
    let name = mapping.metadata.name.as_deref().unwrap_or_default();
    if let Some(error) = first_error(planned, EnrichmentMapping::KIND, name) {
        let ready = diagnosed("Ready", error);
        return Err(Blocked { ready, is_stalled: is_stalled(error), is_broken: is_of_others(error) });
    }
    let wanted = &mapping.spec.data_graph_ref.name;
    let waits = |reason: Reason, message: String| Blocked {
        ready: Finding::new("Ready", Is::False, reason, message),
        is_stalled: false,
        is_broken: false,
    };
    let graph = observed.objects.graphs.iter().find(|it| it.metadata.name.as_ref() == Some(wanted));
    if let Some(trouble) = graph.and_then(|graph| unusable(graph, planned, &observed.objects)) {
        let message = format!("DataGraph `{wanted}` is not ready: {}", trouble.message);
        return Err(waits(Reason::DataGraphNotReady, message));
    }
    let enrichment = planned.enrichments.iter().find(|it| it.object.name == name);
    let enrichment =
        enrichment.ok_or_else(|| waits(Reason::DataGraphNotReady, format!("DataGraph `{wanted}` gives no plan")))?;
    let of_graph = |slug: &str| {
        let is_it = |entity: &&Entity| entity.spec.data_graph_ref.name == *wanted && entity.slug() == slug;
        observed.objects.entities.iter().filter(is_it).collect::<Vec<_>>()
    };
    for entity in &enrichment.plan.entities {
        let (slug, there) = (&entity.slug, of_graph(&entity.slug));
        if !there.is_empty() && there.iter().all(|it| it.metadata.deletion_timestamp.is_some()) {
            let message = format!(
                "the Entity with the slug `{slug}` is being deleted, and its copy with it: apply it again once it is gone, or \
                 take it out of the rules"
            );
            return Err(Blocked { is_broken: true, ..waits(Reason::EntityNotSynced, message) });
        }
        if !there.iter().any(|it| it.status.as_ref().is_some_and(|status| status.last_sync.is_some())) {
            let message = format!(
                "the Entity with the slug `{slug}` was not copied yet; its condition Synced tells how far it is"
            );
            return Err(waits(Reason::EntityNotSynced, message));
        }
    }
    Ok(enrichment)
}

/// Whether a rule that was sound is not any more because something else than the mapping changed.
fn is_of_others(error: &Diagnostic) -> bool {
    use weft_plan::Reason as Of;
    matches!(
        error.reason,
        Of::UnknownEntity
            | Of::EnrichmentNotEnabled
            | Of::MatchNotPrimaryKey
            | Of::ColumnNotSynced
            | Of::UnknownRelationship
            | Of::RelationshipElsewhere
            | Of::HopNeedsIndex
    )
}

impl Blocked {
    /// What is said of a mapping that never ran.
    pub(super) fn findings(self) -> Vec<Finding> {
        let stalled = self.is_stalled.then(|| self.ready.also("Stalled", Is::True));
        std::iter::once(self.ready).chain(stalled).collect()
    }

    /// What is said of one whose enrichers are there, and what they wait for, if they do.
    pub(super) fn kept(self, enrichers: Count, waits: Option<String>) -> Vec<Finding> {
        let Self { mut ready, is_stalled, is_broken } = self;
        if is_broken {
            // As an enricher has it that finds its rules not to fit.
            ready.reason = Pause::BreakingChange.to_string();
        }
        ready.message.push_str("; until then its enrichers keep to the plan of before");
        if let Some(waits) = waits {
            ready.message.push_str(&format!(", and wait: {waits}"));
        }
        // What others broke, others can mend.
        let stalled = (is_stalled && !is_broken).then(|| ready.also("Stalled", Is::True));
        let available = enrichers.available(&ready);
        std::iter::once(ready).chain(stalled).chain([available]).collect()
    }
}
