//! What an enricher says of itself at `/v1/lag`, judged: a pod may be broken, of another version or not ours, and what it
//! says stands in a status.

use serde::Deserialize;

/// A message is cut to so many characters.
const MESSAGE_CHARACTERS: usize = 1000;
/// So many pauses are taken of one enricher; there are fewer kinds.
const MOST_PAUSES: usize = 32;

/// What an enricher waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wait {
    /// One documented word.
    pub(crate) reason: String,
    /// A sentence for people, with what helps.
    pub(crate) message: String,
}

/// What an enricher last said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Word {
    /// In the order of their reasons.
    pub(crate) waits: Vec<Wait>,
}

/// The JSON of `/v1/lag`. Fields that a newer version adds are passed over.
#[derive(Deserialize)]
struct Raw {
    mapping: String,
    paused: Vec<RawWait>,
}

#[derive(Deserialize)]
struct RawWait {
    reason: String,
    message: String,
}

impl Word {
    /// Reads what an enricher of a mapping answered; `None` if it is none.
    pub(super) fn read(bytes: &[u8], mapping: &str) -> Option<Self> {
        let raw: Raw = serde_json::from_slice(bytes).ok()?;
        let is_word = |wait: &RawWait| {
            (1..=64).contains(&wait.reason.len()) && wait.reason.bytes().all(|byte| byte.is_ascii_alphabetic())
        };
        let is_answer = raw.mapping == mapping && raw.paused.iter().all(is_word);
        if !is_answer {
            return None;
        }
        let mut waits: Vec<_> = raw.paused.into_iter().take(MOST_PAUSES).map(Wait::of).collect();
        waits.sort();
        Some(Self { waits })
    }
}

impl Wait {
    fn of(RawWait { reason, message }: RawWait) -> Self {
        let plain = message.chars().take(MESSAGE_CHARACTERS).map(|c| if c.is_control() { ' ' } else { c });
        Self { reason, message: plain.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enricher_tells_what_it_waits_for() {
        let text = r#"{"mapping":"orders","group":"g","topic":"t","forwarding":null,
            "partitions":[{"partition":1,"delivered":7,"end":9,"lag":2,"halted":false},
                          {"partition":0,"delivered":3,"end":null,"lag":null,"halted":true}],
            "paused":[{"reason":"OffsetsLost","message":"partition 0: up to 5 records are gone\u001b[2J"}]}"#;
        let word = Word::read(text.as_bytes(), "orders").unwrap();
        assert_eq!(word.waits[0].reason, "OffsetsLost");
        assert_eq!(word.waits[0].message, "partition 0: up to 5 records are gone [2J");
        assert_eq!(Word::read(text.as_bytes(), "views"), None, "the pod of another mapping got the address");
    }

    #[test]
    fn garbage_is_no_word_however_it_looks() {
        let deep = "[".repeat(10_000);
        for text in [
            "",
            "null",
            "{}",
            deep.as_str(),
            r#"{"mapping":"orders","partitions":[],"paused":[{"reason":"","message":""}]}"#,
            r#"{"mapping":"orders","partitions":[],"paused":[{"reason":"a reason\n","message":""}]}"#,
        ] {
            assert_eq!(Word::read(text.as_bytes(), "orders"), None, "{text:.80}");
        }
    }
}
