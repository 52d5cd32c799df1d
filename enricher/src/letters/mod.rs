//! Dead letters in their topic: read, listed, and sent again.
//!
//! A letter is sent again as the record that it was made of, to the partition that it came from, with two headers more
//! ([`ONLY_MAPPING`], [`ONLY_RULE`]): the enricher applies to it only the rule that could not send it, and enrichers of
//! other mappings that read the same topic pass it over ([`Address`]).
//!
//! How far that is, a consumer group of its own remembers, partition by partition ([`Progress`]); it is told after the
//! brokers have acknowledged what was sent. So a replay that is ended at any time goes on where it was, and one that is
//! killed sends at most what it had sent since it told the group last, a second time.

mod address;
mod error;
mod filter;
mod headers;
mod letter;
mod progress;
mod replay;
mod topic;

pub(crate) use address::Address;
pub(crate) use error::TopicError;
pub(crate) use filter::Filter;
pub(crate) use headers::{MAPPING, MESSAGE, NO_RULE, ORIGIN, REASON, RULE, STAGE, TIMESTAMP, without_name};
pub(crate) use letter::Letter;
pub(crate) use progress::Progress;
pub(crate) use replay::{Replay, Report};
pub(crate) use topic::Topic;

/// The consumer group that remembers which letters of a mapping were sent again.
pub(crate) fn group(plan: &weft_plan_types::EnrichPlan) -> String {
    format!("{}.replay", plan.source.group_id)
}
