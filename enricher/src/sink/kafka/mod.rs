//! A Kafka topic as a sink: an idempotent producer, whose delivery reports settle outputs.
//!
//! Records with a key keep their order by the key. Records without one go to the partition with the number of the one they
//! came from (modulo the number of partitions), so that they keep the order of that.

mod config;
mod context;
mod trouble;

pub(crate) use trouble::REFUSED;

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use super::{Fate, NotTaken, Output, Refusal, Sink};
use crate::connect::{Access, ClientError};
use crate::enrich::Trouble;
use crate::source::Receipt;
use context::{Context, Reports};

/// How long the brokers may take to tell what a topic is like.
const ASK: Duration = Duration::from_secs(10);

/// How long the client's own reports of an error are waited for.
const HEAR: Duration = Duration::from_millis(200);

/// How many reports are taken at once at most: the source waits meanwhile.
const REPORTS: usize = 256;

/// A topic that outputs are written to.
pub(crate) struct KafkaSink {
    access: Access,
    /// How the events are read that are written here.
    source: Option<Access>,
    runtime: tokio::runtime::Handle,
    open: Option<Open>,
    reports: Reports,
}

struct Open {
    producer: BaseProducer<Context>,
    partitions: i32,
    /// Outputs that are taken and not settled.
    waiting: usize,
}

impl KafkaSink {
    /// Makes sure that there can be a client with these settings; it connects when it is opened.
    pub(crate) fn new(access: Access, runtime: tokio::runtime::Handle) -> Result<Self, ClientError> {
        producer(&access, config::DEFAULT_LIMIT).map_err(|error| access.refused(&error))?;
        Ok(Self { access, source: None, runtime, open: None, reports: Reports::default() })
    }

    /// Connects by these settings from the next time on that it is opened.
    pub(crate) fn reach_by(&mut self, access: Access) {
        self.access = access;
    }

    /// Never writes to the topic that is read so: every event would come again, for ever.
    pub(crate) fn not_into(self, source: Access) -> Self {
        Self { source: Some(source).filter(|source| source.topic == self.access.topic), ..self }
    }

    /// Makes sure, once, that the topic is not the source's. The same brokers may be written in many ways; a cluster has
    /// one id, where its brokers tell it.
    fn check_source(&mut self, producer: &BaseProducer<Context>) -> Result<(), Trouble> {
        let Some(access) = &self.source else { return Ok(()) };
        let unreachable = |_| trouble::source_unreachable(access);
        let source: BaseProducer = access.config().create().map_err(unreachable)?;
        source.client().fetch_metadata(Some(&access.topic), ASK).map_err(unreachable)?;
        let id = source.client().fetch_cluster_id(Duration::ZERO);
        if id.is_some() && id == producer.client().fetch_cluster_id(Duration::ZERO) {
            return Err(trouble::is_source(&self.access));
        }
        self.source = None;
        Ok(())
    }

    fn trouble(&self, code: RDKafkaErrorCode) -> Trouble {
        trouble::trouble(&self.access, code)
    }

    /// How many partitions the topic has.
    fn partitions(&self, producer: &BaseProducer<Context>) -> Result<i32, RDKafkaErrorCode> {
        let unreachable = |error: KafkaError| {
            // Whether the login failed, only the client's own report tells.
            producer.poll(HEAR);
            let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
            producer.context().hindrance().unwrap_or(code)
        };
        let metadata = producer.client().fetch_metadata(Some(&self.access.topic), ASK).map_err(unreachable)?;
        let topic = metadata.topics().iter().find(|topic| topic.name() == self.access.topic);
        let topic = topic.ok_or(RDKafkaErrorCode::UnknownTopicOrPartition)?;
        if let Some(error) = topic.error() {
            return Err(error.into());
        }
        match i32::try_from(topic.partitions().len()) {
            Ok(partitions) if partitions > 0 => Ok(partitions),
            _ => Err(RDKafkaErrorCode::LeaderNotAvailable),
        }
    }

    /// The largest batch that the topic takes; the brokers' default where the user may not ask.
    fn limit(&self) -> u64 {
        let admin: Result<AdminClient<DefaultClientContext>, _> = self.access.config().create();
        let Ok(admin) = admin else { return config::DEFAULT_LIMIT };
        let topic = ResourceSpecifier::Topic(&self.access.topic);
        let options = AdminOptions::new().request_timeout(Some(ASK));
        let answer = self.runtime.block_on(admin.describe_configs([&topic], &options));
        let configs = answer.into_iter().flatten().filter_map(Result::ok);
        let limit = configs.filter_map(|config| config.get("max.message.bytes")?.value.as_ref()?.parse().ok()).next();
        limit.unwrap_or(config::DEFAULT_LIMIT)
    }
}

