//! What nobody else says: that outputs are not acknowledged, and that the source is gone.

use std::time::{Duration, Instant};

use super::{Flow, Pause, Trouble};
use crate::sink::Sink;

/// How long outputs may stay without an acknowledgement until that is told.
const OF_SINKS: Duration = Duration::from_secs(5);

/// How long no record may come until the source is asked whether it is there: the consumer says so only where it is asked
/// for records, and not of a topic that was deleted.
const OF_SOURCE: Duration = Duration::from_secs(10);

/// Since when nothing was heard.
#[derive(Debug)]
pub(super) struct Silence {
    /// When a record came last, or the source was asked whether there is one.
    heard_at: Instant,
    /// Since when outputs wait and none is acknowledged.
    waits_since: Option<Instant>,
    /// That was told.
    is_told: bool,
}

impl Silence {
    pub(super) fn new() -> Self {
        Self { heard_at: Instant::now(), waits_since: None, is_told: false }
    }

    /// A record came.
    pub(super) fn heard(&mut self) {
        self.heard_at = Instant::now();
    }

    /// An output was acknowledged; whether it was told before that none is.
    pub(super) fn is_broken(&mut self) -> bool {
        self.waits_since = None;
        std::mem::take(&mut self.is_told)
    }
}

impl<S: Sink, L: Sink> Flow<'_, S, L> {
    /// Tells that outputs are not acknowledged, and has the source asked when nothing comes from it.
    pub(super) fn listen(&mut self) {
        if self.sink.waiting() + self.letters.waiting() == 0 {
            // What was waited for came, failed, or is read again.
            if self.silence.is_broken() {
                self.status.goes_on(Pause::DestinationSlow);
            }
        } else if self.silence.waits_since.get_or_insert_with(Instant::now).elapsed() >= OF_SINKS
            && !self.silence.is_told
        {
            self.silence.is_told = true;
            let hindrance = self.sink.hindrance().or_else(|| self.letters.hindrance());
            let message = hindrance.unwrap_or_else(|| {
                let seconds = OF_SINKS.as_secs();
                format!("spec.destination: outputs were not acknowledged for {seconds} s; they are tried on")
            });
            self.status.waits(&Trouble { pause: Pause::DestinationSlow, message });
        }
        if self.silence.heard_at.elapsed() >= OF_SOURCE && self.source_asked.is_none() {
            self.silence.heard();
            self.source_asked = Some((Pause::SourceUnreachable, Instant::now()));
        }
    }
}
