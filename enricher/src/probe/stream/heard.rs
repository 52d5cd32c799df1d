use std::sync::{Mutex, PoisonError};

use rdkafka::ClientContext;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;

/// Keeps what the client reports.
#[derive(Debug, Default)]
pub(super) struct Heard {
    error: Mutex<Option<Code>>,
    delivery: Mutex<Option<Result<(), Code>>>,
}

impl Heard {
    /// Why the client gets no further, as it said last.
    pub(super) fn error(&self) -> Option<Code> {
        *self.error.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What became of the record, once that is known.
    pub(super) fn delivery(&self) -> Option<Result<(), Code>> {
        *self.delivery.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Heard {
    fn error(&self, error: KafkaError, _: &str) {
        let code = error.rdkafka_error_code();
        // The end of a partition is no error, though it comes as one.
        if code == Some(Code::PartitionEOF) {
            return;
        }
        let mut last = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        // That no broker is left follows from what was said of each, and says less.
        if code != Some(Code::AllBrokersDown) || last.is_none() {
            *last = code;
        }
    }
}

impl ConsumerContext for Heard {}

impl ProducerContext for Heard {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let failed = |(error, _): &(KafkaError, _)| error.rdkafka_error_code().unwrap_or(Code::Fail);
        let result = result.as_ref().map(drop).map_err(failed);
        *self.delivery.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }
}
