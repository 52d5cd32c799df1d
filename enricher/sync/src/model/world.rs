//! What a sync works on: a table and bookkeeping in a warehouse, a store of buckets, and what can befall them.

use std::collections::{BTreeMap, BTreeSet};

use weft_store::redis::{Columns, Control, LAYOUT, Meta, ROWS_PER_BUCKET};
use weft_store::{Column, ColumnType, EntityMeta};

use crate::counts::Counts;
use crate::header::{SnapshotHeader, StageHeader};
use crate::names::{Kept, Kind};

/// The number of a run, unique for ever.
pub(super) type Run = u64;

/// A table's rows by key.
pub(super) type Rows = BTreeMap<u64, u8>;

/// The keys that rows may have.
pub(super) const KEYS: std::ops::Range<u64> = 0..8;

/// A row stands for so many, so that a few of them want more than one bucket.
pub(super) const ROWS: u64 = ROWS_PER_BUCKET;

/// The types that the key may have.
const KEY_TYPES: [ColumnType; 3] = [ColumnType::Integer, ColumnType::Text, ColumnType::Decimal];

/// The source and the tables that syncs keep beside it.
#[derive(Clone, Debug, Default)]
pub(super) struct Warehouse {
    pub(super) table: Rows,
    /// Which of [`KEY_TYPES`] its key has.
    pub(super) key_type: usize,
    pub(super) claims: BTreeSet<Run>,
    pub(super) stages: BTreeMap<Run, Stage>,
    pub(super) snapshots: BTreeMap<Run, Snapshot>,
}

/// The table as a run saw it.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) header: SnapshotHeader,
    pub(super) rows: Rows,
    /// The type that its keys have indeed.
    pub(super) key_type: usize,
}

/// What a run found to be different, before anything was written.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub(super) header: StageHeader,
    pub(super) counts: Counts,
    /// `None` removes the row.
    pub(super) delta: BTreeMap<u64, Option<u8>>,
    pub(super) key_type: usize,
    /// The table at that moment; the protocol does not look at it.
    pub(super) truth: Rows,
}

/// The store: what readers know of the entity, and its rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    pub(super) meta: Option<Meta>,
    /// By the number of buckets and the bucket's own.
    pub(super) buckets: BTreeMap<(u32, u32), Bucket>,
}

/// Rows and what they are of.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    pub(super) control: Control,
    pub(super) rows: Rows,
}

/// Everything there is.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) warehouse: Warehouse,
    pub(super) store: Store,
    pub(super) clock: u64,
    /// Whether the bookkeeping was ever dropped, and with it what keys there were.
    pub(super) has_forgotten: bool,
    backups: Vec<Store>,
    /// The table at each moment it changed.
    history: BTreeMap<u64, Rows>,
}

/// Numbers that look random: SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Clone, Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// True so many times of a hundred.
    pub(super) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

/// The bucket of a key, of so many.
pub(super) fn bucket(key: u64, buckets: u32) -> u32 {
    (key % u64::from(buckets)) as u32
}

/// What a bucket of a run says of itself.
pub(super) fn control(run: Run, entity: &EntityMeta) -> Control {
    Control { layout: LAYOUT, run, columns: Some(Columns::of(entity)) }
}

/// Key and columns of the table, with a key of this type.
pub(super) fn entity(key_type: usize) -> EntityMeta {
    let key = Column { name: "ID".to_owned(), kind: KEY_TYPES[key_type] };
    EntityMeta { columns: vec![key.clone()], key: vec![key] }
}

impl Warehouse {
    /// The tables in bookkeeping.
    pub(super) fn kept(&self) -> Kept {
        Kept {
            claims: self.claims.clone(),
            stages: self.stages.keys().copied().collect(),
            snapshots: self.snapshots.keys().copied().collect(),
        }
    }

    pub(super) fn drop(&mut self, kind: Kind, run: Run) {
        match kind {
            Kind::Claim => drop(self.claims.remove(&run)),
            Kind::Stage => drop(self.stages.remove(&run)),
            Kind::Snapshot => drop(self.snapshots.remove(&run)),
        }
    }

    /// Whether a stage takes more than half of its base away, or all there was.
    pub(super) fn empties(&self, stage: &Stage) -> bool {
        let Some(base) = stage.header.base.and_then(|base| self.snapshots.get(&base)) else { return false };
        let removed = base.rows.keys().filter(|key| !stage.truth.contains_key(key)).count();
        removed * 2 > base.rows.len()
    }
}

impl World {
    pub(super) fn mutate(&mut self, dice: &mut Dice) {
        self.clock += 1;
        let key = dice.below(KEYS.end);
        match dice.below(20) {
            0 => self.warehouse.table.clear(),
            1 => self.warehouse.key_type = (self.warehouse.key_type + 1) % KEY_TYPES.len(),
            2..8 => drop(self.warehouse.table.remove(&key)),
            _ => drop(self.warehouse.table.insert(key, dice.below(3) as u8)),
        }
        self.history.insert(self.clock, self.warehouse.table.clone());
    }

    /// The table as it was at a moment.
    pub(super) fn table_at(&self, moment: u64) -> Rows {
        self.history.range(..=moment).next_back().map(|(_, rows)| rows.clone()).unwrap_or_default()
    }

    pub(super) fn back_up(&mut self) {
        self.backups.push(self.store.clone());
    }

    /// An accident.
    pub(super) fn lose(&mut self, dice: &mut Dice) {
        let backup = self.backups.get(dice.below(self.backups.len().max(1) as u64) as usize).cloned();
        let victim = self.store.buckets.keys().nth(dice.below(8) as usize).copied();
        match (dice.below(10), backup, victim) {
            (0, ..) => {
                self.has_forgotten = true;
                self.warehouse.claims.clear();
                self.warehouse.stages.clear();
                self.warehouse.snapshots.clear();
            }
            (1 | 2, ..) => self.store = Store::default(),
            (3..6, _, Some(victim)) => drop(self.store.buckets.remove(&victim)),
            (6 | 7, Some(backup), _) => self.store = backup,
            // One shard of a cluster comes back old.
            (_, Some(backup), Some(victim)) => {
                if let Some(old) = backup.buckets.get(&victim) {
                    self.store.buckets.insert(victim, old.clone());
                }
            }
            _ => {}
        }
    }
}
