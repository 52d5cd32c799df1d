use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// The distinct keys that a batch needs of one entity. Keys lie one after the other in one buffer.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    text: Vec<u8>,
    ends: Vec<usize>,
    index: HashTable<u32>,
    hasher: RandomState,
}

impl Wanted {
    /// Forgets the keys, keeps the memory.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.index.clear();
    }

    /// Adds the key that `append` writes and gives its number; a key that is already there keeps its number.
    pub(super) fn add<E>(&mut self, append: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<u32, E> {
        let start = self.text.len();
        append(&mut self.text)?;
        let Self { text, ends, index, hasher } = self;
        let key = |number: u32| &text[key_start(ends, number)..ends[number as usize]];
        let hash = hasher.hash_one(&text[start..]);
        if let Some(&known) = index.find(hash, |&number| *key(number) == text[start..]) {
            text.truncate(start);
            return Ok(known);
        }
        let number = u32::try_from(ends.len()).expect("a batch holds far fewer than 2^32 keys");
        index.insert_unique(hash, number, |&number| hasher.hash_one(key(number)));
        ends.push(text.len());
        Ok(number)
    }

    /// The keys, in the order of their numbers.
    pub(super) fn keys(&self) -> Vec<&[u8]> {
        (0..self.ends.len()).map(|number| &self.text[key_start(&self.ends, number as u32)..self.ends[number]]).collect()
    }
}

fn key_start(ends: &[usize], number: u32) -> usize {
    number.checked_sub(1).map_or(0, |before| ends[before as usize])
}
