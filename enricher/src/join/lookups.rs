use weft_store::{Answer, Column, Row, key};

use super::LookupResult;
use super::compile::Join;
use super::event::Event;
use super::rule::{Alias, Key, KeyPlace, Rule, Value};
use super::wanted::Wanted;

/// The rows that a batch looks up, level by level: keys from the events first, then those from the rows found.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    /// The lookups of one event after the other; a verdict says where its own start. Alias by alias, item by item.
    needs: Vec<Need>,
    levels: Vec<Level>,
}

/// A row that an event waits for, by its key's number within its level and entity; or why it has no key.
type Need = Result<u32, LookupResult>;

#[derive(Debug, Default)]
struct Level {
    /// One per entity.
    wanted: Vec<Wanted>,
    /// One per entity, once the store has answered.
    answers: Vec<Vec<Answer>>,
}

/// The lookups of one event under one rule.
#[derive(Clone, Copy)]
pub(super) struct Found<'batch> {
    lookups: &'batch Lookups,
    rule: &'batch Rule,
    event: Event<'batch>,
    first: usize,
}

impl Lookups {
    /// Forgets everything, keeps the memory.
    pub(super) fn clear(&mut self, join: &Join) {
        self.needs.clear();
        self.levels.resize_with(join.levels(), Level::default);
        for level in &mut self.levels {
            level.wanted.resize_with(join.entities.len(), Wanted::default);
            level.wanted.iter_mut().for_each(Wanted::clear);
            level.answers.clear();
        }
    }

    /// How many lookups there are.
    pub(super) fn len(&self) -> usize {
        self.needs.len()
    }

    /// Adds the lookups of an event under a rule; hops wait for [`Lookups::follow`]. Gives the number of the first.
    pub(super) fn add(&mut self, join: &Join, rule: &Rule, event: Event<'_>) -> usize {
        let first = self.needs.len();
        for alias in &rule.aliases {
            let places = match &alias.key {
                Key::Event(places) => places.as_slice(),
                Key::Row(..) => {
                    self.needs.extend((0..event.lookups(rule, alias)).map(|_| Err(LookupResult::NoKey)));
                    continue;
                }
            };
            let columns = &join.entities[alias.entity].meta.key;
            let wanted = &mut self.levels[0].wanted[alias.entity];
            for item in 0..event.lookups(rule, alias) {
                let part = |place: &KeyPlace| event.key_part(rule, alias, item, *place);
                self.needs.push(wanted.add(|text| key_text(columns, places, part, text)));
            }
        }
        first
    }

    /// Adds the keys of the hops of this level, now that the rows they start from are known.
    pub(super) fn follow(&mut self, join: &Join, level: usize, rule: &Rule, event: Event<'_>, first: usize) {
        for (position, alias) in rule.aliases.iter().enumerate().filter(|(_, alias)| alias.level == level) {
            let Key::Row(from, columns) = &alias.key else { continue };
            for item in 0..event.lookups(rule, alias) {
                let found = Found { lookups: self, rule, event, first };
                let Some(row) = found.row(*from, item) else { continue };
                let row = row.clone();
                let width = join.entities[rule.aliases[*from].entity].meta.columns.len();
                let key = &join.entities[alias.entity].meta.key;
                let need = first + event.position(rule, position) + item as usize;
                let wanted = &mut self.levels[level].wanted[alias.entity];
                self.needs[need] =
                    wanted.add(|text| key_text(key, columns, |column| row.fragment(*column, width), text));
            }
        }
    }

    /// The distinct keys of a level, entity by entity: its number, and the keys. Entities without keys are left out.
    pub(super) fn keys(&self, level: usize) -> impl Iterator<Item = (usize, Vec<&[u8]>)> {
        let wanted = self.levels.get(level).into_iter().flat_map(|level| level.wanted.iter().enumerate());
        wanted.map(|(entity, wanted)| (entity, wanted.keys())).filter(|(_, keys)| !keys.is_empty())
    }

