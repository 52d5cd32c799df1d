//! Writes one bucket: in one step, or, where it is more than one script should take, in chunks that become the bucket
//! all at once.

use redis::Cmd;
use tokio::task::JoinHandle;

use super::control::Control;
use super::feed::{ENTRIES, Named};
use super::scripts::{self, CHUNK, SWAP, WRITE};
use super::writer::{Target, Writer};
use super::{Outcome, StoreError};
use crate::Row;

/// The most bytes that one script takes, apart from its last row: so long, nobody else is answered.
///
/// Measured on Redis 7, 262,144 rows of 250 B in buckets of 4,096, 300,000 rows/s: scripts of a mebibyte take up to
/// 15 ms, and those of 16,384 rows of 20 B 30 ms; of a quarter of a mebibyte and [`CHUNK_ROWS`] 3 ms, at the same speed.
/// What is left is the copy that a patch of more than one chunk begins with: 1.2 ms per mebibyte of the bucket.
const CHUNK_BYTES: usize = 256 << 10;

/// The most rows that one script takes.
const CHUNK_ROWS: usize = 2048;

/// After this time Redis removes chunks with which nobody goes on.
const CHUNKS_KEPT_MS: u64 = 60 * 60 * 1000;

const ACT: &str = "write a bucket of the store";

/// Writes one bucket; nothing of it is seen before [`finish`](Self::finish).
///
/// Holds two chunks and two rows at most: one is sent while the next one is gathered. Several buckets may be finished
/// side by side; what they send goes over the one connection without waiting for one another's answers.
#[derive(Debug)]
#[must_use]
pub struct BucketWriter<'a> {
    writer: &'a Writer,
    target: Target,
    bucket: u32,
    base: Option<u64>,
    removed: Vec<Vec<u8>>,
    /// Keys and rows in turn.
    rows: Vec<Vec<u8>>,
    bytes: usize,
    /// The keys that a patch changes; `None` if they are too many to be named, or all are replaced.
    named: Option<Named>,
    /// How many chunks were sent to the temporary key.
    chunks: u32,
    /// The chunk that is on its way.
    sent: Option<JoinHandle<Result<Outcome, StoreError>>>,
    /// Why the bucket cannot be written; what comes is passed over.
    refused: Option<Outcome>,
}

impl<'a> BucketWriter<'a> {
    pub(super) fn new(writer: &'a Writer, target: Target, bucket: u32, base: Option<u64>) -> Self {
        let (removed, rows, named) = (Vec::new(), Vec::new(), base.map(|_| Named::default()));
        Self { writer, target, bucket, base, removed, rows, bytes: 0, named, chunks: 0, sent: None, refused: None }
    }

    /// Sets the row of a key text; a key comes once.
    pub async fn put(&mut self, key: &[u8], row: &Row) -> Result<(), StoreError> {
        self.rows.extend([key.to_vec(), row.as_bytes().to_vec()]);
        self.took(key, key.len() + row.as_bytes().len()).await
    }

    /// Removes the row of a key text, if it is there; a key comes once.
    pub async fn remove(&mut self, key: &[u8]) -> Result<(), StoreError> {
        self.removed.push(key.to_vec());
        self.took(key, key.len()).await
    }

    async fn took(&mut self, key: &[u8], bytes: usize) -> Result<(), StoreError> {
        self.named = self.named.take().and_then(|mut named| named.add(key).then_some(named));
        self.bytes += bytes;
        if self.bytes < CHUNK_BYTES && self.rows.len() / 2 + self.removed.len() < CHUNK_ROWS {
            return Ok(());
        }
        self.send_chunk().await
    }

    /// Makes what was given the bucket, if it still is where it has to be.
    pub async fn finish(mut self) -> Result<Outcome, StoreError> {
        if self.chunks == 0 {
            let mut call = self.call(&WRITE, vec![self.key()]);
            self.add_change(&mut call);
            self.add_rows(&mut call);
            return run(self.writer, &call).await;
        }
        if !self.rows.is_empty() || !self.removed.is_empty() {
            self.send_chunk().await?;
        }
        self.arrived().await?;
        if let Some(outcome) = self.refused {
            return Ok(outcome);
        }
        let mut call = self.call(&SWAP, vec![self.key(), self.temporary_key()]);
        call.arg(self.chunks - 1);
        self.add_change(&mut call);
        run(self.writer, &call).await
    }

    /// Sends what was gathered, once the chunk before has arrived.
    async fn send_chunk(&mut self) -> Result<(), StoreError> {
        self.arrived().await?;
        if self.refused.is_none() {
            let mut call = self.call(&CHUNK, vec![self.key(), self.temporary_key()]);
            call.arg(self.chunks).arg(CHUNKS_KEPT_MS);
            self.add_rows(&mut call);
            let writer = self.writer.clone();
            self.sent = Some(tokio::spawn(async move { run(&writer, &call).await }));
            self.chunks += 1;
        }
        self.removed.clear();
        self.rows.clear();
        self.bytes = 0;
        Ok(())
    }

    /// Waits for the answer to the chunk that is on its way.
    async fn arrived(&mut self) -> Result<(), StoreError> {
        let Some(sent) = self.sent.take() else { return Ok(()) };
        // A task ends early only with the runtime, and this one with it.
        let outcome = sent.await.unwrap_or(Ok(Outcome::Torn))?;
        if outcome != Outcome::Done {
            self.refused = Some(outcome);
        }
        Ok(())
    }

    /// A call of one of the bucket's scripts, with what all of them are told.
    fn call(&self, script: &redis::Script, keys: Vec<String>) -> Cmd {
        let mut call = scripts::call(script, &self.writer.guarded(keys));
        let base = self.base.map(|base| base.to_string()).unwrap_or_default();
        let control = Control::new(self.target.run, self.target.columns).to_string();
        call.arg(self.target.token).arg(self.target.run).arg(base).arg(control);
        call
    }

    /// What the feed is told.
    fn add_change(&self, call: &mut Cmd) {
        let place = format!("{}.{}", self.target.buckets, self.bucket);
        match self.named.as_ref().map(Named::text) {
            Some([]) => call.arg("").arg(""),
            Some(named) => call.arg(place).arg(named),
            None => call.arg(place).arg(""),
        };
        call.arg(ENTRIES);
    }

    fn add_rows(&self, call: &mut Cmd) {
        call.arg(self.removed.len());
        self.removed.iter().chain(&self.rows).for_each(|text| {
            call.arg(text);
        });
    }

    fn key(&self) -> String {
        self.writer.keys.bucket(self.target.buckets, self.bucket)
    }

    fn temporary_key(&self) -> String {
        self.writer.keys.temporary(self.target.buckets, self.bucket, self.target.token)
    }
}

async fn run(writer: &Writer, call: &Cmd) -> Result<Outcome, StoreError> {
    scripts::run(&mut writer.connection.clone(), ACT, call).await
}
