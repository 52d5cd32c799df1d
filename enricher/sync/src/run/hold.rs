//! Whether what was found is applied, has nothing to apply, or waits for a person.

use weft_store::redis::Meta;
use weft_warehouse::Warehouse;

use super::{Found, Run};
use crate::guard::{self, HoldReason};
use crate::header::StageHeader;
use crate::names::{Kept, Kind};
use crate::report::{Ending, Held, Mode, Report};
use crate::{SyncError, decide, inspect};

impl<W: Warehouse> Run<'_, W> {
    /// Applies what waits for approval.
    pub(super) async fn approved(&mut self, asked: u64, kept: &Kept, meta: &Meta) -> Result<Report, SyncError> {
        let held = self.held(kept, meta).await?;
        match held {
            Some((found, _)) if found.run == asked => {
                let mut report = self.promote(&found, meta).await?;
                report.mode = Mode::Approved;
                Ok(report)
            }
            held => {
                let held = held.map(|(found, _)| found.run);
                self.sweep(kept, meta, None, held).await?;
                Err(SyncError::NotHeld { asked, held })
            }
        }
    }

    /// The stage that waits for approval, if one does.
    pub(super) async fn held(&self, kept: &Kept, meta: &Meta) -> Result<Option<(Found, HoldReason)>, SyncError> {
        let committed = meta.committed.as_ref().map(|committed| committed.run);
        for run in decide::undecided(kept, committed, self.own) {
            let Ok(header) = self.note::<StageHeader>(Kind::Stage, run).await else { continue };
            // Compared with columns that the table no longer has, it cannot be applied.
            if header.entity != *self.source.entity {
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
                let (run, reason) = held.map_or((found.run, reason), |(held, reason)| (held.run, reason));
                self.sweep(kept, meta, found.header.base, Some(run)).await?;
                let mut report = self.report(Ending::Held, &found);
                report.held = Some(Held { run: Some(run), reason });
                report.snapshot_time = meta.committed.as_ref().map(|committed| committed.snapshot_time);
                report.verified_time = meta.fresh_at();
                report
            }
            (None, _) if found.counts.touched() == 0 && self.is_whole(&found, meta) => {
                self.unchanged(&found, meta).await?
            }
            (None, _) => self.promote(&found, meta).await?,
        };
        report.samples = samples;
        Ok(report)
    }

    /// Whether the store has the base, all of it, in the form that is written now.
    pub(super) fn is_whole(&self, found: &Found, meta: &Meta) -> bool {
        let committed = meta.committed.as_ref();
        let header = &found.header;
        header.rebuild.is_empty()
            && meta.applying.is_none()
            && committed
                .is_some_and(|committed| Some(committed.run) == header.base && committed.entity == header.entity)
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
