//! Whether what was found is applied, has nothing to apply, or waits for a person.

use std::collections::BTreeMap;

use weft_plan_types::HoldReason;
use weft_store::redis::{Meta, Snapshot};
use weft_warehouse::Warehouse;

use super::{Found, Run};
use crate::guard;
use crate::header::{SnapshotHeader, StageHeader};
use crate::names::{Kept, Kind};
use crate::report::{Buckets, Ending, Held, Mode, Report, Rows};
use crate::{SyncError, decide, inspect};

impl<W: Warehouse> Run<'_, W> {
    /// Applies what waits for approval.
    pub(super) async fn approved(&mut self, asked: u64, kept: &Kept, meta: &Meta) -> Result<Report, SyncError> {
        if let Some(committed) = meta.committed.as_ref().filter(|committed| committed.run == asked) {
            return self.applied(committed, kept, meta).await;
        }
        let held = self.held(kept, meta).await?;
        match held {
            Some((found, _)) if found.run == asked => {
                let mut report = self.promote(&found, meta).await?;
                report.mode = Mode::Approved;
                Ok(report)
            }
            held => {
                let held = held.map(|(found, _)| found);
                self.sweep(kept, meta, None, held.as_ref()).await?;
                Err(SyncError::NotHeld { asked, held: held.map(|held| held.run) })
            }
        }
    }

    /// What to tell of a run that was applied before.
    async fn applied(&mut self, committed: &Snapshot, kept: &Kept, meta: &Meta) -> Result<Report, SyncError> {
        let header: SnapshotHeader = self.note(Kind::Snapshot, committed.run).await?;
        let held = self.held(kept, meta).await?.map(|(found, _)| found);
        self.sweep(kept, meta, None, held.as_ref()).await?;
        let buckets = Buckets { total: committed.buckets, kept: committed.buckets, ..Buckets::default() };
        Ok(Report {
            outcome: Ending::Unchanged,
            run: Some(committed.run),
            mode: Mode::Approved,
            snapshot_time: Some(committed.snapshot_time),
            verified_time: meta.fresh_at(),
            rows: Rows { total: header.rows, ..Rows::default() },
            buckets,
            rejected: BTreeMap::new(),
            held: None,
            resumed: None,
            mended: 0,
            undropped: self.undropped,
            samples: Vec::new(),
            statements: Vec::new(),
        })
    }

    /// The stage that waits for approval, if one does.
    pub(super) async fn held(&self, kept: &Kept, meta: &Meta) -> Result<Option<(Found, HoldReason)>, SyncError> {
        let committed = meta.committed.as_ref().map(|committed| committed.run);
        for run in decide::undecided(kept, committed, self.own) {
            let Ok(header) = self.note::<StageHeader>(Kind::Stage, run).await else { continue };
            if !decide::is_applicable(&header, kept, self.source.entity) {
                continue;
            }
            let counts = inspect::counts(self.warehouse, self.source.stage_counts(run)).await?;
            if let Some(reason) = guard::verdict(&self.plan.guard, &header, &counts) {
                return Ok(Some((Found { run, header, counts }, reason)));
            }
        }
        Ok(None)
    }

    /// Whether the stage is applied, has nothing to apply, or is held.
    pub(super) async fn decided(&mut self, found: Found, kept: &Kept, meta: &Meta) -> Result<Report, SyncError> {
        let samples = inspect::samples(self.warehouse, self.source, found.run, self.request.samples).await?;
        let held = self.held(kept, meta).await?;
        let verdict = guard::verdict(&self.plan.guard, &found.header, &found.counts);
        let mut report = match (verdict, held) {
            (Some(reason), held) => {
                let (held, reason) = held.as_ref().map_or((&found, reason), |(held, reason)| (held, *reason));
                self.sweep(kept, meta, found.header.base, Some(held)).await?;
                let mut report = self.report(Ending::Held, &found);
                let rows = (held.run != found.run).then(|| held.rows());
                report.held = Some(Held { run: Some(held.run), reason, rows });
                report.snapshot_time = meta.committed.as_ref().map(|committed| committed.snapshot_time);
                report.verified_time = meta.fresh_at();
                report
            }
            (None, _) if found.counts.touched() == 0 && decide::is_whole(&found.header, meta) => {
                self.unchanged(&found, meta).await?
            }
            (None, _) => self.promote(&found, meta).await?,
        };
        report.samples = samples;
        Ok(report)
    }

    pub(super) async fn unchanged(&mut self, found: &Found, meta: &Meta) -> Result<Report, SyncError> {
        let base = found.header.base.unwrap_or_default();
        self.done(self.writer.verify(base, found.header.time).await?)?;
        self.unlink_others(meta, found.header.buckets.unwrap_or_default()).await?;
        let kept = self.kept().await?;
        self.sweep(&kept, meta, found.header.base, None).await?;
        let mut report = self.report(Ending::Unchanged, found);
        report.run = Some(base);
        report.snapshot_time = meta.committed.as_ref().map(|committed| committed.snapshot_time);
        report.verified_time = Some(found.header.time);
        report.buckets.kept = report.buckets.total;
        Ok(report)
    }
}
