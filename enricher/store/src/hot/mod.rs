//! Answers kept in memory, and when they may be given.
//!
//! The store's writer names in a change feed what it changes, in the same atomic step that changes it. An answer is
//! **valid** as long as all of this holds:
//!
//! 1. The feed was followed without a gap since before the answer was asked for, and has not named its key, or its
//!    bucket as a whole, since then. An answer that is on its way when the feed names its key is given to those who asked
//!    before, and is neither kept nor given to anybody who asks after.
//! 2. The feed was read to its end at most [`LEASE`] ago, on the connection that the answer came over. A connection that
//!    is made anew may lead to a replica that has not seen what the answer was read from: everything is forgotten.
//! 3. The meta that was read with the feed is of the same owner, number of buckets and columns, its run has not gone
//!    back, and its data are not older than `maxStaleness`.
//!
//! Found and missing rows are alike in this; what is unavailable is never kept. So nothing is answered from memory that
//! is older than the feed, nor anything after the feed could not be read for [`LEASE`]. A flushed or restored Redis has
//! another feed: a gap. A writer that dies between two buckets has named what it changed, and what it did not change is
//! not named; whether its run is ever committed makes no difference, for a bucket may be ahead of the meta.
//!
//! [`cache::HotCache`] has no I/O and no clock: it is told what was asked, what came, what the feed says and what time it is.

mod cache;
mod counters;
mod flight;
mod follower;
mod rows;
mod store;

pub use counters::Counters;
pub use follower::Follower;
pub use store::{DEFAULT_CACHE_BYTES, GetAccess, HotStore, Scope};

use std::time::Duration;

/// How long answers are given after the feed was last read to its end.
pub const LEASE: Duration = Duration::from_millis(1500);

#[cfg(test)]
mod tests;
