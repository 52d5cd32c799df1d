//! What a file has.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::describe::{known_tables, primary_key};
use super::{failed, refused};
use crate::{Error, Listed, TableKind};

/// The tables and views of the file.
pub(super) fn tables(connection: &Connection) -> Result<Vec<Listed>, Error> {
    let rows = analysed(connection)?;
    let listed = |(name, is_view): (String, bool)| {
        Ok(Listed {
            schema: None,
            kind: if is_view { TableKind::View } else { TableKind::Table },
            rows: rows.get(&name).copied(),
            primary_key: primary_key(connection, &name)?,
            name,
        })
    };
    known_tables(connection)?.into_iter().map(listed).collect()
}

/// How many rows the tables had when `ANALYZE` was run, if it ever was: the first number of what it keeps of each index.
fn analysed(connection: &Connection) -> Result<BTreeMap<String, u64>, Error> {
    let known = "SELECT count(*) FROM main.sqlite_schema WHERE name = 'sqlite_stat1'";
    if connection.query_row(known, [], |row| row.get::<_, i64>(0)).map_err(failed)? == 0 {
        return Ok(BTreeMap::new());
    }
    // A partial index has fewer rows than its table.
    let sql = "SELECT tbl, max(CAST(stat AS INTEGER)) FROM main.sqlite_stat1 GROUP BY tbl";
    let mut statement = connection.prepare(sql).map_err(refused)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())));
    rows.and_then(Iterator::collect).map_err(failed)
}
