//! The writer of one entity: each step of a run is one script, which does nothing once a newer run is at work.

use std::collections::HashMap;

use redis::aio::{ConnectionLike, ConnectionManager};

use super::bucket::BucketWriter;
use super::control::{self, Columns, Control};
use super::feed::{self, Change};
use super::meta::{Meta, Snapshot, Unreadable};
use super::scripts::{self, COMMIT, START, TAKE, UNLINK, VERIFY, WRITE};
use super::{Keys, LAYOUT, OLDEST_LAYOUT, Outcome, StoreError};

/// How many buckets are asked or written in one round.
pub(super) const ROUND: usize = 500;

/// What the script of a bucket can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shards {
    /// One Redis holds everything: the script compares the meta's token.
    One,
    /// Redis Cluster, where the meta may be on another shard: the script goes by the bucket's own control field.
    Many,
}

/// The run that buckets are brought to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The token of the process: the run it has claimed.
    pub token: u64,
    /// The run the rows are of: the process' own, or the one it finishes.
    pub run: u64,
    /// The number of buckets of that run.
    pub buckets: u32,
    /// The columns of its rows.
    pub columns: Columns,
}

/// Writes one entity of a store.
#[derive(Clone, Debug)]
pub struct Writer {
    pub(super) connection: ConnectionManager,
    pub(super) keys: Keys,
    pub(super) shards: Shards,
    owner: String,
}

impl Writer {
    /// A writer of the entity with these keys, on behalf of `owner`: `<installation>/<namespace>/<graph>`.
    pub fn new(connection: ConnectionManager, keys: Keys, owner: &str, shards: Shards) -> Self {
        Self { connection, keys, shards, owner: owner.to_owned() }
    }

    /// What the store says of the entity; `None` if it has never been written, or was lost.
    pub async fn meta(&self) -> Result<Option<Meta>, StoreError> {
        read_meta(&mut self.connection.clone(), &self.keys, "read the store's meta").await
    }

    /// Who it writes for.
    pub(super) fn owner(&self) -> &str {
        &self.owner
    }

    /// Takes the meta for the run `token`, unless it is another owner's or a newer run's.
    pub async fn take(&self, token: u64) -> Result<Outcome, StoreError> {
        self.take_if(token, false).await
    }

    /// The same for a run that found a meta when it began: if there is none any more, the entity was removed meanwhile,
    /// and the run is fenced.
    pub async fn take_known(&self, token: u64) -> Result<Outcome, StoreError> {
        self.take_if(token, true).await
    }

    async fn take_if(&self, token: u64, is_known: bool) -> Result<Outcome, StoreError> {
        let mut call = scripts::call(&TAKE, &[self.keys.meta()]);
        call.arg(token).arg(&self.owner).arg(OLDEST_LAYOUT).arg(LAYOUT).arg(u8::from(is_known));
        scripts::run(&mut self.connection.clone(), "take the store's meta", &call).await
    }

    /// Records that the run of `snapshot` is about to be applied.
    pub async fn start(&self, token: u64, snapshot: &Snapshot) -> Result<Outcome, StoreError> {
        let entity = serde_json::to_string(&snapshot.entity).expect("names and types are JSON");
        let mut call = scripts::call(&START, &[self.keys.meta()]);
        call.arg(token).arg(snapshot.run).arg(snapshot.buckets).arg(entity).arg(snapshot.snapshot_time);
        scripts::run(&mut self.connection.clone(), "record the run in the store", &call).await
    }

    /// The control field of each of `buckets` buckets, in their order; `None` where there is none.
    pub async fn controls(&self, buckets: u32) -> Result<Vec<Option<Control>>, StoreError> {
        let act = "read where the store's buckets are";
        let mut controls = Vec::with_capacity(buckets as usize);
        let numbers: Vec<u32> = (0..buckets).collect();
        for round in numbers.chunks(ROUND) {
            let mut pipeline = redis::pipe();
            for &bucket in round {
                pipeline.cmd("HGET").arg(self.keys.bucket(buckets, bucket)).arg(control::FIELD);
            }
            let fields: Vec<Option<Vec<u8>>> = pipeline
                .query_async(&mut self.connection.clone())
                .await
                .map_err(|error| StoreError::new(act, &error))?;
            controls.extend(fields.into_iter().map(|field| Control::parse(&field?)));
        }
        Ok(controls)
    }

    /// The number of rows in each of `buckets` buckets, in their order; 0 where there is no bucket.
    pub async fn row_counts(&self, buckets: u32) -> Result<Vec<u64>, StoreError> {
        let act = "count the rows in the store's buckets";
        let mut counts = Vec::with_capacity(buckets as usize);
        let numbers: Vec<u32> = (0..buckets).collect();
        for round in numbers.chunks(ROUND) {
            let mut pipeline = redis::pipe();
            for &bucket in round {
                pipeline.cmd("HLEN").arg(self.keys.bucket(buckets, bucket));
            }
            let fields: Vec<u64> = pipeline
                .query_async(&mut self.connection.clone())
                .await
                .map_err(|error| StoreError::new(act, &error))?;
            // One of them is the control field.
            counts.extend(fields.into_iter().map(|fields| fields.saturating_sub(1)));
        }
        Ok(counts)
    }

