//! What the catalogue says of a table, a view, a materialised view, a foreign or a partitioned table.

use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql};
use weft_store::Column;

use super::dialect::quoted;
use super::kinds;
use super::session::Session;
use crate::{Dialect as _, Error, ForeignKey, Table, names};

const SCHEMAS: &str = "SELECT oid, nspname::text, has_schema_privilege(oid, 'USAGE') FROM pg_catalog.pg_namespace \
                       WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'";

const TABLES: &str = "SELECT oid, relname::text FROM pg_catalog.pg_class WHERE relnamespace = $1 \
                      AND relkind IN ('r', 'p', 'v', 'm', 'f')";

/// The columns, a domain as its base type.
const COLUMNS: &str = "WITH RECURSIVE types AS (SELECT a.attnum, a.attname::text AS name, t.oid, t.typcategory, \
    t.typtype, t.typbasetype, has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS readable \
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
    WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped \
    UNION ALL SELECT d.attnum, d.name, t.oid, t.typcategory, t.typtype, t.typbasetype, d.readable \
    FROM types d JOIN pg_catalog.pg_type t ON t.oid = d.typbasetype WHERE d.typtype = 'd') \
    SELECT name, oid, typcategory, typtype, readable FROM types WHERE typtype <> 'd' ORDER BY attnum";

/// The columns of the primary key and of the foreign keys. A key to a partitioned table has another constraint for each
/// partition; only the one that was declared counts.
const KEYS: &str = "SELECT c.oid, c.contype = 'p', a.attname::text, f.relname::text, fa.attname::text \
    FROM pg_catalog.pg_constraint c CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY k(attnum, position) \
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum \
    LEFT JOIN pg_catalog.pg_class f ON f.oid = c.confrelid \
    LEFT JOIN pg_catalog.pg_attribute fa ON fa.attrelid = c.confrelid AND fa.attnum = c.confkey[k.position::int] \
    WHERE c.conrelid = $1 AND c.contype IN ('p', 'f') AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint p \
    WHERE p.oid = c.conparentid AND p.conrelid = c.conrelid) ORDER BY c.oid, k.position";

/// Whether a primary key holds for every row that is read from the table: one that inherits from it has a key of its
/// own.
const IS_KEY_ENFORCED: &str = "SELECT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary \
    AND i.indisvalid) AND (c.relkind = 'p' OR c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE \
    h.inhparent = c.oid)) FROM pg_catalog.pg_class c WHERE c.oid = $1";

/// Types from this one on were not made by PostgreSQL (`FirstNormalObjectId` in its `access/transam.h`).
const FIRST_OTHER_TYPE: u32 = 16_384;

/// Where the catalogue has a table, whether this user may read it or not.
pub(super) struct Place {
    pub(super) schema: String,
    pub(super) is_schema_usable: bool,
    pub(super) table: String,
    class: u32,
}

/// The table of this name, each part in this spelling or in another case.
pub(super) async fn find(session: &Session, wanted: &[String]) -> Result<Place, Error> {
    let (schema, table) = parts(session, wanted)?;
    let schemas = rows(session, SCHEMAS, &[]).await?;
    let (namespace, schema) = pick(&schemas, schema)?;
    let is_schema_usable = cell(namespace, 2)?;
    let tables = rows(session, TABLES, &[&cell::<u32>(namespace, 0)?]).await?;
    let (class, table) = pick(&tables, table)?;
    Ok(Place { schema, is_schema_usable, table, class: cell(class, 0)? })
}

/// The columns at a place, each with whether this user may read it.
pub(super) async fn readable_columns(session: &Session, place: &Place) -> Result<Vec<(String, bool)>, Error> {
    let columns = rows(session, COLUMNS, &[&place.class]).await?;
    columns.iter().map(|row| Ok((cell(row, 0)?, cell(row, 4)?))).collect()
}

