//! A sync as steps, each of them atomic: one statement, one script. It may be killed or paused before any of them. What
//! the steps decide, the functions of `decide` and `guard` decide for it.

use std::collections::BTreeMap;

use weft_plan_types::GuardPlan;
use weft_store::EntityMeta;
use weft_store::redis::{Control, Meta, Snapshot as Applied, should_grow};
use weft_warehouse::ROW_HASH_VERSION;

use super::world::{Bucket, KEYS, ROWS, Rows, Run, Snapshot, Stage, Store, World, bucket, control, entity};
use crate::counts::Counts;
use crate::decide::{self, Basis};
use crate::guard;
use crate::header::{Rebuild, SnapshotHeader, StageHeader, VERSION};
use crate::names::Kept;

/// What takes more than half of a table away is held; [`super::world::Warehouse::empties`] says the same.
const GUARD: GuardPlan = GuardPlan { max_deleted_percent: 50, max_changed_percent: 90, min_rows: 0 };

/// A rule of the protocol that a sync may be told to leave out, to see that it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
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
    /// A table that has not changed is enough only where the store is whole.
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
pub(super) struct Refused;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
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
    Describe,
    List,
    Claim,
    Take,
    Approve,
    Look,
    Stage,
    Check,
    Verify,
    Promote,
    Unlink,
    Start,
    /// From here on for the run that is applied: an earlier one's first.
    Controls,
    Write(u32),
    Commit,
    UnlinkOthers(End),
    Sweep(End),
    Ended(End),
}

/// One run.
#[derive(Clone, Debug)]
pub(super) struct Sync {
    without: Option<Rule>,
    /// On a cluster a bucket's script sees its own control field and nothing of the meta.
    cluster: bool,
    /// The held stage to apply, for a run that was told so.
    approve: Option<Run>,
    at: At,
    /// The run's own number, which fences.
    own: Run,
    kept: Kept,
    /// The meta as it was read last.
    meta: Option<Meta>,
    entity: EntityMeta,
    basis: Option<Basis>,
    /// The set of buckets to go on with, and which of them to fill anew.
    buckets: Option<u32>,
    rebuild: Rebuild,
    /// The stage that is applied, and into how many buckets.
    applied: (Run, u32),
    is_resuming: bool,
    controls: Vec<Option<Control>>,
}

impl Sync {
    pub(super) fn new(without: Option<Rule>, cluster: bool, approve: Option<Run>) -> Self {
        Self {
            without,
            cluster,
            approve,
            at: At::Describe,
            own: 0,
            kept: Kept::default(),
            meta: None,
            entity: entity(0),
            basis: None,
            buckets: None,
            rebuild: Rebuild::All,
            applied: (0, 1),
            is_resuming: false,
            controls: Vec::new(),
        }
    }

