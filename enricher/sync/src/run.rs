//! One run, step by step.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use weft_plan_types::SyncPlan;
use weft_store::redis::{Meta, Outcome, Snapshot, Writer, should_grow};
use weft_warehouse::{Error, ROW_HASH_VERSION, Warehouse};

use crate::apply::{Staged, apply};
use crate::counts::Counts;
use crate::decide::{self, Basis};
use crate::guard::{self, HoldReason};
use crate::header::{Rebuild, SnapshotHeader, StageHeader, VERSION};
use crate::names::{Kept, Kind, Names};
use crate::report::{Buckets, Ending, Held, Mode, Report, Resumed, Rows};
use crate::statements::{Comparison, Source, listable};
use crate::{Progress, Request, Step, SyncError, audit, inspect, rows};

/// Brings the store's copy of the plan's entity up to date, or does what else is asked for.
pub async fn sync<W: Warehouse>(
    plan: &SyncPlan,
    warehouse: &W,
    writer: &Writer,
    request: Request,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Report, SyncError> {
    let named = &plan.entity.table;
    let table =
        warehouse.describe(named).await.map_err(|source| SyncError::Table { table: named.join("."), source })?;
    let wanted = &plan.entity;
    let entity = table
        .entity_meta(&wanted.primary_key, wanted.columns.as_deref())
        .map_err(|unknown| SyncError::column(&table.name, unknown))?;
    let dialect = warehouse.dialect();
    let key_text = dialect.key_text(&entity.key).ok_or_else(|| SyncError::key_type(&table.name, &entity.key))?;
    let names = Names::new(&plan.owner, &wanted.slug);
    let declares_key = table.is_key_enforced
        && table.primary_key.len() == entity.key.len()
        && entity.key.iter().all(|column| table.primary_key.contains(&column.name));
    let source = Source {
        dialect,
        names: &names,
        table: &table.name,
        entity: &entity,
        key_text: &key_text,
        is_key_enforced: declares_key,
    };
    let mut run = Run { plan, warehouse, writer, source, request, own: 0, resumed: None, progress };
    if request.dry_run { run.dry().await } else { run.whole().await }
}

/// A run that is under way.
struct Run<'a, W> {
    plan: &'a SyncPlan,
    warehouse: &'a W,
    writer: &'a Writer,
    source: Source<'a>,
    request: Request,
    /// The number it has claimed, which is its token too.
    own: u64,
    resumed: Option<Resumed>,
    progress: &'a mut (dyn FnMut(Progress) + Send),
}

/// A stage that there is, and what it holds.
struct Found {
    run: u64,
    header: StageHeader,
    counts: Counts,
}

impl Found {
    fn rows(&self) -> Rows {
        Rows::new(&self.counts, self.header.base_rows)
    }
}

