//! Why an object is as its conditions say, beside the reasons of the planner.

pub(crate) use weft_plan::ConditionReason as Reason;
