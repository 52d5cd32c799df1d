//! Writes one bucket: in one step, or, beyond a mebibyte, in chunks that become the bucket all at once.

use redis::Cmd;

use super::control::Control;
use super::scripts::{self, CHUNK, SWAP, WRITE};
use super::writer::{Target, Writer};
use super::{Outcome, StoreError};
use crate::Row;

/// The most bytes that one script takes, apart from its last row: Redis is held up for some milliseconds at most.
const CHUNK_BYTES: usize = 1 << 20;

/// After this time Redis removes chunks with which nobody goes on.
const CHUNKS_KEPT_MS: u64 = 60 * 60 * 1000;

const ACT: &str = "write a bucket of the store";

/// Writes one bucket; nothing of it is seen before [`finish`](Self::finish). Holds a mebibyte and one row at most.
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
    /// How many chunks are in the temporary key.
    chunks: u32,
    /// Why the bucket cannot be written; what comes is passed over.
    refused: Option<Outcome>,
}

impl<'a> BucketWriter<'a> {
    pub(super) fn new(writer: &'a Writer, target: Target, bucket: u32, base: Option<u64>) -> Self {
        let (removed, rows) = (Vec::new(), Vec::new());
        Self { writer, target, bucket, base, removed, rows, bytes: 0, chunks: 0, refused: None }
    }

    /// Sets the row of a key text; a key comes once.
    pub async fn put(&mut self, key: &[u8], row: &Row) -> Result<(), StoreError> {
        self.rows.extend([key.to_vec(), row.as_bytes().to_vec()]);
        self.took(key.len() + row.as_bytes().len()).await
    }

    /// Removes the row of a key text, if it is there; a key comes once.
    pub async fn remove(&mut self, key: &[u8]) -> Result<(), StoreError> {
        self.removed.push(key.to_vec());
        self.took(key.len()).await
    }

    async fn took(&mut self, bytes: usize) -> Result<(), StoreError> {
        self.bytes += bytes;
        if self.bytes < CHUNK_BYTES {
            return Ok(());
        }
        let outcome = if self.refused.is_none() { self.send_chunk().await? } else { Outcome::Done };
        if outcome != Outcome::Done {
            self.refused = Some(outcome);
        }
        self.removed.clear();
        self.rows.clear();
        self.bytes = 0;
        Ok(())
    }

    /// Makes what was given the bucket, if it still is where it has to be.
    pub async fn finish(mut self) -> Result<Outcome, StoreError> {
        if let Some(outcome) = self.refused {
            return Ok(outcome);
        }
        if self.chunks == 0 {
            let mut call = self.call(&WRITE, vec![self.key()]);
            self.add_rows(&mut call);
            return self.run(&call).await;
        }
        if self.bytes > 0 {
            let outcome = self.send_chunk().await?;
            if outcome != Outcome::Done {
                return Ok(outcome);
            }
        }
        let mut call = self.call(&SWAP, vec![self.key(), self.temporary_key()]);
        call.arg(self.chunks - 1);
        self.run(&call).await
    }

    async fn send_chunk(&mut self) -> Result<Outcome, StoreError> {
        let mut call = self.call(&CHUNK, vec![self.key(), self.temporary_key()]);
        call.arg(self.chunks).arg(CHUNKS_KEPT_MS);
        self.add_rows(&mut call);
        self.chunks += 1;
        self.run(&call).await
    }

    /// A call of one of the bucket's scripts, with what all of them are told.
    fn call(&self, script: &redis::Script, keys: Vec<String>) -> Cmd {
        let mut call = scripts::call(script, &self.writer.guarded(keys));
        let base = self.base.map(|base| base.to_string()).unwrap_or_default();
        let control = Control::new(self.target.run, self.target.columns).to_string();
        call.arg(self.target.token).arg(self.target.run).arg(base).arg(control);
        call
    }

    fn add_rows(&self, call: &mut Cmd) {
        call.arg(self.removed.len());
        self.removed.iter().chain(&self.rows).for_each(|text| {
            call.arg(text);
        });
    }

    async fn run(&self, call: &Cmd) -> Result<Outcome, StoreError> {
        scripts::run(&mut self.writer.connection.clone(), ACT, call).await
    }

    fn key(&self) -> String {
        self.writer.keys.bucket(self.target.buckets, self.bucket)
    }

    fn temporary_key(&self) -> String {
        self.writer.keys.temporary(self.target.buckets, self.bucket, self.target.token)
    }
}
