//! Which columns can be a table's key, and which of its keys there are.

use std::collections::BTreeSet;

use weft_store::{Column, ColumnType, Value};
use weft_warehouse::{Cells, Error, Table, Warehouse};

use super::{InitError, words};

/// A literal list stays far below the longest statement that SQLite takes (1 MB).
const LIST_BYTES: usize = 400_000;

/// So many rows tell most columns that are not unique, without reading the table.
const FIRST_ROWS: u32 = 1_000;

/// So many unique columns are tried on the events.
const MAX_UNIQUE: usize = 8;

/// Where a key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum KeySource {
    /// The table declares it as its primary key.
    Declared,
    /// Its values are unique and none is NULL.
    Unique,
}

/// A key that a table has.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) columns: Vec<Column>,
    pub(crate) source: KeySource,
}

impl Key {
    /// The columns' names, for people.
    pub(crate) fn names(&self) -> String {
        self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// A table of a warehouse, with the questions that are asked of it.
pub(crate) struct Asked<'a, W> {
    pub(crate) warehouse: &'a W,
    /// How messages call the warehouse.
    pub(crate) location: &'a str,
    pub(crate) table: &'a Table,
}

impl<W: Warehouse> Asked<'_, W> {
    /// How messages call the table.
    pub(crate) fn name(&self) -> String {
        self.table.name.join(".")
    }

    /// The primary key that the table declares, if values of its types are keys.
    pub(crate) fn declared(&self) -> Option<Key> {
        let column = |name: &String| self.table.columns.iter().find(|column| column.name == *name).cloned();
        let columns: Vec<Column> = self.table.primary_key.iter().map(column).collect::<Option<_>>()?;
        (!columns.is_empty() && self.warehouse.dialect().key_text(&columns).is_some())
            .then_some(Key { columns, source: KeySource::Declared })
    }

    /// Why the primary key that the table declares is none that events can have.
    pub(crate) fn refused_key(&self) -> InitError {
        let dialect = self.warehouse.dialect();
        let is_refused = |column: &&Column| {
            self.table.primary_key.contains(&column.name) && dialect.key_text(std::slice::from_ref(*column)).is_none()
        };
        let column = self.table.columns.iter().find(is_refused);
        let problem = column.map(|column| format!("its primary key {} is {}", column.name, refused(column.kind)));
        InitError::NoKey {
            table: self.name(),
            problem: problem.unwrap_or_else(|| "its primary key is refused".to_owned()),
        }
    }

    /// The columns of which no two rows share a value and none is NULL, those first that are named like a key.
    pub(crate) async fn unique(&self) -> Result<Vec<Key>, InitError> {
        let row = words::row_words(&self.name());
        let last_row = row.last().cloned();
        let rank = |column: &Column| {
            let name = words::words(&column.name);
            let is_id = |word: &String| matches!(word.as_str(), "id" | "key" | "uuid" | "guid" | "sku" | "code");
            match name.last() {
                Some(last)
                    if is_id(last) && (name.len() == 1 || name.iter().any(|word| Some(word) == last_row.as_ref())) =>
                {
                    0
                }
                Some(last) if is_id(last) => 1,
                _ => 2,
            }
        };
        let mut columns: Vec<&Column> = self.table.columns.iter().collect();
        columns.sort_by_key(|column| rank(column));
        let (mut keys, mut problem) = (Vec::new(), None);
        for column in columns {
            let Some(text) = self.warehouse.dialect().key_text(std::slice::from_ref(column)) else {
                problem.get_or_insert_with(|| format!("column {} is {}", column.name, refused(column.kind)));
                continue;
            };
            let mut counts = self.counts(&text, true).await?;
            if counts.is_unique() {
                counts = self.counts(&text, false).await?;
            }
            if counts.rows == 0 {
                problem = Some("it has no rows, so nothing tells which column is unique".to_owned());
                break;
            }
            if counts.is_unique() {
                keys.push(Key { columns: vec![column.clone()], source: KeySource::Unique });
            } else {
                problem.get_or_insert_with(|| counts.problem(&column.name));
            }
            if keys.len() == MAX_UNIQUE {
                break;
            }
        }
        if keys.is_empty() {
            let problem = problem.unwrap_or_else(|| "it has no columns".to_owned());
            return Err(InitError::NoKey { table: self.name(), problem });
        }
        Ok(keys)
    }

