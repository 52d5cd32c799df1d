//! The languages a mapping is written in: [`Path`]s into an event, and [`Condition`]s in the filter query language.

mod condition;
mod decimal;
mod escape;
mod path;

pub use condition::{
    Condition, ConditionError, EntityColumn, Explanation, MAX_CONDITION_BYTES, MAX_CONDITION_DEPTH, OperandValue, Shape,
};
pub use path::{MAX_PATH_BYTES, MAX_PATH_SEGMENTS, Path, PathError, Place, Segment, array_path};
