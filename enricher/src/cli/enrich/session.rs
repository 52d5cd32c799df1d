use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use rdkafka::error::RDKafkaErrorCode;
use weft_plan_types::{self as plan, EnrichPlan, StartFrom};
use weft_store::Reader;

use super::args::Resume;
use crate::cli::Failure;
use crate::connect::{Accesses, ClientError, Secrets, Topics};
use crate::enrich::{Breaker, Ended, Flow, Hold, Left, Pause, Pipeline, Status, Trouble, joined};
use crate::letters::{Topic, TopicError};
use crate::lookup::{Lookup, NoAnswer, OnUnavailable};
use crate::metrics::Metrics;
use crate::sink::{KafkaSink, Sink as _};
use crate::source::{GroupProtocol, Source, StartAt};

/// How long until what may pass is tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// How long rows are waited for until events are sent without: longer than it takes to connect again.
const PATIENCE: Duration = Duration::from_secs(2);

const STEP: Duration = Duration::from_millis(50);

/// One enricher from its start to its end, through as many memberships of its group as it takes.
pub(crate) struct Session<'run> {
    plan: &'run EnrichPlan,
    status: &'run Status,
    runtime: &'run tokio::runtime::Handle,
    topics: Topics<'run>,
    start: StartAt,
    /// What a person accepts, once.
    resume: &'run [Resume],
    has_breaker: bool,
}

impl<'run> Session<'run> {
    /// Reads the secrets of the topics and checks what can be checked without a server.
    pub(crate) fn new(
        plan: &'run EnrichPlan,
        secrets: &Secrets,
        status: &'run Status,
        runtime: &'run tokio::runtime::Handle,
        resume: &'run [Resume],
    ) -> Result<Self, Failure> {
        let start = match &plan.source.start_from {
            StartFrom::Earliest => StartAt::Earliest,
            StartFrom::Latest => StartAt::Latest,
            StartFrom::Timestamp(text) => {
                let time: Result<jiff::Timestamp, _> = text.parse();
                let message =
                    "spec.source.kafka.startFrom: write Earliest, Latest or a time such as 2026-01-31T00:00:00Z";
                StartAt::Time(time.map_err(|_| Failure::Configuration(anyhow!(message)))?.as_millisecond())
            }
        };
        Ok(Self {
            topics: Topics::new(plan, secrets.clone()).map_err(configuration)?,
            plan,
            status,
            runtime,
            start,
            resume,
            has_breaker: true,
        })
    }

    /// Goes on also where every event becomes a dead letter, for who sees it end.
    pub(crate) fn without_breaker(self) -> Self {
        Self { has_breaker: false, ..self }
    }

    /// Makes sure that the topics are there, for who would rather be told than wait.
    pub(crate) fn check_topics(&self) -> Result<Topic, TopicError> {
        let Accesses { source, destination, dead_letter } = self.topics.accesses();
        let topic = Topic::open(&source, &self.plan.source.group_id)?;
        let sink = |access| KafkaSink::new(access, self.runtime.clone());
        for mut sink in [sink(destination)?.not_into(source), sink(dead_letter)?] {
            sink.open().map_err(|trouble| TopicError::Send { mapping: self.plan.mapping.clone(), trouble })?;
        }
        Ok(topic)
    }

    /// Tries something until it is there; `None` if the enricher was asked to end meanwhile.
    pub(crate) fn until_there<T>(&self, mut there: impl FnMut() -> Result<T, Failure>) -> Result<Option<T>, Failure> {
        loop {
            match there() {
                Ok(there) => {
                    self.status.goes_on(Pause::StoreUnavailable);
                    return Ok(Some(there));
                }
                Err(Failure::Transient(error)) => {
                    let message = format!("{error:#}");
                    self.status.waits(&Trouble { pause: Pause::StoreUnavailable, message });
                }
                Err(failure) => return Err(failure),
            }
            if !self.sleep() {
                return Ok(None);
            }
        }
    }

