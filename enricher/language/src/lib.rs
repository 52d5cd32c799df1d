//! The languages a mapping is written in: [`Path`]s into an event, and [`Condition`]s in the filter query language.

mod condition;
mod path;

pub use condition::{Condition, ConditionError};
pub use path::{Path, PathError, Segment};
