//! Where things are, and what differs.

use std::collections::BTreeMap;

use weft_store::redis::{Meta, Snapshot, should_grow};
use weft_warehouse::{ROW_HASH_VERSION, Warehouse};

use super::{Found, Run, json, now};
use crate::decide::{self, Basis};
use crate::header::{Rebuild, SnapshotHeader, StageHeader, VERSION};
use crate::names::{Kept, Kind};
use crate::statements::{Comparison, listable};
use crate::{Progress, Step, SyncError, audit, inspect};

/// Which set of buckets to go on with, and which of them to fill anew.
pub(super) struct Look {
    buckets: Option<u32>,
    rebuild: Rebuild,
    mended: usize,
}

/// A stage, and how many buckets were found to have other rows than they should.
pub(super) struct Compared {
    pub(super) found: Found,
    pub(super) mended: usize,
}

impl<W: Warehouse> Run<'_, W> {
    /// What to compare with, which set of buckets to go on with and which of them to fill anew.
    pub(super) async fn compare_with(
        &self,
        kept: &Kept,
        committed: Option<&Snapshot>,
    ) -> Result<(Basis, (Option<u32>, Rebuild)), SyncError> {
        let mut headers: BTreeMap<u64, SnapshotHeader> = BTreeMap::new();
        for &run in &kept.snapshots {
            headers.insert(run, self.note(Kind::Snapshot, run).await?);
        }
        let mut basis = decide::basis(committed, &headers, self.source.entity);
        if let (None, Some(committed)) = (basis.stored_rows, committed) {
            basis.stored_rows = Some(self.writer.row_counts(committed.buckets).await?.iter().sum());
        }
        let buckets = decide::set_to_keep(committed, &basis).filter(|_| !self.request.full);
        let rebuild = match buckets {
            Some(buckets) => {
                let controls = self.writer.controls(buckets).await?;
                listable(decide::rebuild(&controls, &basis, self.source.entity))
            }
            None => Rebuild::All,
        };
        Ok((basis, (buckets, rebuild)))
    }

    pub(super) async fn look(&self, kept: &Kept, meta: &Meta) -> Result<(Basis, Look), SyncError> {
        let (basis, (buckets, mut rebuild)) = self.compare_with(kept, meta.committed.as_ref()).await?;
        let mut mended = 0;
        if let (Some(base), Some(buckets), true) = (basis.base, buckets, rebuild.is_empty()) {
            let unsound = audit::unsound(self.warehouse, self.source, self.writer, base, basis.rows, buckets).await?;
            mended = unsound.len();
            rebuild = listable(Rebuild::of(unsound));
        }
        Ok((basis, Look { buckets, rebuild, mended }))
    }

    pub(super) fn header(
        &self,
        basis: &Basis,
        committed: Option<&Snapshot>,
        buckets: Option<u32>,
        rebuild: &Rebuild,
    ) -> StageHeader {
        StageHeader {
            version: VERSION,
            hash_version: ROW_HASH_VERSION,
            base: basis.base,
            base_rows: basis.rows,
            comparable: basis.comparable,
            stored_rows: basis.stored_rows.unwrap_or_default(),
            is_base_lost: committed.is_some() && basis.base.is_none(),
            buckets,
            rebuild: rebuild.clone(),
            entity: self.source.entity.clone(),
            retyped_from: basis.retyped_from.clone(),
            time: now(),
        }
    }

    /// Writes the stage, again if it shows that the rows want more buckets.
    pub(super) async fn stage(&mut self, meta: &Meta, basis: Basis, look: Look) -> Result<Compared, SyncError> {
        let Look { mut buckets, mut rebuild, mended } = look;
        loop {
            (self.progress)(Progress { step: Step::Stage, rows: 0, of: None });
            let header = self.header(&basis, meta.committed.as_ref(), buckets, &rebuild);
            let comparison = Comparison { base: basis.base, buckets, rebuild: &rebuild };
            let sql = self.source.stage(self.own, &json(&header), comparison);
            self.warehouse.execute(sql).await.map_err(SyncError::of("compare the table with its last snapshot"))?;
            let counts = inspect::counts(self.warehouse, self.source.stage_counts(self.own)).await?;
            let rows = counts.total(header.base_rows);
            if buckets.is_some_and(|buckets| should_grow(rows, buckets)) {
                self.drop(Kind::Stage, self.own).await?;
                (buckets, rebuild) = (None, Rebuild::All);
                continue;
            }
            return Ok(Compared { found: Found { run: self.own, header, counts }, mended });
        }
    }
}
