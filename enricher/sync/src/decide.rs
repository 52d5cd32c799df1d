//! What is the next step, given what the bookkeeping and the store say? No I/O here.

use std::collections::{BTreeMap, BTreeSet};

use weft_store::EntityMeta;
use weft_store::redis::{Columns, Control, LAYOUT, Meta, Snapshot, buckets_for, should_grow};
use weft_warehouse::ROW_HASH_VERSION;

use crate::header::{Rebuild, SnapshotHeader, StageHeader};
use crate::names::{Kept, Kind};

/// The number of a new run: above every one that anybody remembers, and not below the time, which is remembered where
/// all else was lost.
pub(crate) fn next_run(kept: &Kept, token: u64, now: u64) -> u64 {
    let claimed = kept.claims.last().copied().unwrap_or_default();
    claimed.max(token).max(now) + 1
}

/// What a table is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Basis {
    /// The run of the snapshot; none if there is none with this key.
    pub(crate) base: Option<u64>,
    /// The rows of that snapshot.
    pub(crate) rows: u64,
    /// The rows of the store's copy; none if no snapshot tells, and its buckets have to be asked.
    pub(crate) stored_rows: Option<u64>,
    /// Whether its hashes are of the same columns and of the version that is made now.
    pub(crate) comparable: bool,
    /// What the key was, if the warehouse gave its columns other types since.
    pub(crate) retyped_from: Option<EntityMeta>,
}

/// The snapshot to compare with: the store's own rebuilds least, any other one that is kept is safe.
pub(crate) fn basis(committed: Option<&Snapshot>, kept: &BTreeMap<u64, SnapshotHeader>, entity: &EntityMeta) -> Basis {
    let is_usable = |header: &&SnapshotHeader| header.entity.key == entity.key;
    let own = committed.and_then(|committed| Some((committed.run, kept.get(&committed.run).filter(is_usable)?)));
    let newest = || kept.iter().rev().map(|(run, header)| (*run, header)).find(|(_, header)| is_usable(header));
    let stored_rows = match committed {
        Some(committed) => kept.get(&committed.run).map(|header| header.rows),
        None => Some(0),
    };
    let known =
        committed.map(|committed| &committed.entity).or_else(|| kept.values().last().map(|header| &header.entity));
    let retyped_from = known.filter(|known| is_retyped(known, entity)).cloned();
    match own.or_else(newest).filter(|_| retyped_from.is_none()) {
        Some((run, header)) => Basis {
            base: Some(run),
            rows: header.rows,
            stored_rows,
            comparable: header.hash_version == ROW_HASH_VERSION && header.entity.columns == entity.columns,
            retyped_from,
        },
        None => Basis { base: None, rows: 0, stored_rows, comparable: false, retyped_from },
    }
}

/// Whether the key has the same columns with other types.
fn is_retyped(known: &EntityMeta, entity: &EntityMeta) -> bool {
    let names = |entity: &EntityMeta| entity.key.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
    known.key != entity.key && names(known) == names(entity)
}

/// The set of buckets that a run can go on with; none if it has to make a new set, with a number of buckets that
/// follows from the rows it finds.
pub(crate) fn set_to_keep(committed: Option<&Snapshot>, basis: &Basis) -> Option<u32> {
    let committed = committed.filter(|_| basis.base.is_some())?;
    (!should_grow(basis.rows, committed.buckets)).then_some(committed.buckets)
}

/// The number of buckets for rows that all are written anew.
pub(crate) fn buckets(committed: Option<&Snapshot>, rows: u64) -> u32 {
    let same = committed.map(|committed| committed.buckets).filter(|buckets| !should_grow(rows, *buckets));
    same.unwrap_or_else(|| buckets_for(rows))
}

/// The buckets that are not where a patch can begin.
pub(crate) fn rebuild(controls: &[Option<Control>], basis: &Basis, entity: &EntityMeta) -> Rebuild {
    let Some(base) = basis.base.filter(|_| basis.comparable) else { return Rebuild::All };
    let columns = Columns::of(entity);
    let is_at_base =
        |control: &Control| control.layout == LAYOUT && control.run == base && control.columns == Some(columns);
    let elsewhere = |(_, control): &(u32, &Option<Control>)| !control.as_ref().is_some_and(is_at_base);
    Rebuild::of((0..).zip(controls).filter(elsewhere).map(|(bucket, _)| bucket))
}

