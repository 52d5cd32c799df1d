//! Removes what the syncs of one entity made: its keys in the store, then its tables in bookkeeping. It may be stopped at
//! any point and run again. The store's meta goes last of the keys, for it says what is left, and the claims go last of
//! the tables. A run that is still at work is refused at its next step in the store; that it is not at work is the
//! caller's to see to, as with syncs, by the entity's lease.

use std::collections::BTreeSet;

use serde::Deserialize;
use weft_plan_types::SyncPlan;
use weft_store::redis::{Meta, Outcome, Writer, buckets_for};
use weft_warehouse::{Dialect, Error, Warehouse};

use crate::names::{Kept, Kind, Names};
use crate::run::{done, now};
use crate::{SyncError, decide, rows, statements};

/// How often it is looked whether something came back meanwhile.
const ROUNDS: usize = 3;

/// A set of buckets goes on until it has so many times the rows that it was made for: a snapshot of so many rows may be in
/// one that is so much smaller.
const GROWN: [u32; 3] = [1, 2, 4];

/// What is asked of a clean-up, apart from the plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cleaning {
    /// Remove the copy whoever its owner is.
    pub take_over: bool,
    /// Write nothing; say what would be removed.
    pub dry_run: bool,
}

/// What a clean-up removed, or would.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Whose the copy in the store was; none if there was none.
    pub owner: Option<String>,
    /// Its buckets.
    pub buckets: u64,
    /// The tables in bookkeeping.
    pub tables: u64,
    /// Tables that stay because something else uses them: another clean-up removes them.
    pub undropped: u64,
}

/// How far a clean-up is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removing {
    /// It removes so many buckets from the store.
    Buckets(u64),
    /// It drops so many tables in bookkeeping.
    Tables(u64),
}

/// Removes the copy of the plan's entity.
pub async fn cleanup<W: Warehouse>(
    plan: &SyncPlan,
    warehouse: &W,
    writer: &Writer,
    cleaning: Cleaning,
    tell: &mut (dyn FnMut(Removing) + Send),
) -> Result<Cleaned, SyncError> {
    let names = Names::new(&plan.owner, &plan.entity.slug);
    let me = plan.owner.to_string();
    let books = Books { warehouse, dialect: warehouse.dialect(), names: &names };
    let mut cleaned = Cleaned::default();
    for _ in 0..ROUNDS {
        let kept = books.kept().await?;
        let meta = writer.meta().await?;
        if let Some(meta) = meta.as_ref().filter(|meta| meta.owner != me && !cleaning.take_over) {
            return Err(SyncError::Owned { owner: meta.owner.clone(), me });
        }
        if meta.is_none() && kept == Kept::default() {
            return Ok(cleaned);
        }
        let sets = match &meta {
            Some(meta) => named_by(meta),
            None => books.sets(&kept).await?,
        };
        let of_buckets = if meta.is_some() { sets.iter().copied().map(u64::from).sum() } else { 0 };
        let tables = (kept.claims.len() + kept.stages.len() + kept.snapshots.len()) as u64;
        cleaned.owner = meta.as_ref().map(|meta| meta.owner.clone()).or(cleaned.owner);
        cleaned.buckets += of_buckets;
        if cleaning.dry_run {
            cleaned.tables = tables;
            return Ok(cleaned);
        }
        tell(Removing::Buckets(of_buckets));
        let token = decide::next_run(&kept, meta.as_ref().map_or(0, |meta| meta.token), now());
        let retired = writer.retire(token, &sets, cleaning.take_over).await?;
        let is_there = matches!(retired, Outcome::Done);
        done(retired, &plan.owner)?;
        if let Some(meta) = meta.as_ref().filter(|_| is_there) {
            writer.unlink_chunks(meta).await?;
        }
        if is_there {
            for set in sets {
                done(writer.unlink(token, set).await?, &plan.owner)?;
            }
            done(writer.forget(token).await?, &plan.owner)?;
        }
        tell(Removing::Tables(tables));
        cleaned.undropped = books.drop_all(&kept).await?;
        cleaned.tables += tables.saturating_sub(cleaned.undropped);
        if cleaned.undropped > 0 {
            return Ok(cleaned);
        }
    }
    Err(SyncError::Overtaken { what: "the copy that was removed is written again by a sync" })
}

/// The sets of buckets that there may be.
fn named_by(meta: &Meta) -> Vec<u32> {
    let snapshots = meta.committed.iter().chain(&meta.applying).map(|snapshot| snapshot.buckets);
    let sets: BTreeSet<u32> = meta.sets.iter().copied().chain(snapshots).collect();
    sets.into_iter().collect()
}

/// The tables of one entity.
struct Books<'a, W> {
    warehouse: &'a W,
    dialect: &'a dyn Dialect,
    names: &'a Names,
}

/// As much of the header of a stage or a snapshot as tells how many buckets there may be.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sized {
    rows: Option<u64>,
    buckets: Option<u32>,
}

impl<W: Warehouse> Books<'_, W> {
    async fn kept(&self) -> Result<Kept, SyncError> {
        let sql = self.dialect.state_tables(self.names.prefix());
        let tables = rows::texts(self.warehouse, "list the tables in bookkeeping", sql).await?;
        Ok(Kept::from_names(self.names, tables.iter().map(String::as_str)))
    }

    /// The sets of buckets that a store may have which lost its meta, as the tables tell.
    async fn sets(&self, kept: &Kept) -> Result<Vec<u32>, SyncError> {
        let stages = kept.stages.iter().map(|run| (Kind::Stage, *run));
        let snapshots = kept.snapshots.iter().map(|run| (Kind::Snapshot, *run));
        let mut sets = BTreeSet::new();
        for (kind, run) in stages.chain(snapshots) {
            let sql = statements::header(self.dialect, &self.names.table(kind, run));
            let notes = rows::texts(self.warehouse, "read a table in bookkeeping", sql).await?;
            // One that cannot be read tells nothing, and is dropped as the others are.
            let sized = notes.first().and_then(|note| serde_json::from_str::<Sized>(note).ok());
            let Some(sized) = sized else { continue };
            sets.extend(sized.buckets.filter(|buckets| buckets.is_power_of_two()));
            if let Some(wanted) = sized.rows.map(buckets_for) {
                sets.extend(GROWN.iter().map(|times| (wanted / times).max(1)));
            }
        }
        Ok(sets.into_iter().collect())
    }

    /// Drops the tables; gives how many are in use.
    async fn drop_all(&self, kept: &Kept) -> Result<u64, SyncError> {
        let of = |kind: Kind, runs: &BTreeSet<u64>| runs.iter().map(|run| (kind, *run)).collect::<Vec<_>>();
        let tables = [
            of(Kind::Stage, &kept.stages),
            of(Kind::Snapshot, &kept.snapshots),
            // As long as one is left the next clean-up knows that there is something to do.
            of(Kind::Claim, &kept.claims),
        ];
        let mut undropped = 0;
        for (kind, run) in tables.into_iter().flatten() {
            match self.warehouse.execute(self.dialect.drop_state(&self.names.table(kind, run))).await {
                Ok(_) => {}
                Err(Error::Locked | Error::TimedOut(_)) => undropped += 1,
                Err(error) => return Err(SyncError::of("drop a table in bookkeeping")(error)),
            }
        }
        Ok(undropped)
    }
}
