//! The cache beside a plain model of a store: random interleavings of reads, changes, flushes, gaps of the feed, lost
//! connections and servers that went back, where what is asked is answered late and what is answered arrives later.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use proptest::prelude::any;

use random::Random;

use super::LEASE;
use super::cache::{HotCache, Lead};
use super::flight::Waiting;
use crate::redis::{Change, bucket_of};
use crate::{Answer, Row, RowBuilder, Unavailable};

#[path = "../../../language/tests/cases/mod.rs"]
mod cases;
#[path = "../../tests/random/mod.rs"]
mod random;

const KEYS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

fn row(value: u64) -> Row {
    let mut builder = RowBuilder::default();
    builder.push(value.to_string().as_bytes());
    builder.finish()
}

/// What the server has.
#[derive(Clone, Default)]
struct Server {
    /// `None` after a flush, until the next change.
    rows: Option<BTreeMap<&'static str, u64>>,
    /// Each entry with an id that never comes again.
    feed: Vec<(u64, Change)>,
}

impl Server {
    fn answer(&self, key: &str) -> Answer {
        match &self.rows {
            None => Answer::Unavailable(Unavailable::NotSynced),
            Some(rows) => rows.get(key).map_or(Answer::Missing, |&value| Answer::Found(row(value))),
        }
    }
}

/// Keys that were asked for: the answers, once the server made them.
struct Asked<'cache> {
    keys: Vec<&'static str>,
    lead: Option<Lead<'cache>>,
    answers: Option<Vec<Answer>>,
}

/// A poll of the feed: what it said, and when the server said it.
struct Poll {
    since: Option<u64>,
    sent: Instant,
    said: Option<(usize, Option<Vec<Change>>, Option<u64>)>,
}

/// An answer that somebody else asked for.
struct Joined {
    key: &'static str,
    waiting: Waiting,
    /// The oldest state that it may be of.
    oldest: usize,
}

#[derive(Default)]
struct Counts {
    hits: u64,
    joined: u64,
    drops: u64,
}

struct World<'cache> {
    cache: &'cache HotCache,
    random: Random,
    now: Instant,
    buckets: u32,
    server: Server,
    backups: Vec<Server>,
    next: u64,
    /// Every state there was, the newest last.
    states: Vec<BTreeMap<&'static str, Answer>>,
    asked: Vec<Asked<'cache>>,
    poll: Option<Poll>,
    joined: Vec<Joined>,
    /// The feed's last entry that the reader knows.
    position: Option<u64>,
    /// The state that the newest poll which arrived saw.
    followed: usize,
    counts: Counts,
}

impl<'cache> World<'cache> {
    fn new(cache: &'cache HotCache, seed: u64) -> Self {
        let mut random = Random(seed);
        let buckets = 1 << random.below(3);
        Self {
            cache,
            random,
            now: Instant::now(),
            buckets,
            server: Server::default(),
            backups: Vec::new(),
            next: 1,
            states: vec![BTreeMap::new()],
            asked: Vec::new(),
            poll: None,
            joined: Vec::new(),
            position: None,
            followed: 0,
            counts: Counts::default(),
        }
    }

    fn step(&mut self) {
        match self.random.below(100) {
            0..30 => self.read(),
            30..48 => self.answer_one(),
            48..66 => self.arrive_one(),
            66..80 => self.poll(),
            80..92 => self.change(),
            92..95 => self.now += Duration::from_millis(self.random.below(2000) as u64),
            95..97 => self.back_up_or_trim(),
            97 => {
                self.server = Server::default();
                self.changed();
            }
            98 => self.lose_connection(false),
            _ => self.lose_connection(true),
        }
        self.check_joined();
    }

    fn changed(&mut self) {
        self.states.push(KEYS.iter().map(|&key| (key, self.server.answer(key))).collect());
    }

    /// Whether a key had this answer in a state since `oldest`.
    fn was(&self, key: &str, answer: &Answer, oldest: usize) -> bool {
        self.states[oldest..].iter().any(|state| state.get(key) == Some(answer))
    }

