//! A bounded sample of events, and what stands where in them.

use std::collections::BTreeMap;
use std::io::{self, Read};

use serde_json::value::RawValue;
use weft_language::{MAX_PATH_BYTES, MAX_PATH_SEGMENTS, Path, Segment};

use crate::run::{Lines, Piece};

/// So many events tell what events look like.
const MAX_EVENTS: usize = 1_000;

/// The sample ends with the event that reaches so many bytes.
const MAX_BYTES: usize = 16 << 20;

/// The longest event, as `weft run` takes it by default.
const MAX_EVENT_BYTES: usize = 1 << 20;

/// Objects whose member names are data would fill the memory with places that occur once.
const MAX_PLACES: usize = 20_000;

/// A place in events, or in the items of an array.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The array whose items it is in; `None`: in the event itself.
    pub(crate) array: Option<Vec<String>>,
    /// The member names, outermost first.
    pub(crate) steps: Vec<String>,
}

impl Place {
    /// The member of this name.
    pub(crate) fn member(&self, name: &str) -> Self {
        let mut steps = self.steps.clone();
        steps.push(name.to_owned());
        Self { array: self.array.clone(), steps }
    }

    /// What it is a member of.
    pub(crate) fn parent(&self) -> Self {
        let outer = self.steps.split_last().map_or(&[][..], |(_, outer)| outer);
        Self { array: self.array.clone(), steps: outer.to_vec() }
    }

    /// As a mapping writes it: `$…`, or `@…` in an item.
    pub(crate) fn path(&self) -> String {
        let path = path(&self.steps);
        match (&self.array, path.strip_prefix('$')) {
            (Some(_), Some(rest)) => format!("@{rest}"),
            _ => path,
        }
    }

    /// As people read it: with the array in front.
    pub(crate) fn shown(&self) -> String {
        match &self.array {
            Some(array) => format!("{}[*]{}", path(array), self.path().trim_start_matches('@')),
            None => self.path(),
        }
    }

    /// Whether a mapping can name it.
    pub(crate) fn is_writable(&self) -> bool {
        self.steps.len() <= MAX_PATH_SEGMENTS && self.path().len() <= MAX_PATH_BYTES
    }
}

/// The canonical path through these members.
pub(crate) fn path(steps: &[String]) -> String {
    Path::new(steps.iter().cloned().map(Segment::Name).collect()).to_string()
}

/// A text, number or boolean in an event.
#[derive(Debug)]
pub(crate) struct Seen {
    /// The event's number in the sample.
    pub(crate) event: u32,
    /// The item's number in its array; 0 in the event itself.
    pub(crate) item: u32,
    /// Its JSON text.
    pub(crate) raw: Box<str>,
}

/// What kind of event it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Class {
    /// Its `type`, if that is a text.
    pub(crate) kind: Option<String>,
    /// Its `event`, else its `name` (of pages and screens), if that is a text: the member and the text.
    pub(crate) name: Option<(&'static str, String)>,
}

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    /// Each event's class.
    pub(crate) events: Vec<Class>,
    /// Every place that has something, with its texts, numbers and booleans. Of arrays, only objects among the items.
    pub(crate) places: BTreeMap<Place, Vec<Seen>>,
    /// Lines that are no events.
    pub(crate) skipped: u64,
    /// The number of the first such line.
    pub(crate) first_skipped: Option<u64>,
    /// More events follow.
    pub(crate) is_cut: bool,
}

impl Sample {
    /// Reads the first events of `input`, one a line.
    pub(crate) fn read(input: impl Read) -> io::Result<Self> {
        let mut sample = Self::default();
        let mut lines = Lines::new(input, MAX_EVENT_BYTES);
        let mut bytes = 0;
        while lines.fill()? {
            while let Some(piece) = lines.next_buffered() {
                if sample.events.len() == MAX_EVENTS || bytes >= MAX_BYTES {
                    sample.is_cut = true;
                    return Ok(sample);
                }
                match piece {
                    Piece::Line { number, place } => {
                        let line = lines.bytes(&place);
                        bytes += line.len();
                        let event = str::from_utf8(line).ok().filter(|line| crate::is_event(line.as_bytes()));
                        if event.and_then(|event| sample.add(event)).is_none() {
                            sample.skip(number);
                        }
                    }
                    Piece::TooLong { number } => {
                        lines.rest::<io::Error>(&mut |_| Ok(()))?;
                        sample.skip(number);
                        break;
                    }
                }
            }
        }
        Ok(sample)
    }