/// Whether the store has the base of a stage, all of it, in the form that is written now.
pub(crate) fn is_whole(stage: &StageHeader, meta: &Meta) -> bool {
    let is_base = |committed: &Snapshot| Some(committed.run) == stage.base && committed.entity == stage.entity;
    stage.rebuild.is_empty() && meta.applying.is_none() && meta.committed.as_ref().is_some_and(is_base)
}

/// The first bucket that is not at a run; none if all are. One that is ahead of it, while the run may write, is of a
/// history that was lost with its meta.
pub(crate) fn first_elsewhere(controls: &[Option<Control>], run: u64) -> Option<u32> {
    let is_elsewhere = |control: &Option<Control>| control.as_ref().is_none_or(|control| control.run != run);
    (0..).zip(controls).find(|(_, control)| is_elsewhere(control)).map(|(bucket, _)| bucket)
}

/// The stages that may be waiting for approval: nothing was promoted since. Whether one is held its counts tell.
pub(crate) fn undecided(kept: &Kept, committed: Option<u64>, own: u64) -> BTreeSet<u64> {
    let promoted = kept.snapshots.range(..own).next_back().copied().unwrap_or_default();
    let committed = committed.unwrap_or_default();
    kept.stages.range(..own).copied().filter(|run| *run >= promoted && *run > committed).collect()
}

/// Whether a stage can still be applied: the table has its columns, and what it was compared with is kept.
pub(crate) fn is_applicable(stage: &StageHeader, kept: &Kept, entity: &EntityMeta) -> bool {
    stage.entity == *entity && stage.base.is_none_or(|base| kept.snapshots.contains(&base))
}

/// The runs of the snapshots that are in use: the store's, the one that a run compared with, and the one that the stage
/// was compared with which waits for approval. Without it that could never be applied.
pub(crate) fn in_use(committed: Option<u64>, base: Option<u64>, base_of_held: Option<u64>) -> Vec<u64> {
    [committed, base, base_of_held].into_iter().flatten().collect()
}

/// The tables that a run that is done leaves behind, of those that are not a newer run's: `stays` are the runs of the
/// snapshots that are in use, the store's first.
pub(crate) fn swept(kept: &Kept, stays: &[u64], held: Option<u64>, own: u64) -> Vec<(Kind, u64)> {
    let newest = stays.first().copied().unwrap_or_default();
    let before = kept.snapshots.range(..newest).next_back().copied();
    let newest_claim = kept.claims.last().copied();
    let of = |kind: Kind, runs: &BTreeSet<u64>, stays: &dyn Fn(u64) -> bool| {
        runs.range(..=own).copied().filter(|run| !stays(*run)).map(|run| (kind, run)).collect::<Vec<_>>()
    };
    let mut swept = of(Kind::Stage, &kept.stages, &|run| run == newest || Some(run) == held);
    swept.extend(of(Kind::Snapshot, &kept.snapshots, &|run| stays.contains(&run) || Some(run) == before));
    swept.extend(of(Kind::Claim, &kept.claims, &|run| Some(run) == newest_claim));
    swept
}

#[cfg(test)]
mod tests {
    use weft_store::{Column, ColumnType};

    use super::*;

    fn entity(columns: &[(&str, ColumnType)]) -> EntityMeta {
        let columns: Vec<Column> = columns.iter().map(|&(name, kind)| Column { name: name.to_owned(), kind }).collect();
        EntityMeta { key: columns[..1].to_vec(), columns }
    }

    fn product() -> EntityMeta {
        entity(&[("ID", ColumnType::Integer), ("NAME", ColumnType::Text)])
    }

    fn header(entity: EntityMeta) -> SnapshotHeader {
        SnapshotHeader { version: 1, hash_version: ROW_HASH_VERSION, rows: 10, entity }
    }

    fn committed(run: u64, entity: EntityMeta) -> Snapshot {
        Snapshot { run, buckets: 2, entity, snapshot_time: 0 }
    }

    #[test]
    fn a_run_is_above_the_claims_the_token_and_the_time() {
        let kept = Kept { claims: [5, 9].into(), ..Kept::default() };
        assert_eq!(next_run(&kept, 3, 2), 10);
        assert_eq!(next_run(&kept, 30, 2), 31);
        assert_eq!(next_run(&Kept::default(), 0, 1_790_000_000), 1_790_000_001);
    }

