use crate::Path;

/// A parsed `when`.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    paths: Vec<Path>,
}

/// Why a text is no [`Condition`]; `start..end` are the byte offsets of the fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConditionError {
    /// What is wrong and what to write instead.
    pub message: String,
    /// Byte offset where the fault starts.
    pub start: usize,
    /// Byte offset where it ends.
    pub end: usize,
}

impl Condition {
    /// Parses a condition.
    pub fn parse(_text: &str) -> Result<Self, ConditionError> {
        Ok(Self { paths: Vec::new() })
    }

    /// Every path the condition reads, each once.
    pub fn paths(&self) -> &[Path] {
        &self.paths
    }

    /// Whether the event matches. `value(i)` is the raw JSON text at `paths()[i]`, `None` where there is nothing.
    pub fn matches<'event>(&self, _value: impl Fn(usize) -> Option<&'event [u8]>) -> bool {
        true
    }
}
