//! What a sync works on: a table and bookkeeping in a warehouse, a store of buckets, and what can befall them.

use std::collections::{BTreeMap, BTreeSet};

/// The number of a run, unique for ever.
pub(crate) type Run = u64;

/// A table's rows by key.
pub(crate) type Rows = BTreeMap<u64, u8>;

/// The keys that rows may have.
pub(crate) const KEYS: std::ops::Range<u64> = 0..8;

/// How many rows a bucket is meant to hold; at four times as many the buckets are made anew.
const TARGET_ROWS: usize = 1;

/// How many snapshots are kept.
const KEPT: usize = 2;

/// The source and the tables that syncs keep beside it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Warehouse {
    pub(crate) table: Rows,
    /// Counts the table's changes.
    pub(crate) version: u64,
    /// Counts the changes of the key's type.
    pub(crate) key_type: u32,
    pub(crate) snapshots: BTreeMap<Run, Snapshot>,
    pub(crate) stages: BTreeMap<Run, Stage>,
    pub(crate) claim: Run,
}

/// The table as a run saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) rows: Rows,
    pub(crate) key_type: u32,
}

/// What a run found to be different, before anything was written.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    /// The snapshot it was compared with; 0 for none.
    pub(crate) base: Run,
    pub(crate) buckets: usize,
    /// The buckets that are replaced, not patched.
    pub(crate) rebuild: BTreeSet<usize>,
    /// `None` removes the row.
    pub(crate) delta: BTreeMap<u64, Option<u8>>,
    /// The table's version, read before its rows.
    pub(crate) version: u64,
    /// When the rows were read.
    pub(crate) looked: u64,
    pub(crate) key_type: u32,
    pub(crate) held: bool,
    /// The table at that moment; the protocol does not look at it.
    pub(crate) truth: Rows,
}

/// The store: what readers know of the entity, and its rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    pub(crate) meta: Option<Meta>,
    /// By the number of buckets and the bucket's own.
    pub(crate) buckets: BTreeMap<(usize, usize), Bucket>,
}

/// What readers go by, and what fences writers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meta {
    pub(crate) run: Run,
    pub(crate) buckets: usize,
    pub(crate) version: u64,
    pub(crate) token: Run,
    pub(crate) applying: Option<Run>,
    /// When the table was last seen to be as this run has it.
    pub(crate) verified: u64,
}

/// Rows and the run they are of.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    pub(crate) run: Run,
    pub(crate) rows: Rows,
}

/// Everything there is.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) warehouse: Warehouse,
    pub(crate) store: Store,
    pub(crate) clock: u64,
    /// Whether the bookkeeping was ever dropped, and with it what keys there were.
    pub(crate) has_forgotten: bool,
    backups: Vec<Store>,
    /// The table at each moment it changed.
    history: BTreeMap<u64, Rows>,
}

/// Numbers that look random: SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Clone, Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// True so many times of a hundred.
    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

/// The bucket of a key, of so many.
pub(crate) fn bucket(key: u64, buckets: usize) -> usize {
    key as usize % buckets
}

/// How many buckets so many rows want: those there are, until they hold four times what they should.
pub(crate) fn wanted_buckets(rows: usize, buckets: Option<usize>) -> usize {
    match buckets {
        Some(buckets) if rows < 4 * TARGET_ROWS * buckets => buckets,
        _ => rows.div_ceil(TARGET_ROWS).next_power_of_two().clamp(1, 4),
    }
}

impl Warehouse {
    /// Whether a person is to be asked about a stage: it takes too much away, or has keys of another type than before.
    pub(crate) fn trips(&self, stage: &Stage) -> bool {
        let had_other_keys = || self.snapshots.values().any(|snapshot| snapshot.key_type != stage.key_type);
        self.empties(stage) || (stage.base == 0 && had_other_keys())
    }

    /// Whether a stage takes more than half of its base away.
    pub(crate) fn empties(&self, stage: &Stage) -> bool {
        let Some(base) = self.snapshots.get(&stage.base) else { return false };
        let removed = base.rows.keys().filter(|key| !stage.truth.contains_key(key)).count();
        removed * 2 > base.rows.len()
    }

    /// Drops what no run needs any more; a held stage and its base are needed until it is decided.
    pub(crate) fn sweep(&mut self) {
        let held: Vec<(Run, Run)> =
            self.stages.iter().filter(|(_, stage)| stage.held).map(|(run, stage)| (*run, stage.base)).collect();
        let newest: Vec<Run> = self.snapshots.keys().rev().take(KEPT).copied().collect();
        self.snapshots.retain(|run, _| newest.contains(run) || held.iter().any(|(_, base)| base == run));
        self.stages.retain(|run, _| newest.contains(run) || held.iter().any(|(stage, _)| stage == run));
    }
}

impl World {
    pub(crate) fn mutate(&mut self, dice: &mut Dice) {
        self.clock += 1;
        let key = dice.below(KEYS.end);
        match dice.below(20) {
            0 => self.warehouse.table.clear(),
            1 => self.warehouse.key_type += 1,
            2..8 => drop(self.warehouse.table.remove(&key)),
            _ => drop(self.warehouse.table.insert(key, dice.below(3) as u8)),
        }
        self.warehouse.version += 1;
        self.history.insert(self.clock, self.warehouse.table.clone());
    }

    /// The table as it was at a moment.
    pub(crate) fn table_at(&self, moment: u64) -> Rows {
        self.history.range(..=moment).next_back().map(|(_, rows)| rows.clone()).unwrap_or_default()
    }

    pub(crate) fn back_up(&mut self) {
        self.backups.push(self.store.clone());
    }

    /// An accident.
    pub(crate) fn lose(&mut self, dice: &mut Dice) {
        let backup = self.backups.get(dice.below(self.backups.len().max(1) as u64) as usize).cloned();
        let victim = self.store.buckets.keys().nth(dice.below(8) as usize).copied();
        match (dice.below(10), backup, victim) {
            (0, ..) => {
                self.has_forgotten = true;
                self.warehouse.snapshots.clear();
                self.warehouse.stages.clear();
                self.warehouse.claim = 0;
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
