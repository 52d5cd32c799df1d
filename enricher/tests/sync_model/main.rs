//! The sync protocol as a model: random histories of a table, kills, processes that wake up late, lost and aged
//! stores, dropped bookkeeping, held changes and buckets that grow in number. After one clean run the store is as the
//! table, and until then no reader gets a wrong answer.

#[path = "../../language/tests/cases/mod.rs"]
mod cases;
mod sync;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sync::{End, Refused, Rule, Sync};
use world::{Dice, KEYS, Meta, Rows, Run, World, bucket};

/// One history, from a seed.
struct Trial {
    world: World,
    dice: Dice,
    without: Option<Rule>,
    cluster: bool,
    /// Every snapshot that ever was.
    truth: BTreeMap<Run, Rows>,
    /// The held stages that a person approved, and the types that keys have in them.
    approved: BTreeSet<Run>,
    approved_types: BTreeSet<u32>,
    /// The run that readers last went by.
    committed: Run,
    /// What a reader last knew of the meta.
    known: Option<Meta>,
    paused: Vec<Sync>,
    /// Whether runs were ever at work side by side: two first loads may have seen keys of two types.
    has_overlapped: bool,
}

impl Trial {
    fn new(seed: u64, without: Option<Rule>) -> Self {
        let mut dice = Dice(seed);
        let cluster = dice.percent(50);
        let (world, truth, approved) = (World::default(), BTreeMap::new(), BTreeSet::new());
        Self {
            world,
            dice,
            without,
            cluster,
            truth,
            approved,
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
            let approve = self.held().filter(|_| self.dice.percent(50));
            let steps = if self.dice.percent(50) { 99 } else { self.dice.below(22) };
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
                Ok(Some(_)) | Err(Refused) => return self.look(),
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
        let run = self.world.store.meta.map_or(0, |meta| meta.run);
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
        if let Some(meta) = self.world.store.meta.filter(|meta| meta.run > 0)
            && self.truth.get(&meta.run).is_some_and(|rows| *rows != self.world.table_at(meta.verified))
        {
            return Err(format!("run {} was not what the table held at {}", meta.run, meta.verified));
        }
        self.read(self.world.store.meta)?;
        if self.dice.percent(30) {
            self.known = self.world.store.meta;
        }
        self.read(self.known)
    }

    fn read(&self, known: Option<Meta>) -> Result<(), String> {
        let Some(meta) = known else { return Ok(()) };
        for key in KEYS {
            let place = (meta.buckets, bucket(key, meta.buckets));
            let answers = |found: &&world::Bucket| found.run >= meta.run || self.without == Some(Rule::ReaderRun);
            // A bucket that is lost or older than the meta is no answer.
            let Some(found) = self.world.store.buckets.get(&place).filter(answers) else { continue };
            let right = self.truth.get(&found.run).map(|rows| rows.get(&key));
            if found.run < meta.run || right != Some(found.rows.get(&key)) {
                return Err(format!("key {key} was read as {:?} of run {}", found.rows.get(&key), found.run));
            }
        }
        Ok(())
    }

    fn held(&self) -> Option<Run> {
        self.world.warehouse.stages.iter().find(|(_, stage)| stage.held).map(|(run, _)| *run)
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
        let meta = store.meta.ok_or("there is no meta")?;
        let buckets: Vec<_> = (0..meta.buckets).filter_map(|place| store.buckets.get(&(meta.buckets, place))).collect();
        let rows: Rows = buckets.iter().flat_map(|bucket| bucket.rows.clone()).collect();
        if rows != self.world.warehouse.table {
            return Err(format!("the store holds {rows:?}, the table {:?}", self.world.warehouse.table));
        }
        let whole = buckets.len() == meta.buckets && buckets.iter().all(|bucket| bucket.run == meta.run);
        if whole { Ok(()) } else { Err("a bucket is not of the meta's run".to_owned()) }
    }
}

#[test]
fn whatever_befalls_a_sync_no_answer_is_wrong_and_one_clean_run_mends_all() {
    let trial = |seed| Trial::new(seed, None).run().map_err(TestCaseError::fail);
    cases::runner(1).run(&any::<u64>(), trial).unwrap();
}

#[test]
fn no_rule_of_the_protocol_can_be_left_out() {
    const RULES: [Rule; 12] = [
        Rule::Claim,
        Rule::Clock,
        Rule::ReaderRun,
        Rule::StagedRebuild,
        Rule::StartedOnly,
        Rule::PatchBase,
        Rule::VersionFirst,
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
