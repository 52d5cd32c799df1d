//! What the catalogue lists for this user.

use super::describe::{cell, rows};
use super::session::Session;
use crate::{Error, Listed, TableKind};

/// Everything that this user may read at least a column of, but for Weft's own tables and for partitions, which are read
/// through the table that they are of. A server that never analysed a table says -1 rows, or 0 before PostgreSQL 14.
const TABLES: &str = "SELECT n.nspname::text, c.relname::text, c.relkind, CASE WHEN c.relkind = 'p' THEN (SELECT CASE WHEN \
    min(l.reltuples) >= 0 THEN sum(l.reltuples::float8) END FROM pg_catalog.pg_partition_tree(c.oid) t JOIN \
    pg_catalog.pg_class l ON l.oid = t.relid WHERE t.isleaf) WHEN c.relkind <> 'v' AND c.reltuples >= 0 THEN \
    c.reltuples::float8 END::bigint, ARRAY(SELECT a.attname::text FROM pg_catalog.pg_constraint k CROSS JOIN LATERAL \
    unnest(k.conkey) WITH ORDINALITY p(attnum, position) JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND \
    a.attnum = p.attnum WHERE k.conrelid = c.oid AND k.contype = 'p' ORDER BY p.position) FROM pg_catalog.pg_class c JOIN \
    pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT \
    c.relispartition AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND NOT (n.nspname = $1 AND \
    c.relname ~ '^weft_([0-9a-f]{16}_[0-9]+_(claim|stage|snap)|probe_[0-9]+_[0-9a-f]+)$') AND \
    has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT') ORDER BY n.nspname, c.relname";

/// The tables that this user may read.
pub(super) async fn tables(session: &Session) -> Result<Vec<Listed>, Error> {
    let found = rows(session, TABLES, &[&session.options().bookkeeping]).await?;
    let listed = |row| {
        Ok(Listed {
            schema: Some(cell(row, 0)?),
            name: cell(row, 1)?,
            kind: kind(cell(row, 2)?),
            rows: cell::<Option<i64>>(row, 3)?.and_then(|rows| rows.try_into().ok()),
            primary_key: cell(row, 4)?,
        })
    };
    found.iter().map(listed).collect()
}

/// What a `relkind` means.
fn kind(class: i8) -> TableKind {
    match class.cast_unsigned() {
        b'p' => TableKind::PartitionedTable,
        b'v' => TableKind::View,
        b'm' => TableKind::MaterializedView,
        b'f' => TableKind::ForeignTable,
        _ => TableKind::Table,
    }
}
