use std::collections::HashMap;
use std::hash::BuildHasher as _;

use bytes::{BufMut as _, Bytes, BytesMut};
use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::{Answer, EntityMeta, Reader, Row, Unavailable};

/// Rows in memory: the store of the command line and of tests.
#[derive(Debug, Default)]
pub struct MemoryStore {
    entities: HashMap<String, Table, FixedState>,
}

/// One entity's rows. Each key lies before its row, and many of both in one chunk: no allocation of their own, one
/// cold place in memory per lookup, and a row that was looked up costs a reference count.
#[derive(Debug)]
struct Table {
    meta: EntityMeta,
    chunks: Vec<Bytes>,
    rows: HashTable<Place>,
}

/// Where a key and its row are.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The key's hash: it tells keys apart without a look at them.
    hash: u64,
    chunk: u32,
    at: u32,
    key: u32,
    row: u32,
}

/// The size of a chunk that rows share.
const CHUNK_BYTES: usize = 1 << 20;

/// Fills one entity of a [`MemoryStore`].
#[derive(Debug)]
pub struct MemoryWriter {
    slug: String,
    table: Table,
    /// The chunk that is being filled, the next of the table's.
    open: BytesMut,
    bytes: usize,
}

impl MemoryWriter {
    /// An empty entity.
    pub fn new(slug: &str, meta: EntityMeta) -> Self {
        let table = Table { meta, chunks: Vec::new(), rows: HashTable::new() };
        Self { slug: slug.to_owned(), table, open: BytesMut::new(), bytes: 0 }
    }

    /// Adds a row; `false`, and nothing changes, if the key is already there.
    pub fn insert(&mut self, key: &[u8], row: &Row) -> bool {
        let (hash, row) = (hash(key), row.as_bytes());
        if self.find(hash, key).is_some() {
            return false;
        }
        let bytes = key.len() + row.len();
        if self.open.capacity() - self.open.len() < bytes {
            let full = std::mem::replace(&mut self.open, BytesMut::with_capacity(CHUNK_BYTES.max(bytes)));
            self.table.chunks.push(full.freeze());
        }
        let number = |count: usize| u32::try_from(count).expect("a chunk holds a mebibyte, or one row of its own");
        let (chunk, at) = (number(self.table.chunks.len()), number(self.open.len()));
        self.open.put_slice(key);
        self.open.put_slice(row);
        self.bytes += bytes;
        let place = Place { hash, chunk, at, key: number(key.len()), row: number(row.len()) };
        self.table.rows.insert_unique(hash, place, |place| place.hash);
        true
    }

    /// Takes a row out again, if it is there.
    pub fn remove(&mut self, key: &[u8]) {
        let hash = hash(key);
        let Self { table, open, .. } = self;
        let same = |place: &Place| place.is_of(hash, key, chunk_of(&table.chunks, open, place));
        if let Ok(found) = table.rows.find_entry(hash, same) {
            let (place, _) = found.remove();
            self.bytes -= (place.key + place.row) as usize;
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

    fn find(&self, hash: u64, key: &[u8]) -> Option<&Place> {
        self.table.rows.find(hash, |place| place.is_of(hash, key, chunk_of(&self.table.chunks, &self.open, place)))
    }
}

impl MemoryStore {
    /// Replaces an entity by what the writer holds.
    pub fn commit(&mut self, writer: MemoryWriter) {
        let mut table = writer.table;
        table.chunks.push(writer.open.freeze());
        self.entities.insert(writer.slug, table);
    }

    /// The key texts of an entity's rows, in no order.
    pub fn keys<'store>(&'store self, slug: &str) -> impl Iterator<Item = &'store [u8]> + use<'store> {
        let table = self.entities.get(slug).into_iter();
        table.flat_map(|table| table.rows.iter().map(|place| place.key(&table.chunks[place.chunk as usize])))
    }
}

impl Table {
    /// Appends an answer for each key.
    fn answer(&self, keys: &[&[u8]], answers: &mut Vec<Answer>) {
        let found: Vec<(u64, Option<&Place>)> = keys
            .iter()
            .map(|key| {
                let hash = hash(key);
                (hash, self.rows.find(hash, |place| place.hash == hash))
            })
            .collect();
        // Rows lie all over a memory that no cache holds: touched one after the other without waiting, they come
        // together instead of one by one.
        let touched = found
            .iter()
            .filter_map(|(_, place)| self.chunks[place.as_ref()?.chunk as usize].get(place.as_ref()?.at as usize));
        std::hint::black_box(touched.fold(0, |sum: u8, byte| sum ^ byte));
        answers.extend(keys.iter().zip(found).map(|(key, (hash, place))| {
            let is_of = |place: &&Place| place.is_of(hash, key, &self.chunks[place.chunk as usize]);
            // Nearly always the key with the same hash is the one.
            let place = place
                .and_then(|place| Some(place).filter(is_of).or_else(|| self.rows.find(hash, |place| is_of(&place))));
            place.map_or(Answer::Missing, |place| Answer::Found(place.row(&self.chunks[place.chunk as usize])))
        }));
    }
}

impl Place {
    fn key<'chunk>(&self, chunk: &'chunk [u8]) -> &'chunk [u8] {
        &chunk[self.at as usize..][..self.key as usize]
    }

    fn is_of(&self, hash: u64, key: &[u8], chunk: &[u8]) -> bool {
        self.hash == hash && self.key(chunk) == key
    }

    fn row(&self, chunk: &Bytes) -> Row {
        let start = (self.at + self.key) as usize;
        Row::from_bytes(chunk.slice(start..start + self.row as usize))
    }
}

fn hash(key: &[u8]) -> u64 {
    FixedState::default().hash_one(key)
}

/// The bytes a place is in, while the last chunk is being filled.
fn chunk_of<'chunk>(chunks: &'chunk [Bytes], open: &'chunk [u8], place: &Place) -> &'chunk [u8] {
    chunks.get(place.chunk as usize).map_or(open, |chunk| chunk)
}

impl Reader for MemoryStore {
    async fn meta(&self, slug: &str) -> Result<EntityMeta, Unavailable> {
        self.entities.get(slug).map(|table| table.meta.clone()).ok_or(Unavailable::NotSynced)
    }

    async fn fetch(&self, slug: &str, keys: &[&[u8]], answers: &mut Vec<Answer>) {
        match self.entities.get(slug) {
            Some(table) => table.answer(keys, answers),
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
