use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

use super::{Output, WriteError};

/// Writes events that cannot be delivered, one JSON line each, with the reason and the event's bytes.
#[derive(Debug)]
pub(crate) struct DeadLetters {
    output: Output,
    mapping: String,
    source: String,
}

/// Why an event became a dead letter; the fields are those of the headers that a Kafka dead letter carries.
#[derive(Clone, Debug)]
pub(crate) struct Reason<'event> {
    pub(crate) reason: &'static str,
    pub(crate) stage: &'static str,
    pub(crate) rule: &'event str,
    pub(crate) line: u64,
    pub(crate) message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeadLetter<'event> {
    reason: &'static str,
    stage: &'static str,
    rule: &'event str,
    mapping: &'event str,
    /// `<file>:<line>`.
    origin: String,
    timestamp: String,
    message: &'event str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'event str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_base64: Option<String>,
}

impl DeadLetters {
    /// Dead letters of `mapping`, whose events come from `source`.
    pub(crate) fn new(output: Output, mapping: &str, source: &str) -> Self {
        Self { output, mapping: mapping.to_owned(), source: source.to_owned() }
    }

    /// Adds an event.
    pub(crate) fn add(&mut self, reason: &Reason<'_>, event: &[u8]) -> Result<(), WriteError> {
        let text = std::str::from_utf8(event).ok();
        let base64 = text.is_none().then(|| BASE64_STANDARD.encode(event));
        self.begin(reason, text, base64);
        self.output.buffer().extend_from_slice(b"}\n");
        self.output.flush_if_full()
    }

    /// Adds a line that is too long to be held in memory; `rest` hands its bytes over, piece by piece.
    pub(crate) fn add_long<E: From<WriteError>>(
        &mut self,
        reason: &Reason<'_>,
        rest: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.begin(reason, None, None);
        self.output.buffer().extend_from_slice(b",\"valueBase64\":\"");
        // Base64 takes three bytes at a time: what is left over waits for the next piece.
        let mut waiting = Vec::new();
        rest(&mut |piece| {
            waiting.extend_from_slice(piece);
            let whole = waiting.len() / 3 * 3;
            let text = BASE64_STANDARD.encode(&waiting[..whole]);
            waiting.drain(..whole);
            self.output.buffer().extend_from_slice(text.as_bytes());
            Ok(self.output.flush_if_full()?)
        })?;
        let text = BASE64_STANDARD.encode(&waiting);
        self.output.buffer().extend_from_slice(text.as_bytes());
        self.output.buffer().extend_from_slice(b"\"}\n");
        Ok(self.output.flush_if_full()?)
    }

    /// Writes what there is.
    pub(crate) fn flush(&mut self) -> Result<(), WriteError> {
        self.output.flush()
    }

    /// Appends the line but for its closing brace.
    fn begin(&mut self, reason: &Reason<'_>, value: Option<&str>, value_base64: Option<String>) {
        let letter = DeadLetter {
            reason: reason.reason,
            stage: reason.stage,
            rule: reason.rule,
            mapping: &self.mapping,
            origin: format!("{}:{}", self.source, reason.line),
            timestamp: jiff::Timestamp::now().to_string(),
            message: &reason.message,
            value,
            value_base64,
        };
        let buffer = self.output.buffer();
        serde_json::to_writer(&mut *buffer, &letter).expect("a dead letter is JSON, and a buffer takes it");
        buffer.pop();
    }
}