fn producer(access: &Access, limit: u64) -> Result<BaseProducer<Context>, KafkaError> {
    let mut settings = access.config();
    config::producer(&mut settings, limit);
    settings.create_with_context(Context::default())
}

impl Sink for KafkaSink {
    fn open(&mut self) -> Result<(), Trouble> {
        self.close();
        let probe = producer(&self.access, config::DEFAULT_LIMIT);
        let probe = probe.map_err(|_| self.trouble(RDKafkaErrorCode::Fail))?;
        let partitions = self.partitions(&probe).map_err(|code| self.trouble(code))?;
        self.check_source(&probe)?;
        let producer = match self.limit() {
            config::DEFAULT_LIMIT => probe,
            limit => producer(&self.access, limit).map_err(|_| self.trouble(RDKafkaErrorCode::Fail))?,
        };
        self.open = Some(Open { producer, partitions, waiting: 0 });
        Ok(())
    }

    fn send(&mut self, output: &Output<'_>) -> Result<(), NotTaken> {
        let Some(open) = &mut self.open else {
            return Err(NotTaken::Trouble(self.trouble(RDKafkaErrorCode::AllBrokersDown)));
        };
        let mut record =
            BaseRecord::<[u8], [u8], usize>::with_opaque_to(&self.access.topic, output.receipt.into_word());
        (record.key, record.payload, record.timestamp) = (output.key, output.value, output.timestamp);
        if output.key.is_none() || output.keeps_partition {
            record.partition = Some(output.partition % open.partitions);
        }
        record.headers = headers(output);
        match open.producer.send(record) {
            Ok(()) => {
                open.waiting += 1;
                Ok(())
            }
            Err((error, _)) => Err(match error.rdkafka_error_code() {
                Some(RDKafkaErrorCode::QueueFull) => NotTaken::Full,
                Some(RDKafkaErrorCode::MessageSizeTooLarge) => NotTaken::Refused(Refusal {
                    reason: "too_large",
                    message: format!("larger than topic {} takes (max.message.bytes)", self.access.topic),
                }),
                code => NotTaken::Trouble(self.trouble(code.unwrap_or(RDKafkaErrorCode::Fail))),
            }),
        }
    }

    fn poll(&mut self, wait: Duration, mut settled: impl FnMut(Receipt, Fate)) {
        let Some(open) = &mut self.open else { return };
        open.producer.poll(wait);
        // One poll brings the report of one batch, and there may be many small ones.
        for _ in 0..REPORTS {
            open.producer.context().take(&mut self.reports);
            let Reports { delivered, failed } = &mut self.reports;
            if delivered.is_empty() && failed.is_empty() {
                break;
            }
            open.waiting = open.waiting.saturating_sub(delivered.len() + failed.len());
            delivered.drain(..).for_each(|word| settled(Receipt::from_word(word), Fate::Delivered));
            for (word, code) in failed.drain(..) {
                settled(Receipt::from_word(word), trouble::fate(&self.access, code));
            }
            open.producer.poll(Duration::ZERO);
        }
    }

    fn close(&mut self) {
        if let Some(before) = self.open.take() {
            // What of it the brokers have not seen they need not see: it is read, and sent, again.
            before.producer.purge(rdkafka::producer::PurgeConfig::default().queue().inflight());
        }
        self.reports = Reports::default();
    }

    fn waiting(&self) -> usize {
        self.open.as_ref().map_or(0, |open| open.waiting)
    }

    fn hindrance(&self) -> Option<String> {
        let code = self.open.as_ref()?.producer.context().hindrance()?;
        Some(self.trouble(code).message)
    }
}

/// The headers that an output came with, and those that are added.
fn headers(output: &Output<'_>) -> Option<OwnedHeaders> {
    let before = output.headers.map(|headers| headers.detach());
    if output.added.is_empty() {
        return before;
    }
    let before = before.unwrap_or_else(|| OwnedHeaders::new_with_capacity(output.added.len()));
    Some(
        output
            .added
            .iter()
            .fold(before, |headers, (name, value)| headers.insert(Header { key: name, value: Some(*value) })),
    )
}
