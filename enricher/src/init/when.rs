//! The condition that fits the events that have a key.

use std::collections::{BTreeMap, BTreeSet};

use weft_language::Condition;

use super::sample::{Class, Sample};

/// More names than this say less than the type alone.
const MAX_NAMES: usize = 12;

/// The condition that these events meet and as few others of the sample as their types and names can tell; `None`: all
/// events.
pub(crate) fn when(sample: &Sample, having: &BTreeSet<u32>) -> Option<String> {
    let wanted: BTreeSet<&Class> =
        (0..).zip(&sample.events).filter(|(n, _)| having.contains(n)).map(|(_, c)| c).collect();
    let all: BTreeSet<&Class> = sample.events.iter().collect();
    if wanted == all || wanted.iter().any(|class| **class == Class::default()) {
        return None;
    }
    let mut by_kind: BTreeMap<Option<&str>, Vec<&Class>> = BTreeMap::new();
    for class in &wanted {
        by_kind.entry(class.kind.as_deref()).or_default().push(class);
    }
    let has_kinds = all.iter().any(|class| class.kind.is_some());
    let one_kind = |(kind, classes): (&Option<&str>, &Vec<&Class>)| {
        let kind_is = compared("type", &[*kind]);
        let alike: Vec<&&Class> = all.iter().filter(|class| class.kind.as_deref() == *kind).collect();
        let members: BTreeSet<&str> = alike.iter().filter_map(|class| Some(class.name.as_ref()?.0)).collect();
        let member = members.first().copied().unwrap_or_default();
        if classes.len() == alike.len() || classes.len() > MAX_NAMES || members.len() != 1 {
            return kind_is;
        }
        let names: Vec<Option<&str>> = classes.iter().map(|class| Some(class.name.as_ref()?.1.as_str())).collect();
        let name_is = compared(member, &names);
        if has_kinds { format!("{kind_is} and {name_is}") } else { name_is }
    };
    let kinds: Vec<String> = by_kind.iter().map(one_kind).collect();
    let condition = match &kinds[..] {
        [only] => only.clone(),
        _ => kinds
            .iter()
            .map(|kind| if kind.contains(" and ") { format!("({kind})") } else { kind.clone() })
            .collect::<Vec<_>>()
            .join(" or "),
    };
    // Where names are so long that the condition does not parse, every event is better than none.
    Condition::parse(&condition).is_ok().then_some(condition)
}

/// That a field has one of the values; `None` is null.
fn compared(field: &str, values: &[Option<&str>]) -> String {
    let values: Vec<String> = values.iter().map(|value| value.map_or("null".to_owned(), quoted)).collect();
    match &values[..] {
        [only] => format!("{field} = {only}"),
        _ => format!("{field} in [{}]", values.join(", ")),
    }
}

/// A text as a condition has it.
fn quoted(value: &str) -> String {
    let mut text = String::new();
    for c in value.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            control if control.is_control() => text.push_str(&format!("\\u{:04x}", u32::from(control))),
            plain => text.push(plain),
        }
    }
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(events: &[(&str, &str)], having: &[u32]) -> Option<String> {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let named = |name: &str, kind: &str| Some((if kind == "page" { "name" } else { "event" }, text(name)?));
        let events = events.iter().map(|(kind, name)| Class { kind: text(kind), name: named(name, kind) }).collect();
        when(&Sample { events, ..Sample::default() }, &having.iter().copied().collect())
    }

    #[test]
    fn the_condition_says_no_more_than_it_has_to() {
        let events = [("track", "A"), ("track", "B"), ("page", ""), ("track", "C \"x\""), ("identify", "")];
        for (having, expected) in [
            (&[0, 1, 2, 3, 4][..], None),
            (&[0], Some(r#"type = "track" and event = "A""#)),
            (&[0, 3], Some(r#"type = "track" and event in ["A", "C \"x\""]"#)),
            (&[0, 1, 3], Some(r#"type = "track""#)),
            (&[2, 0], Some(r#"type = "page" or (type = "track" and event = "A")"#)),
        ] {
            assert_eq!(condition(&events, having).as_deref(), expected);
        }
    }

    #[test]
    fn pages_are_told_apart_by_their_names() {
        let events = [("page", "Brand"), ("page", "Home"), ("track", "A")];
        assert_eq!(condition(&events, &[0]).as_deref(), Some(r#"type = "page" and name = "Brand""#));
    }

    #[test]
    fn events_without_type_or_name_are_told_apart_by_what_they_have() {
        assert_eq!(condition(&[("", "A"), ("", "B")], &[0]).as_deref(), Some(r#"event = "A""#));
        let mixed = [("", "A"), ("page", ""), ("", "B")];
        assert_eq!(condition(&mixed, &[0]).as_deref(), Some(r#"type = null and event = "A""#));
        assert_eq!(condition(&[("", ""), ("", "B")], &[0]), None);
    }
}
