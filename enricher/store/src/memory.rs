use std::collections::HashMap;

use bytes::{BufMut as _, Bytes, BytesMut};
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
    /// Keys and rows are slices of chunks that many of them share: no allocation of its own per row, and a row that
    /// was looked up costs a reference count.
    rows: HashMap<Bytes, Row, FixedState>,
}

/// The size of a chunk that rows share.
const CHUNK_BYTES: usize = 1 << 20;

/// Fills one entity of a [`MemoryStore`].
#[derive(Debug)]
pub struct MemoryWriter {
    slug: String,
    table: Table,
    chunk: BytesMut,
    bytes: usize,
}

impl MemoryWriter {
    /// An empty entity.
    pub fn new(slug: &str, meta: EntityMeta) -> Self {
        Self {
            slug: slug.to_owned(),
            table: Table { meta, rows: HashMap::default() },
            chunk: BytesMut::new(),
            bytes: 0,
        }
    }

    /// Adds a row; `false`, and nothing changes, if the key is already there.
    pub fn insert(&mut self, key: &[u8], row: &Row) -> bool {
        if self.table.rows.contains_key(key) {
            return false;
        }
        let (key, row) = (self.keep(key), self.keep(row.as_bytes()));
        self.bytes += key.len() + row.len();
        self.table.rows.insert(key, Row::from_bytes(row));
        true
    }

    /// Copies bytes into the chunk that is being filled.
    fn keep(&mut self, bytes: &[u8]) -> Bytes {
        if self.chunk.capacity() < bytes.len() {
            self.chunk = BytesMut::with_capacity(CHUNK_BYTES.max(bytes.len()));
        }
        self.chunk.put_slice(bytes);
        self.chunk.split().freeze()
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

    /// The key texts of an entity's rows, in no order.
    pub fn keys<'store>(&'store self, slug: &str) -> impl Iterator<Item = &'store [u8]> + use<'store> {
        self.entities.get(slug).into_iter().flat_map(|table| table.rows.keys().map(|key| &key[..]))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RowBuilder;

    fn row(text: &[u8]) -> Row {
        let mut builder = RowBuilder::default();
        builder.push(text);
        builder.finish()
    }

    fn writer() -> MemoryWriter {
        MemoryWriter::new("product", EntityMeta { key: Vec::new(), columns: Vec::new() })
    }

    #[test]
    fn the_first_row_of_a_key_stays_until_it_is_removed() {
        let mut writer = writer();
        assert!(writer.insert(b"a", &row(b"1")));
        assert!(!writer.insert(b"a", &row(b"2")));
        assert_eq!((writer.rows(), writer.bytes()), (1, 3));
        writer.remove(b"a");
        writer.remove(b"b");
        assert_eq!((writer.rows(), writer.bytes()), (0, 0));
        assert!(writer.insert(b"a", &row(b"2")));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn rows_of_any_size_are_found_again_and_the_rest_is_missing_or_not_synced() {
        let mut writer = writer();
        let texts: Vec<Vec<u8>> = (0..100).map(|size| vec![b'x'; size * 997]).collect();
        for text in &texts {
            assert!(writer.insert(text.len().to_string().as_bytes(), &row(text)));
        }
        let mut store = MemoryStore::default();
        store.commit(writer);
        for text in &texts {
            let mut answers = Vec::new();
            store.fetch("product", &[text.len().to_string().as_bytes(), b"none"], &mut answers).await;
            assert_eq!(answers, [Answer::Found(row(text)), Answer::Missing]);
        }
        let mut answers = Vec::new();
        store.fetch("cart", &[b"1"], &mut answers).await;
        assert_eq!(answers, [Answer::Unavailable(Unavailable::NotSynced)]);
        assert_eq!(store.meta("cart").await, Err(Unavailable::NotSynced));
    }
}
