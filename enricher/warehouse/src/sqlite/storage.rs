//! The storage classes of columns that declare no type.

use rusqlite::Connection;
use weft_store::ColumnType;

use super::{dialect, failed, refused};
use crate::{Dialect as _, Error};

const CLASSES: [(&str, ColumnType); 4] = [
    ("integer", ColumnType::Integer),
    ("real", ColumnType::Float),
    ("text", ColumnType::Text),
    ("blob", ColumnType::Bytes),
];

/// Per column the type of its values, Mixed if they differ, Text if there are none. Reads the whole table if there is
/// any such column: another kind of value may stand in its last row.
pub(super) fn logical_types(connection: &Connection, table: &str, columns: &[&str]) -> Result<Vec<ColumnType>, Error> {
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let seen: Vec<String> = columns
        .iter()
        .map(|column| dialect::Sqlite.quoted(column))
        .flat_map(|column| CLASSES.map(|(class, _)| format!("ifnull(max(typeof({column}) = '{class}'), 0)")))
        .collect();
    let mut kinds = Vec::new();
    // A result has at most 2,000 columns.
    for seen in seen.chunks(CLASSES.len() * 100) {
        let sql = format!("SELECT {} FROM {table}", seen.join(", "));
        let mut statement = connection.prepare(&sql).map_err(refused)?;
        let flags: Vec<bool> = statement
            .query_row([], |row| (0..seen.len()).map(|position| row.get(position)).collect())
            .map_err(failed)?;
        kinds.extend(flags.chunks(CLASSES.len()).map(one_class));
    }
    Ok(kinds)
}

fn one_class(seen: &[bool]) -> ColumnType {
    let mut classes = seen.iter().zip(CLASSES).filter(|(seen, _)| **seen).map(|(_, (_, kind))| kind);
    match (classes.next(), classes.next()) {
        (None, _) => ColumnType::Text,
        (Some(kind), None) => kind,
        (Some(_), Some(_)) => ColumnType::Mixed,
    }
}
