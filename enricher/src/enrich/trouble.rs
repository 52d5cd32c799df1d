use std::fmt;

use weft_plan_types::Pause;

/// Why nothing can be delivered for now, in words that say what helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) pause: Pause,
    pub(crate) message: String,
}

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.pause, self.message)
    }
}
