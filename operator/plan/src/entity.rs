//! An Entity: its checks and its SyncPlan.

use std::collections::{BTreeMap, BTreeSet};

use weft_api::{Entity, MassChangeGuard};
use weft_plan_types::{
    EntityPlan, GuardPlan, MAX_PLAN_BYTES, Owner, PLAN_VERSION, SyncPlan, WarehouseConnection, canonical_bytes,
};

use crate::catalog::{Catalog, Slug};
use crate::diagnostic::{Findings, ObjectRef, Report, name, namespace};
use crate::{PlannedSync, Reason, connection, data_graph, schedule, table_ref};

type Check = fn(&Entity, &Catalog<'_>, &mut Report<'_>);

/// In the order a user would fix them.
const CHECKS: [Check; 7] = [
    graph_exists,
    slug_is_valid,
    slug_is_unique,
    table_ref_parses,
    has_a_primary_key,
    columns_stand_once,
    schedule::of_entity_is_sound,
];

/// Reports what is wrong; the plan, if the entity is enabled and it and its graph are sound.
pub(crate) fn planned(entity: &Entity, catalog: &Catalog<'_>, findings: &mut Findings) -> Option<PlannedSync> {
    let mut report = findings.about(ObjectRef::of("Entity", entity));
    CHECKS.iter().for_each(|check| check(entity, catalog, &mut report));
    if !report.is_sound() || !entity.spec.enrichment_enabled {
        return None;
    }
    let plan = sync_plan(entity, catalog)?;
    if let Err(too_large) = canonical_bytes(&plan) {
        let help = format!("name fewer columns; a plan has room for {MAX_PLAN_BYTES} bytes");
        report.error(Reason::PlanTooLarge, "spec", too_large.to_string(), help);
        return None;
    }
    let graph = catalog.graph(namespace(entity), &entity.spec.data_graph_ref.name)?;
    let sync = &graph.spec.sync;
    Some(PlannedSync {
        object: report.object().clone(),
        schedule: entity.spec.schedule.as_ref().unwrap_or(&sync.schedule).clone(),
        time_zone: sync.time_zone.clone(),
        suspended: sync.suspend || entity.spec.suspend,
        reader: connection::redis_reader(graph.spec.store.redis.as_ref()?),
        plan,
    })
}

fn graph_exists(entity: &Entity, catalog: &Catalog<'_>, report: &mut Report<'_>) {
    let (space, graph) = (namespace(entity), &entity.spec.data_graph_ref.name);
    if catalog.graph(space, graph).is_none() {
        data_graph::report_unknown(space, graph, catalog, report);
    }
}

fn slug_is_valid(entity: &Entity, _: &Catalog<'_>, report: &mut Report<'_>) {
    let (field, slug) = (slug_field(entity), entity.slug());
    let is_slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if slug == "profile" {
        let message = "the slug `profile` is reserved";
        report.error(Reason::InvalidSlug, field, message, "set `spec.slug` to another, such as `profile-entity`");
    } else if slug.is_empty() || slug.len() > 63 || !slug.chars().all(is_slug) {
        let origin = if entity.spec.slug.is_some() { "" } else { ", which is metadata.name," };
        let message = format!("the slug `{slug}`{origin} is not made of 1 to 63 lower case letters, digits, - and _");
        let help = match slug.to_lowercase().replace(|c| !is_slug(c), "-") {
            cure if cure.is_empty() || cure.len() > 63 => "set `spec.slug`".to_owned(),
            cure => format!("set `spec.slug: {cure}`"),
        };
        report.error(Reason::InvalidSlug, field, message, help);
    }
}

fn slug_is_unique(entity: &Entity, catalog: &Catalog<'_>, report: &mut Report<'_>) {
    let (space, graph, slug) = (namespace(entity), &entity.spec.data_graph_ref.name, entity.slug());
    let is_this = |other: &Entity| name(other) == name(entity);
    let other = match catalog.slug(space, graph, slug) {
        Slug::Entity(valid) => (!is_this(valid)).then_some(valid),
        Slug::Ambiguous => catalog.sharing(space, graph, slug).iter().copied().find(|other| !is_this(other)),
        Slug::Unknown => None,
    };
    if let Some(other) = other {
        let message = format!("the slug `{slug}` is also that of Entity `{}` in DataGraph `{graph}`", name(other));
        report.error(Reason::DuplicateSlug, slug_field(entity), message, "set `spec.slug` of one of them to another");
    }
}

fn slug_field(entity: &Entity) -> &'static str {
    if entity.spec.slug.is_some() { "spec.slug" } else { "metadata.name" }
}

fn table_ref_parses(entity: &Entity, catalog: &Catalog<'_>, report: &mut Report<'_>) {
    let written = &entity.spec.table_ref;
    let fault = match table_ref::parse(written) {
        Err(error) => {
            Some((error.to_string(), "write 1 to 3 names separated by dots, odd ones in double quotes".into()))
        }
        Ok(parts) => {
            let connection = warehouse_of(entity, catalog);
            connection.and_then(|connection| wrong_number(&parts, &connection, is_local(entity, catalog)))
        }
    };
    if let Some((message, help)) = fault {
        report.error(Reason::InvalidTableRef, "spec.tableRef", format!("`{written}` names no table: {message}"), help);
    }
}

