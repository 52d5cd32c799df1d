use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::{Pause, Trouble};

/// What an enricher does at the moment, for whoever asks: readiness, and the log when it changes.
#[derive(Debug, Default)]
pub(crate) struct Status {
    stopped: OnceLock<Instant>,
    state: Mutex<State>,
}

/// How long an enricher that is asked to end may take to deliver what it has read: less than the 30 s that Kubernetes
/// gives a pod.
pub(super) const DRAIN: Duration = Duration::from_secs(20);

#[derive(Debug, Default)]
struct State {
    /// What it waits for.
    waits: BTreeMap<Pause, String>,
}

impl Status {
    /// Asks the enricher to end.
    pub(crate) fn stop(&self) {
        let _ = self.stopped.set(Instant::now());
    }

    /// Whether the enricher is asked to end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.get().is_some()
    }

    /// Whether the enricher was asked to end so long ago that it has to.
    pub(super) fn is_overdue(&self) -> bool {
        self.stopped.get().is_some_and(|stopped| stopped.elapsed() >= DRAIN)
    }

    /// Notes what the enricher waits for; says so in the log unless it is known.
    pub(crate) fn waits(&self, trouble: &Trouble) {
        let before = self.state().waits.insert(trouble.pause, trouble.message.clone());
        if before.as_deref() != Some(&trouble.message) {
            tracing::warn!(reason = %trouble.pause, message = trouble.message, "paused");
        }
    }

    /// Notes that a wait is over.
    pub(crate) fn goes_on(&self, pause: Pause) {
        if self.state().waits.remove(&pause).is_some() {
            tracing::info!(reason = %pause, "goes on");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
