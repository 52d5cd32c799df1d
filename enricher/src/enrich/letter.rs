//! Dead letters: the original bytes with headers that say why, where from and when.

use jiff::Timestamp;
use rdkafka::message::{BorrowedMessage, Message as _};

use crate::event::ScanError;
use crate::join::{Failure, Join};
use crate::letters::{MAPPING, MESSAGE, NO_RULE, ORIGIN, REASON, RULE, STAGE, TIMESTAMP};
use crate::sink::{Output, REFUSED, Refusal};
use crate::source::Receipt;

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

    /// It was sent again for a rule that is not there.
    pub(super) fn unknown_rule(rule: String) -> Self {
        let message = format!("it was sent again for the rule {rule}, which the mapping does not have");
        Self { reason: "unknown_rule", stage: "read", rule, message }
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
            (REASON, self.reason.reason),
            (STAGE, self.reason.stage),
            (RULE, &self.reason.rule),
            (MAPPING, self.mapping),
            (ORIGIN, &self.origin),
            (TIMESTAMP, &self.timestamp),
            (MESSAGE, &self.reason.message),
        ]
    }

    /// The record as it came, with those headers. A timestamp that was refused may be refused here too: the brokers then
    /// give it that of now, and the record's own stands at its origin.
    pub(super) fn output<'a>(&'a self, receipt: Receipt, headers: &'a [(&'static str, &'a str)]) -> Output<'a> {
        let original = original(self.record, receipt);
        let timestamp = original.timestamp.filter(|_| self.reason.reason != REFUSED);
        Output { added: headers, timestamp, ..original }
    }
}

/// A record as it came.
pub(super) fn original<'a>(record: &'a BorrowedMessage<'_>, receipt: Receipt) -> Output<'a> {
    Output {
        receipt,
        partition: record.partition(),
        keeps_partition: false,
        key: record.key(),
        value: record.payload(),
        headers: record.headers(),
        added: &[],
        timestamp: record.timestamp().to_millis(),
    }
}
