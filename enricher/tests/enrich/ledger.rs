//! Numbered events through enrichers that are stopped, killed, frozen, cut off and outnumbered, and brokers that are
//! restarted and killed: none is lost, each key keeps its order, nothing is committed before it has come, and none comes
//! twice unless something ended uncleanly.

use std::time::{Duration, Instant};

use weft_kafka_broker::Kafka;

use crate::audit::{Audit, Seen};
use crate::faults::{Fault, Fleet};
use crate::line::Line;
use crate::load::Load;
use crate::numbers::PARTITIONS;
use crate::random::{Random, cases, is_full, seed};
use crate::world::{RULES, World};

/// A broker that comes back, and a group that takes a member for dead, may follow each other.
const PATIENCE: Duration = Duration::from_secs(180);

/// How many events wait to be read at most.
const BEHIND: u64 = 300_000;

const TAKEN_FOR_DEAD: &str = "took this member for dead";

struct Ledger<'a> {
    load: &'a Load,
    audit: &'a Audit<'a>,
    fleet: Fleet<'a>,
}

#[test]
fn no_event_is_lost_or_overtaken_whatever_ends_and_none_comes_twice_after_clean_ends() {
    let random = Random(seed());
    let (brokers, redis): (Vec<_>, _) = ((0..3).map(|_| Line::new()).collect(), Line::new());
    let ports: Vec<_> = brokers.iter().map(|line| line.port.to_string()).collect();
    let kafka = Kafka::start_with(3, &[("KAFKA_PROXIES", &ports.join(" "))]);
    brokers.iter().zip(&kafka.behind_proxies).for_each(|(line, port)| line.leads_to(*port));
    let world = World::on(&kafka);
    for topic in ["in", "out", "dead"] {
        kafka.create_topic(&world.topic(topic), PARTITIONS as i32, &[]);
    }
    let servers: Vec<_> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    world.write_manifests(&servers.join(","), "", "", RULES);
    redis.leads_to(world.redis.port);
    world.edit(&format!("127.0.0.1:{}/0", world.redis.port), &format!("127.0.0.1:{}/0", redis.port));

    // Ten million where everything is tried; else as many as come while faults happen once.
    let load = match cases().filter(|_| is_full()) {
        // So fast that there is a load at each of them.
        Some(cases) => Load::new(1_500, cases * 10),
        None => Load::new(150, u64::MAX),
    };
    let audit = Audit::new(&world);
    let (brokers, redis, enrichers) = (&brokers, &redis, Vec::new());
    let fleet = Fleet { world: &world, brokers, redis, enrichers, random };
    let mut ledger = Ledger { load: &load, audit: &audit, fleet };
    std::thread::scope(|scope| {
        scope.spawn(|| audit.run());
        scope.spawn(|| load.run(&world, |written| written > audit.seen().come.iter().sum::<u64>() + BEHIND));
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| ledger.run()));
        audit.ends();
        load.ends();
        ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

impl Ledger<'_> {
    fn run(&mut self) {
        let started = Instant::now();
        loop {
            self.load.starts();
            self.fleet.starts();
            self.suffer(&Fault::CLEAN, Fault::CLEAN.len(), true);
            // They take their time: half of them, unless everything is tried.
            let unclean = Fault::UNCLEAN.len() / if is_full() { 1 } else { 2 };
            self.suffer(&Fault::UNCLEAN, unclean, false);
            self.settle();
            self.fleet.ends();
            if !is_full() || self.load.is_done() {
                break;
            }
        }
        let (written, Seen { twice, checks, .. }) = (self.load.written(), self.audit.seen());
        assert!(checks > 10, "commits were compared with outputs only {checks} times");
        let ends = self.fleet.world.kafka.ends(&self.fleet.world.topic("in"), PARTITIONS as i32);
        assert_eq!(ends.values().sum::<i64>().cast_unsigned(), written);
        let seconds = started.elapsed().as_secs();
        println!("{written} events in {seconds} s, 0 lost, {twice} twice; commits compared {checks} times");
    }

    /// Some faults, one after the other, in any order.
    fn suffer(&mut self, faults: &[Fault], count: usize, clean: bool) {
        let mut left = faults.to_vec();
        while left.len() > faults.len() - count {
            let fault = left.swap_remove(self.fleet.random.below(left.len() as u64) as usize);
            let (started, before) = (Instant::now(), self.audit.seen());
            let dead = self.fleet.world.logged(TAKEN_FOR_DEAD);
            self.fleet.suffers(fault);
            self.settle();
            self.load.starts();
            let twice = self.audit.seen().twice - before.twice;
            let dead = self.fleet.world.logged(TAKEN_FOR_DEAD) - dead;
            let seconds = started.elapsed().as_secs_f64();
            println!("{fault:?}: {seconds:.1} s, {twice} events twice, {dead} members taken for dead");
            // On a machine so busy that a member is silent for a whole session, no end is clean.
            assert!(!clean || twice == 0 || dead > 0, "{twice} events came twice after a clean end: {fault:?}");
        }
    }

    /// Pauses the load and waits until all of it has come and is committed.
    fn settle(&mut self) {
        self.load.pauses();
        let started = Instant::now();
        loop {
            let seen = self.audit.seen();
            assert_eq!(seen.problem, None);
            if seen.has_all_of(self.load.written()) {
                break;
            }
            let Seen { come, committed, .. } = seen;
            let written = self.load.written();
            assert!(started.elapsed() < PATIENCE, "of {written} came {come:?}, and committed are {committed:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