/// What is found under this name.
pub(super) async fn table(session: &Session, wanted: &[String]) -> Result<Table, Error> {
    let Place { schema, is_schema_usable, table, class } = find(session, wanted).await?;
    if !is_schema_usable {
        return Err(denied(session, &schema, &format!("USAGE ON SCHEMA {}", quoted(&schema))));
    }
    let name = vec![schema, table];
    let (mut columns, mut unreadable) = (Vec::new(), Vec::new());
    // Values of one text may differ in a type that somebody else made, but for an enum.
    let mut exact = Vec::new();
    for row in &rows(session, COLUMNS, &[&class]).await? {
        let column = cell(row, 0)?;
        if cell(row, 4)? {
            let (oid, category, class) = (cell(row, 1)?, cell(row, 2)?, cell(row, 3)?);
            if oid < FIRST_OTHER_TYPE || class == b'e' as i8 {
                exact.push(String::clone(&column));
            }
            let kind = kinds::logical_type(oid, category, class);
            columns.push(Column { name: column, kind });
        } else {
            unreadable.push(column);
        }
    }
    if columns.is_empty() && !unreadable.is_empty() {
        return Err(denied(session, &name.join("."), &format!("SELECT ON {}", session.dialect().table(&name))));
    }
    let (primary_key, foreign_keys) = keys(session, class).await?;
    let is_key_enforced = primary_key.iter().all(|column| exact.contains(column))
        && rows(session, IS_KEY_ENFORCED, &[&class]).await?.first().map_or(Ok(false), |row| cell(row, 0))?;
    Ok(Table { name, columns, unreadable, primary_key, is_key_enforced, foreign_keys })
}

/// Schema and table of a name; a third part in front must be the database that is connected to.
fn parts<'a>(session: &Session, wanted: &'a [String]) -> Result<(&'a str, &'a str), Error> {
    let (database, schema, table) = match wanted {
        [schema, table] => (None, schema, table),
        [database, schema, table] => (Some(database), schema, table),
        _ => {
            let problem = "must have a schema and a table, as in public.products".to_owned();
            return Err(Error::Name { name: wanted.join("."), problem });
        }
    };
    let connected = &session.options().database;
    if database.is_some_and(|database| names::resolve(database, [connected.as_str()]).is_err()) {
        let problem = format!("leads to another database than {connected:?}, which the connection is to");
        return Err(Error::Name { name: wanted.join("."), problem });
    }
    Ok((schema, table))
}

/// The row whose second column is `wanted`, and how it is spelled.
fn pick<'a>(rows: &'a [Row], wanted: &str) -> Result<(&'a Row, String), Error> {
    let known: Vec<&str> = rows.iter().map(|row| cell(row, 1)).collect::<Result<_, _>>()?;
    let position = names::resolve(wanted, known.iter().copied()).map_err(Error::Table)?;
    Ok((&rows[position], known[position].to_owned()))
}

async fn keys(session: &Session, class: u32) -> Result<(Vec<String>, Vec<ForeignKey>), Error> {
    let mut primary = Vec::new();
    let mut foreign: Vec<(u32, ForeignKey)> = Vec::new();
    for row in &rows(session, KEYS, &[&class]).await? {
        let (constraint, column) = (cell::<u32>(row, 0)?, cell(row, 2)?);
        if cell(row, 1)? {
            primary.push(column);
            continue;
        }
        if foreign.last().is_none_or(|(last, _)| *last != constraint) {
            let table = cell(row, 3)?;
            foreign.push((constraint, ForeignKey { columns: Vec::new(), table, references: Vec::new() }));
        }
        let Some((_, key)) = foreign.last_mut() else { continue };
        key.columns.push(column);
        key.references.push(cell(row, 4)?);
    }
    Ok((primary, foreign.into_iter().map(|(_, key)| key).collect()))
}

fn denied(session: &Session, what: &str, grant: &str) -> Error {
    let user = &session.options().user;
    Error::Denied(format!("the user {user:?} may not read {what}; run: GRANT {grant} TO {}", quoted(user)))
}

pub(super) async fn rows(session: &Session, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
    session.client().query(sql, parameters).await.map_err(|failure| session.failed(&failure))
}

pub(super) fn cell<'a, T: FromSql<'a>>(row: &'a Row, position: usize) -> Result<T, Error> {
    row.try_get(position).map_err(|_| Error::Run("the catalogue answers in an unexpected form".to_owned()))
}