    async fn counts(&self, text: &str, first_rows: bool) -> Result<Counts, InitError> {
        let table = self.warehouse.dialect().table(&self.table.name);
        let limit = if first_rows { format!(" LIMIT {FIRST_ROWS}") } else { String::new() };
        let sql = format!("SELECT count(*), count(k), count(DISTINCT k) FROM (SELECT {text} AS k FROM {table}{limit})");
        let columns = ["rows", "keys", "distinct"].map(|name| column(name, ColumnType::Integer)).to_vec();
        let mut counts = Counts::default();
        self.each_row(sql, columns, |row| {
            if let [Value::Integer(rows), Value::Integer(keys), Value::Integer(distinct)] = row {
                counts = Counts { rows: *rows, keys: *keys, distinct: *distinct };
            }
        })
        .await?;
        Ok(counts)
    }

    /// Which of these key texts a row has.
    pub(crate) async fn existing(
        &self,
        key: &[Column],
        texts: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>, InitError> {
        let dialect = self.warehouse.dialect();
        let (table, mut found) = (dialect.table(&self.table.name), BTreeSet::new());
        let Some(key_text) = dialect.key_text(key) else { return Ok(found) };
        let literals: Vec<String> = texts.iter().map(|text| dialect.literal(text)).collect();
        let mut rest = &literals[..];
        while !rest.is_empty() {
            let mut bytes = 0;
            let fit = rest.iter().take_while(|literal| {
                bytes += literal.len() + 2;
                bytes <= LIST_BYTES
            });
            let (now, later) = rest.split_at(fit.count().max(1));
            let list = now.join(", ");
            let sql = format!("SELECT DISTINCT k FROM (SELECT {key_text} AS k FROM {table}) WHERE k IN ({list})");
            self.each_row(sql, vec![column("k", ColumnType::Text)], |row| {
                if let [Value::Text(text)] = row {
                    found.insert((*text).to_owned());
                }
            })
            .await?;
            rest = later;
        }
        Ok(found)
    }

    async fn each_row(
        &self,
        sql: String,
        columns: Vec<Column>,
        mut take: impl FnMut(&[Value<'_>]),
    ) -> Result<(), InitError> {
        let failed = |source: Error| InitError::Warehouse { warehouse: self.location.to_owned(), source };
        let mut batches = self.warehouse.query(sql, columns).await.map_err(failed)?;
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(failed)?;
            let fields = batch.schema_ref().fields();
            let cells = batch.columns().iter().zip(fields).map(|(array, field)| Cells::new(array, field));
            let cells: Option<Vec<Cells<'_>>> = cells.collect();
            let cells = cells.ok_or_else(|| InitError::Unreadable { table: self.name() })?;
            for row in 0..batch.num_rows() {
                let values: Result<Vec<Value<'_>>, _> = cells.iter().map(|cells| cells.get(row)).collect();
                values.iter().for_each(|values| take(values));
            }
        }
        Ok(())
    }
}

fn column(name: &str, kind: ColumnType) -> Column {
    Column { name: name.to_owned(), kind }
}

/// How many rows there are, how many have a key, how many keys there are.
#[derive(Default)]
struct Counts {
    rows: i64,
    keys: i64,
    distinct: i64,
}

impl Counts {
    fn is_unique(&self) -> bool {
        self.rows > 0 && self.rows == self.keys && self.keys == self.distinct
    }

    fn problem(&self, column: &str) -> String {
        let Self { rows, keys, distinct } = self;
        if keys < rows {
            return format!("column {column} is NULL, empty or no key in {} of {rows} rows", rows - keys);
        }
        format!("column {column} has {distinct} values in {rows} rows")
    }
}

fn refused(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Float => "binary floating point and not exact",
        ColumnType::Json => "JSON, which has many spellings",
        _ => "of several types",
    }
}
