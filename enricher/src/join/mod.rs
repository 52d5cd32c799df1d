//! The join: which keys a batch of events needs, and each event with what was found for them. No I/O.
//!
//! [`Join`] is a mapping made ready: paths are nodes of one tree, columns are positions in rows. A [`Batch`] takes
//! events one by one ([`Batch::judge`]) and says which keys they need, level by level ([`Batch::keys_needed`]): those
//! in the events first, then those that hops find in the rows ([`Batch::follow_hops`]). Once the store has answered,
//! it gives each event's outcome for each rule ([`Batch::finish`]).

mod batch;
mod builder;
mod compile;
mod consent;
mod event;
mod list;
mod lookups;
mod outcome;
mod rule;
mod trace;
#[cfg(any(test, feature = "kafka"))]
mod unanswered;
mod wanted;

pub(crate) use batch::Batch;
pub(crate) use compile::Join;
use compile::JoinError;
pub(crate) use outcome::{Failure, FilteredBy, LookupResult, Outcome, Sent, Spot};
pub(crate) use trace::{ConsentObject, ConsentTrace, KeyPart, LookupTrace, Origin, Trace, WriteTrace};

#[cfg(test)]
mod tests;
