//! The sync protocol as a model: random histories of a table, kills, processes that wake up late, lost and aged
//! stores, dropped bookkeeping, held changes and buckets that grow in number. After one clean run the store is as the
//! table, and until then no reader gets a wrong answer. What a run decides is decided by the functions of [`decide`] and
//! [`guard`]; what it asks of the warehouse and the store is modelled.
//!
//! [`decide`]: crate::decide
//! [`guard`]: crate::guard

mod sync;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sync::{End, Refused, Rule, Sync};
use weft_store::redis::{Columns, Snapshot};
use world::{Dice, KEYS, Rows, Run, World, bucket};

use crate::cases;

/// One history, from a seed.
struct Trial {
    world: World,
    dice: Dice,
    without: Option<Rule>,
    cluster: bool,
    /// Every snapshot that ever was.
    truth: BTreeMap<Run, Rows>,
    /// The stage that a run told to be held.
    held: Option<Run>,
    /// The held stages that a person approved, and the types that keys have in them.
    approved: BTreeSet<Run>,
    approved_types: BTreeSet<usize>,
    /// The run that readers last went by.
    committed: Run,
    /// What a reader last knew of the meta.
    known: Option<Snapshot>,
    paused: Vec<Sync>,
    /// Whether runs were ever at work side by side: two first loads may have seen keys of two types.
    has_overlapped: bool,
}

impl Trial {
    fn new(seed: u64, without: Option<Rule>) -> Self {
        let mut dice = Dice(seed);
        let cluster = dice.percent(50);
        Self {
            world: World::default(),
            dice,
            without,
            cluster,
            truth: BTreeMap::new(),
            held: None,
            approved: BTreeSet::new(),
            approved_types: BTreeSet::new(),
            committed: 0,
            known: None,
            paused: Vec::new(),
            has_overlapped: false,
        }
    }

    /// What is wrong with the protocol, if this history shows it.
    fn run(mut self) -> Result<(), String> {
        for _ in 0..=self.dice.below(6) {
            for _ in 0..self.dice.below(4) {
                self.world.mutate(&mut self.dice);
            }
            let approve = self.held.filter(|_| self.dice.percent(50));
            let steps = if self.dice.percent(50) { 99 } else { self.dice.below(30) };
            self.one_run(approve, steps)?;
            if self.dice.percent(30) {
                self.world.back_up();
            }
            if self.dice.percent(25) {
                self.world.lose(&mut self.dice);
            }
        }
        self.ends_as_the_table()
    }

    /// A run among accidents, killed or paused after so many steps.
    fn one_run(&mut self, approve: Option<Run>, steps: u64) -> Result<(), String> {
        let mut sync = self.sync(approve);
        for _ in 0..steps {
            match sync.step(&mut self.world) {
                Ok(None) => {}
                Ok(Some(end)) => {
                    self.held = if let End::Held(run) = end { Some(run) } else { None };
                    return self.look();
                }
                Err(Refused) => return self.look(),
            }
            self.look()?;
            if self.dice.percent(15) {
                self.world.mutate(&mut self.dice);
            }
            if self.dice.percent(5) {
                self.world.back_up();
            }
            if self.dice.percent(4) {
                self.world.lose(&mut self.dice);
            }
            if self.dice.percent(30) && !self.paused.is_empty() {
                let place = self.dice.below(self.paused.len() as u64) as usize;
                if !matches!(self.paused[place].step(&mut self.world), Ok(None)) {
                    self.paused.swap_remove(place);
                }
                self.look()?;
            }
            self.world.clock += self.dice.below(3);
        }
        if self.dice.percent(40) {
            self.paused.push(sync);
            self.has_overlapped = true;
        }
        Ok(())
    }

    /// A run, told to apply a held stage or not.
    fn sync(&mut self, approve: Option<Run>) -> Sync {
        self.approved.extend(approve);
        let stages = &self.world.warehouse.stages;
        self.approved_types.extend(approve.and_then(|run| stages.get(&run)).map(|stage| stage.key_type));
        Sync::new(self.without, self.cluster, approve)
    }

