//! What the schema says of a table or view.

use rusqlite::Connection;
use weft_store::{Column, ColumnType};

use super::{declared, dialect, failed, refused, storage};
use crate::{Dialect as _, Error, ForeignKey, Table, names};

/// The table or view of this name, in this spelling or in another case.
pub(super) fn table(connection: &Connection, wanted: &str) -> Result<Table, Error> {
    let known = known_tables(connection)?;
    let position = names::resolve(wanted, known.iter().map(|(name, _)| name.as_str())).map_err(Error::Table)?;
    let (name, is_view) = &known[position];
    let columns = columns(connection, name);
    Ok(Table {
        name: vec![name.clone()],
        columns: if *is_view { columns.map_err(|error| error.of_view(name))? } else { columns? },
        unreadable: Vec::new(),
        primary_key: primary_key(connection, name)?,
        // One may have several NULLs, and values of several storage classes with one text.
        is_key_enforced: false,
        foreign_keys: foreign_keys(connection, name)?,
    })
}

fn columns(connection: &Connection, name: &str) -> Result<Vec<Column>, Error> {
    let table = dialect::Sqlite.quoted(name);
    let statement = connection.prepare(&format!("SELECT * FROM {table}")).map_err(refused)?;
    let declared: Vec<(String, Option<ColumnType>)> = statement
        .columns()
        .map(|column| (column.name().to_owned(), column.decl_type().and_then(declared::logical_type)))
        .collect();
    drop(statement);
    let undeclared: Vec<&str> =
        declared.iter().filter(|(_, kind)| kind.is_none()).map(|(name, _)| name.as_str()).collect();
    let mut stored = storage::logical_types(connection, &table, &undeclared)?.into_iter();
    Ok(declared
        .iter()
        .filter_map(|(name, kind)| Some(Column { name: name.clone(), kind: (*kind).or_else(|| stored.next())? }))
        .collect())
}

/// Tables and views without SQLite's own, each with whether it is a view.
pub(super) fn known_tables(connection: &Connection) -> Result<Vec<(String, bool)>, Error> {
    let sql = "SELECT name, type = 'view' FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow' \
               AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    let mut statement = connection.prepare(sql).map_err(refused)?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).and_then(Iterator::collect).map_err(failed)
}

pub(super) fn primary_key(connection: &Connection, table: &str) -> Result<Vec<String>, Error> {
    let sql = "SELECT name FROM pragma_table_info(?1, 'main') WHERE pk > 0 ORDER BY pk";
    let mut statement = connection.prepare(sql).map_err(refused)?;
    statement.query_map([table], |row| row.get(0)).and_then(Iterator::collect).map_err(failed)
}

fn foreign_keys(connection: &Connection, table: &str) -> Result<Vec<ForeignKey>, Error> {
    let sql = "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1, 'main') ORDER BY id, seq";
    let mut statement = connection.prepare(sql).map_err(refused)?;
    let mut rows = statement.query([table]).map_err(failed)?;
    let mut keys: Vec<(i64, ForeignKey)> = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let id = row.get(0).map_err(failed)?;
        if keys.last().is_none_or(|(last, _)| *last != id) {
            let table = row.get(1).map_err(failed)?;
            keys.push((id, ForeignKey { columns: Vec::new(), table, references: Vec::new() }));
        }
        let Some((_, key)) = keys.last_mut() else { continue };
        key.columns.push(row.get(2).map_err(failed)?);
        key.references.extend(row.get::<_, Option<String>>(3).map_err(failed)?);
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}
