//! A sync as steps, each of them atomic: one statement, one script. It may be killed or paused before any of them.

use std::collections::BTreeSet;

use super::world::{Bucket, KEYS, Meta, Rows, Run, Snapshot, Stage, World, bucket, wanted_buckets};

/// A rule of the protocol that a sync may be told to leave out, to see that it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A run's number is claimed in the warehouse.
    Claim,
    /// A run's number is not below the time in seconds.
    Clock,
    /// A bucket answers only if its run is not older than the meta's.
    ReaderRun,
    /// Rebuilt buckets are filled from the stage, not from the table.
    StagedRebuild,
    /// Only the stage named by the meta is applied again.
    StartedOnly,
    /// A patch needs a bucket of exactly its base.
    PatchBase,
    /// The table's version is read before its rows.
    VersionFirst,
    /// The gate looks whether the store is whole.
    WholeStore,
    /// What is verified counts from the look at the table, not from the writing.
    VerifiedAtLook,
    /// A snapshot of another key type is no base.
    KeyType,
    /// The meta tells how many buckets there are.
    BucketCount,
    /// What takes too much away is held until a person approves it.
    Check,
}

/// A newer run is at work, or what this run stands on is gone: it ends, the next one goes on.
#[derive(Debug)]
pub(crate) struct Refused;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The store is as the table was.
    Done,
    /// The table had not changed.
    Unchanged,
    /// The stage of this run waits for approval.
    Held(Run),
    /// There was nothing of that number to approve.
    NotHeld,
}

#[derive(Clone, Copy, Debug)]
enum At {
    ReadVersion,
    Gate,
    Verify,
    Claim,
    TakeToken,
    Redo(Run, usize),
    CommitRedone(Run),
    Look,
    Stage,
    Check,
    Promote,
    Record,
    Apply(usize),
    Commit,
    Unlink,
    Sweep,
    Ended(End),
}

/// One run.
#[derive(Clone, Debug)]
pub(crate) struct Sync {
    pub(crate) without: Option<Rule>,
    /// On a cluster a bucket's script sees its own control field and nothing of the meta.
    pub(crate) cluster: bool,
    /// The held stage to apply, for a run that was told so.
    pub(crate) approve: Option<Run>,
    at: At,
    /// The run's own number, which fences.
    token: Run,
    /// The stage that is applied: the run's own, or the approved one.
    stage: Run,
    version: u64,
    looked: u64,
    base: Run,
    buckets: usize,
    rebuild: BTreeSet<usize>,
}

impl Sync {
    pub(crate) fn new(without: Option<Rule>, cluster: bool, approve: Option<Run>) -> Self {
        let rebuild = BTreeSet::new();
        let (at, token, stage) = (At::ReadVersion, 0, 0);
        Self { without, cluster, approve, at, token, stage, version: 0, looked: 0, base: 0, buckets: 1, rebuild }
    }

    /// Does the next step; the end, once it is reached.
    pub(crate) fn step(&mut self, world: &mut World) -> Result<Option<End>, Refused> {
        world.clock += 1;
        self.at = self.next(world)?;
        Ok(match self.at {
            At::Ended(end) => Some(end),
            _ => None,
        })
    }

    fn keeps(&self, rule: Rule) -> bool {
        self.without != Some(rule)
    }

    fn next(&mut self, world: &mut World) -> Result<At, Refused> {
        Ok(match self.at {
            At::ReadVersion => {
                (self.version, self.looked) = (world.warehouse.version, world.clock);
                if self.approve.is_some() { At::Claim } else { At::Gate }
            }
            At::Gate => match world.store.meta.filter(|meta| self.is_unchanged(meta, world)) {
                Some(meta) => {
                    self.stage = meta.run;
                    At::Verify
                }
                None => At::Claim,
            },
            At::Verify => {
                let looked = if self.keeps(Rule::VerifiedAtLook) { self.looked } else { world.clock };
                let meta = world.store.meta.as_mut().filter(|meta| meta.run == self.stage).ok_or(Refused)?;
                meta.verified = meta.verified.max(looked);
                At::Ended(End::Unchanged)
            }
            At::Claim => {
                self.claim(world);
                At::TakeToken
            }
            At::TakeToken => self.take_token(world)?,
            At::Redo(started, place) => match self.write(world, started, place)? {
                true => At::Redo(started, place + 1),
                false => At::CommitRedone(started),
            },
            At::CommitRedone(started) => {
                self.commit(world, started)?;
                At::Look
            }
            At::Look => self.look(world)?,
            At::Stage => {
                self.compare(world)?;
                At::Check
            }
            At::Check => self.check(world)?,
            At::Promote => {
                self.promote(world)?;
                At::Record
            }
            At::Record => {
                self.fenced(world)?.applying = Some(self.stage);
                At::Apply(0)
            }
            At::Apply(place) => match self.write(world, self.stage, place)? {
                true => At::Apply(place + 1),
                false => At::Commit,
            },
            At::Commit => {
                self.commit(world, self.stage)?;
                At::Unlink
            }
            At::Unlink => {
                // Those of another number of buckets, but for what a later run has written.
                world.store.buckets.retain(|(of, _), bucket| *of == self.buckets || bucket.run > self.token);
                At::Sweep
            }
            At::Sweep => {
                world.warehouse.sweep();
                At::Ended(End::Done)
            }
            At::Ended(end) => At::Ended(end),
        })
    }

