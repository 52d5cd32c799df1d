//! Dead letters: the original bytes with headers that say why, where from and when.

use jiff::Timestamp;
use rdkafka::message::{BorrowedMessage, Message as _};

use crate::event::ScanError;
use crate::join::{Failure, Join};
use crate::sink::{Output, Refusal};
use crate::source::Receipt;

/// The rule under which records are counted that are no events.
pub(super) const NO_RULE: &str = "-";

/// Why a record became a dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reason {
    pub(super) reason: &'static str,
    pub(super) stage: &'static str,
    pub(super) rule: String,
    pub(super) message: String,
}

impl Reason {
    /// It is no event.
    pub(super) fn unreadable(error: &ScanError) -> Self {
        Self { reason: error.reason(), stage: "read", rule: NO_RULE.to_owned(), message: error.message() }
    }

    /// A rule cannot send it.
    pub(super) fn failed(join: &Join, rule: usize, failure: Failure) -> Self {
        let name = join.rules().nth(rule).unwrap_or(NO_RULE).to_owned();
        Self { reason: failure.reason(), stage: failure.stage(), rule: name, message: join.message(rule, failure) }
    }

    /// The destination does not take it.
    pub(super) fn refused(refusal: Refusal, rule: &str) -> Self {
        Self { reason: refusal.reason, stage: "deliver", rule: rule.to_owned(), message: refusal.message }
    }
}

/// The values of the headers of one dead letter.
pub(super) struct Letter<'event> {
    record: &'event BorrowedMessage<'event>,
    reason: &'event Reason,
    mapping: &'event str,
    origin: String,
    timestamp: String,
}

impl<'event> Letter<'event> {
    pub(super) fn new(record: &'event BorrowedMessage<'event>, reason: &'event Reason, mapping: &'event str) -> Self {
        let origin = format!("{}/{}/{}", record.topic(), record.partition(), record.offset());
        Self { record, reason, mapping, origin, timestamp: Timestamp::now().to_string() }
    }

    /// The headers that are added to those that the record came with.
    pub(super) fn headers(&self) -> [(&'static str, &str); 7] {
        [
            ("weft-reason", self.reason.reason),
            ("weft-stage", self.reason.stage),
            ("weft-rule", &self.reason.rule),
            ("weft-mapping", self.mapping),
            ("weft-origin", &self.origin),
            ("weft-timestamp", &self.timestamp),
            ("weft-message", &self.reason.message),
        ]
    }

    /// The record as it came, with those headers.
    pub(super) fn output<'a>(&'a self, receipt: Receipt, headers: &'a [(&'static str, &'a str)]) -> Output<'a> {
        Output { added: headers, ..original(self.record, receipt) }
    }
}

/// A record as it came.
pub(super) fn original<'a>(record: &'a BorrowedMessage<'_>, receipt: Receipt) -> Output<'a> {
    Output {
        receipt,
        partition: record.partition(),
        key: record.key(),
        value: record.payload(),
        headers: record.headers(),
        added: &[],
        timestamp: record.timestamp().to_millis(),
    }
}
