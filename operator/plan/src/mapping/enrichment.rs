//! The values a rule writes: `enrichments`, where they come from.

use weft_api::{Enrichment, Entity};
use weft_language::Place;
use weft_plan_types::{EnrichmentPlan, IfMissing};

use super::rule::Scope;
use crate::Reason;
use crate::diagnostic::{Report, name};
use crate::identifier::Columns;
use crate::suggestion::did_you_mean;

pub(super) fn sources_are_aliases(scope: &Scope<'_>, report: &mut Report<'_>) {
    for (place, Enrichment { from, .. }) in scope.rule.enrichments.iter().enumerate() {
        if scope.alias(&from.alias).is_none() {
            let field = scope.field(format_args!("enrichments[{place}].from.as"));
            scope.report_unknown_alias(&from.alias, field, report);
        }
    }
}

pub(super) fn columns_are_synced(scope: &Scope<'_>, report: &mut Report<'_>) {
    for (place, Enrichment { from, .. }) in scope.rule.enrichments.iter().enumerate() {
        let Some(entity) = scope.alias_entity(&from.alias) else { continue };
        let field = || scope.field(format_args!("enrichments[{place}].from.column"));
        report_unless_synced(&from.column, entity, field, report);
    }
}

/// Reports a column that is read of an entity, unless it is copied.
pub(super) fn report_unless_synced(
    column: &str,
    entity: &Entity,
    field: impl FnOnce() -> String,
    report: &mut Report<'_>,
) {
    let Some(synced) = synced_columns(entity).filter(|synced| synced.find(column).is_none()) else { return };
    let message = format!("the column `{column}` of entity `{}` is not copied", entity.slug());
    let add = || format!("add it to `spec.columns` of Entity `{}`", name(entity));
    report.error(Reason::ColumnNotSynced, field(), message, did_you_mean(column, synced.names(), add));
}

pub(super) fn have_one_fallback(scope: &Scope<'_>, report: &mut Report<'_>) {
    for (place, enrichment) in scope.rule.enrichments.iter().enumerate() {
        if enrichment.default.is_some() && enrichment.if_missing.is_some() {
            let field = scope.field(format_args!("enrichments[{place}].ifMissing"));
            let message = "`default` and `ifMissing` both say what to do without a row";
            report.error(Reason::ConflictingFallbacks, field, message, "keep one of them");
        }
    }
}

/// Key and columns of an entity; `None` where all columns are copied, whatever they are.
pub(super) fn synced_columns(entity: &Entity) -> Option<Columns<'_>> {
    let others = entity.spec.columns.as_ref()?;
    Some(Columns::of(entity.spec.primary_key.iter().chain(others).map(String::as_str)))
}

/// The enrichment as the data plane reads it; `None` if it is not sound.
pub(super) fn plan(enrichment: &Enrichment, scope: &Scope<'_>) -> Option<EnrichmentPlan> {
    let written = &enrichment.from.column;
    let entity = scope.alias_entity(&enrichment.from.alias)?;
    let column = match synced_columns(entity) {
        Some(synced) => synced.find(written)?.to_owned(),
        None => written.clone(),
    };
    Some(EnrichmentPlan {
        alias: enrichment.from.alias.clone(),
        column,
        to: Place::parse(&enrichment.to).ok()?.to_string(),
        if_missing: match (&enrichment.default, enrichment.if_missing) {
            (Some(value), _) if value.is_null() => IfMissing::Null,
            (Some(value), _) => IfMissing::Default(value.clone()),
            (None, Some(weft_api::IfMissing::SetNull)) => IfMissing::Null,
            (None, Some(weft_api::IfMissing::Omit) | None) => IfMissing::Omit,
        },
    })
}