    /// Does the next step; the end, once it is reached.
    pub(super) fn step(&mut self, world: &mut World) -> Result<Option<End>, Refused> {
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
            At::Describe => {
                self.entity = self.described(world);
                At::List
            }
            At::List => {
                self.kept = world.warehouse.kept();
                self.number(world);
                At::Claim
            }
            At::Claim if self.keeps(Rule::Claim) && !world.warehouse.claims.insert(self.own) => {
                self.own += 1;
                At::Claim
            }
            At::Claim => At::Take,
            At::Take => self.take(world)?,
            At::Approve => self.approved(world),
            At::Look => self.look(world)?,
            At::Stage => self.compare(world)?,
            At::Check => self.check(world)?,
            At::Verify => self.verify(world)?,
            At::Promote => self.promote(world)?,
            At::Unlink => {
                fenced(&mut world.store, self.own)?;
                world.store.buckets.retain(|(set, _), _| *set != self.applied.1);
                At::Start
            }
            At::Start => self.start(world)?,
            At::Controls => {
                self.controls = controls(&world.store, self.applied.1);
                decide::first_elsewhere(&self.controls, self.applied.0).map_or(At::Commit, At::Write)
            }
            At::Write(place) if place == self.applied.1 => At::Commit,
            At::Write(place) => {
                self.write(world, place)?;
                At::Write(place + 1)
            }
            At::Commit => {
                self.commit(world)?;
                self.read_meta(world)?;
                if std::mem::take(&mut self.is_resuming) { At::Look } else { At::UnlinkOthers(End::Done) }
            }
            At::UnlinkOthers(end) => self.unlink_others(world, end)?,
            At::Sweep(end) => {
                self.kept = world.warehouse.kept();
                let base = self.basis.as_ref().and_then(|basis| basis.base);
                self.sweep(world, base.filter(|_| end == End::Unchanged), None);
                At::Ended(end)
            }
            At::Ended(end) => At::Ended(end),
        })
    }

    fn described(&self, world: &World) -> EntityMeta {
        entity(if self.keeps(Rule::KeyType) { world.warehouse.key_type } else { 0 })
    }

    fn number(&mut self, world: &World) {
        let token = world.store.meta.as_ref().map_or(0, |meta| meta.token);
        let clock = if self.keeps(Rule::Clock) { world.clock } else { 0 };
        let unclaimed =
            || Kept { claims: self.kept.stages.union(&self.kept.snapshots).copied().collect(), ..Kept::default() };
        self.own = match self.keeps(Rule::Claim) {
            true => decide::next_run(&self.kept, token, clock),
            false => decide::next_run(&unclaimed(), token, 0),
        };
    }

    fn read_meta(&mut self, world: &World) -> Result<(), Refused> {
        self.meta = Some(world.store.meta.clone().filter(|meta| meta.token == self.own).ok_or(Refused)?);
        Ok(())
    }

    fn committed(&self) -> Option<&Applied> {
        self.meta.as_ref()?.committed.as_ref()
    }

    fn take(&mut self, world: &mut World) -> Result<At, Refused> {
        let new = || Meta {
            owner: String::new(),
            token: 0,
            committed: None,
            applying: None,
            verified_time: None,
            sets: Vec::new(),
        };
        let meta = world.store.meta.get_or_insert_with(new);
        if meta.token >= self.own {
            return Err(Refused);
        }
        meta.token = self.own;
        let applying = meta.applying.as_ref().map(|applying| (applying.run, applying.buckets));
        self.read_meta(world)?;
        if self.approve.is_some() {
            return Ok(At::Approve);
        }
        let first = || self.kept.stages.first().map(|run| (*run, applying.map_or(1, |(_, buckets)| buckets)));
        let started = if self.keeps(Rule::StartedOnly) { applying } else { first() };
        match started.filter(|(run, _)| self.kept.stages.contains(run)) {
            Some(started) => {
                (self.applied, self.is_resuming) = (started, true);
                Ok(At::Controls)
            }
            None => Ok(At::Look),
        }
    }

    /// The first of the stages that wait for approval.
    fn held(&self, world: &World) -> Option<Run> {
        let undecided = decide::undecided(&self.kept, self.committed().map(|committed| committed.run), self.own);
        undecided.into_iter().find(|run| {
            let stage = world
                .warehouse
                .stages
                .get(run)
                .filter(|stage| decide::is_applicable(&stage.header, &self.kept, &self.entity));
            stage.is_some_and(|stage| self.is_too_much(stage))
        })
    }

    fn is_too_much(&self, stage: &Stage) -> bool {
        self.keeps(Rule::Check) && guard::verdict(&GUARD, &stage.header, &stage.counts).is_some()
    }

    fn approved(&mut self, world: &mut World) -> At {
        let held = self.held(world);
        if held.is_some() && held == self.approve {
            self.applied.0 = held.unwrap_or_default();
            return At::Promote;
        }
        self.sweep(world, None, held);
        At::Ended(End::NotHeld)
    }

    /// Which snapshot to compare with, and which buckets are not there yet.
    fn look(&mut self, world: &World) -> Result<At, Refused> {
        let mut headers = BTreeMap::new();
        for run in &self.kept.snapshots {
            let snapshot = world.warehouse.snapshots.get(run).ok_or(Refused)?;
            headers.insert(*run, snapshot.header.clone());
        }
        let basis = decide::basis(self.committed(), &headers, &self.entity);
        self.buckets = decide::set_to_keep(self.committed(), &basis);
        self.rebuild = match self.buckets {
            Some(buckets) => decide::rebuild(&controls(&world.store, buckets), &basis, &self.entity),
            None => Rebuild::All,
        };
        self.basis = Some(basis);
        Ok(At::Stage)
    }

    /// One statement: what differs from the base, and everything of the buckets that are rebuilt.
    fn compare(&mut self, world: &mut World) -> Result<At, Refused> {
        // A statement that makes keys of another type than they have fails.
        if self.described(world) != self.entity {
            return Err(Refused);
        }
        let basis = self.basis.clone().ok_or(Refused)?;
        let World { warehouse, clock, .. } = world;
        let base = match basis.base {
            Some(base) => warehouse.snapshots.get(&base).ok_or(Refused)?.rows.clone(),
            None => Rows::new(),
        };
        let is_rebuilt = |key: u64| self.buckets.is_none_or(|buckets| self.rebuild.contains(bucket(key, buckets)));
        let (mut counts, mut delta) = (Counts::default(), BTreeMap::new());
        for key in KEYS {
            let (row, was) = (warehouse.table.get(&key), base.get(&key));
            let count = match (row, was) {
                (Some(_), None) => &mut counts.added,
                (None, Some(_)) => &mut counts.removed,
                (Some(_), Some(_)) if row != was => &mut counts.changed,
                (Some(_), Some(_)) if is_rebuilt(key) => &mut counts.same,
                _ => continue,
            };
            *count += ROWS;
            delta.insert(key, row.copied());
        }
        let rows = counts.total(basis.rows);
        if self.buckets.is_some_and(|buckets| should_grow(rows, buckets)) {
            (self.buckets, self.rebuild) = (None, Rebuild::All);
            return Ok(At::Stage);
        }
        let header = StageHeader {
            version: VERSION,
            hash_version: ROW_HASH_VERSION,
            base: basis.base,
            base_rows: basis.rows,
            comparable: basis.comparable,
            stored_rows: basis.stored_rows.unwrap_or_default(),
            is_base_lost: self.committed().is_some() && basis.base.is_none(),
            buckets: self.buckets,
            rebuild: self.rebuild.clone(),
            entity: self.entity.clone(),
            retyped_from: basis.retyped_from,
            time: *clock,
        };
        let (key_type, truth) = (warehouse.key_type, warehouse.table.clone());
        warehouse.stages.insert(self.own, Stage { header, counts, delta, key_type, truth });
        self.applied.0 = self.own;
        Ok(At::Check)
    }

    /// Whether what was found is applied, has nothing to apply, or waits for a person.
    fn check(&mut self, world: &mut World) -> Result<At, Refused> {
        let held = self.held(world);
        let stage = world.warehouse.stages.get(&self.own).ok_or(Refused)?;
        let meta = self.meta.as_ref().ok_or(Refused)?;
        if self.is_too_much(stage) {
            let (held, base) = (held.unwrap_or(self.own), stage.header.base);
            self.sweep(world, base, Some(held));
            return Ok(At::Ended(End::Held(held)));
        }
        let is_whole = decide::is_whole(&stage.header, meta) || !self.keeps(Rule::WholeStore);
        Ok(if stage.counts.touched() == 0 && is_whole { At::Verify } else { At::Promote })
    }

    fn verify(&self, world: &mut World) -> Result<At, Refused> {
        let stage = world.warehouse.stages.get(&self.own).ok_or(Refused)?;
        let looked = if self.keeps(Rule::VerifiedAtLook) { stage.header.time } else { world.clock };
        let run = |meta: &Meta| meta.committed.as_ref().map(|committed| committed.run);
        let meta = world.store.meta.as_mut().filter(|meta| run(meta) == stage.header.base).ok_or(Refused)?;
        meta.verified_time = meta.verified_time.max(Some(looked));
        Ok(At::UnlinkOthers(End::Unchanged))
    }

    /// The snapshot of the stage, from what no run changes.
    fn promote(&mut self, world: &mut World) -> Result<At, Refused> {
        let warehouse = &mut world.warehouse;
        let stage = warehouse.stages.get(&self.applied.0).ok_or(Refused)?;
        let total = stage.counts.total(stage.header.base_rows);
        if !warehouse.snapshots.contains_key(&self.applied.0) {
            let mut rows = match stage.header.base {
                Some(base) => warehouse.snapshots.get(&base).ok_or(Refused)?.rows.clone(),
                None => Rows::new(),
            };
            patch(&mut rows, stage.delta.iter());
            assert_eq!(rows, stage.truth, "a snapshot is the table at the moment of its stage");
            assert_eq!(total, rows.len() as u64 * ROWS, "a run knows how many rows there are");
            let header = SnapshotHeader {
                version: VERSION,
                hash_version: ROW_HASH_VERSION,
                rows: total,
                entity: stage.header.entity.clone(),
            };
            let snapshot = Snapshot { header, rows, key_type: stage.key_type };
            warehouse.snapshots.insert(self.applied.0, snapshot);
        }
        self.applied.1 = stage.header.buckets.unwrap_or_else(|| decide::buckets(self.committed(), total));
        let is_new = self.meta.as_ref().is_none_or(|meta| meta.committed.is_none() && meta.applying.is_none());
        Ok(if is_new { At::Unlink } else { At::Start })
    }

    fn start(&self, world: &mut World) -> Result<At, Refused> {
        let (run, buckets) = self.applied;
        let header = &world.warehouse.stages.get(&run).ok_or(Refused)?.header;
        let meta = fenced(&mut world.store, self.own)?;
        if meta.committed.as_ref().is_none_or(|committed| committed.run < run) {
            let (entity, snapshot_time) = (header.entity.clone(), header.time);
            meta.applying = Some(Applied { run, buckets, entity, snapshot_time });
            if !meta.sets.contains(&buckets) {
                meta.sets.push(buckets);
            }
        }
        Ok(At::Controls)
    }

    /// One script: replaces a bucket, or patches one of exactly the base; any other is left to the next run.
    fn write(&self, world: &mut World, place: u32) -> Result<(), Refused> {
        let (run, buckets) = self.applied;
        let is_done = |control: &Control| control.run == run;
        if self.controls.get(place as usize).and_then(Option::as_ref).is_some_and(is_done) {
            return Ok(());
        }
        let World { warehouse, store, .. } = world;
        let stage = warehouse.stages.get(&run).ok_or(Refused)?;
        let have = store.buckets.get(&(buckets, place));
        if !self.cluster && store.meta.as_ref().is_none_or(|meta| meta.token != self.own) {
            return Err(Refused);
        }
        match have {
            Some(have) if have.control.run == run || (have.control.run > run && self.cluster) => return Ok(()),
            _ => {}
        }
        let is_applied = |meta: &Meta| meta.applying.as_ref().is_some_and(|applying| applying.run == run);
        if !self.cluster && !store.meta.as_ref().is_some_and(is_applied) {
            return Err(Refused);
        }
        let control = control(run, &stage.header.entity);
        let mine = |key: &u64| bucket(*key, buckets) == place;
        let rows = if !stage.header.rebuild.contains(place) {
            let is_base = |have: &&Bucket| {
                !self.keeps(Rule::PatchBase)
                    || (Some(have.control.run) == stage.header.base && have.control.columns == control.columns)
            };
            let Some(have) = have.filter(is_base) else { return Ok(()) };
            let mut rows = have.rows.clone();
            patch(&mut rows, stage.delta.iter().filter(|(key, _)| mine(key)));
            rows
        } else if self.keeps(Rule::StagedRebuild) {
            let mut rows = Rows::new();
            patch(&mut rows, stage.delta.iter().filter(|(key, _)| mine(key)));
            rows
        } else {
            warehouse.table.iter().filter(|(key, _)| mine(key)).map(|(key, row)| (*key, *row)).collect()
        };
        store.buckets.insert((buckets, place), Bucket { control, rows });
        Ok(())
    }

    fn commit(&self, world: &mut World) -> Result<(), Refused> {
        let counts = self.keeps(Rule::BucketCount);
        let meta = fenced(&mut world.store, self.own)?;
        let run = self.applied.0;
        let is_applied = meta.applying.as_ref().is_some_and(|applying| applying.run == run);
        if meta.committed.as_ref().is_some_and(|committed| committed.run >= run) {
            meta.applying = meta.applying.take().filter(|_| !is_applied);
            return Ok(());
        }
        let applied = meta.applying.take().filter(|_| is_applied).ok_or(Refused)?;
        let before = meta.committed.take();
        let buckets = before.map(|before| before.buckets).filter(|_| !counts).unwrap_or(applied.buckets);
        meta.committed = Some(Applied { buckets, ..applied });
        meta.verified_time = None;
        Ok(())
    }

    /// Removes the sets of buckets that are out of use, one at a time.
    fn unlink_others(&mut self, world: &mut World, end: End) -> Result<At, Refused> {
        let stage = |run: Run| world.warehouse.stages.get(&run).and_then(|stage| stage.header.buckets);
        let used = if end == End::Unchanged { stage(self.own).unwrap_or_default() } else { self.applied.1 };
        let sets = self.meta.as_mut().map(|meta| &mut meta.sets).ok_or(Refused)?;
        sets.retain(|set| *set != used);
        let Some(set) = sets.pop() else { return Ok(At::Sweep(end)) };
        let meta = fenced(&mut world.store, self.own)?;
        let is_used = |snapshot: &Option<Applied>| snapshot.as_ref().is_some_and(|snapshot| snapshot.buckets == set);
        if is_used(&meta.committed) || is_used(&meta.applying) {
            return Err(Refused);
        }
        meta.sets.retain(|other| *other != set);
        world.store.buckets.retain(|(other, _), _| *other != set);
        Ok(At::UnlinkOthers(end))
    }

    fn sweep(&mut self, world: &mut World, base: Option<Run>, held: Option<Run>) {
        let committed = self.committed().map(|committed| committed.run);
        let held = held.and_then(|run| Some((run, world.warehouse.stages.get(&run)?.header.base)));
        let stays = decide::in_use(committed, base, held.and_then(|(_, base)| base));
        self.kept.stages.insert(self.own);
        self.kept.claims.insert(self.own);
        for (kind, run) in decide::swept(&self.kept, &stays, held.map(|(run, _)| run), self.own) {
            world.warehouse.drop(kind, run);
        }
    }
}

/// What the buckets of a set say of themselves.
fn controls(store: &Store, buckets: u32) -> Vec<Option<Control>> {
    (0..buckets).map(|place| store.buckets.get(&(buckets, place)).map(|bucket| bucket.control)).collect()
}

fn patch<'a>(rows: &mut Rows, delta: impl Iterator<Item = (&'a u64, &'a Option<u8>)>) {
    for (key, row) in delta {
        match row {
            Some(row) => rows.insert(*key, *row),
            None => rows.remove(key),
        };
    }
}

fn fenced(store: &mut Store, token: Run) -> Result<&mut Meta, Refused> {
    store.meta.as_mut().filter(|meta| meta.token == token).ok_or(Refused)
}
