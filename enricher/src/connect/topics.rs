//! How a mapping's topics are reached, by secrets that may change while they are used.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use weft_plan_types::EnrichPlan;

use super::kafka::{Access, ClientError, Endpoint};
use super::secrets::Secrets;

/// How often the secrets are read again. In a pod a change takes up to a minute or two until it shows in the file.
const EVERY: Duration = Duration::from_secs(5);

/// How each topic of a mapping is reached.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Accesses {
    pub(crate) source: Access,
    pub(crate) destination: Access,
    pub(crate) dead_letter: Access,
}

/// The topics of a mapping, and the secrets by which they are reached now.
pub(crate) struct Topics<'run> {
    plan: &'run EnrichPlan,
    secrets: Secrets,
    current: RefCell<Accesses>,
    read_at: Cell<Instant>,
    /// Why they could not be read again, as it was told last.
    told: RefCell<Option<String>>,
}

impl Accesses {
    fn read(plan: &EnrichPlan, secrets: &Secrets) -> Result<Self, ClientError> {
        let access = |endpoint, topic| Access::new(endpoint, topic, &plan.mapping, &plan.owner, secrets);
        Ok(Self {
            source: access(Endpoint::Source, &plan.source.topic)?,
            destination: access(Endpoint::Destination, &plan.destination)?,
            dead_letter: access(Endpoint::DeadLetter, &plan.dead_letter)?,
        })
    }

    /// Makes sure that there can be clients.
    fn check(&self) -> Result<(), ClientError> {
        [&self.source, &self.destination, &self.dead_letter].into_iter().try_for_each(Access::check)
    }
}

impl<'run> Topics<'run> {
    /// Reads the secrets, and checks what can be checked without a server.
    pub(crate) fn new(plan: &'run EnrichPlan, secrets: Secrets) -> Result<Self, ClientError> {
        let current = Accesses::read(plan, &secrets)?;
        current.check()?;
        let (current, read_at) = (RefCell::new(current), Cell::new(Instant::now()));
        Ok(Self { plan, secrets, current, read_at, told: RefCell::default() })
    }

    /// How the topics are reached by the secrets as they were read last.
    pub(crate) fn accesses(&self) -> Accesses {
        self.current.borrow().clone()
    }

    /// Reads the secrets again, if it is time to; whether they have changed. Secrets that cannot be used, as while some of
    /// them are still being written, change nothing.
    pub(crate) fn have_changed(&self) -> bool {
        if self.read_at.get().elapsed() < EVERY {
            return false;
        }
        self.read_at.set(Instant::now());
        let changed = |read: Accesses| (read != *self.current.borrow()).then_some(read);
        let changed = Accesses::read(self.plan, &self.secrets).map(changed).and_then(|changed| {
            changed.as_ref().map_or(Ok(()), Accesses::check)?;
            Ok(changed)
        });
        match changed {
            Ok(changed) => {
                self.told.take();
                let Some(changed) = changed else { return false };
                self.current.replace(changed);
                true
            }
            Err(error) => {
                let error = error.to_string();
                if self.told.borrow().as_ref() != Some(&error) {
                    tracing::warn!(error, "secrets of the topics cannot be used; goes on with those of before");
                    self.told.replace(Some(error));
                }
                false
            }
        }
    }
}