    fn read(&mut self) {
        let keys: Vec<&'static str> = KEYS.into_iter().filter(|_| self.random.percent(40)).collect();
        let texts: Vec<&[u8]> = keys.iter().map(|key| key.as_bytes()).collect();
        let open = Answer::Unavailable(Unavailable::Unreachable);
        let mut answers = vec![open.clone(); keys.len()];
        let (entity, _) = self.cache.entity("product");
        let plan = self.cache.begin(&entity, &texts, self.now, &mut answers);
        for (key, answer) in keys.iter().zip(&answers).filter(|(_, answer)| **answer != open) {
            assert!(
                self.was(key, answer, self.followed),
                "{key} was answered {answer:?}, which is older than the feed at state {} of {}",
                self.followed,
                self.states.len()
            );
            self.counts.hits += 1;
        }
        self.counts.joined += plan.joined.len() as u64;
        let joined = plan.joined.into_iter();
        let oldest = self.followed;
        self.joined.extend(joined.map(|(position, waiting)| Joined { key: keys[position], waiting, oldest }));
        if !plan.ask.is_empty() {
            let keys = plan.ask.iter().map(|&position| keys[position]).collect();
            self.asked.push(Asked { keys, lead: plan.lead, answers: None });
        }
    }

    /// The server comes to what was asked first.
    fn answer_one(&mut self) {
        let server = &self.server;
        if let Some(asked) = self.asked.iter_mut().find(|asked| asked.answers.is_none()) {
            asked.answers = Some(asked.keys.iter().map(|key| server.answer(key)).collect());
        }
    }

    /// Some answer that was made arrives; some asker has given up.
    fn arrive_one(&mut self) {
        let made: Vec<usize> = (0..self.asked.len()).filter(|&at| self.asked[at].answers.is_some()).collect();
        if made.is_empty() {
            return;
        }
        let asked = self.asked.swap_remove(made[self.random.below(made.len())]);
        if let (Some(lead), Some(mut answers)) = (asked.lead, asked.answers)
            && !self.random.percent(5)
        {
            let made = answers.clone();
            lead.land(&mut answers);
            assert_eq!(answers, made, "what is kept is what came");
        }
    }

    fn check_joined(&mut self) {
        for joined in std::mem::take(&mut self.joined) {
            match joined.waiting.flight.peek() {
                None => self.joined.push(joined),
                Some(landed) => {
                    let answer = &landed[joined.waiting.position];
                    assert!(self.was(joined.key, answer, joined.oldest), "{} was joined too late", joined.key);
                }
            }
        }
    }

    /// A poll is sent, comes to the server, or arrives.
    fn poll(&mut self) {
        let Some(poll) = &mut self.poll else {
            self.poll = Some(Poll { since: self.position, sent: self.now, said: None });
            return;
        };
        let feed = &self.server.feed;
        let Some((seen, changes, position)) = poll.said.take() else {
            let at = poll.since.and_then(|since| feed.iter().position(|(id, _)| *id == since));
            let changes = at.map(|at| feed[at + 1..].iter().map(|(_, change)| change.clone()).collect());
            poll.said = Some((self.states.len() - 1, changes, feed.last().map(|(id, _)| *id)));
            return;
        };
        let sent = poll.sent;
        self.poll = None;
        let (entity, _) = self.cache.entity("product");
        match changes {
            Some(changes) => self.cache.apply(&entity, &changes),
            None => {
                self.cache.lose(&entity);
                self.counts.drops += 1;
            }
        }
        self.position = position;
        self.followed = seen;
        if position.is_some() {
            self.cache.renew(&entity, sent, sent + LEASE);
        }
    }

    /// Rows of one bucket change, and the feed says so in the same step.
    fn change(&mut self) {
        let bucket = self.random.below(self.buckets as usize) as u32;
        if self.random.percent(5) {
            self.buckets = 1 << self.random.below(3);
            return;
        }
        let rows = self.server.rows.get_or_insert_default();
        let mut named = Vec::new();
        for key in KEYS.into_iter().filter(|key| bucket_of(key.as_bytes(), self.buckets) == bucket) {
            if self.random.percent(40) {
                match self.random.below(3) {
                    0 => rows.remove(key),
                    value => rows.insert(key, value as u64),
                };
                named.push(Bytes::from_static(key.as_bytes()));
            }
        }
        let keys = self.random.percent(70).then_some(named);
        let change = match self.random.percent(15) {
            true => Change::Committed { run: 7 },
            false => Change::Rows { run: 7, buckets: self.buckets, bucket, keys: keys.clone() },
        };
        let is_commit = matches!(change, Change::Committed { .. });
        self.server.feed.push((self.next, change));
        self.next += 1;
        if is_commit {
            self.server.feed.push((self.next, Change::Rows { run: 7, buckets: self.buckets, bucket, keys }));
            self.next += 1;
        }
        self.changed();
    }

