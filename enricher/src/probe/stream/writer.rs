use std::time::Instant;

use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use super::heard::Heard;
use super::topic::{ASK, HEAR, STEP, code, find};
use super::trouble::{Act, trouble};
use crate::connect::Access;
use crate::probe::steps::Trouble;

/// A topic that is written to.
pub(super) struct Writer {
    producer: BaseProducer<Heard>,
    access: Access,
}

impl Writer {
    pub(super) fn new(access: Access) -> Result<Self, Trouble> {
        let mut config = access.config();
        // See `write`.
        config.set("enable.idempotence", "false").set("acks", "2");
        config.set("message.timeout.ms", ASK.as_millis().to_string());
        let producer = config.create_with_context(Heard::default()).map_err(|error| access.refused(&error))?;
        Ok(Self { producer, access })
    }

    /// A partition of the topic, or why it is not found; an error if the brokers let nobody ask. Brokers that create topics
    /// by themselves create it, as for an enricher.
    pub(super) fn find(&self) -> Result<Result<i32, Trouble>, Trouble> {
        find(self.producer.client(), &self.access, || self.producer.poll(HEAR))
    }

    /// Asks for a record to be written and acknowledged by two replicas. Brokers first look whether the user may write,
    /// and then refuse this number, which stands for nothing (Apache Kafka since 0.9: -1, 0 or 1), before they look at the
    /// record: nothing is written.
    pub(super) fn write(&self, partition: i32) -> Result<(), Trouble> {
        let trouble = |code| trouble(&self.access, Act::Write, code);
        let mut record = BaseRecord::<[u8], [u8]>::to(&self.access.topic).partition(partition);
        record.headers = Some(OwnedHeaders::new().insert(Header { key: "weft-probe", value: Some("") }));
        self.producer.send(record).map_err(|(error, _)| trouble(code(&error)))?;
        let until = Instant::now() + ASK + STEP;
        loop {
            self.producer.poll(HEAR);
            let heard = || self.producer.context().error();
            match self.producer.context().delivery() {
                Some(Ok(()) | Err(Code::InvalidRequiredAcks)) => return Ok(()),
                Some(Err(Code::MessageTimedOut)) => return Err(trouble(heard().unwrap_or(Code::MessageTimedOut))),
                Some(Err(code)) => return Err(trouble(code)),
                None if Instant::now() >= until => return Err(trouble(heard().unwrap_or(Code::OperationTimedOut))),
                None => {}
            }
        }
    }
}