    fn skip(&mut self, line: u64) {
        self.skipped += 1;
        self.first_skipped.get_or_insert(line);
    }

    /// Notes what an event holds; `None` if it is no object.
    fn add(&mut self, event: &str) -> Option<()> {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(event).ok()?;
        let text = |name: &str| serde_json::from_str(members.get(name)?.get()).ok();
        let named = |member: &'static str| Some((member, text(member)?));
        let class = Class { kind: text("type"), name: named("event").or_else(|| named("name")) };
        let number = u32::try_from(self.events.len()).ok()?;
        self.events.push(class);
        self.members(&Place { array: None, steps: Vec::new() }, members, number, 0);
        Some(())
    }

    fn members(&mut self, parent: &Place, members: BTreeMap<String, &RawValue>, event: u32, item: u32) {
        for (name, value) in members {
            let place = parent.member(&name);
            if !self.places.contains_key(&place) {
                if self.places.len() == MAX_PLACES || !place.is_writable() {
                    continue;
                }
                self.places.insert(place.clone(), Vec::new());
            }
            self.value(&place, value.get(), event, item);
        }
    }

    fn value(&mut self, place: &Place, raw: &str, event: u32, item: u32) {
        match raw.as_bytes().first() {
            Some(b'{') => {
                if let Ok(members) = serde_json::from_str(raw) {
                    self.members(place, members, event, item);
                }
            }
            Some(b'[') if place.array.is_none() => {
                let items: Vec<&RawValue> = serde_json::from_str(raw).unwrap_or_default();
                let inside = Place { array: Some(place.steps.clone()), steps: Vec::new() };
                for (item, value) in (0..).zip(items) {
                    if let Ok(members) = serde_json::from_str(value.get()) {
                        self.members(&inside, members, event, item);
                    }
                }
            }
            Some(b'[' | b'n') | None => {}
            Some(_) => {
                if let Some(seen) = self.places.get_mut(place) {
                    seen.push(Seen { event, item, raw: raw.into() });
                }
            }
        }
    }

    /// Whether events have something there, and be it null.
    pub(crate) fn has(&self, place: &Place) -> bool {
        self.places.contains_key(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(array: Option<&str>, steps: &[&str]) -> Place {
        Place { array: array.map(|name| vec![name.to_owned()]), steps: steps.iter().map(ToString::to_string).collect() }
    }

    #[test]
    fn events_are_taken_as_the_run_takes_them_and_the_rest_is_counted() {
        let lines = "\u{feff}{\"type\":\"track\",\"event\":\"A\",\"a\":{\"b\":9007199254740993}}\n\n[1]\n{\"a\":}\n{\"type\":7}";
        let sample = Sample::read(lines.as_bytes()).unwrap();
        assert_eq!((sample.skipped, sample.first_skipped, sample.is_cut), (2, Some(3), false));
        assert_eq!(sample.events[0], Class { kind: Some("track".into()), name: Some(("event", "A".into())) });
        assert_eq!(sample.events[1], Class::default());
        assert_eq!(&*sample.places[&place(None, &["a", "b"])][0].raw, "9007199254740993");
    }

    #[test]
    fn items_of_arrays_are_told_apart() {
        let sample = Sample::read(r#"{"p":[{"id":1},7,{"id":"x","in":[{"id":3}],"n":null}]}"#.as_bytes()).unwrap();
        let ids: Vec<_> = sample.places[&place(Some("p"), &["id"])].iter().map(|s| (s.item, &*s.raw)).collect();
        assert_eq!(ids, [(0, "1"), (2, "\"x\"")]);
        assert!(sample.has(&place(Some("p"), &["n"])) && sample.has(&place(None, &["p"])));
        assert_eq!(place(Some("p"), &["a b"]).path(), "@['a b']");
        assert_eq!(place(Some("p"), &["id"]).shown(), "$.p[*].id");
    }

    #[test]
    fn a_sample_ends() {
        let sample = Sample::read("{\"a\":1}\n".repeat(5_000).as_bytes()).unwrap();
        assert_eq!((sample.events.len(), sample.is_cut), (1_000, true));
        let long = format!("{{\"a\":\"{}\"}}\n{{\"a\":1}}\n", "x".repeat(2 << 20));
        let sample = Sample::read(long.as_bytes()).unwrap();
        assert_eq!((sample.events.len(), sample.skipped), (1, 1));
    }
}
