//! The join: which keys a batch of events needs, and each event with what was found for them. No I/O.
//!
//! [`Join`] is a mapping made ready: paths are nodes of one tree, columns are positions in rows. A [`Batch`] takes
//! events one by one ([`Batch::judge`]), says which keys they need ([`Batch::keys_needed`]) and, once the store has
//! answered, gives each event's outcome for each rule ([`Batch::finish`]).

mod batch;
mod compile;
mod outcome;
mod wanted;

pub(crate) use batch::Batch;
pub(crate) use compile::Join;
pub(crate) use outcome::{Failure, LookupResult, Outcome, Sent};

#[cfg(test)]
mod tests;