    /// Whether the table is as it was, and the store whole.
    fn is_unchanged(&self, meta: &Meta, world: &World) -> bool {
        let whole =
            |place| world.store.buckets.get(&(meta.buckets, place)).is_some_and(|bucket| bucket.run == meta.run);
        let is_whole = (0..meta.buckets).all(whole) || !self.keeps(Rule::WholeStore);
        meta.run > 0 && meta.version == self.version && meta.applying.is_none() && is_whole
    }

    fn claim(&mut self, world: &mut World) {
        let known = world.store.meta.map_or(0, |meta| meta.token);
        let warehouse = &mut world.warehouse;
        if self.keeps(Rule::Claim) {
            let clock = if self.keeps(Rule::Clock) { world.clock } else { 0 };
            warehouse.claim = warehouse.claim.max(known).max(clock) + 1;
            self.token = warehouse.claim;
        } else {
            let used = warehouse.snapshots.keys().chain(warehouse.stages.keys()).max();
            self.token = used.copied().unwrap_or(0).max(known) + 1;
        }
        self.stage = self.token;
    }

    fn take_token(&mut self, world: &mut World) -> Result<At, Refused> {
        let new = Meta { run: 0, buckets: 1, version: 0, token: 0, applying: None, verified: 0 };
        let meta = world.store.meta.get_or_insert(new);
        if meta.token > self.token {
            return Err(Refused);
        }
        meta.token = self.token;
        let stages = &world.warehouse.stages;
        let started = if self.keeps(Rule::StartedOnly) { meta.applying } else { stages.keys().next().copied() };
        Ok(started.filter(|started| stages.contains_key(started)).map_or(At::Look, |started| At::Redo(started, 0)))
    }

    /// Which snapshot to compare with, and which buckets are not there yet.
    fn look(&mut self, world: &mut World) -> Result<At, Refused> {
        let meta = self.fence(world)?;
        let World { warehouse, store, .. } = world;
        if let Some(approved) = self.approve {
            // What was promoted since has decided it: a process that slept may have left a stage behind as held.
            let is_newest = warehouse.snapshots.keys().all(|run| *run < approved);
            let Some(stage) = warehouse.stages.get(&approved).filter(|stage| stage.held && is_newest) else {
                warehouse.stages.remove(&approved);
                return Ok(At::Ended(End::NotHeld));
            };
            (self.stage, self.base, self.buckets) = (approved, stage.base, stage.buckets);
            return Ok(At::Promote);
        }
        let is_base = |run: &Run| {
            let snapshot = warehouse.snapshots.get(run);
            snapshot.is_some_and(|snapshot| snapshot.key_type == warehouse.key_type || !self.keeps(Rule::KeyType))
        };
        // Any that is kept is safe; the store's own rebuilds least.
        let kept = || warehouse.snapshots.keys().rev().copied().find(|run| is_base(run));
        self.base = Some(meta.run).filter(is_base).or_else(kept).unwrap_or(0);
        let rows = warehouse.snapshots.get(&self.base).map_or(warehouse.table.len(), |snapshot| snapshot.rows.len());
        self.buckets = wanted_buckets(rows, (meta.run > 0).then_some(meta.buckets));
        let is_at_base =
            |place: &usize| store.buckets.get(&(self.buckets, *place)).is_some_and(|bucket| bucket.run == self.base);
        self.rebuild = (0..self.buckets).filter(|place| self.base == 0 || !is_at_base(place)).collect();
        Ok(At::Stage)
    }

    /// One statement: what differs from the base, and everything of the buckets that are rebuilt.
    fn compare(&mut self, world: &mut World) -> Result<(), Refused> {
        let World { warehouse, clock, .. } = world;
        let empty = Rows::new();
        let base = match self.base {
            0 => &empty,
            base => &warehouse.snapshots.get(&base).ok_or(Refused)?.rows,
        };
        let differs = |key: &u64| match self.rebuild.contains(&bucket(*key, self.buckets)) {
            true => warehouse.table.contains_key(key),
            false => warehouse.table.get(key) != base.get(key),
        };
        let delta = KEYS.filter(differs).map(|key| (key, warehouse.table.get(&key).copied())).collect();
        let stage = Stage {
            base: self.base,
            buckets: self.buckets,
            rebuild: self.rebuild.clone(),
            delta,
            version: self.version,
            looked: *clock,
            key_type: warehouse.key_type,
            held: false,
            truth: warehouse.table.clone(),
        };
        warehouse.stages.insert(self.stage, stage);
        Ok(())
    }