    #[test]
    fn the_stores_own_snapshot_is_the_base_then_the_newest_kept_one() {
        let kept = BTreeMap::from([(1, header(product())), (2, header(product())), (3, header(product()))]);
        assert_eq!(basis(Some(&committed(2, product())), &kept, &product()).base, Some(2));
        assert_eq!(basis(Some(&committed(7, product())), &kept, &product()).base, Some(3));
        assert_eq!(basis(None, &kept, &product()).base, Some(3));
        assert_eq!(basis(None, &BTreeMap::new(), &product()).base, None);
    }

    #[test]
    fn how_many_rows_the_store_has_its_own_snapshot_tells_whatever_is_compared_with() {
        let other = header(entity(&[("SKU", ColumnType::Text)]));
        let kept = BTreeMap::from([(1, header(product())), (2, SnapshotHeader { rows: 500, ..other })]);
        let of_another_key = basis(Some(&committed(2, entity(&[("SKU", ColumnType::Text)]))), &kept, &product());
        assert_eq!((of_another_key.base, of_another_key.stored_rows), (Some(1), Some(500)));
        assert_eq!(basis(Some(&committed(7, product())), &kept, &product()).stored_rows, None);
        assert_eq!(basis(None, &kept, &product()).stored_rows, Some(0));
    }

    #[test]
    fn a_key_of_another_type_has_no_base_and_is_told() {
        let kept = BTreeMap::from([(1, header(product()))]);
        let retyped = entity(&[("ID", ColumnType::Text), ("NAME", ColumnType::Text)]);
        let found = basis(Some(&committed(1, product())), &kept, &retyped);
        assert_eq!((found.base, found.retyped_from), (None, Some(product())));
        let other = entity(&[("SKU", ColumnType::Text)]);
        assert_eq!(basis(Some(&committed(1, product())), &kept, &other).retyped_from, None);
    }

    #[test]
    fn a_new_column_keeps_the_base_and_fills_every_bucket() {
        let kept = BTreeMap::from([(1, header(product()))]);
        let wider = entity(&[("ID", ColumnType::Integer), ("NAME", ColumnType::Text), ("PRICE", ColumnType::Decimal)]);
        let found = basis(Some(&committed(1, product())), &kept, &wider);
        assert_eq!((found.base, found.comparable), (Some(1), false));
        assert_eq!(rebuild(&[None, None], &found, &wider), Rebuild::All);
    }

    #[test]
    fn buckets_that_are_lost_old_or_of_other_columns_are_filled_anew() {
        let basis = Basis { base: Some(7), rows: 9, stored_rows: Some(9), comparable: true, retyped_from: None };
        let at = |run, entity: &EntityMeta| Some(Control { layout: LAYOUT, run, columns: Some(Columns::of(entity)) });
        let other = entity(&[("ID", ColumnType::Integer)]);
        let controls = [at(7, &product()), None, at(6, &product()), at(7, &other), at(7, &product())];
        assert_eq!(rebuild(&controls, &basis, &product()), Rebuild::Ranges(vec![(1, 3)]));
        assert_eq!(first_elsewhere(&controls, 7), Some(1));
        assert_eq!(first_elsewhere(&controls[..1], 7), None);
    }

    #[test]
    fn what_is_kept_is_the_committed_snapshot_the_one_before_their_stage_and_the_newest_claim() {
        let kept =
            Kept { claims: [1, 2, 3, 4, 6].into(), stages: [2, 3, 4, 6].into(), snapshots: [1, 2, 3, 4, 6].into() };
        let swept = swept(&kept, &[3], Some(4), 5);
        let of = |kind| swept.iter().filter(|(of, _)| *of == kind).map(|(_, run)| *run).collect::<Vec<_>>();
        assert_eq!(of(Kind::Stage), [2]);
        assert_eq!(of(Kind::Snapshot), [1, 4]);
        assert_eq!(of(Kind::Claim), [1, 2, 3, 4]);
    }

    #[test]
    fn a_stage_is_undecided_until_a_later_run_is_promoted() {
        let kept = |snapshots: &[u64]| Kept {
            stages: [3, 5, 8].into(),
            snapshots: snapshots.iter().copied().collect(),
            ..Kept::default()
        };
        assert_eq!(undecided(&kept(&[2, 3]), Some(3), 8), [5].into());
        assert_eq!(undecided(&kept(&[3, 5]), Some(3), 8), [5].into(), "promoted, and not yet recorded in the store");
        assert_eq!(undecided(&kept(&[3, 6]), Some(3), 8), [].into());
        assert_eq!(undecided(&kept(&[3, 5]), Some(5), 8), [].into());
    }
}