    fn back_up_or_trim(&mut self) {
        if self.random.percent(60) {
            self.backups.push(self.server.clone());
        } else {
            let gone = self.random.below(self.server.feed.len() + 1);
            self.server.feed.drain(..gone);
        }
    }

    /// What was asked is lost; the next connection may lead to a server that went back.
    fn lose_connection(&mut self, goes_back: bool) {
        let (entity, _) = self.cache.entity("product");
        self.cache.lose(&entity);
        self.poll = None;
        self.position = None;
        // Some were answered before, and arrive after.
        self.asked.retain(|asked| asked.answers.is_some());
        if goes_back && !self.backups.is_empty() {
            self.server = self.backups[self.random.below(self.backups.len())].clone();
            self.changed();
            self.followed = self.states.len() - 1;
        }
    }
}

#[test]
fn whatever_comes_in_between_no_answer_is_older_than_the_feed() {
    let mut all = Counts::default();
    let mut runner = cases::runner(10);
    let counts = std::cell::RefCell::new(&mut all);
    let ran = runner.run(&any::<u64>(), |seed| {
        // Room for some of the keys only, in half of the histories.
        let cache = HotCache::new(if seed % 2 == 0 { 1 << 20 } else { 1000 });
        let mut world = World::new(&cache, seed);
        (0..300).for_each(|_| world.step());
        let mut counts = counts.borrow_mut();
        counts.hits += world.counts.hits;
        counts.joined += world.counts.joined;
        counts.drops += world.counts.drops;
        Ok(())
    });
    ran.unwrap();
    assert!(all.hits > 0 && all.joined > 0 && all.drops > 0, "the histories hardly ever come to an answer");
}

fn keep(cache: &HotCache, slug: &str, keys: &[&[u8]], answers: &mut [Answer]) {
    let (entity, _) = cache.entity(slug);
    let mut open = vec![Answer::Unavailable(Unavailable::Unreachable); keys.len()];
    let plan = cache.begin(&entity, keys, Instant::now(), &mut open);
    assert_eq!(plan.ask.len(), keys.len());
    plan.lead.unwrap().land(answers);
}

fn kept(cache: &HotCache, slug: &str, keys: &[&[u8]]) -> Vec<Option<Answer>> {
    let (entity, _) = cache.entity(slug);
    let open = Answer::Unavailable(Unavailable::Unreachable);
    let mut answers = vec![open.clone(); keys.len()];
    cache.begin(&entity, keys, Instant::now(), &mut answers);
    answers.into_iter().map(|answer| Some(answer).filter(|answer| *answer != open)).collect()
}

fn followed(cache: &HotCache, slug: &str) {
    let (entity, _) = cache.entity(slug);
    cache.renew(&entity, Instant::now(), Instant::now() + Duration::from_secs(60));
}

#[test]
fn found_and_missing_are_kept_entity_by_entity_and_what_is_unavailable_is_not() {
    let cache = HotCache::new(1 << 20);
    followed(&cache, "product");
    followed(&cache, "cart");
    let keys: [&[u8]; 3] = [b"1", b"2", b"3"];
    let mut answers = [Answer::Found(row(1)), Answer::Missing, Answer::Unavailable(Unavailable::BucketLost)];
    keep(&cache, "product", &keys, &mut answers);
    assert_eq!(kept(&cache, "product", &keys), [Some(Answer::Found(row(1))), Some(Answer::Missing), None]);
    assert_eq!(kept(&cache, "cart", &keys), [None, None, None]);
}

#[test]
fn memory_stays_below_its_bound_and_rows_that_are_asked_for_stay() {
    let bound = 100_000;
    let cache = HotCache::new(bound);
    followed(&cache, "product");
    for number in 0..20_000u64 {
        let text = number.to_string();
        keep(&cache, "product", &[text.as_bytes()], &mut [Answer::Found(row(number))]);
        if number == 0 {
            kept(&cache, "product", &[b"0"]);
        }
        if number % 10 == 0 {
            assert!(kept(&cache, "product", &[b"0"])[0].is_some(), "0 was forgotten after {number} others");
        }
        let bytes = cache.counters().bytes.load(std::sync::atomic::Ordering::Relaxed);
        assert!(bytes <= bound, "{bytes} bytes");
    }
    let evicted = cache.counters().evictions.load(std::sync::atomic::Ordering::Relaxed);
    assert!(evicted > 19_000, "{evicted} made room");
}
