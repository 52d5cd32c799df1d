//! Random histories of runs that are killed, paused and continued, of a table that changes meanwhile, and of a Redis
//! and a bookkeeping that lose what they hold: no answer is ever wrong, and one clean run makes the store equal the
//! table.
//!
//! The runs are a naive form of the sync protocol; the store is the real one, in a real Redis.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test may panic")]

mod random;
mod redis_server;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::atomic::Ordering;

use random::Random;
use redis_server::Server;
use redis_server::run::{OWNER, SLUG, entity, keys, now, row_of};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, LocalSet};
use weft_store::hot::{HotStore, Scope};
use weft_store::redis::{
    Change, Columns, ConnectionManager, Outcome, RedisStore, Shards, Snapshot, Target, Writer, bucket_of,
};
use weft_store::{Answer, EntityMeta, Reader as _};

const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const NARROW: [&str; 2] = ["SKU", "NAME"];
const WIDE: [&str; 3] = ["SKU", "NEW", "NAME"];

/// Snapshots and stages that the bookkeeping keeps.
const KEPT: usize = 2;

/// Key to value.
type Table = BTreeMap<&'static str, u64>;

/// What a run is going to do, as the bookkeeping has it.
#[derive(Clone)]
struct Stage {
    base: u64,
    snapshot: Snapshot,
    rebuild: BTreeSet<u32>,
    /// `None` removes the key.
    delta: BTreeMap<&'static str, Option<u64>>,
}

/// The table, and the bookkeeping beside it.
struct Warehouse {
    table: Table,
    wide: bool,
    buckets: u32,
    snapshots: BTreeMap<u64, Table>,
    stages: BTreeMap<u64, Stage>,
    claim: u64,
    clock: u64,
    /// Every snapshot there ever was.
    truth: BTreeMap<u64, Table>,
}

/// A newer run is at work, or what this run stands on is gone.
struct Refused;

/// One run, which goes from one pause to the next when it is told to.
struct Process {
    task: JoinHandle<Result<(), Refused>>,
    go: mpsc::Sender<()>,
    paused: mpsc::Receiver<()>,
}

/// Where a run may be killed, or be paused and continued later.
struct Pauses {
    go: mpsc::Receiver<()>,
    paused: mpsc::Sender<()>,
}

impl Pauses {
    async fn pause(&mut self) {
        let _ = self.paused.send(()).await;
        let _ = self.go.recv().await;
    }
}

impl Process {
    fn start(warehouse: &Rc<RefCell<Warehouse>>, writer: &Writer) -> Self {
        let (go, receives_go) = mpsc::channel(1);
        let (pauses, paused) = mpsc::channel(1);
        let (warehouse, writer) = (Rc::clone(warehouse), writer.clone());
        let task = tokio::task::spawn_local(async move {
            let mut pauses = Pauses { go: receives_go, paused: pauses };
            let _ = pauses.go.recv().await;
            sync(&warehouse, &writer, &mut pauses).await
        });
        Self { task, go, paused }
    }