    /// Runs until it is asked to end; gives how many outputs were left.
    pub(crate) fn run(&self, store: &impl Reader) -> Result<usize, Failure> {
        let rules = || match self.runtime.block_on(joined(self.plan, store)) {
            Err(Trouble { pause: Pause::StoreUnavailable, message }) => Err(Failure::Transient(anyhow!(message))),
            Err(trouble) => Err(Failure::Configuration(anyhow!(trouble.message))),
            Ok(join) => Ok(join),
        };
        let Some(join) = self.until_there(rules)? else { return Ok(0) };
        let sink = |access| KafkaSink::new(access, self.runtime.clone()).map_err(configuration);
        let Accesses { source, destination, dead_letter } = self.topics.accesses();
        let (sink, letters) = (sink(destination)?.not_into(source), sink(dead_letter)?);
        let metrics = Metrics::new(&join).context("failed to make the counters").map_err(Failure::Configuration)?;
        self.status.joins(metrics);
        let lookup = self.lookup(store);
        let mut breaker = Breaker::new(match self.has_breaker {
            true if self.resume.contains(&Resume::BreakerOpen) => Hold::Once,
            true => Hold::Not,
            false => Hold::Always,
        });
        let accepts_loss = self.resume.contains(&Resume::OffsetsLost).then(BTreeSet::new);
        let mut left = Left { sink, letters, accepts_loss, join };
        let mut protocol = GroupProtocol::Consumer;
        loop {
            let Accesses { source: access, .. } = self.topics.accesses();
            let source = Source::join(&access, &self.plan.source.group_id, self.start, protocol);
            let source = source.map_err(configuration)?;
            let ended;
            (ended, left) = self.member(&source, &lookup, left, &mut breaker);
            source.leave();
            match ended {
                Ended::Stopped { left } => {
                    tracing::info!(left, "stopped");
                    return Ok(left);
                }
                Ended::Renewed => {
                    tracing::info!("secrets of the topics have changed; connects anew with them");
                    let Accesses { source, destination, dead_letter } = self.topics.accesses();
                    left.sink.reach_by(destination);
                    left.letters.reach_by(dead_letter);
                    left.sink = left.sink.not_into(source);
                    self.status.connects_anew();
                }
                // Brokers before 4.0 do not know it, and newer ones may have it turned off.
                Ended::Fatal {
                    code: RDKafkaErrorCode::UnsupportedVersion | RDKafkaErrorCode::UnsupportedFeature,
                    ..
                } if protocol == GroupProtocol::Consumer => {
                    tracing::info!(
                        "the brokers have no consumer group protocol of KIP-848; joins with cooperative-sticky"
                    );
                    protocol = GroupProtocol::Classic;
                }
                Ended::Fatal { code, left } => {
                    self.status.connects_anew();
                    let message =
                        format!("the brokers refuse this member of the consumer group: {code}; it joins again");
                    self.status.waits(&Trouble { pause: Pause::SourceUnreachable, message });
                    if !self.sleep() {
                        return Ok(left);
                    }
                }
            }
        }
    }

    /// Asks the store as the mapping wants it, and says so when it cannot answer.
    fn lookup<'a, R: Reader>(&'a self, store: &'a R) -> Lookup<'a, &'a R> {
        let status = self.status;
        match self.plan.on_unavailable {
            plan::OnUnavailable::Pause => {
                Lookup::new(store, OnUnavailable::Pause, move |news: Option<&NoAnswer>| match news {
                    Some(no_answer) => {
                        let message = no_answer.to_string();
                        status.waits(&Trouble { pause: Pause::StoreUnavailable, message });
                    }
                    None => status.goes_on(Pause::StoreUnavailable),
                })
            }
            plan::OnUnavailable::Forward => {
                let tell = move |news: Option<&NoAnswer>| status.forwards(news.map(NoAnswer::to_string).as_deref());
                Lookup::new(store, OnUnavailable::Forward(PATIENCE), tell)
            }
        }
    }

    /// Runs one membership of the group.
    fn member<'a, R: Reader>(
        &'a self,
        source: &'a Source,
        lookup: &'a Lookup<'a, R>,
        left: Left<KafkaSink, KafkaSink>,
        breaker: &'a mut Breaker,
    ) -> (Ended, Left<KafkaSink, KafkaSink>) {
        let Left { sink, letters, accepts_loss, join } = left;
        let flow = Flow::new(source, sink, letters, self.status, accepts_loss, &self.topics);
        let mut pipeline = Pipeline::new(self.plan, join, lookup, self.runtime, flow, breaker);
        let ended = pipeline.run();
        (ended, pipeline.into_left())
    }

    /// Sleeps until it is time to try again; `false` if the enricher is asked to end.
    fn sleep(&self) -> bool {
        let since = std::time::Instant::now();
        self.status.moves();
        while since.elapsed() < PAUSE && !self.status.is_stopped() {
            std::thread::sleep(STEP);
        }
        !self.status.is_stopped()
    }
}

fn configuration(error: ClientError) -> Failure {
    Failure::Configuration(error.into())
}
