//! The rows that a batch needs, asked from a store: level by level, the entities of a level side by side, each key once
//! whatever number of rules and events want it.
//!
//! [`Lookup`] is shared by everything that enriches from one store. What it does while the store cannot answer is
//! [`OnUnavailable`]; when it begins to lack answers and when it has them again, it says so once.

mod level;
mod outage;
mod stage;

use weft_store::{Reader, Unavailable};

pub(crate) use stage::{Interrupted, Lookup, OnUnavailable};

use crate::join::{Batch, Join};

/// The store cannot tell whether an entity's rows exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store cannot answer for entity {entity}: {reason}")]
pub(crate) struct NoAnswer {
    /// The entity's slug.
    pub(crate) entity: String,
    /// Why, and what unblocks it.
    pub(crate) reason: Unavailable,
}

/// Asks once for every row that the batch needs; `bytes` gives the event with a number.
pub(crate) async fn look_up<'event>(
    store: &impl Reader,
    join: &Join,
    batch: &mut Batch,
    bytes: impl Fn(usize) -> &'event [u8],
) -> Result<(), NoAnswer> {
    let lookup = Lookup::new(store, OnUnavailable::Stop, |_| {});
    match lookup.answer(join, batch, bytes, std::future::pending()).await {
        Ok(_) | Err(Interrupted::Cancelled) => Ok(()),
        Err(Interrupted::NoAnswer(reason)) => Err(reason),
    }
}

#[cfg(test)]
mod tests;
