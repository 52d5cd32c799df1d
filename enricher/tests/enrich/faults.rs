//! What enrichers, brokers and lines meet with.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use weft_kafka_broker::Kafka;

use crate::line::{Line, State};
use crate::random::Random;
use crate::world::{Enricher, World, stop_all};

/// How many enrichers run between faults.
pub(crate) const USUAL: usize = 2;

/// As many enrichers as there are partitions.
const MANY: usize = crate::numbers::PARTITIONS as usize;

/// After so long a silence the brokers have taken a member for dead: their sessions last 6 s.
const SESSION: Duration = Duration::from_secs(7);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// One enricher is told to end while another starts.
    Replaced,
    /// There is one, then as many as partitions, then the usual number.
    Scaled,
    /// Connections to Redis are closed, and new ones too, until it is noticed.
    RedisCut,
    /// Redis does not answer until it is noticed.
    RedisStill,
    /// SIGKILL of an enricher.
    Killed,
    /// SIGSTOP of an enricher past its session, and SIGCONT.
    Frozen,
    /// A broker is stopped in peace, and starts again.
    BrokerRestarted,
    /// SIGKILL of the leader of a partition; it is started again once there is another one.
    LeaderKilled,
    /// Connections to all brokers are closed, and new ones too, for a while.
    KafkaCut,
    /// No broker answers, for longer than a session.
    KafkaStill,
}

impl Fault {
    /// After these nothing may come twice.
    pub(crate) const CLEAN: [Self; 4] = [Self::Replaced, Self::Scaled, Self::RedisCut, Self::RedisStill];

    pub(crate) const UNCLEAN: [Self; 6] =
        [Self::Killed, Self::Frozen, Self::BrokerRestarted, Self::LeaderKilled, Self::KafkaCut, Self::KafkaStill];
}

/// The enrichers of a world, and the lines that they use.
pub(crate) struct Fleet<'a> {
    pub(crate) world: &'a World<'a>,
    pub(crate) brokers: &'a [Line],
    pub(crate) redis: &'a Line,
    pub(crate) enrichers: Vec<Enricher>,
    pub(crate) random: Random,
}

impl Fleet<'_> {
    /// Starts the usual number of enrichers.
    pub(crate) fn starts(&mut self) {
        while self.enrichers.len() < USUAL {
            self.start();
        }
        self.all_read();
    }

    /// Lets it happen.
    pub(crate) fn suffers(&mut self, fault: Fault) {
        let Self { world, redis, .. } = *self;
        match fault {
            Fault::Replaced => {
                let old = self.take_one();
                self.start();
                stop_all(vec![old]);
                self.all_read();
            }
            Fault::Scaled => {
                stop_all(self.enrichers.split_off(1));
                while self.enrichers.len() < MANY {
                    self.start();
                }
                self.all_read();
                stop_all(self.enrichers.drain(..MANY - USUAL).collect());
            }
            Fault::RedisCut => self.redis_is(redis, State::Cut),
            Fault::RedisStill => self.redis_is(redis, State::Still),
            Fault::Killed => {
                let mut killed = self.take_one();
                killed.signal(Signal::SIGKILL);
                killed.ended();
                self.start();
                self.all_read();
            }
            Fault::Frozen => {
                let mut frozen = self.take_one();
                frozen.signal(Signal::SIGSTOP);
                let other = &mut self.enrichers[0];
                let before = other.given();
                // The group may be about to give it partitions for another reason.
                std::thread::sleep(SESSION);
                other.is_given(before + 1);
                let before = frozen.log().matches("took this member for dead").count();
                frozen.signal(Signal::SIGCONT);
                frozen.logs_times("took this member for dead", before + 1);
                self.enrichers.push(frozen);
            }
            Fault::BrokerRestarted => {
                let id = 1 + self.random.below(self.brokers.len() as u64) as usize;
                terminate(world.kafka, id);
                world.kafka.up(id);
                world.kafka.wait_until_ready();
            }
            Fault::LeaderKilled => {
                let partition = self.random.below(crate::numbers::PARTITIONS) as i32;
                let topic = world.topic(self.random.of(&["in", "out"]));
                let leader = world.kafka.leader(&topic, partition);
                world.kafka.kill(leader.unwrap());
                let is_other = || world.kafka.leader(&topic, partition).is_some_and(|other| Some(other) != leader);
                world.kafka.wait_until("another broker leads", is_other);
                world.kafka.up(leader.unwrap());
                world.kafka.wait_until_ready();
            }
            Fault::KafkaCut => self.brokers_are(State::Cut, 3_000),
            Fault::KafkaStill => self.brokers_are(State::Still, 8_000),
        }
    }

    /// Ends them all in peace.
    pub(crate) fn ends(&mut self) {
        stop_all(self.enrichers.drain(..).collect());
    }

    fn start(&mut self) {
        self.enrichers.push(self.world.enrich());
    }

    fn take_one(&mut self) -> Enricher {
        let one = self.random.below(self.enrichers.len() as u64) as usize;
        self.enrichers.swap_remove(one)
    }

    fn all_read(&mut self) {
        self.enrichers.iter_mut().for_each(|enricher| enricher.is_given(1));
    }

    fn redis_is(&mut self, line: &Line, state: State) {
        let said = |enricher: &Enricher| enricher.log().matches("StoreUnavailable").count();
        let before: Vec<_> = self.enrichers.iter().map(said).collect();
        line.becomes(state);
        for (enricher, before) in self.enrichers.iter_mut().zip(before) {
            enricher.logs_times("StoreUnavailable", before + 1);
        }
        line.becomes(State::Open);
    }

    /// For a time, and up to half as long again.
    fn brokers_are(&mut self, state: State, milliseconds: u64) {
        self.brokers.iter().for_each(|line| line.becomes(state));
        std::thread::sleep(Duration::from_millis(milliseconds + self.random.below(milliseconds / 2)));
        self.brokers.iter().for_each(|line| line.becomes(State::Open));
    }
}

fn terminate(kafka: &Kafka, id: usize) {
    let pid = Pid::from_raw(kafka.pid(id).cast_signed());
    kill(pid, Signal::SIGTERM).unwrap();
    kafka.wait_until("the broker has ended", || kill(pid, None).is_err());
}
