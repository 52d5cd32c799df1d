use jiff::Timestamp;
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Message as _};
use weft_plan_types::EnrichPlan;

use super::headers::{MAPPING, MESSAGE, ORIGIN, REASON, RULE, STAGE, TIMESTAMP, last_text};

/// A dead letter as it lies in its topic.
#[derive(Clone, Copy)]
pub(crate) struct Letter<'record> {
    pub(crate) record: &'record BorrowedMessage<'record>,
    pub(super) headers: &'record BorrowedHeaders,
    pub(crate) reason: &'record str,
    pub(crate) stage: &'record str,
    pub(crate) rule: &'record str,
    pub(crate) mapping: &'record str,
    /// Where its record was read, `topic/partition/offset`.
    pub(crate) origin: &'record str,
    /// When it became a letter, in RFC 3339.
    pub(crate) timestamp: &'record str,
    pub(crate) message: &'record str,
}

impl<'record> Letter<'record> {
    /// The letter that a record is, if it is one.
    pub(crate) fn of(record: &'record BorrowedMessage<'record>) -> Option<Self> {
        let headers = record.headers()?;
        let text = |name| last_text(headers, name);
        Some(Self {
            record,
            headers,
            reason: text(REASON)?,
            stage: text(STAGE).unwrap_or_default(),
            rule: text(RULE)?,
            mapping: text(MAPPING)?,
            origin: text(ORIGIN)?,
            timestamp: text(TIMESTAMP).unwrap_or_default(),
            message: text(MESSAGE).unwrap_or_default(),
        })
    }

    /// Whether a mapping has made it, of its topic: others may share the topic of their letters.
    pub(crate) fn is_of(&self, plan: &EnrichPlan) -> bool {
        let topic = self.origin.rsplitn(3, '/').nth(2);
        self.mapping == plan.mapping && topic == Some(&plan.source.topic.topic)
    }

    /// The partition that its record was read from.
    pub(super) fn origin_partition(&self) -> Option<i32> {
        self.origin.rsplit('/').nth(1)?.parse().ok()
    }

    /// When it became a letter, in milliseconds since 1970.
    pub(crate) fn time(&self) -> Option<i64> {
        self.timestamp.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
    }
}
