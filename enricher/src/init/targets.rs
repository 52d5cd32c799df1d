//! Where a row's columns go in an event: beside the key, and nowhere where events have something already.

use std::collections::BTreeSet;

use super::names;
use super::sample::{Place, Sample};
use super::words;

/// Where the columns of a row go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Targets {
    /// Each column that is written, and where.
    pub(crate) writes: Vec<(String, Place)>,
    /// Columns that have no place: too many, or a name too long for a manifest.
    pub(crate) left_out: Vec<String>,
    /// All places at once, for people.
    pub(crate) shown: String,
}

/// A column's name has at most so many characters in a manifest.
const MAX_NAME: usize = 300;

/// Places for the columns of the row `alias` whose key stands at `key`; at most `room` of them. `taken` are the places
/// of other rows.
pub(crate) fn targets(
    sample: &Sample,
    key: &Place,
    alias: &str,
    columns: &[String],
    taken: &BTreeSet<Place>,
    room: usize,
) -> Targets {
    let parent = parent(sample, key);
    let is_free = |place: &Place| !sample.has(place) && !taken.iter().any(|other| meets(place, other));
    let styles = [
        is_row(&parent, alias).then(|| Style { parent: parent.clone(), prefix: None }),
        Some(Style { parent: parent.member(alias), prefix: None }),
        Some(Style { parent: parent.clone(), prefix: Some(format!("{alias}_")) }),
    ];
    let others = (1..).map(|number| match number {
        1 => format!("{alias}_row"),
        _ => format!("{alias}_row_{number}"),
    });
    let others = others.map(|name| Style { parent: parent.member(&name), prefix: None });
    let fits = |style: &Style| match style.parent == parent {
        true => {
            let places: BTreeSet<Place> = columns.iter().map(|column| style.place(column)).collect();
            places.len() == columns.len() && places.iter().all(is_free)
        }
        false => is_free(&style.parent),
    };
    let style = styles.into_iter().flatten().chain(others).find(fits);
    let style = style.unwrap_or(Style { parent, prefix: None });
    let mut targets = Targets { shown: style.shown(), ..Targets::default() };
    for column in columns {
        let place = style.place(column);
        let is_nameable = !column.is_empty() && column.chars().count() <= MAX_NAME && place.is_writable();
        if is_nameable && targets.writes.len() < room {
            targets.writes.push((column.clone(), place));
        } else {
            targets.left_out.push(column.clone());
        }
    }
    targets
}

/// What the row's values become members of.
fn parent(sample: &Sample, key: &Place) -> Place {
    let parent = key.parent();
    let context = parent.member("context");
    let is_event = parent.array.is_none() && parent.steps.is_empty();
    // What stands at the top of an event is fixed by convention; `context` takes what is about it.
    let is_object = |place: &Place| {
        let inside = |other: &Place| other.steps.len() > place.steps.len() && meets(place, other);
        sample.places.get(place).is_some_and(Vec::is_empty) && sample.places.keys().any(inside)
    };
    if is_event && is_object(&context) { context } else { parent }
}

/// Whether the object is already the row's, such as `cart` with the key `id` of carts.
fn is_row(parent: &Place, alias: &str) -> bool {
    let name = match (&parent.array, parent.steps.last()) {
        (_, Some(name)) => Some(name),
        (Some(array), None) => array.last(),
        (None, None) => None,
    };
    name.is_some_and(|name| names::of_row(name) == alias || words::row_words(name).join("_") == alias)
}

/// Whether one of two places is in the other.
fn meets(one: &Place, other: &Place) -> bool {
    one.array == other.array && (one.steps.starts_with(&other.steps) || other.steps.starts_with(&one.steps))
}

/// One way to name the places of all columns.
struct Style {
    parent: Place,
    /// What stands before a column's name in snake case; `None`: the column's own name.
    prefix: Option<String>,
}

impl Style {
    fn place(&self, column: &str) -> Place {
        match &self.prefix {
            Some(prefix) => self.parent.member(&format!("{prefix}{}", names::of_member(column))),
            None => self.parent.member(column),
        }
    }

    fn shown(&self) -> String {
        match &self.prefix {
            Some(prefix) => format!("{}.{prefix}…", self.parent.shown()),
            None => format!("{}.…", self.parent.shown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(events: &str, key: &[&str], alias: &str, columns: &[&str]) -> Vec<String> {
        let sample = Sample::read(events.as_bytes()).unwrap();
        let key = Place { array: None, steps: key.iter().map(ToString::to_string).collect() };
        let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
        let targets = targets(&sample, &key, alias, &columns, &BTreeSet::new(), 256);
        targets.writes.iter().map(|(_, place)| place.path()).collect()
    }

    #[test]
    fn values_stand_beside_the_key_and_replace_nothing() {
        for (events, key, expected) in [
            (r#"{"properties":{"order_id":1}}"#, &["properties", "order_id"][..], "$.properties.order.Total"),
            (r#"{"properties":{"order":1}}"#, &["properties", "order"], "$.properties.order_total"),
            (r#"{"properties":{"order":1,"order_total":2}}"#, &["properties", "order"], "$.properties.order_row.Total"),
            (r#"{"p":{"order":{"id":1}}}"#, &["p", "order", "id"], "$.p.order.Total"),
            (r#"{"p":{"order":{"id":1,"Total":null}}}"#, &["p", "order", "id"], "$.p.order.order.Total"),
            (r#"{"order_id":"1"}"#, &["order_id"], "$.order.Total"),
            (r#"{"order_id":"1","context":{"ip":1}}"#, &["order_id"], "$.context.order.Total"),
            (r#"{"order_id":"1","context":7}"#, &["order_id"], "$.order.Total"),
        ] {
            assert_eq!(written(events, key, "order", &["Total"]), [expected], "{events}");
        }
    }

    #[test]
    fn columns_that_would_share_a_name_keep_their_own() {
        let events = r#"{"p":{"order":1}}"#;
        let paths = written(events, &["p", "order"], "order", &["a b", "a_b"]);
        assert_eq!(paths, ["$.p.order_row['a b']", "$.p.order_row.a_b"]);
    }

    #[test]
    fn what_has_no_room_is_left_out_by_name() {
        let sample = Sample::read("{\"id\":1}".as_bytes()).unwrap();
        let key = Place { array: None, steps: vec!["id".to_owned()] };
        let columns = ["a".to_owned(), "x".repeat(301), "b".to_owned(), "c".to_owned()];
        let targets = targets(&sample, &key, "row", &columns, &BTreeSet::new(), 2);
        assert_eq!(targets.writes.len(), 2);
        assert_eq!(targets.left_out, ["x".repeat(301), "c".to_owned()]);
    }
}
