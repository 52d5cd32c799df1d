//! When a copy that failed is tried again before it is due: what was wrong is mended somewhere the operator does not see,
//! such as in a Secret.

use std::time::Duration;

use jiff::Timestamp;
use weft_api::EntityStatus;

/// How many seconds after a failure, after the second in a row, and so on; the last for all that follow.
const PAUSES: [i64; 5] = [15, 30, 60, 120, 300];

/// The next try.
#[derive(Debug, PartialEq)]
pub(super) struct Retry {
    /// The pod of the failure before it.
    pub(super) pod: String,
    /// Zero if it is due.
    pub(super) left: Duration,
}

/// The next try of a copy that failed. A held or refused one waits for a person.
pub(super) fn of_failure(status: &EntityStatus, now: Timestamp) -> Option<Retry> {
    let has_failed = |outcome: &str| matches!(outcome, "failed" | "unknown");
    let failures = status.history.iter().take_while(|run| has_failed(&run.outcome)).count();
    let last = status.history.first().filter(|_| failures > 0)?;
    let ended = last.completion_time.as_ref()?.0.as_second();
    let pause = PAUSES.get(failures - 1).or(PAUSES.last()).copied().unwrap_or_default();
    let left = ended.saturating_add(pause).saturating_sub(now.as_second());
    Some(Retry { pod: last.pod.clone(), left: Duration::from_secs(u64::try_from(left).unwrap_or_default()) })
}
