//! Keys that the store is being asked for.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use tokio::sync::watch;

use super::rows::{Identity, Name};
use crate::Answer;

/// The answers to the keys of one flight, in their order.
pub(super) type Landed = Arc<Vec<Answer>>;

/// Keys of one entity that are asked for together.
#[derive(Debug)]
pub(super) struct Flight {
    keys: Vec<Box<[u8]>>,
    landed: watch::Receiver<Option<Landed>>,
}

impl Flight {
    pub(super) fn new(keys: Vec<Box<[u8]>>) -> (Arc<Self>, watch::Sender<Option<Landed>>) {
        let (lands, landed) = watch::channel(None);
        (Arc::new(Self { keys, landed }), lands)
    }

    pub(super) fn key(&self, position: usize) -> &[u8] {
        &self.keys[position]
    }

    /// The answers, if they are there.
    #[cfg(test)]
    pub(super) fn peek(&self) -> Option<Landed> {
        self.landed.borrow().clone()
    }

    /// The answers; `None` if whoever asked gave up.
    pub(super) async fn landed(&self) -> Option<Landed> {
        self.landed.clone().wait_for(Option::is_some).await.ok()?.clone()
    }
}

/// One key on its way.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) flight: Arc<Flight>,
    pub(super) position: usize,
    pub(super) entity: u32,
    pub(super) place: u32,
}

/// The keys on their way whose answers are not older than the feed. One that the feed names is taken out: nobody joins
/// it any more, and what it brings is not kept.
pub(super) type Flights = HashMap<Name, Waiting, BuildHasherDefault<Identity>>;