    /// Reads every key as two readers would: one that knows the meta as it is, and one that knew it some time ago.
    fn look(&mut self) -> Result<(), String> {
        let warehouse = &self.world.warehouse;
        for (run, snapshot) in &warehouse.snapshots {
            if self.truth.insert(*run, snapshot.rows.clone()).is_none()
                && warehouse.stages.get(run).is_some_and(|stage| warehouse.empties(stage))
                && !self.approved.contains(run)
            {
                return Err(format!("run {run} took too much away, and nobody was asked"));
            }
        }
        let meta = self.world.store.meta.as_ref();
        let told = meta.and_then(|meta| meta.committed.clone());
        let run = told.as_ref().map_or(0, |told| told.run);
        if let (Some(before), Some(now)) = (warehouse.snapshots.get(&self.committed), warehouse.snapshots.get(&run))
            && now.key_type != before.key_type
            && run > self.committed
            && !self.approved_types.contains(&now.key_type)
            && !self.world.has_forgotten
            && !self.has_overlapped
        {
            return Err(format!("run {run} has keys of another type, and nobody was asked"));
        }
        self.committed = run;
        if let Some(fresh) = meta.and_then(|meta| meta.fresh_at())
            && self.truth.get(&run).is_some_and(|rows| *rows != self.world.table_at(fresh))
        {
            return Err(format!("run {run} was not what the table held at {fresh}"));
        }
        self.read(told.as_ref())?;
        if self.dice.percent(30) {
            self.known = told;
        }
        self.read(self.known.as_ref())
    }

    fn read(&self, known: Option<&Snapshot>) -> Result<(), String> {
        let Some(told) = known else { return Ok(()) };
        let columns = Columns::of(&told.entity);
        for key in KEYS {
            // A bucket that is lost, has other columns or is older than the meta is no answer.
            let Some(found) = self.world.store.buckets.get(&(told.buckets, bucket(key, told.buckets))) else {
                continue;
            };
            let run = found.control.run;
            if found.control.columns != Some(columns) || (run < told.run && self.without != Some(Rule::ReaderRun)) {
                continue;
            }
            let right = self.truth.get(&run).map(|rows| rows.get(&key));
            if run < told.run || right != Some(found.rows.get(&key)) {
                return Err(format!("key {key} was read as {:?} of run {run}", found.rows.get(&key)));
            }
        }
        Ok(())
    }

    /// One clean run, or as many as are asked to be approved.
    fn ends_as_the_table(&mut self) -> Result<(), String> {
        let mut approve = None;
        for _ in 0..6 {
            let mut sync = self.sync(approve);
            let end = loop {
                match sync.step(&mut self.world) {
                    Ok(None) => self.look()?,
                    Ok(Some(end)) => break end,
                    Err(Refused) => return Err("a run that nothing disturbed was refused".to_owned()),
                }
            };
            match end {
                End::Held(held) => approve = Some(held),
                End::Done | End::Unchanged if approve.is_none() => return self.is_the_table(),
                End::Done | End::Unchanged | End::NotHeld => approve = None,
            }
        }
        Err("it was held for ever".to_owned())
    }

    fn is_the_table(&self) -> Result<(), String> {
        let store = &self.world.store;
        let told = store.meta.as_ref().and_then(|meta| meta.committed.as_ref()).ok_or("nothing is committed")?;
        let places = 0..told.buckets;
        let buckets: Vec<_> = places.filter_map(|place| store.buckets.get(&(told.buckets, place))).collect();
        let rows: Rows = buckets.iter().flat_map(|bucket| bucket.rows.clone()).collect();
        if rows != self.world.warehouse.table {
            return Err(format!("the store holds {rows:?}, the table {:?}", self.world.warehouse.table));
        }
        if buckets.len() as u32 != told.buckets || buckets.iter().any(|bucket| bucket.control.run != told.run) {
            return Err("a bucket is not of the meta's run".to_owned());
        }
        let kept = self.world.warehouse.kept();
        if kept.snapshots.len() > 2 || kept.claims.len() > 1 {
            return Err(format!("more is kept than is needed: {kept:?}"));
        }
        Ok(())
    }
}

#[test]
fn whatever_befalls_a_sync_no_answer_is_wrong_and_one_clean_run_mends_all() {
    let trial = |seed| Trial::new(seed, None).run().map_err(TestCaseError::fail);
    cases::runner(1).run(&any::<u64>(), trial).unwrap();
}

#[test]
fn no_rule_of_the_protocol_can_be_left_out() {
    const RULES: [Rule; 11] = [
        Rule::Claim,
        Rule::Clock,
        Rule::ReaderRun,
        Rule::StagedRebuild,
        Rule::StartedOnly,
        Rule::PatchBase,
        Rule::WholeStore,
        Rule::VerifiedAtLook,
        Rule::KeyType,
        Rule::BucketCount,
        Rule::Check,
    ];
    for rule in RULES {
        let shows = |seed| Trial::new(seed, Some(rule)).run().is_err();
        assert!((0..50_000).any(shows), "nothing goes wrong without {rule:?}");
    }
}