impl<W: Warehouse> Run<'_, W> {
    async fn whole(&mut self) -> Result<Report, SyncError> {
        let kept = self.claim().await?;
        let mut meta = self.take().await?;
        if let Some(asked) = self.request.approve {
            return self.approved(asked, &kept, &meta).await;
        }
        if let Some(started) = meta.applying.clone()
            && kept.stages.contains(&started.run)
        {
            self.resume(&started).await?;
            meta = self.meta().await?;
        }
        let (basis, comparison) = self.look(&kept, &meta).await?;
        let Compared { found, mended } = self.stage(&meta, basis, comparison).await?;
        let mut report = self.decided(found, &kept, &meta).await?;
        report.mended = mended;
        Ok(report)
    }

    /// What would be done, without a trace.
    async fn dry(&mut self) -> Result<Report, SyncError> {
        let kept = self.kept().await?;
        let meta = self.writer.meta().await?;
        let committed = meta.as_ref().and_then(|meta| meta.committed.as_ref());
        self.own = decide::next_run(&kept, meta.as_ref().map_or(0, |meta| meta.token), now());
        let (basis, (buckets, rebuild)) = self.compare_with(&kept, committed).await?;
        let comparison = Comparison { base: basis.base, buckets, rebuild: &rebuild };
        let header = self.header(&basis, committed, buckets, &rebuild);
        let counts = inspect::counts(self.warehouse, self.source.difference_counts(comparison)).await?;
        let statements = vec![
            self.source.stage(self.own, &json(&header), comparison),
            self.source.snapshot(self.own, basis.base, &json(&self.snapshot_header(&header, &counts))),
            self.source.changes(self.own, None).0,
        ];
        let found = Found { run: self.own, header, counts };
        let held = guard::verdict(&self.plan.guard, &found.header, &found.counts);
        let mut report = self.report(Ending::DryRun, &found);
        report.run = None;
        report.held = held.map(|reason| Held { run: 0, reason });
        report.statements = statements;
        Ok(report)
    }

    /// Takes a number that is nobody else's; gives the tables there are.
    async fn claim(&mut self) -> Result<Kept, SyncError> {
        let kept = self.kept().await?;
        let token = self.writer.meta().await?.map_or(0, |meta| meta.token);
        self.own = decide::next_run(&kept, token, now());
        let act = "claim a run in bookkeeping";
        let mut made_schema = false;
        loop {
            match self.warehouse.execute(self.source.claim(self.own)).await {
                Ok(_) => return Ok(kept),
                Err(Error::Exists) => self.own += 1,
                Err(Error::NoBookkeeping(_)) if !made_schema => {
                    made_schema = true;
                    if let Some(sql) = self.source.dialect.create_state() {
                        match self.warehouse.execute(sql).await {
                            Ok(_) | Err(Error::Exists) => {}
                            Err(error) => return Err(SyncError::of("create the bookkeeping schema")(error)),
                        }
                    }
                }
                Err(error) => return Err(SyncError::of(act)(error)),
            }
        }
    }

    async fn kept(&self) -> Result<Kept, SyncError> {
        let tables = rows::texts(self.warehouse, "list the tables in bookkeeping", self.source.tables()).await?;
        Ok(Kept::from_names(self.source.names, tables.iter().map(String::as_str)))
    }

    /// Takes the meta for this run.
    async fn take(&self) -> Result<Meta, SyncError> {
        self.done(self.writer.take(self.own).await?)?;
        self.meta().await
    }

    async fn meta(&self) -> Result<Meta, SyncError> {
        let meta = self.writer.meta().await?.ok_or(SyncError::Overtaken { what: "the store's meta" })?;
        if meta.token == self.own { Ok(meta) } else { Err(SyncError::Fenced { by: meta.token }) }
    }

    fn done(&self, outcome: Outcome) -> Result<(), SyncError> {
        match outcome {
            Outcome::Done | Outcome::Already(_) => Ok(()),
            Outcome::Fenced(None) => Err(SyncError::Overtaken { what: "the store's meta" }),
            Outcome::Fenced(Some(by)) => Err(SyncError::Fenced { by }),
            Outcome::Owned(owner) => Err(SyncError::Owned { owner, me: owner_text(self.plan) }),
            Outcome::OtherLayout(layout) => Err(SyncError::OtherLayout(layout)),
            Outcome::Elsewhere(_) | Outcome::OtherColumns | Outcome::Torn | Outcome::InUse => {
                Err(SyncError::Overtaken { what: "the store's meta" })
            }
        }
    }

    /// Applies again what an earlier run was killed at.
    async fn resume(&mut self, started: &Snapshot) -> Result<(), SyncError> {
        let header: StageHeader = self.note(Kind::Stage, started.run).await?;
        let counts = inspect::counts(self.warehouse, self.source.stage_counts(started.run)).await?;
        let found = Found { run: started.run, header, counts };
        let buckets = self.apply(&found, started.buckets).await?;
        self.done(self.writer.commit(self.own, started.run).await?)?;
        self.resumed = Some(Resumed { run: started.run, buckets });
        Ok(())
    }

    /// Applies what waits for approval.
    async fn approved(&mut self, asked: u64, kept: &Kept, meta: &Meta) -> Result<Report, SyncError> {
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
    async fn held(&self, kept: &Kept, meta: &Meta) -> Result<Option<(Found, HoldReason)>, SyncError> {
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

    /// What to compare with, which set of buckets to go on with and which of them to fill anew.
    async fn compare_with(
        &self,
        kept: &Kept,
        committed: Option<&Snapshot>,
    ) -> Result<(Basis, (Option<u32>, Rebuild)), SyncError> {
        let mut headers: BTreeMap<u64, SnapshotHeader> = BTreeMap::new();
        for &run in &kept.snapshots {
            headers.insert(run, self.note(Kind::Snapshot, run).await?);
        }
        let basis = decide::basis(committed, &headers, self.source.entity);
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

    async fn look(&self, kept: &Kept, meta: &Meta) -> Result<(Basis, Look), SyncError> {
        let (basis, (buckets, mut rebuild)) = self.compare_with(kept, meta.committed.as_ref()).await?;
        let mut mended = 0;
        if let (Some(base), Some(buckets), true) = (basis.base, buckets, rebuild.is_empty()) {
            let unsound = audit::unsound(self.warehouse, self.source, self.writer, base, basis.rows, buckets).await?;
            mended = unsound.len();
            rebuild = listable(Rebuild::of(unsound));
        }
        Ok((basis, Look { buckets, rebuild, mended }))
    }

    fn header(
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
            is_base_lost: committed.is_some() && basis.base.is_none(),
            buckets,
            rebuild: rebuild.clone(),
            entity: self.source.entity.clone(),
            retyped_from: basis.retyped_from.clone(),
            time: now(),
        }
    }

    /// Writes the stage, again if it shows that the rows want more buckets.
    async fn stage(&mut self, meta: &Meta, basis: Basis, look: Look) -> Result<Compared, SyncError> {
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

    /// Whether the stage is applied, has nothing to apply, or is held.
    async fn decided(&mut self, found: Found, kept: &Kept, meta: &Meta) -> Result<Report, SyncError> {
        let samples = inspect::samples(self.warehouse, self.source, found.run, self.request.samples).await?;
        let held = self.held(kept, meta).await?;
        let verdict = guard::verdict(&self.plan.guard, &found.header, &found.counts);
        let mut report = match (verdict, held) {
            (Some(reason), held) => {
                let held =
                    held.map_or(Held { run: found.run, reason }, |(held, reason)| Held { run: held.run, reason });
                self.sweep(kept, meta, found.header.base, Some(held.run)).await?;
                let mut report = self.report(Ending::Held, &found);
                report.held = Some(held);
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
    fn is_whole(&self, found: &Found, meta: &Meta) -> bool {
        let committed = meta.committed.as_ref();
        let header = &found.header;
        header.rebuild.is_empty()
            && meta.applying.is_none()
            && committed
                .is_some_and(|committed| Some(committed.run) == header.base && committed.entity == header.entity)
    }

    async fn unchanged(&mut self, found: &Found, meta: &Meta) -> Result<Report, SyncError> {
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

    /// Makes the snapshot of a stage, brings the store to it and commits it.
    async fn promote(&mut self, found: &Found, meta: &Meta) -> Result<Report, SyncError> {
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
    async fn unlink_others(&self, meta: &Meta, used: u32) -> Result<(), SyncError> {
        for &set in meta.sets.iter().filter(|set| **set != used) {
            self.done(self.writer.unlink(self.own, set).await?)?;
        }
        Ok(())
    }

    async fn apply(&mut self, found: &Found, buckets: u32) -> Result<Buckets, SyncError> {
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

    fn snapshot_header(&self, stage: &StageHeader, counts: &Counts) -> SnapshotHeader {
        SnapshotHeader {
            version: VERSION,
            hash_version: stage.hash_version,
            rows: counts.total(stage.base_rows),
            entity: stage.entity.clone(),
        }
    }

    /// What a table in bookkeeping says of itself.
    async fn note<H: DeserializeOwned>(&self, kind: Kind, run: u64) -> Result<H, SyncError> {
        let notes = rows::texts(self.warehouse, "read a table in bookkeeping", self.source.header(kind, run)).await?;
        let versioned = notes.first().filter(|note| {
            serde_json::from_str::<Versioned>(note).is_ok_and(|Versioned { version }| version <= VERSION)
        });
        let header = versioned.and_then(|note| serde_json::from_str(note).ok());
        header.ok_or_else(|| SyncError::Foreign { table: self.source.names.table(kind, run) })
    }

    /// Drops the tables that nothing needs any more.
    async fn sweep(&self, kept: &Kept, meta: &Meta, base: Option<u64>, held: Option<u64>) -> Result<(), SyncError> {
        let committed = meta.committed.as_ref().map(|committed| committed.run);
        let stays: Vec<u64> = committed.into_iter().chain(base).collect();
        let mut kept = kept.clone();
        kept.stages.insert(self.own);
        kept.claims.insert(self.own);
        for (kind, run) in decide::swept(&kept, &stays, held, self.own) {
            self.drop(kind, run).await?;
        }
        Ok(())
    }

    async fn drop(&self, kind: Kind, run: u64) -> Result<(), SyncError> {
        let dropped = self.warehouse.execute(self.source.drop(kind, run)).await;
        dropped.map(|_| ()).map_err(SyncError::of("drop an old table in bookkeeping"))
    }

    fn report(&self, outcome: Ending, found: &Found) -> Report {
        let is_full = found.header.base.is_none() || found.header.rebuild == Rebuild::All;
        Report {
            outcome,
            run: Some(found.run),
            mode: if is_full { Mode::Full } else { Mode::Incremental },
            snapshot_time: None,
            verified_time: None,
            rows: found.rows(),
            buckets: Buckets { total: found.header.buckets.unwrap_or_default(), ..Buckets::default() },
            rejected: found.counts.rejected.clone(),
            held: None,
            resumed: self.resumed,
            mended: 0,
            samples: Vec::new(),
            statements: Vec::new(),
        }
    }
}

/// Which set of buckets to go on with, and which of them to fill anew.
struct Look {
    buckets: Option<u32>,
    rebuild: Rebuild,
    mended: usize,
}

#[derive(serde::Deserialize)]
struct Versioned {
    version: u32,
}

struct Compared {
    found: Found,
    mended: usize,
}

fn owner_text(plan: &SyncPlan) -> String {
    let owner = &plan.owner;
    format!("{}/{}/{}", owner.installation, owner.namespace, owner.graph)
}

fn json(header: &impl serde::Serialize) -> String {
    serde_json::to_string(header).expect("a header has names, numbers and types only")
}

/// Unix seconds.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
