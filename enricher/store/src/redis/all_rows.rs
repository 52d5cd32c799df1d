//! All rows of an entity, as a reader sees them: bucket by bucket, each one sound or not there.

use bytes::Bytes;
use redis::Value;

use super::control;
use super::keys::{bucket_at, bucket_end, place};
use super::reader::{Known, answer, reason};
use super::{RedisStore, StoreError};
use crate::{Answer, Row, Unavailable};

/// Reads every row of an entity once, also where a run brings the entity to another number of buckets meanwhile. Buckets
/// may be of different runs, as they are for whoever looks rows up.
#[derive(Debug)]
pub struct AllRows<'a> {
    store: &'a RedisStore,
    slug: String,
    /// What stands before this place was read; at 2^32 everything was.
    done: u64,
}

/// The rows of one bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketRows {
    /// The bucket.
    pub bucket: u32,
    /// How many buckets there are.
    pub buckets: u32,
    /// Key texts and rows, in no order, or why the store cannot tell them.
    pub rows: Result<Vec<(Bytes, Row)>, Unavailable>,
}

impl<'a> AllRows<'a> {
    pub(super) fn new(store: &'a RedisStore, slug: &str) -> Self {
        Self { store, slug: slug.to_owned(), done: 0 }
    }

    /// The next bucket, whole in memory; `None` after the last one. An error says why nothing of the entity can be
    /// told.
    pub async fn next(&mut self) -> Result<Option<BucketRows>, Unavailable> {
        let Ok(from) = u32::try_from(self.done) else { return Ok(None) };
        let mut known = self.store.known(&self.slug).await?;
        let mut rows = self.read(&known, from).await;
        if matches!(rows, Err(Unavailable::BucketLost | Unavailable::BucketOld | Unavailable::ColumnsChanged)) {
            // The meta may be from before.
            known = self.store.read(&self.slug, 0, false).await?;
            rows = self.read(&known, from).await;
        }
        let buckets = known.committed.buckets;
        let bucket = bucket_at(from, buckets);
        self.done = bucket_end(bucket, buckets);
        Ok(Some(BucketRows { bucket, buckets, rows }))
    }

    /// The rows of the bucket that a place is in, from that place on.
    async fn read(&self, known: &Known, from: u32) -> Result<Vec<(Bytes, Row)>, Unavailable> {
        let buckets = known.committed.buckets;
        let mut call = redis::cmd("HGETALL");
        call.arg(known.keys.bucket(buckets, bucket_at(from, buckets)));
        let fields: Result<Vec<(Vec<u8>, Value)>, _> = call.query_async(&mut self.store.connection.clone()).await;
        let mut fields = fields.map_err(|error| reason(&StoreError::new("read a bucket of the store", &error)))?;
        let control = fields.iter().position(|(key, _)| key == control::FIELD);
        let control = control.map(|control| fields.swap_remove(control).1);
        let translation = known.judge(control, &mut 0)?;
        let mut rows = Vec::with_capacity(fields.len());
        for (key, field) in fields.into_iter().filter(|(key, _)| place(key) >= from) {
            match answer(Some(field), translation.as_ref()) {
                Answer::Found(row) => rows.push((Bytes::from(key), row)),
                Answer::Missing => {}
                Answer::Unavailable(reason) => return Err(reason),
            }
        }
        Ok(rows)
    }
}