    /// Goes on to the next pause; `None` if the run ended before.
    async fn step(&mut self) -> Option<()> {
        self.go.send(()).await.ok()?;
        self.paused.recv().await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn done(outcome: Outcome) -> Result<(), Refused> {
    if outcome == Outcome::Done { Ok(()) } else { Err(Refused) }
}

async fn sync(warehouse: &RefCell<Warehouse>, writer: &Writer, pauses: &mut Pauses) -> Result<(), Refused> {
    let token = writer.meta().await.unwrap().map_or(0, |meta| meta.token);
    let run = warehouse.borrow_mut().next_run(token);
    pauses.pause().await;
    done(writer.take(run).await.unwrap())?;
    pauses.pause().await;

    let started = writer.meta().await.unwrap().ok_or(Refused)?.applying.map(|applying| applying.run);
    if let Some(started) = started.filter(|started| warehouse.borrow().stages.contains_key(started)) {
        apply(warehouse, writer, pauses, run, started).await?;
        if let Outcome::Fenced(_) = writer.commit(run, started).await.unwrap() {
            return Err(Refused);
        }
        pauses.pause().await;
    }

    let committed = writer.meta().await.unwrap().ok_or(Refused)?.committed.map_or(0, |committed| committed.run);
    let (base, buckets, entity) = {
        let warehouse = warehouse.borrow();
        let newest = warehouse.snapshots.keys().next_back().copied().unwrap_or(0);
        let base = if warehouse.snapshots.contains_key(&committed) { committed } else { newest };
        (base, warehouse.buckets, entity(if warehouse.wide { &WIDE } else { &NARROW }))
    };
    let columns = Columns::of(&entity);
    let controls = writer.controls(buckets).await.unwrap().into_iter().enumerate();
    let is_at_base = |control: weft_store::redis::Control| control.run == base && control.columns == Some(columns);
    let rebuild = controls
        .filter(|(_, control)| base == 0 || !control.is_some_and(is_at_base))
        .map(|(bucket, _)| bucket as u32)
        .collect();
    let snapshot = Snapshot { run, buckets, entity, snapshot_time: now() };
    pauses.pause().await;
    warehouse.borrow_mut().stage(base, snapshot.clone(), rebuild)?;
    pauses.pause().await;
    warehouse.borrow_mut().promote(run)?;
    pauses.pause().await;
    done(writer.start(run, &snapshot).await.unwrap())?;
    pauses.pause().await;
    apply(warehouse, writer, pauses, run, run).await?;
    done(writer.commit(run, run).await.unwrap())?;
    pauses.pause().await;

    for set in writer.meta().await.unwrap().ok_or(Refused)?.sets {
        if set != buckets {
            done(writer.unlink(run, set).await.unwrap())?;
            pauses.pause().await;
        }
    }
    warehouse.borrow_mut().sweep();
    Ok(())
}

/// Brings every bucket to the run of a stage; one that cannot be is left to the next run.
async fn apply(
    warehouse: &RefCell<Warehouse>,
    writer: &Writer,
    pauses: &mut Pauses,
    token: u64,
    run: u64,
) -> Result<(), Refused> {
    let buckets = warehouse.borrow().stages.get(&run).ok_or(Refused)?.snapshot.buckets;
    for bucket in 0..buckets {
        let stage = warehouse.borrow().stages.get(&run).cloned().ok_or(Refused)?;
        let columns = Columns::of(&stage.snapshot.entity);
        let target = Target { token, run, buckets, columns };
        let base = (!stage.rebuild.contains(&bucket)).then_some(stage.base);
        let mut writes = writer.bucket(target, bucket, base);
        for (key, value) in stage.delta.iter().filter(|(key, _)| bucket_of(key.as_bytes(), buckets) == bucket) {
            match value {
                None => writes.remove(key.as_bytes()).await.unwrap(),
                Some(value) => {
                    let (key, value) = (key.as_bytes(), value.to_string());
                    let wide = stage.snapshot.entity.columns.len() == WIDE.len();
                    let row = if wide { row_of(&["", "new", &value]) } else { row_of(&["", &value]) };
                    writes.put(key, &row).await.unwrap();
                }
            }
        }
        match writes.finish().await.unwrap() {
            Outcome::Done | Outcome::Already(_) | Outcome::Elsewhere(_) | Outcome::OtherColumns => {}
            _ => return Err(Refused),
        }
        writer.announce(&[Change::Rows { run, buckets, bucket, keys: None }]).await.unwrap();
        pauses.pause().await;
    }
    Ok(())
}

impl Warehouse {
    fn new(random: &mut Random) -> Self {
        Self {
            table: Table::new(),
            wide: false,
            buckets: 1 << random.below(3),
            snapshots: BTreeMap::new(),
            stages: BTreeMap::new(),
            claim: 0,
            clock: 100,
            truth: BTreeMap::new(),
        }
    }

    fn next_run(&mut self, token: u64) -> u64 {
        self.clock += 1;
        self.claim = self.claim.max(token).max(self.clock) + 1;
        self.claim
    }

    fn stage(&mut self, base: u64, snapshot: Snapshot, rebuild: BTreeSet<u32>) -> Result<(), Refused> {
        let old = if base == 0 { Table::new() } else { self.snapshots.get(&base).cloned().ok_or(Refused)? };
        let delta = KEYS.into_iter().filter_map(|key| {
            let (before, after) = (old.get(key).copied(), self.table.get(key).copied());
            let is_rebuilt = rebuild.contains(&bucket_of(key.as_bytes(), snapshot.buckets));
            let is_wanted = if is_rebuilt { before.is_some() || after.is_some() } else { before != after };
            is_wanted.then_some((key, after))
        });
        let delta = delta.collect();
        self.truth.insert(snapshot.run, self.table.clone());
        self.stages.insert(snapshot.run, Stage { base, snapshot, rebuild, delta });
        Ok(())
    }

    fn promote(&mut self, run: u64) -> Result<(), Refused> {
        let stage = self.stages.get(&run).ok_or(Refused)?;
        let mut rows =
            if stage.base == 0 { Table::new() } else { self.snapshots.get(&stage.base).cloned().ok_or(Refused)? };
        for (&key, &value) in &stage.delta {
            match value {
                Some(value) => rows.insert(key, value),
                None => rows.remove(key),
            };
        }
        assert_eq!(Some(&rows), self.truth.get(&run));
        self.snapshots.insert(run, rows);
        Ok(())
    }

    fn sweep(&mut self) {
        while self.snapshots.len() > KEPT {
            self.snapshots.pop_first();
        }
        let oldest = self.snapshots.keys().next().copied().unwrap_or(0);
        self.stages.retain(|&run, _| run >= oldest);
    }

    fn change(&mut self, random: &mut Random) {
        let key = KEYS[random.below(KEYS.len())];
        if random.percent(35) {
            self.table.remove(key);
        } else {
            self.table.insert(key, random.below(3) as u64);
        }
        if random.percent(8) {
            self.wide = !self.wide;
        }
        if random.percent(8) {
            self.buckets = 1 << random.below(3);
        }
    }
}

/// The fields of each hash in Redis.
type Backup = BTreeMap<String, BTreeMap<Vec<u8>, Vec<u8>>>;

async fn redis_keys(connection: &ConnectionManager, pattern: &str) -> Vec<String> {
    redis::cmd("KEYS").arg(pattern).query_async(&mut connection.clone()).await.unwrap()
}

async fn back_up(connection: &ConnectionManager) -> Backup {
    let mut backup = Backup::new();
    for key in redis_keys(connection, "*[}a]").await {
        let fields = redis::cmd("HGETALL").arg(&key).query_async(&mut connection.clone()).await.unwrap();
        backup.insert(key, fields);
    }
    backup
}

async fn restore(connection: &ConnectionManager, key: &str, fields: &BTreeMap<Vec<u8>, Vec<u8>>) {
    let mut pipeline = redis::pipe();
    pipeline.cmd("DEL").arg(key);
    let restored = pipeline.cmd("HSET").arg(key);
    fields.iter().for_each(|(name, value)| {
        restored.arg(name).arg(value);
    });
    pipeline.exec_async(&mut connection.clone()).await.unwrap();
}

/// Something goes wrong with what is stored; `true` if a bucket came back that the meta may know nothing of.
async fn lose(
    random: &mut Random,
    warehouse: &RefCell<Warehouse>,
    connection: &ConnectionManager,
    backups: &[Backup],
) -> bool {
    let flush = redis::cmd("FLUSHDB");
    let backup = (!backups.is_empty()).then(|| &backups[random.below(backups.len().max(1))]);
    match (random.below(100), backup) {
        (0..8, _) => {
            let mut warehouse = warehouse.borrow_mut();
            warehouse.snapshots.clear();
            warehouse.stages.clear();
            warehouse.claim = 0;
        }
        (8..30, _) => flush.exec_async(&mut connection.clone()).await.unwrap(),
        (30..60, _) => {
            let buckets = redis_keys(connection, "*}").await;
            if !buckets.is_empty() {
                let lost = &buckets[random.below(buckets.len())];
                redis::cmd("DEL").arg(lost).exec_async(&mut connection.clone()).await.unwrap();
            }
        }
        (60..80, Some(backup)) => {
            flush.exec_async(&mut connection.clone()).await.unwrap();
            for (key, fields) in backup {
                restore(connection, key, fields).await;
            }
        }
        (_, Some(backup)) => {
            let buckets: Vec<_> = backup.iter().filter(|(key, _)| key.ends_with('}')).collect();
            if !buckets.is_empty() {
                let (key, fields) = buckets[random.below(buckets.len())];
                restore(connection, key, fields).await;
                return true;
            }
        }
        (_, None) => {}
    }
    false
}

/// What was asked, and how often the store could not tell.
#[derive(Default)]
struct Counts {
    answers: u64,
    unavailable: u64,
    killed: u64,
    continued: u64,
    losses: u64,
    hits: u64,
}

async fn ask_all(store: &RedisStore) -> Vec<Answer> {
    let keys = KEYS.map(str::as_bytes);
    let mut answers = Vec::new();
    store.fetch(SLUG, &keys, &mut answers).await;
    answers
}

/// The value that a row of the told columns has.
fn value(answer: &Answer, told: &EntityMeta) -> Option<u64> {
    let Answer::Found(row) = answer else { return None };
    let columns = told.columns.len();
    Some(str::from_utf8(row.fragment(columns - 1, columns).unwrap()).unwrap().parse().unwrap())
}

/// Asks a reader that begins now: each answer is that of the run its bucket is at, and not older than the committed one.
async fn check_answers(
    warehouse: &RefCell<Warehouse>,
    writer: &Writer,
    connection: &ConnectionManager,
    counts: &mut Counts,
) {
    let store = RedisStore::new(connection.clone(), "shop", "main", OWNER, None);
    let answers = ask_all(&store).await;
    let committed = writer.meta().await.unwrap().and_then(|meta| meta.committed);
    let controls = writer.controls(committed.as_ref().map_or(0, |committed| committed.buckets)).await.unwrap();
    for (key, answer) in KEYS.iter().zip(&answers) {
        if matches!(answer, Answer::Unavailable(_)) {
            counts.unavailable += 1;
            continue;
        }
        counts.answers += 1;
        let committed = committed.as_ref().unwrap();
        let bucket = bucket_of(key.as_bytes(), committed.buckets) as usize;
        let run = controls[bucket].unwrap().run;
        let told = &committed.entity;
        assert!(run >= committed.run, "{key} was answered from run {run}, {} is committed", committed.run);
        let truth = &warehouse.borrow().truth;
        assert_eq!(value(answer, told), truth[&run].get(key).copied(), "{key} of run {run}");
    }
}

/// One that has been reading all along: each answer was right at some time.
async fn check_old_reader(warehouse: &RefCell<Warehouse>, store: &RedisStore, told: &mut Option<EntityMeta>) {
    if told.is_none() {
        *told = store.meta(SLUG).await.ok();
    }
    let Some(told) = told.as_ref() else { return };
    for (key, answer) in KEYS.iter().zip(&ask_all(store).await) {
        if matches!(answer, Answer::Unavailable(_)) {
            continue;
        }
        let value = value(answer, told);
        let is_true = warehouse.borrow().truth.values().any(|rows| rows.get(key).copied() == value);
        assert!(is_true, "{key} was never {value:?}");
    }
}

/// One that keeps answers and has just read the feed: it answers what one without a memory answers, or cannot tell.
async fn check_hot_reader(
    warehouse: &RefCell<Warehouse>,
    connection: &ConnectionManager,
    hot: &HotStore,
    told: &mut Option<EntityMeta>,
    counts: &mut Counts,
) {
    if told.is_none() {
        *told = hot.meta(SLUG).await.ok();
    }
    let Some(told) = told.as_ref() else { return };
    let keys = KEYS.map(str::as_bytes);
    let (mut answers, mut now) = (Vec::new(), Vec::new());
    let before = hot.counters().hits.load(Ordering::Relaxed);
    hot.fetch(SLUG, &keys, &mut answers).await;
    counts.hits += hot.counters().hits.load(Ordering::Relaxed) - before;
    let fresh = RedisStore::new(connection.clone(), "shop", "main", OWNER, None);
    let fresh_told = fresh.meta(SLUG).await;
    fresh.fetch(SLUG, &keys, &mut now).await;
    for ((key, answer), now) in KEYS.iter().zip(&answers).zip(&now) {
        if matches!(answer, Answer::Unavailable(_)) {
            continue;
        }
        let value = value(answer, told);
        match (now, &fresh_told) {
            // The store lost what is still right.
            (Answer::Unavailable(_), _) | (_, Err(_)) => {
                let is_true = warehouse.borrow().truth.values().any(|rows| rows.get(key).copied() == value);
                assert!(is_true, "{key} was never {value:?}");
            }
            (now, Ok(fresh_told)) => assert_eq!(value, self::value(now, fresh_told), "{key} is stale"),
        }
    }
}

async fn history(seed: u64, server: &Server, connection: &ConnectionManager, counts: &mut Counts) {
    redis::cmd("FLUSHDB").exec_async(&mut connection.clone()).await.unwrap();
    let random = &mut Random(seed);
    let shards = if random.percent(50) { Shards::One } else { Shards::Many };
    let writer = Writer::new(connection.clone(), keys(), OWNER, shards);
    let warehouse = Rc::new(RefCell::new(Warehouse::new(random)));
    let old_reader = RedisStore::new(connection.clone(), "shop", "main", OWNER, None);
    let mut is_stray = false;
    let (mut backups, mut zombies, mut told) = (Vec::new(), Vec::<Process>::new(), None);
    let access = server.access();
    let scope = Scope {
        namespace: "shop".to_owned(),
        graph: "main".to_owned(),
        owner: OWNER.to_owned(),
        max_staleness: None,
        cache_bytes: 1 << 20,
    };
    let hot = HotStore::connect(&scope, move || access.clone()).await.unwrap();
    let (mut follower, mut hot_told) = (hot.follower(), None);
    for _ in 0..1 + random.below(6) {
        for _ in 0..random.below(4) {
            warehouse.borrow_mut().change(random);
        }
        let mut process = Process::start(&warehouse, &writer);
        let killed_after = if random.percent(50) { usize::MAX } else { random.below(20) };
        let mut steps = 0;
        while process.step().await.is_some() {
            warehouse.borrow_mut().clock += random.below(3) as u64;
            if random.percent(15) {
                warehouse.borrow_mut().change(random);
            }
            if random.percent(5) {
                backups.push(back_up(connection).await);
            }
            if random.percent(4) {
                is_stray |= lose(random, &warehouse, connection, &backups).await;
                counts.losses += 1;
            }
            if !zombies.is_empty() && random.percent(30) {
                let zombie = random.below(zombies.len());
                counts.continued += 1;
                if zombies[zombie].step().await.is_none() {
                    drop(zombies.swap_remove(zombie));
                }
            }
            check_answers(&warehouse, &writer, connection, counts).await;
            check_old_reader(&warehouse, &old_reader, &mut told).await;
            // A bucket that was put back by itself is none that the feed tells of.
            if shards == Shards::One && !is_stray && random.percent(50) {
                follower.step().await;
                check_hot_reader(&warehouse, connection, &hot, &mut hot_told, counts).await;
            }
            steps += 1;
            if steps > killed_after {
                counts.killed += 1;
                if random.percent(40) {
                    zombies.push(process);
                }
                break;
            }
        }
        if random.percent(30) {
            backups.push(back_up(connection).await);
        }
        if random.percent(25) {
            is_stray |= lose(random, &warehouse, connection, &backups).await;
            counts.losses += 1;
        }
    }
    drop(zombies);

    let mut clean = Process::start(&warehouse, &writer);
    while clean.step().await.is_some() {}
    check_answers(&warehouse, &writer, connection, counts).await;
    let meta = writer.meta().await.unwrap().unwrap().committed.unwrap();
    let store = RedisStore::new(connection.clone(), "shop", "main", OWNER, None);
    for (key, answer) in KEYS.iter().zip(&ask_all(&store).await) {
        assert!(!matches!(answer, Answer::Unavailable(_)), "{key} is not there after a clean run: {answer:?}");
        assert_eq!(value(answer, &meta.entity), warehouse.borrow().table.get(key).copied(), "{key} after a clean run");
    }
    // Where scripts see the meta, nothing is left over but what came back by itself.
    if shards == Shards::One && !is_stray {
        let buckets = redis_keys(connection, "*}*").await.len();
        assert_eq!(buckets, meta.buckets as usize, "buckets are left over");
    }
}

#[tokio::test]
async fn whatever_happens_no_answer_is_wrong_and_a_clean_run_brings_everything() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let clock = || std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_millis() as u64);
    // Each takes some hundred times as long as a case that needs no server.
    let cases = (number("WEFT_CASES").unwrap_or(20_000) / 100).max(1);
    let seed = number("WEFT_SEED").unwrap_or_else(clock);
    println!("WEFT_SEED={seed}, {cases} histories");
    let server = Server::start().await;
    let connection = server.connect().await;
    let mut counts = Counts::default();
    LocalSet::new()
        .run_until(async {
            for case in 0..cases {
                // What fails is run again with WEFT_SEED=<this> WEFT_CASES=100.
                println!("history {}", seed + case);
                history(seed + case, &server, &connection, &mut counts).await;
            }
        })
        .await;
    let Counts { answers, unavailable, killed, continued, losses, hits } = counts;
    println!(
        "{answers} answers, {unavailable} unavailable; {killed} runs killed, {continued} steps of dead ones, {losses} losses, \
         {hits} answers from memory"
    );
    assert!(answers > unavailable / 10, "the histories hardly ever come to an answer");
    assert!(hits > 0 || cases < 20, "nothing was answered from memory");
}