/// Why this many parts name no table there, and what to write.
fn wrong_number(parts: &[String], connection: &WarehouseConnection, local: bool) -> Option<(String, String)> {
    let (kind, takes, example) = match connection {
        _ if local => return None,
        WarehouseConnection::Sqlite { .. } => ("SQLite", 1, "orders"),
        WarehouseConnection::Postgres(_) => ("PostgreSQL", 2, "public.orders"),
    };
    if parts.len() == takes {
        return None;
    }
    let plural = if parts.len() == 1 { "part" } else { "parts" };
    let message = format!("it has {} {plural}, {kind} takes {takes}", parts.len());
    Some((message, format!("write {takes} as in `{example}`; a name that holds a dot is quoted, \"my.orders\"")))
}

fn has_a_primary_key(entity: &Entity, _: &Catalog<'_>, report: &mut Report<'_>) {
    if entity.spec.primary_key.is_empty() {
        let message = "the primary key has no column";
        report.error(Reason::InvalidSpec, "spec.primaryKey", message, "name the columns that together identify a row");
    }
}

fn columns_stand_once(entity: &Entity, catalog: &Catalog<'_>, report: &mut Report<'_>) {
    let tells_case_apart = !matches!(warehouse_of(entity, catalog), Some(WarehouseConnection::Sqlite { .. }));
    for (list, columns) in [
        ("primaryKey", entity.spec.primary_key.as_slice()),
        ("columns", entity.spec.columns.as_deref().unwrap_or_default()),
    ] {
        let (mut seen, mut folded) = (BTreeSet::new(), BTreeMap::new());
        for (place, column) in columns.iter().enumerate() {
            let field = format!("spec.{list}[{place}]");
            if column.is_empty() {
                report.error(Reason::InvalidSpec, field, "the column has no name", "write its name or remove it");
            } else if !seen.insert(column) {
                let message = format!("the column `{column}` stands twice in {list}");
                report.error(Reason::DuplicateColumn, field, message, "remove one");
            } else if let Some(other) = folded.insert(column.to_lowercase(), column) {
                let message =
                    format!("the columns `{other}` and `{column}` in {list} differ in upper and lower case only");
                if tells_case_apart {
                    let help = "remove one, unless the table has both";
                    report.warning(Reason::DuplicateColumn, field, message, help);
                } else {
                    report.error(Reason::DuplicateColumn, field, message, "remove one: to SQLite they are one column");
                }
            }
        }
    }
}

fn warehouse_of(entity: &Entity, catalog: &Catalog<'_>) -> Option<WarehouseConnection> {
    let graph = catalog.graph(namespace(entity), &entity.spec.data_graph_ref.name)?;
    Some(data_graph::backends(graph, catalog)?.0.connection)
}

/// Whether a local file stands in for the entity's warehouse.
fn is_local(entity: &Entity, catalog: &Catalog<'_>) -> bool {
    let graph = catalog.graph(namespace(entity), &entity.spec.data_graph_ref.name);
    graph.is_some_and(|graph| catalog.options.local_warehouses.contains_key(&graph.spec.warehouse_ref.name))
}

fn sync_plan(entity: &Entity, catalog: &Catalog<'_>) -> Option<SyncPlan> {
    let spec = &entity.spec;
    let graph = catalog.graph(namespace(entity), &spec.data_graph_ref.name)?;
    let (warehouse, redis) = data_graph::backends(graph, catalog)?;
    let mut table = table_ref::parse(&spec.table_ref).ok()?;
    if is_local(entity, catalog) {
        table.drain(..table.len() - 1);
    }
    let others =
        |columns: &Vec<String>| columns.iter().filter(|column| !spec.primary_key.contains(column)).cloned().collect();
    Some(SyncPlan {
        version: PLAN_VERSION,
        owner: owner(namespace(entity), name(graph), catalog),
        warehouse,
        store: connection::redis_writer(redis),
        entity: EntityPlan {
            slug: entity.slug().to_owned(),
            table,
            primary_key: spec.primary_key.clone(),
            columns: spec.columns.as_ref().map(others),
        },
        guard: guard(&graph.spec.sync.mass_change_guard),
    })
}

/// A number that no schema let through counts as the nearest that one does.
fn guard(guard: &MassChangeGuard) -> GuardPlan {
    let percent = |number: i32| number.clamp(0, 100).unsigned_abs();
    GuardPlan {
        max_deleted_percent: percent(guard.max_deleted_percent),
        max_changed_percent: percent(guard.max_changed_percent),
        min_rows: guard.min_rows.max(0).unsigned_abs().into(),
    }
}

/// Whose rows the rows of a graph are.
pub(crate) fn owner(namespace: &str, graph: &str, catalog: &Catalog<'_>) -> Owner {
    Owner {
        installation: catalog.options.installation.clone(),
        namespace: namespace.to_owned(),
        graph: graph.to_owned(),
    }
}
