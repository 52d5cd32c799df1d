use std::sync::{Mutex, PoisonError};

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;

/// Hears what became of records.
#[derive(Debug, Default)]
pub(super) struct Context {
    reports: Mutex<Reports>,
    hindrance: Mutex<Option<RDKafkaErrorCode>>,
}

/// What was reported since it was asked last.
#[derive(Debug, Default)]
pub(super) struct Reports {
    /// The words of the records that were delivered.
    pub(super) delivered: Vec<usize>,
    /// The words of those that were not, and why.
    pub(super) failed: Vec<(usize, RDKafkaErrorCode)>,
}

impl Context {
    /// Exchanges the reports for an empty list, whose memory is used again.
    pub(super) fn take(&self, reports: &mut Reports) {
        std::mem::swap(reports, &mut self.reports.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What the client had to say last about why it gets no further.
    pub(super) fn hindrance(&self) -> Option<RDKafkaErrorCode> {
        *self.hindrance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_hindrance(&self, code: Option<RDKafkaErrorCode>) {
        *self.hindrance.lock().unwrap_or_else(PoisonError::into_inner) = code;
    }
}

impl ClientContext for Context {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(client = "sink", %error, reason, "the Kafka client reports an error");
        let code = error.rdkafka_error_code();
        // That no broker is left follows from what was said of each, and says less.
        if code != Some(RDKafkaErrorCode::AllBrokersDown) || self.hindrance().is_none() {
            self.set_hindrance(code);
        }
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, word: usize) {
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(_) => {
                reports.delivered.push(word);
                if reports.delivered.len() == 1 {
                    self.set_hindrance(None);
                }
            }
            Err((error, _)) => {
                reports.failed.push((word, error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail)))
            }
        }
    }
}
