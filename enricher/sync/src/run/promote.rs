//! From a stage that may be applied to a store that has it.

use weft_store::redis::{Meta, Snapshot};
use weft_warehouse::{Error, Warehouse};

use super::{Found, Run, json};
use crate::apply::{Staged, apply};
use crate::counts::Counts;
use crate::header::{SnapshotHeader, StageHeader, VERSION};
use crate::names::Kind;
use crate::report::{Buckets, Ending, Report, Resumed};
use crate::statements::Source;
use crate::{Progress, Step, SyncError, decide, inspect};

impl<W: Warehouse> Run<'_, W> {
    /// Applies again what an earlier run was killed at.
    pub(super) async fn resume(&mut self, started: &Snapshot) -> Result<(), SyncError> {
        let header: StageHeader = self.note(Kind::Stage, started.run).await?;
        let counts = inspect::counts(self.warehouse, self.source.stage_counts(started.run)).await?;
        let found = Found { run: started.run, header, counts };
        let buckets = self.apply(&found, started.buckets).await?;
        self.done(self.writer.commit(self.own, started.run).await?)?;
        self.resumed = Some(Resumed { run: started.run, buckets });
        Ok(())
    }

    /// Makes the snapshot of a stage, brings the store to it and commits it.
    pub(super) async fn promote(&mut self, found: &Found, meta: &Meta) -> Result<Report, SyncError> {
        let counts = &found.counts;
        let written = counts.added + counts.changed + counts.same;
        inspect::check_keys(self.plan, self.warehouse, self.source, found.run, written, self.progress).await?;
        (self.progress)(Progress { step: Step::Promote, rows: 0, of: None });
        let header = json(&self.snapshot_header(&found.header, counts));
        match self.warehouse.execute(self.source.snapshot(found.run, found.header.base, &header)).await {
            // It was made by a run that was killed before it recorded it.
            Ok(_) | Err(Error::Exists) => {}
            Err(error) => return Err(SyncError::of("write the snapshot")(error)),
        }
        let rows = found.rows();
        let buckets = found.header.buckets.unwrap_or_else(|| decide::buckets(meta.committed.as_ref(), rows.total));
        let snapshot =
            Snapshot { run: found.run, buckets, entity: found.header.entity.clone(), snapshot_time: found.header.time };
        if meta.committed.is_none() && meta.applying.is_none() {
            // What buckets there are have lost their meta: they may say any run, this one's too.
            self.done(self.writer.unlink(self.own, buckets).await?)?;
        }
        self.done(self.writer.start(self.own, &snapshot).await?)?;
        let written = self.apply(found, buckets).await?;
        self.done(self.writer.commit(self.own, found.run).await?)?;
        let meta = self.meta().await?;
        self.unlink_others(&meta, buckets).await?;
        let kept = self.kept().await?;
        self.sweep(&kept, &meta, None, None).await?;
        let mut report = self.report(Ending::Synced, found);
        report.buckets = written;
        report.snapshot_time = Some(found.header.time);
        report.verified_time = Some(found.header.time);
        Ok(report)
    }

    /// Removes the sets of buckets that are out of use.
    pub(super) async fn unlink_others(&self, meta: &Meta, used: u32) -> Result<(), SyncError> {
        for &set in meta.sets.iter().filter(|set| **set != used) {
            self.done(self.writer.unlink(self.own, set).await?)?;
        }
        Ok(())
    }

    pub(super) async fn apply(&mut self, found: &Found, buckets: u32) -> Result<Buckets, SyncError> {
        let counts = &found.counts;
        let staged = Staged {
            run: found.run,
            base: found.header.base,
            buckets,
            rebuild: &found.header.rebuild,
            entity: &found.header.entity,
            rows: counts.touched() + counts.same,
        };
        let source = Source { entity: staged.entity, ..self.source };
        apply(self.warehouse, source, self.writer, self.own, &staged, self.progress).await
    }

    pub(super) fn snapshot_header(&self, stage: &StageHeader, counts: &Counts) -> SnapshotHeader {
        SnapshotHeader {
            version: VERSION,
            hash_version: stage.hash_version,
            rows: counts.total(stage.base_rows),
            entity: stage.entity.clone(),
        }
    }
}