    /// Takes the store's answers to the keys that an entity was asked for at a level.
    pub(super) fn answer(&mut self, level: usize, entity: usize, answers: Vec<Answer>) {
        let level = &mut self.levels[level];
        level.answers.resize_with(level.wanted.len(), Vec::new);
        level.answers[entity] = answers;
    }

    pub(super) fn found<'batch>(&'batch self, rule: &'batch Rule, event: Event<'batch>, first: usize) -> Found<'batch> {
        Found { lookups: self, rule, event, first }
    }
}

impl<'batch> Found<'batch> {
    /// How many lookups an alias has.
    pub(super) fn lookups(&self, alias: &Alias) -> u32 {
        self.event.lookups(self.rule, alias)
    }

    /// What came of an alias's lookup for an item; of its only one, if it has no list.
    pub(super) fn result(&self, alias: usize, item: u32) -> LookupResult {
        match self.need(alias, item) {
            Ok(_) if self.row(alias, item).is_some() => LookupResult::Found,
            Ok(_) => LookupResult::Missing,
            Err(no_key) => no_key,
        }
    }

    /// The row that was found.
    pub(super) fn row(&self, alias: usize, item: u32) -> Option<&'batch Row> {
        match self.answer(alias, item)? {
            Answer::Found(row) => Some(row),
            Answer::Missing | Answer::Unavailable(_) => None,
        }
    }

    /// Whether the store could not tell.
    #[cfg(any(test, feature = "kafka"))]
    pub(super) fn is_unavailable(&self, alias: usize, item: u32) -> bool {
        matches!(self.answer(alias, item), Some(Answer::Unavailable(_)))
    }

    /// What the store answered, if it was asked.
    fn answer(&self, alias: usize, item: u32) -> Option<&'batch Answer> {
        let key = self.need(alias, item).ok()?;
        let alias = &self.rule.aliases[alias];
        self.lookups.levels[alias.level].answers[alias.entity].get(key as usize)
    }

    /// The text of the column at a position of an alias's row, such as a condition asks for.
    pub(super) fn column(&self, (alias, position): (usize, usize)) -> Option<&'batch [u8]> {
        self.fragment(alias, self.row(alias, 0)?, position)
    }

    /// What is written for an item, or for the event.
    pub(super) fn value(&self, value: &'batch Value, item: u32) -> Option<&'batch [u8]> {
        match self.row(value.alias, item) {
            Some(row) => self.fragment(value.alias, row, value.position),
            None => value.fallback.as_deref(),
        }
    }

    pub(super) fn fragment(&self, alias: usize, row: &'batch Row, position: usize) -> Option<&'batch [u8]> {
        row.fragment(position, self.event.join.entities[self.rule.aliases[alias].entity].meta.columns.len())
    }

    fn need(&self, alias: usize, item: u32) -> Need {
        self.lookups.needs[self.first + self.event.position(self.rule, alias) + item as usize]
    }
}

/// Appends the key text of the parts that stand at `places`.
fn key_text<'value, P>(
    columns: &[Column],
    places: &[P],
    value: impl Fn(&P) -> Option<&'value [u8]>,
    text: &mut Vec<u8>,
) -> Result<(), LookupResult> {
    // Keys of a few columns, which is nearly all of them, need no list on the heap.
    let mut few = [None; 8];
    let appended = match few.get_mut(..places.len()) {
        Some(values) => {
            values.iter_mut().zip(places).for_each(|(part, place)| *part = value(place));
            key::append_from_json(columns, values, text)
        }
        None => key::append_from_json(columns, &places.iter().map(value).collect::<Vec<_>>(), text),
    };
    appended.map_err(|error| match error {
        key::NotAKey::NoKey => LookupResult::NoKey,
        key::NotAKey::BadKey => LookupResult::BadKey,
    })
}