    /// Whether what was found may be applied without being asked.
    fn check(&self, world: &mut World) -> Result<At, Refused> {
        let warehouse = &mut world.warehouse;
        let stage = warehouse.stages.get(&self.stage).ok_or(Refused)?;
        // The key got another type between the look and the statement: compared with rows of other keys, it says nothing.
        let base = warehouse.snapshots.get(&stage.base);
        if base.is_some_and(|base| base.key_type != stage.key_type) && self.keeps(Rule::KeyType) {
            warehouse.stages.remove(&self.stage);
            return Err(Refused);
        }
        let trips = warehouse.trips(stage);
        let held = warehouse.stages.iter().find(|(_, stage)| stage.held).map(|(run, _)| *run);
        Ok(match (trips, held) {
            // It is asked once; later runs only count.
            _ if !self.keeps(Rule::Check) => At::Promote,
            (true, Some(held)) => {
                warehouse.stages.remove(&self.stage);
                At::Ended(End::Held(held))
            }
            (true, None) => {
                warehouse.stages.get_mut(&self.stage).ok_or(Refused)?.held = true;
                At::Ended(End::Held(self.stage))
            }
            (false, _) => At::Promote,
        })
    }

    /// The snapshot of the stage, from what no run changes.
    fn promote(&self, world: &mut World) -> Result<(), Refused> {
        let warehouse = &mut world.warehouse;
        let stage = warehouse.stages.get(&self.stage).ok_or(Refused)?;
        let mut rows = match stage.base {
            0 => Rows::new(),
            base => warehouse.snapshots.get(&base).ok_or(Refused)?.rows.clone(),
        };
        rows.retain(|key, _| !stage.rebuild.contains(&bucket(*key, stage.buckets)));
        for (key, row) in &stage.delta {
            match row {
                Some(row) => rows.insert(*key, *row),
                None => rows.remove(key),
            };
        }
        assert_eq!(rows, stage.truth, "a snapshot is the table at the moment of its stage");
        warehouse.snapshots.insert(self.stage, Snapshot { rows, key_type: stage.key_type });
        // What was held is decided: by approval, or by a table that gives no more reason to ask.
        let decided = self.stage;
        warehouse.stages.retain(|run, stage| !stage.held || *run == decided);
        let latest = warehouse.version;
        warehouse.stages.entry(decided).and_modify(|stage| {
            stage.held = false;
            stage.version = if self.keeps(Rule::VersionFirst) { stage.version } else { latest };
        });
        Ok(())
    }

    /// One script: replaces a bucket that is older, or patches one of exactly the base; any other is left to the next
    /// run. `false` behind the last bucket.
    fn write(&self, world: &mut World, run: Run, place: usize) -> Result<bool, Refused> {
        if !self.cluster {
            self.fence(world)?;
        }
        let World { warehouse, store, .. } = world;
        let stage = warehouse.stages.get(&run).ok_or(Refused)?;
        if place == stage.buckets {
            return Ok(false);
        }
        let mine = |key: &u64| bucket(*key, stage.buckets) == place;
        let have = store.buckets.get(&(stage.buckets, place));
        let rows = match have {
            Some(have) if have.run >= run => None,
            _ if stage.rebuild.contains(&place) && self.keeps(Rule::StagedRebuild) => Some(Rows::new()),
            _ if stage.rebuild.contains(&place) => {
                let table =
                    warehouse.table.iter().filter(|(key, _)| mine(key)).map(|(key, row)| (*key, *row)).collect();
                store.buckets.insert((stage.buckets, place), Bucket { run, rows: table });
                None
            }
            Some(have) if have.run == stage.base || !self.keeps(Rule::PatchBase) => Some(have.rows.clone()),
            _ => None,
        };
        if let Some(mut rows) = rows {
            for (key, row) in stage.delta.iter().filter(|(key, _)| mine(key)) {
                match row {
                    Some(row) => rows.insert(*key, *row),
                    None => rows.remove(key),
                };
            }
            store.buckets.insert((stage.buckets, place), Bucket { run, rows });
        }
        Ok(true)
    }

    fn commit(&self, world: &mut World, run: Run) -> Result<(), Refused> {
        let stage = world.warehouse.stages.get(&run).ok_or(Refused)?;
        let (version, buckets, looked) = (stage.version, stage.buckets, stage.looked);
        let counts = self.keeps(Rule::BucketCount);
        let meta = self.fenced(world)?;
        if run >= meta.run {
            *meta = Meta { run, version, verified: looked, ..*meta };
            meta.buckets = if counts || meta.run == 0 { buckets } else { meta.buckets };
        }
        meta.applying = None;
        Ok(())
    }

    fn fence(&self, world: &World) -> Result<Meta, Refused> {
        world.store.meta.filter(|meta| meta.token == self.token).ok_or(Refused)
    }

    fn fenced<'world>(&self, world: &'world mut World) -> Result<&'world mut Meta, Refused> {
        world.store.meta.as_mut().filter(|meta| meta.token == self.token).ok_or(Refused)
    }
}
