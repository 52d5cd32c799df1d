//! What was tried, in order, and at what it failed.

use std::error::Error;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::connect::ConnectError;

/// All steps of a probe together may take so long: who waits for the answer wants it within a minute, of which the start
/// of a pod takes a part.
const LASTS: Duration = Duration::from_secs(30);

/// One thing that was tried.
#[derive(Debug)]
pub(crate) struct Step {
    /// What, as it stands behind «failed to».
    pub(crate) name: &'static str,
    /// Why that was not possible, if it was not.
    pub(crate) trouble: Option<Trouble>,
}

/// Why a step was not possible, and what helps. It quotes no secret and no value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) text: String,
    /// Trying again may help.
    pub(crate) is_transient: bool,
}

/// The steps of one probe, as they are taken.
pub(super) struct Steps {
    taken: Vec<Step>,
    until: Instant,
}

impl Steps {
    /// The time that all of them have begins now.
    pub(super) fn begin() -> Self {
        Self { taken: Vec::new(), until: Instant::now() + LASTS }
    }

    /// Takes a step; `None` if it fails, which is noted down.
    pub(super) async fn take<T, E: Into<Trouble>>(
        &mut self,
        name: &'static str,
        act: impl Future<Output = Result<T, E>>,
    ) -> Option<T> {
        let outcome = match timeout_at(self.until, act).await {
            Ok(outcome) => outcome.map_err(E::into),
            Err(_) => {
                let text = format!("there was no answer within {} s; try again", LASTS.as_secs());
                Err(Trouble { text, is_transient: true })
            }
        };
        let (value, trouble) = match outcome {
            Ok(value) => (Some(value), None),
            Err(trouble) => (None, Some(trouble)),
        };
        self.taken.push(Step { name, trouble });
        value
    }

    /// What was taken.
    pub(super) fn end(self) -> Vec<Step> {
        self.taken
    }
}

impl From<ConnectError> for Trouble {
    fn from(error: ConnectError) -> Self {
        Self { is_transient: error.is_transient(), text: with_causes(&error) }
    }
}

impl From<weft_warehouse::Error> for Trouble {
    fn from(error: weft_warehouse::Error) -> Self {
        Self { is_transient: error.is_transient(), text: with_causes(&error) }
    }
}

impl From<weft_store::redis::StoreError> for Trouble {
    fn from(error: weft_store::redis::StoreError) -> Self {
        Self { is_transient: error.is_transient(), text: with_causes(&error) }
    }
}

fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_step_that_is_never_answered_fails_in_time_and_so_do_those_behind_it_at_once() {
        let mut steps = Steps::begin();
        let never = || std::future::pending::<Result<(), Trouble>>();
        assert_eq!(steps.take("log in", never()).await, None);
        assert_eq!(steps.until.elapsed(), Duration::ZERO);
        assert_eq!(steps.take("read", never()).await, None);
        assert_eq!(steps.until.elapsed(), Duration::ZERO);
        assert!(steps.end().iter().all(|step| step.trouble.as_ref().is_some_and(|trouble| trouble.is_transient)));
    }
}
