//! What is told of one letter.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rdkafka::message::Message as _;
use serde::Serialize;

use crate::letters::Letter;

/// A letter; the names of its JSON do not change.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) reason: String,
    pub(super) stage: String,
    pub(super) rule: String,
    mapping: String,
    /// Where its record was read, `topic/partition/offset`.
    pub(super) origin: String,
    /// When it became a letter.
    pub(super) timestamp: String,
    pub(super) message: String,
    /// Whether it was sent again, where that is known.
    pub(super) replayed: Option<bool>,
    partition: i32,
    offset: i64,
    #[serde(flatten)]
    pub(super) event: Option<Event>,
}

/// The record that a letter was made of; bytes that are no UTF-8 in Base64.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value_base64: Option<String>,
}

impl Row {
    pub(super) fn new(letter: &Letter<'_>, replayed: Option<bool>, with_event: bool) -> Self {
        Self {
            reason: letter.reason.to_owned(),
            stage: letter.stage.to_owned(),
            rule: letter.rule.to_owned(),
            mapping: letter.mapping.to_owned(),
            origin: letter.origin.to_owned(),
            timestamp: letter.timestamp.to_owned(),
            message: letter.message.to_owned(),
            replayed,
            partition: letter.record.partition(),
            offset: letter.record.offset(),
            event: with_event.then(|| Event::new(letter)),
        }
    }

    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON")
    }
}

impl Event {
    fn new(letter: &Letter<'_>) -> Self {
        let (key, key_base64) = text_or_base64(letter.record.key());
        let (value, value_base64) = text_or_base64(letter.record.payload());
        Self { key, key_base64, value, value_base64 }
    }
}

fn text_or_base64(bytes: Option<&[u8]>) -> (Option<String>, Option<String>) {
    match bytes.map(|bytes| std::str::from_utf8(bytes).map_err(|_| BASE64_STANDARD.encode(bytes))) {
        None => (None, None),
        Some(Ok(text)) => (Some(text.to_owned()), None),
        Some(Err(base64)) => (None, Some(base64)),
    }
}
