//! What a plain SELECT says, held against every row in Redis.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio_postgres::SimpleQueryRow;
use weft_store::redis::RedisStore;
use weft_store::{Answer, ColumnType, EntityMeta, Reader as _, Row};

use crate::world::World;

/// Every row that a store tells, by key text.
pub(crate) async fn stored(store: &RedisStore, slug: &str) -> BTreeMap<Vec<u8>, Row> {
    let mut all = store.all_rows(slug);
    let mut rows = BTreeMap::new();
    while let Some(bucket) = all.next().await.unwrap_or_else(|reason| panic!("{slug}: {reason}")) {
        let found = bucket.rows.unwrap_or_else(|reason| panic!("bucket {} of {slug}: {reason}", bucket.bucket));
        for (key, row) in found {
            assert!(rows.insert(key.to_vec(), row).is_none(), "a row is there twice");
        }
    }
    rows
}

/// Ends the test unless the store has the rows of `table`, all of them and no others, and finds each by its key.
pub(crate) async fn is_equal(world: &World, slug: &str, table: &str) {
    let found = differences(world, slug, table, "true").await;
    assert!(found.is_empty(), "{} differences: {:#?}", found.len(), &found[..found.len().min(10)]);
}

/// What differs between the store and the rows of `table` for which the condition holds.
pub(crate) async fn differences(world: &World, slug: &str, table: &str, condition: &str) -> Vec<String> {
    let store = world.store();
    let meta = store.meta(slug).await.unwrap_or_else(|reason| panic!("{slug}: {reason}"));
    let rows = stored(&store, slug).await;
    let mut found = lookups_that_fail(&store, slug, &rows).await;
    let mut by_key = BTreeMap::new();
    for row in rows.values() {
        let cells: Cells = (0..meta.columns.len()).map(|column| stored_cell(row, &meta, column)).collect();
        if let Some(other) = by_key.insert(key_of(&meta, &cells), cells) {
            found.push(format!("{:?} is in the store twice", key_of(&meta, &other)));
        }
    }
    for cells in selected(world, &meta, table, condition).await {
        match by_key.remove(&key_of(&meta, &cells)) {
            Some(stored) if stored == cells => {}
            stored => found.push(format!("{cells:?} is in the table, {stored:?} in the store")),
        }
    }
    found.extend(by_key.values().map(|cells| format!("{cells:?} is not in the table")));
    found
}

/// The values of a row, as PostgreSQL writes them.
type Cells = Vec<Option<String>>;

fn key_of(meta: &EntityMeta, cells: &Cells) -> Cells {
    let position = |key| meta.columns.iter().position(|column| column == key).unwrap();
    meta.key.iter().map(|key| cells[position(key)].clone()).collect()
}

/// The value that a row of the store has, as PostgreSQL would write it.
fn stored_cell(row: &Row, meta: &EntityMeta, column: usize) -> Option<String> {
    let fragment = str::from_utf8(row.fragment(column, meta.columns.len()).unwrap()).unwrap();
    if fragment == "null" {
        return None;
    }
    let text = || match serde_json::from_str(fragment) {
        Ok(serde_json::Value::String(text)) => text,
        _ => fragment.to_owned(),
    };
    Some(match meta.columns[column].kind {
        ColumnType::Boolean => fragment[..1].to_owned(),
        ColumnType::Bytes => {
            let bytes = STANDARD.decode(text()).unwrap();
            format!("\\x{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        }
        ColumnType::Timestamp => text().replace('T', " "),
        ColumnType::TimestampTz => text().replace('T', " ").replace('Z', "+00"),
        ColumnType::Float => float(&text()),
        ColumnType::Json | ColumnType::Integer => fragment.to_owned(),
        _ => text(),
    })
}

fn float(text: &str) -> String {
    text.parse::<f64>().unwrap().to_string()
}

/// Each row by its key text, as an enricher asks.
async fn lookups_that_fail(store: &RedisStore, slug: &str, rows: &BTreeMap<Vec<u8>, Row>) -> Vec<String> {
    let keys: Vec<&[u8]> = rows.keys().map(Vec::as_slice).collect();
    let mut answers = Vec::new();
    store.fetch(slug, &keys, &mut answers).await;
    let is_wrong = |(row, answer): &(&Row, Answer)| *answer != Answer::Found((*row).clone());
    rows.values().zip(answers).filter(is_wrong).map(|(row, answer)| format!("{row:?} is found as {answer:?}")).collect()
}

/// The rows of the table, as PostgreSQL writes its values.
async fn selected(world: &World, meta: &EntityMeta, table: &str, condition: &str) -> Vec<Cells> {
    // Not a cast to text: that would strip the blanks of a CHAR.
    let column = |column: &weft_store::Column| {
        let name = column.name.replace('"', "\"\"");
        format!("CASE WHEN \"{name}\" IS NOT NULL THEN format('%s', \"{name}\") END")
    };
    let columns: Vec<String> = meta.columns.iter().map(column).collect();
    let rows = world.query(&format!("SELECT {} FROM {table} WHERE {condition}", columns.join(", "))).await;
    let cell = |row: &SimpleQueryRow, at: usize| match (row.get(at)?, meta.columns[at].kind) {
        (text, ColumnType::Float) => Some(float(text)),
        // In JSON they are the same.
        ("null", ColumnType::Json) => None,
        (text, ColumnType::Json) => Some(text.replace(['\n', '\r'], "")),
        (text, _) => Some(text.to_owned()),
    };
    rows.iter().map(|row| (0..row.len()).map(|at| cell(row, at)).collect()).collect()
}
