//! One run, step by step.

mod hold;
mod look;
mod promote;

use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use weft_plan_types::{Owner, SyncPlan};
use weft_store::redis::{Meta, Outcome, Writer};
use weft_warehouse::{Error, Warehouse};

use crate::counts::Counts;
use crate::decide;
use crate::guard;
use crate::header::{Rebuild, StageHeader, VERSION};
use crate::names::{Kept, Kind, Names};
use crate::report::{Buckets, Ending, Held, Mode, Report, Resumed, Rows};
use crate::statements::{Comparison, Source};
use crate::{Progress, Request, SyncError, inspect, rows};

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
    let mut run = Run {
        plan,
        warehouse,
        writer,
        source,
        request,
        own: 0,
        is_known: false,
        resumed: None,
        undropped: 0,
        progress,
    };
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
    /// The store had a meta when the run began.
    is_known: bool,
    resumed: Option<Resumed>,
    /// Tables that were to be dropped, and that others use.
    undropped: usize,
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
        let look::Compared { found, mended } = self.stage(&meta, basis, comparison).await?;
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
        report.held = held.map(|reason| Held { run: None, reason, rows: None });
        report.statements = statements;
        Ok(report)
    }

    /// Takes a number that is nobody else's; gives the tables there are.
    async fn claim(&mut self) -> Result<Kept, SyncError> {
        let kept = self.kept().await?;
        let meta = self.writer.meta().await?;
        self.is_known = meta.is_some();
        let token = meta.map_or(0, |meta| meta.token);
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
        let taken = match self.is_known {
            true => self.writer.take_known(self.own).await?,
            false => self.writer.take(self.own).await?,
        };
        self.done(taken)?;
        self.meta().await
    }

    async fn meta(&self) -> Result<Meta, SyncError> {
        let meta = self.writer.meta().await?.ok_or(SyncError::Overtaken { what: "the store's meta" })?;
        if meta.token == self.own { Ok(meta) } else { Err(SyncError::Fenced { by: meta.token }) }
    }

    fn done(&self, outcome: Outcome) -> Result<(), SyncError> {
        done(outcome, &self.plan.owner)
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

    /// Drops the tables that nothing needs any more. One that is in use stays: what the run was for is done, and the next
    /// one drops it.
    async fn sweep(
        &mut self,
        kept: &Kept,
        meta: &Meta,
        base: Option<u64>,
        held: Option<&Found>,
    ) -> Result<(), SyncError> {
        let committed = meta.committed.as_ref().map(|committed| committed.run);
        let stays = decide::in_use(committed, base, held.and_then(|held| held.header.base));
        let mut kept = kept.clone();
        kept.stages.insert(self.own);
        kept.claims.insert(self.own);
        for (kind, run) in decide::swept(&kept, &stays, held.map(|held| held.run), self.own) {
            match self.drop(kind, run).await {
                Err(SyncError::Warehouse { source: Error::Locked | Error::TimedOut(_), .. }) => self.undropped += 1,
                dropped => dropped?,
            }
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
            undropped: self.undropped,
            samples: Vec::new(),
            statements: Vec::new(),
        }
    }
}

/// Whether a step of a run of this owner's was done.
pub(crate) fn done(outcome: Outcome, me: &Owner) -> Result<(), SyncError> {
    match outcome {
        Outcome::Done | Outcome::Already(_) => Ok(()),
        Outcome::Fenced(None) => Err(SyncError::Overtaken { what: "the store's meta" }),
        Outcome::Fenced(Some(by)) => Err(SyncError::Fenced { by }),
        Outcome::Owned(owner) => Err(SyncError::Owned { owner, me: me.to_string() }),
        Outcome::OtherLayout(layout) => Err(SyncError::OtherLayout(layout)),
        Outcome::Elsewhere(_) | Outcome::OtherColumns | Outcome::Torn | Outcome::InUse => {
            Err(SyncError::Overtaken { what: "the store's meta" })
        }
    }
}

#[derive(serde::Deserialize)]
struct Versioned {
    version: u32,
}

fn json(header: &impl serde::Serialize) -> String {
    serde_json::to_string(header).expect("a header has names, numbers and types only")
}

/// Unix seconds.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
