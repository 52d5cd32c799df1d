//! The change feed: which rows a run changed, so that whoever keeps rows elsewhere forgets them.
//!
//! A Redis stream of at most about ten thousand entries, one per changed bucket, appended by the script that changes the
//! bucket, and one per committed run. (Where shards differ, no script sees both: there the entry comes after the change,
//! and a writer that dies in between leaves a change without one.)
//!
//!
//! | field | meaning |
//! |---|---|
//! | `run` | the run |
//! | `bucket` | `<buckets>.<bucket>`; absent in the entry of a committed run |
//! | `keys` | the key texts of the changed rows, each behind its length in bytes and a colon; absent if they are too many: then every row of the bucket may have changed |

use bytes::Bytes;
use redis::aio::{ConnectionLike, ConnectionManager};
use redis::{Value, from_redis_value_ref};

use super::{Keys, StoreError};

/// The most entries the stream keeps, about. With keys of [`KEYS_BYTES`] each they are 40 MiB.
pub(super) const ENTRIES: u32 = 10_000;

/// The most bytes of keys in one entry: a bucket with more of them changed is named as a whole.
const KEYS_BYTES: usize = 4096;

/// How many entries are read or written in one round.
pub(crate) const ROUND: usize = 500;

/// One entry of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Rows of a bucket changed.
    Rows {
        /// The run that changed them.
        run: u64,
        /// The number of buckets of that run.
        buckets: u32,
        /// The bucket.
        bucket: u32,
        /// The key texts of the rows; `None` if it may be any of the bucket's.
        keys: Option<Vec<Bytes>>,
    },
    /// A run was committed: rows that it did not name are those of this run too.
    Committed {
        /// The run.
        run: u64,
    },
}

/// What a feed has to say since it was last asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// These changes, and no others.
    Changes(Vec<Change>),
    /// Changes were missed: everything that was kept has to be forgotten.
    Gap,
}

/// Reads the change feed of one entity.
#[derive(Debug)]
pub struct ChangeFeed<C = ConnectionManager> {
    connection: C,
    key: String,
    /// The last entry read. As long as the stream still has it, nothing after it was dropped.
    last: Option<Entry>,
}

impl<C: ConnectionLike> ChangeFeed<C> {
    /// A reader of the entity with these keys, which has missed everything so far.
    pub fn new(connection: C, keys: &Keys) -> Self {
        Self { connection, key: keys.changes(), last: None }
    }

    /// What changed since the last call. The first call answers [`News::Gap`], and so does each one while there is no
    /// feed: nothing may be kept then.
    pub async fn poll(&mut self) -> Result<News, StoreError> {
        let Some(last) = &self.last else { return self.start_anew().await };
        let (id, last) = (last.id.clone(), last.clone());
        let entries = self.entries("XRANGE", &id, "+", ROUND + 1).await?;
        match entries.split_first() {
            // What it says too: another server's clock may give the id to another entry.
            Some((first, new)) if *first == last => {
                self.last = Some(new.last().unwrap_or(first).clone());
                // An entry that cannot be read may be of any row.
                let changes: Option<Vec<Change>> = new.iter().map(|entry| entry.change.clone()).collect();
                Ok(changes.map_or(News::Gap, News::Changes))
            }
            _ => self.start_anew().await,
        }
    }

    /// Whether there is a feed to follow.
    pub fn is_followed(&self) -> bool {
        self.last.is_some()
    }

    async fn start_anew(&mut self) -> Result<News, StoreError> {
        self.last = self.entries("XREVRANGE", "+", "-", 1).await?.pop();
        Ok(News::Gap)
    }

    async fn entries(&mut self, command: &str, from: &str, to: &str, count: usize) -> Result<Vec<Entry>, StoreError> {
        let act = "read the store's changes";
        let mut call = redis::cmd(command);
        call.arg(&self.key).arg(from).arg(to).arg("COUNT").arg(count);
        let entries: Vec<Value> =
            call.query_async(&mut self.connection).await.map_err(|error| StoreError::new(act, &error))?;
        let entries =
            entries.iter().map(|entry| Entry::parse(entry).ok_or(StoreError::Foreign { act, what: "changes" }));
        entries.collect()
    }
}

