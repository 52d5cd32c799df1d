//! The values a rule writes: `enrichments`, where they come from.

use weft_api::{Enrichment, Entity};
use weft_language::Path;
use weft_plan_types::{EnrichmentPlan, IfMissing};

use super::rule::Scope;
use crate::Reason;
use crate::diagnostic::{Report, name};
use crate::identifier::Columns;
use crate::suggestion::{did_you_mean, listed};

pub(super) fn sources_are_aliases(scope: &Scope<'_>, report: &mut Report<'_>) {
    for (place, Enrichment { from, .. }) in scope.rule.enrichments.iter().enumerate() {
        if scope.alias(&from.alias).is_none() {
            let message = format!("the rule has no alias `{}`", from.alias);
            let help = did_you_mean(&from.alias, scope.alias_names(), || {
                format!("its aliases: {}", listed(scope.alias_names()))
            });
            report.error(
                Reason::UnknownAlias,
                scope.field(format_args!("enrichments[{place}].from.as")),
                message,
                help,
            );
        }
    }
}

pub(super) fn columns_are_synced(scope: &Scope<'_>, report: &mut Report<'_>) {
    for (place, Enrichment { from, .. }) in scope.rule.enrichments.iter().enumerate() {
        let Some(entity) = scope.alias(&from.alias).and_then(|alias| scope.entity(alias)) else { continue };
        let Some(synced) = synced_columns(entity) else { continue };
        if synced.find(&from.column).is_none() {
            let message = format!("the column `{}` of entity `{}` is not copied", from.column, entity.slug());
            let add = || format!("add it to `spec.columns` of Entity `{}`", name(entity));
            let help = did_you_mean(&from.column, synced.names(), add);
            let field = scope.field(format_args!("enrichments[{place}].from.column"));
            report.error(Reason::ColumnNotSynced, field, message, help);
        }
    }
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
fn synced_columns(entity: &Entity) -> Option<Columns<'_>> {
    let others = entity.spec.columns.as_ref()?;
    Some(Columns::of(entity.spec.primary_key.iter().chain(others).map(String::as_str)))
}

/// The enrichment as the data plane reads it; `None` if it is not sound.
pub(super) fn plan(enrichment: &Enrichment, scope: &Scope<'_>) -> Option<EnrichmentPlan> {
    let written = &enrichment.from.column;
    let entity = scope.entity(scope.alias(&enrichment.from.alias)?)?;
    let column = match synced_columns(entity) {
        Some(synced) => synced.find(written)?.to_owned(),
        None => written.clone(),
    };
    Some(EnrichmentPlan {
        alias: enrichment.from.alias.clone(),
        column,
        to: Path::parse(&enrichment.to).ok()?.to_string(),
        if_missing: match (&enrichment.default, enrichment.if_missing) {
            (Some(value), _) if value.is_null() => IfMissing::Null,
            (Some(value), _) => IfMissing::Default(value.clone()),
            (None, Some(weft_api::IfMissing::SetNull)) => IfMissing::Null,
            (None, Some(weft_api::IfMissing::Omit) | None) => IfMissing::Omit,
        },
    })
}
