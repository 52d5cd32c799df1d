//! Judging a condition on an event.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use weft_language::{Condition, Path, Segment};

/// Whether the condition holds for the event, none of whose entities has a row.
pub(crate) fn holds(condition: &str, event: &str) -> bool {
    let condition = Condition::parse(condition).expect(condition);
    let fields: Vec<_> = condition.paths().iter().map(|path| at(event, path)).collect();
    condition.matches(|place| fields[place].map(str::as_bytes), |_| None)
}

/// The text at a path as it stands in the event.
pub(crate) fn at<'event>(event: &'event str, path: &Path) -> Option<&'event str> {
    path.segments().iter().try_fold(event, |value, segment| match segment {
        Segment::Name(name) => {
            serde_json::from_str::<BTreeMap<String, &RawValue>>(value).ok()?.get(name).map(|raw| raw.get())
        }
        Segment::Index(index) => {
            serde_json::from_str::<Vec<&RawValue>>(value).ok()?.get(usize::try_from(*index).ok()?).map(|raw| raw.get())
        }
    })
}
