//! Brings every bucket of the store to a run, in their order.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use weft_store::redis::{BucketWriter, Change, Columns, Control, Outcome, StoreError, Target, Writer, bucket_of};
use weft_store::{EntityMeta, Row, RowBuilder};
use weft_warehouse::{Cells, NotText, Warehouse};

use crate::decide::first_elsewhere;
use crate::header::Rebuild;
use crate::report::Buckets;
use crate::rows;
use crate::statements::{Source, first_order};
use crate::{Progress, Step, SyncError};

/// So many buckets are written at the same time; each holds a chunk at most.
const IN_FLIGHT: usize = 8;

/// Beyond so many bytes of keys a bucket is announced as a whole.
const ANNOUNCED_BYTES: usize = 4096;

/// So many changes are announced at once.
const ANNOUNCED: usize = 500;

const ACT: &str = "read the stage";

/// A stage that was promoted, and is to be in the store.
pub(crate) struct Staged<'a> {
    pub(crate) run: u64,
    pub(crate) base: Option<u64>,
    pub(crate) buckets: u32,
    pub(crate) rebuild: &'a Rebuild,
    pub(crate) entity: &'a EntityMeta,
    /// The rows that are written or removed.
    pub(crate) rows: u64,
}

/// Brings every bucket to the run of a stage; one that is not where it has to be is left to the next run.
pub(crate) async fn apply(
    warehouse: &impl Warehouse,
    source: Source<'_>,
    writer: &Writer,
    token: u64,
    staged: &Staged<'_>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Buckets, SyncError> {
    let controls = writer.controls(staged.buckets).await?;
    let mut work = Work::new(writer, token, staged, &controls);
    if let Some(first) = first_elsewhere(&controls, staged.run) {
        work.next = first;
        let from = (first > 0).then(|| first_order(first, staged.buckets));
        let (sql, columns) = source.changes(staged.run, from.as_deref());
        let mut batches = warehouse.query(sql, columns).await.map_err(SyncError::of(ACT))?;
        let mut read = 0;
        while let Some(batch) = work.while_writing(rows::next(&mut batches, ACT)).await? {
            let cells = rows::cells(&batch)?;
            for row in 0..batch.num_rows() {
                work.take(&cells, row).await?;
            }
            read += batch.num_rows() as u64;
            progress(Progress { step: Step::Apply, rows: read, of: Some(staged.rows) });
        }
    }
    work.finish().await
}

type Writing<'a> = Pin<Box<dyn Future<Output = Result<(Written, Outcome), StoreError>> + Send + 'a>>;

/// A bucket that is being written.
struct Written {
    bucket: u32,
    is_rebuilt: bool,
    keys: Option<Vec<Bytes>>,
}

/// The bucket whose rows are coming.
struct Open<'a> {
    writer: BucketWriter<'a>,
    written: Written,
    key_bytes: usize,
}

struct Work<'a> {
    writer: &'a Writer,
    staged: &'a Staged<'a>,
    target: Target,
    controls: &'a [Option<Control>],
    /// The first bucket that nothing was done about.
    next: u32,
    open: Option<Open<'a>>,
    in_flight: FuturesUnordered<Writing<'a>>,
    kept: Vec<u32>,
    changes: Vec<Change>,
    done: Buckets,
    row: RowBuilder,
    json: Vec<u8>,
}

impl<'a> Work<'a> {
    fn new(writer: &'a Writer, token: u64, staged: &'a Staged<'a>, controls: &'a [Option<Control>]) -> Self {
        let Staged { run, buckets, entity, .. } = *staged;
        let target = Target { token, run, buckets, columns: Columns::of(entity) };
        Self {
            writer,
            staged,
            target,
            controls,
            next: buckets,
            open: None,
            in_flight: FuturesUnordered::new(),
            kept: Vec::new(),
            changes: Vec::new(),
            done: Buckets { total: buckets, ..Buckets::default() },
            row: RowBuilder::default(),
            json: Vec::new(),
        }
    }

    /// Waits for something while buckets are being written.
    async fn while_writing<T>(&mut self, wanted: impl Future<Output = Result<T, SyncError>>) -> Result<T, SyncError> {
        let mut wanted = std::pin::pin!(wanted);
        loop {
            if self.in_flight.is_empty() {
                return wanted.await;
            }
            let either = futures_util::future::select(wanted.as_mut(), self.in_flight.next()).await;
            match either {
                futures_util::future::Either::Left((found, _)) => return found,
                futures_util::future::Either::Right((written, _)) => self.written(written).await?,
            }
        }
    }

