use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::{Answer, EntityMeta, Reader, Row, Unavailable};

/// Rows in memory: the store of the command line and of tests.
#[derive(Debug, Default)]
pub struct MemoryStore {
    entities: HashMap<String, Table, FixedState>,
}

#[derive(Debug)]
struct Table {
    meta: EntityMeta,
    rows: HashMap<Box<[u8]>, Row, FixedState>,
}

/// Fills one entity of a [`MemoryStore`].
#[derive(Debug)]
pub struct MemoryWriter {
    slug: String,
    table: Table,
    bytes: usize,
}

impl MemoryWriter {
    /// An empty entity.
    pub fn new(slug: &str, meta: EntityMeta) -> Self {
        Self { slug: slug.to_owned(), table: Table { meta, rows: HashMap::default() }, bytes: 0 }
    }

    /// Adds a row; `false`, and nothing changes, if the key is already there.
    pub fn insert(&mut self, key: &[u8], row: &Row) -> bool {
        if self.table.rows.contains_key(key) {
            return false;
        }
        self.bytes += key.len() + row.as_bytes().len();
        self.table.rows.insert(key.into(), row.clone());
        true
    }

    /// Takes a row out again, if it is there.
    pub fn remove(&mut self, key: &[u8]) {
        if let Some(row) = self.table.rows.remove(key) {
            self.bytes -= key.len() + row.as_bytes().len();
        }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.table.rows.len()
    }

    /// The bytes of all keys and rows.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl MemoryStore {
    /// Replaces an entity by what the writer holds.
    pub fn commit(&mut self, writer: MemoryWriter) {
        self.entities.insert(writer.slug, writer.table);
    }
}

impl Reader for MemoryStore {
    async fn meta(&self, slug: &str) -> Result<EntityMeta, Unavailable> {
        self.entities.get(slug).map(|table| table.meta.clone()).ok_or(Unavailable::NotSynced)
    }

    async fn fetch(&self, slug: &str, keys: &[&[u8]], answers: &mut Vec<Answer>) {
        match self.entities.get(slug) {
            Some(table) => answers
                .extend(keys.iter().map(|key| table.rows.get(*key).cloned().map_or(Answer::Missing, Answer::Found))),
            None => answers.extend(keys.iter().map(|_| Answer::Unavailable(Unavailable::NotSynced))),
        }
    }
}