    /// Begins to bring a bucket to the target: from its rows at the run `base`, or from nothing.
    pub fn bucket(&self, target: Target, bucket: u32, base: Option<u64>) -> BucketWriter<'_> {
        BucketWriter::new(self, target, bucket, base)
    }

    /// Brings buckets without changes from the run `base` to the target; one outcome for each, in order.
    pub async fn keep(&self, target: Target, base: u64, buckets: &[u32]) -> Result<Vec<Outcome>, StoreError> {
        let act = "keep buckets of the store";
        let control = Control::new(target.run, target.columns).to_string();
        let mut outcomes = Vec::with_capacity(buckets.len());
        for round in buckets.chunks(ROUND) {
            let mut pipeline = redis::pipe();
            for &bucket in round {
                let mut call = scripts::call(&WRITE, &self.guarded(vec![self.keys.bucket(target.buckets, bucket)]));
                // Nothing changes that the feed would have to be told.
                call.arg(target.token).arg(target.run).arg(base).arg(&control).arg("").arg("").arg(0).arg(0);
                pipeline.add_command(call);
            }
            outcomes.extend(scripts::run_all(&mut self.connection.clone(), act, &pipeline).await?);
        }
        Ok(outcomes)
    }

    /// Appends to the change feed what no script did: with [`Shards::Many`] the changed buckets, once they are written
    /// and before the run is committed; with [`Shards::One`] nothing, for a bucket is announced as it is written.
    pub async fn announce(&self, changes: &[Change]) -> Result<(), StoreError> {
        match self.shards {
            Shards::One => Ok(()),
            Shards::Many => self.append(changes).await,
        }
    }

    async fn append(&self, changes: &[Change]) -> Result<(), StoreError> {
        feed::append(&mut self.connection.clone(), &self.keys, changes).await
    }

    /// Makes the run that [`start`](Self::start) recorded the committed one, once all of its buckets are written.
    pub async fn commit(&self, token: u64, run: u64) -> Result<Outcome, StoreError> {
        let mut call = scripts::call(&COMMIT, &self.with_feed(vec![self.keys.meta()]));
        call.arg(token).arg(run).arg(LAYOUT).arg(feed::ENTRIES);
        let outcome = scripts::run(&mut self.connection.clone(), "commit the run in the store", &call).await?;
        if matches!(outcome, Outcome::Done) && self.shards == Shards::Many {
            self.append(&[Change::Committed { run }]).await?;
        }
        Ok(outcome)
    }

    /// Records that the rows of the committed run were found unchanged in the table at a time, in Unix seconds.
    pub async fn verify(&self, run: u64, time: u64) -> Result<Outcome, StoreError> {
        let mut call = scripts::call(&VERIFY, &[self.keys.meta()]);
        call.arg(&self.owner).arg(run).arg(time);
        scripts::run(&mut self.connection.clone(), "record in the store that nothing changed", &call).await
    }

    /// Removes all buckets of a set that is out of use, one of [`Meta::sets`]; they are named, not searched for.
    pub async fn unlink(&self, token: u64, buckets: u32) -> Result<Outcome, StoreError> {
        let numbers: Vec<u32> = (0..buckets).collect();
        let rounds = numbers.chunks(ROUND).count();
        for (number, round) in numbers.chunks(ROUND).enumerate() {
            let keys: Vec<String> = round.iter().map(|&bucket| self.keys.bucket(buckets, bucket)).collect();
            let outcome = self.unlink_round(token, buckets, keys, number + 1 == rounds).await?;
            if outcome != Outcome::Done {
                return Ok(outcome);
            }
        }
        Ok(Outcome::Done)
    }

    async fn unlink_round(
        &self,
        token: u64,
        buckets: u32,
        keys: Vec<String>,
        is_last: bool,
    ) -> Result<Outcome, StoreError> {
        let act = "remove old buckets of the store";
        let mut connection = self.connection.clone();
        let call = |mut keys: Vec<String>, is_last: bool| {
            keys.insert(0, self.keys.meta());
            let mut call = scripts::call(&UNLINK, &keys);
            call.arg(token).arg(buckets).arg(u8::from(is_last));
            call
        };
        if self.shards == Shards::One {
            return scripts::run(&mut connection, act, &call(keys, is_last)).await;
        }
        // The meta and each bucket may be on shards of their own.
        let outcome = scripts::run(&mut connection, act, &call(Vec::new(), false)).await?;
        if outcome != Outcome::Done {
            return Ok(outcome);
        }
        let mut pipeline = redis::pipe();
        for key in keys {
            pipeline.cmd("UNLINK").arg(key).ignore();
        }
        pipeline.exec_async(&mut connection).await.map_err(|error| StoreError::new(act, &error))?;
        if is_last { scripts::run(&mut connection, act, &call(Vec::new(), true)).await } else { Ok(outcome) }
    }

    /// The keys of the meta's script, with the feed where it can see it.
    fn with_feed(&self, mut keys: Vec<String>) -> Vec<String> {
        if self.shards == Shards::One {
            keys.push(self.keys.changes());
        }
        keys
    }

    /// The keys of a bucket's script, with the meta and the feed where it can see them.
    pub(super) fn guarded(&self, mut keys: Vec<String>) -> Vec<String> {
        if self.shards == Shards::One {
            keys.extend([self.keys.meta(), self.keys.changes()]);
        }
        keys
    }
}

/// Reads the meta of the entity with these keys.
pub(super) async fn read_meta(
    connection: &mut impl ConnectionLike,
    keys: &Keys,
    act: &'static str,
) -> Result<Option<Meta>, StoreError> {
    let fields: Result<HashMap<String, Vec<u8>>, _> =
        redis::cmd("HGETALL").arg(keys.meta()).query_async(connection).await;
    Meta::parse(&fields.map_err(|error| StoreError::new(act, &error))?).map_err(|unreadable| match unreadable {
        Unreadable::Layout(layout) => StoreError::OtherLayout { act, layout },
        Unreadable::Field(_) => StoreError::Foreign { act, what: "meta" },
    })
}