    /// Takes one row of the stage.
    async fn take(&mut self, cells: &[Cells<'_>], row: usize) -> Result<(), SyncError> {
        let op = rows::text(cells, 0, row)?;
        let key = rows::text(cells, 1, row)?.as_bytes();
        let bucket = bucket_of(key, self.staged.buckets);
        if self.open.as_ref().is_none_or(|open| open.written.bucket != bucket) {
            self.go_to(bucket).await?;
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        open.key_bytes += key.len();
        match &mut open.written.keys {
            Some(keys) if open.key_bytes <= ANNOUNCED_BYTES => keys.push(Bytes::copy_from_slice(key)),
            keys => *keys = None,
        }
        if matches!(op, "added" | "changed" | "same") {
            for cell in cells.iter().skip(2) {
                self.json.clear();
                match cell.get(row) {
                    Ok(value) => value.append_json(&mut self.json),
                    Err(NotText) => return Err(SyncError::Unreadable),
                }
                self.row.push(&self.json);
            }
            let built: Row = self.row.finish();
            open.writer.put(key, &built).await?;
        } else if !open.written.is_rebuilt {
            open.writer.remove(key).await?;
        }
        Ok(())
    }

    /// Ends the bucket whose rows came, and does what is to be done about those before `bucket`.
    async fn go_to(&mut self, bucket: u32) -> Result<(), SyncError> {
        self.close().await?;
        while self.next < bucket {
            self.without_changes(self.next).await?;
            self.next += 1;
        }
        self.next = self.next.max(bucket + 1);
        if !self.is_done(bucket) {
            self.open = Some(self.begin(bucket));
        } else {
            self.done.kept += 1;
        }
        Ok(())
    }

    fn begin(&self, bucket: u32) -> Open<'a> {
        let is_rebuilt = self.staged.rebuild.contains(bucket);
        let base = self.staged.base.filter(|_| !is_rebuilt);
        let keys = (!is_rebuilt).then(Vec::new);
        let writer = self.writer.bucket(self.target, bucket, base);
        Open { writer, written: Written { bucket, is_rebuilt, keys }, key_bytes: 0 }
    }

    fn is_done(&self, bucket: u32) -> bool {
        let control = self.controls.get(bucket as usize).and_then(Option::as_ref);
        control.is_some_and(|control| control.run == self.staged.run)
    }

    async fn without_changes(&mut self, bucket: u32) -> Result<(), SyncError> {
        if self.is_done(bucket) {
            self.done.kept += 1;
        } else if self.staged.rebuild.contains(bucket) {
            self.open = Some(self.begin(bucket));
            self.close().await?;
        } else {
            self.kept.push(bucket);
        }
        Ok(())
    }

    async fn close(&mut self) -> Result<(), SyncError> {
        let Some(open) = self.open.take() else { return Ok(()) };
        while self.in_flight.len() >= IN_FLIGHT {
            if let Some(written) = self.in_flight.next().await {
                self.written(Some(written)).await?;
            }
        }
        let Open { writer, written, .. } = open;
        self.in_flight.push(Box::pin(async move { Ok((written, writer.finish().await?)) }));
        // What is pushed is not sent before it is asked about.
        while let Some(Some(written)) = self.in_flight.next().now_or_never() {
            self.written(Some(written)).await?;
        }
        Ok(())
    }

    async fn written(&mut self, written: Option<Result<(Written, Outcome), StoreError>>) -> Result<(), SyncError> {
        let Some((written, outcome)) = written.transpose()? else { return Ok(()) };
        let Written { bucket, is_rebuilt, keys } = written;
        match outcome {
            Outcome::Done if is_rebuilt => self.done.rebuilt += 1,
            Outcome::Done => self.done.patched += 1,
            outcome => return self.not_written(outcome),
        }
        let Staged { run, buckets, .. } = *self.staged;
        self.changes.push(Change::Rows { run, buckets, bucket, keys });
        if self.changes.len() >= ANNOUNCED {
            self.announce().await?;
        }
        Ok(())
    }

    fn not_written(&mut self, outcome: Outcome) -> Result<(), SyncError> {
        match outcome {
            Outcome::Done | Outcome::Already(_) => self.done.kept += 1,
            Outcome::Elsewhere(_) | Outcome::OtherColumns | Outcome::Torn => self.done.left += 1,
            Outcome::Fenced(Some(by)) => return Err(SyncError::Fenced { by }),
            Outcome::Fenced(None) => return Err(SyncError::Overtaken { what: "the store's meta" }),
            Outcome::OtherLayout(layout) => return Err(SyncError::OtherLayout(layout)),
            Outcome::Owned(_) | Outcome::InUse => return Err(SyncError::Unreadable),
        }
        Ok(())
    }

    async fn announce(&mut self) -> Result<(), SyncError> {
        self.writer.announce(&self.changes).await?;
        self.changes.clear();
        Ok(())
    }

    async fn finish(mut self) -> Result<Buckets, SyncError> {
        let buckets = self.staged.buckets;
        self.close().await?;
        while self.next < buckets {
            self.without_changes(self.next).await?;
            self.next += 1;
        }
        while let Some(written) = self.in_flight.next().await {
            self.written(Some(written)).await?;
        }
        if let Some(base) = self.staged.base {
            for outcome in self.writer.keep(self.target, base, &self.kept).await? {
                self.not_written(outcome)?;
            }
        }
        self.announce().await?;
        // Those before the first that was behind were passed over.
        self.done.kept = buckets.saturating_sub(self.done.rebuilt + self.done.patched + self.done.left);
        Ok(self.done)
    }
}