/// The keys that a patch of a bucket changes, as an entry has them.
#[derive(Debug, Default)]
pub(super) struct Named(Vec<u8>);

impl Named {
    /// Adds a key; `false` if they are too many for one entry.
    pub(super) fn add(&mut self, key: &[u8]) -> bool {
        self.0.extend_from_slice(key.len().to_string().as_bytes());
        self.0.push(b':');
        self.0.extend_from_slice(key);
        self.0.len() <= KEYS_BYTES
    }

    /// The text, empty if there is no key.
    pub(super) fn text(&self) -> &[u8] {
        &self.0
    }
}

/// Appends changes to the feed.
pub(super) async fn append(
    connection: &mut ConnectionManager,
    keys: &Keys,
    changes: &[Change],
) -> Result<(), StoreError> {
    for round in changes.chunks(ROUND) {
        let mut pipeline = redis::pipe();
        for change in round {
            let entry = pipeline.cmd("XADD").arg(keys.changes()).arg("MAXLEN").arg("~").arg(ENTRIES).arg("*");
            match change {
                Change::Committed { run } => entry.arg("run").arg(run),
                Change::Rows { run, buckets, bucket, keys } => {
                    entry.arg("run").arg(run).arg("bucket").arg(format!("{buckets}.{bucket}"));
                    match keys.as_deref().and_then(named) {
                        Some(named) => entry.arg("keys").arg(named.text()),
                        None => entry,
                    }
                }
            };
            entry.ignore();
        }
        let done = pipeline.exec_async(connection).await;
        done.map_err(|error| StoreError::new("append to the store's changes", &error))?;
    }
    Ok(())
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    id: String,
    /// `None` if the entry is not of a form known here.
    change: Option<Change>,
}

impl Entry {
    fn parse(entry: &Value) -> Option<Self> {
        let (id, fields): (String, Vec<(String, Vec<u8>)>) = from_redis_value_ref(entry).ok()?;
        let field = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_slice());
        let text = |name| field(name).and_then(|value| str::from_utf8(value).ok());
        let change = || {
            let run = text("run")?.parse().ok()?;
            let Some(place) = text("bucket") else { return Some(Change::Committed { run }) };
            let (buckets, bucket) = place.split_once('.')?;
            let keys = match field("keys") {
                Some(text) => Some(read_keys(text)?),
                None => None,
            };
            Some(Change::Rows { run, buckets: buckets.parse().ok()?, bucket: bucket.parse().ok()?, keys })
        };
        Some(Self { change: change(), id })
    }
}

/// The keys as an entry has them; `None` if they are too many.
fn named(keys: &[Bytes]) -> Option<Named> {
    let mut named = Named::default();
    keys.iter().all(|key| named.add(key)).then_some(named)
}

fn read_keys(mut text: &[u8]) -> Option<Vec<Bytes>> {
    let mut keys = Vec::new();
    while !text.is_empty() {
        let colon = text.iter().position(|&byte| byte == b':')?;
        let length: usize = str::from_utf8(&text[..colon]).ok()?.parse().ok()?;
        let (key, rest) = text[colon + 1..].split_at_checked(length)?;
        keys.push(Bytes::copy_from_slice(key));
        text = rest;
    }
    Some(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_any_bytes_read_back_and_cut_ones_do_not() {
        let keys = [Bytes::from_static(b"a"), Bytes::from_static(b"1:2\n\xff"), Bytes::from(vec![b':'; 1000])];
        let named = named(&keys).unwrap();
        let text = named.text();
        assert_eq!(read_keys(text).unwrap(), keys);
        assert_eq!(read_keys(&text[..text.len() - 1]), None);
        assert_eq!(read_keys(b"x:a"), None);
    }
}
