use weft_language::{Condition, Place};
use weft_plan_types::OnMissing;

use super::Join;
use super::consent::Consent;
use super::list::RuleList;
use crate::event::{NodeId, WriteTree};

/// A rule made ready.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) consent: Option<Consent>,
    pub(super) when: Option<When>,
    pub(super) aliases: Vec<Alias>,
    /// The nodes on the paths of keys, lists and written places, roots included: none may be repeated.
    pub(super) nodes: Vec<NodeId>,
    pub(super) lists: Vec<RuleList>,
    pub(super) writes: WriteTree,
    /// What is written, in the order of the plan's enrichments.
    pub(super) values: Vec<Value>,
    pub(super) on_missing: OnMissing,
}

#[derive(Debug)]
pub(super) struct When {
    pub(super) condition: Condition,
    /// Where the condition's paths end, in the order of `condition.paths()`.
    pub(super) places: Vec<NodeId>,
    /// The nodes on the condition's paths.
    pub(super) nodes: Vec<NodeId>,
    /// The alias and the position in its row, in the order of `condition.columns()`.
    pub(super) columns: Vec<(usize, usize)>,
}

/// A row that is looked up for each event, or for each item of a list in it.
#[derive(Debug)]
pub(super) struct Alias {
    pub(super) name: String,
    pub(super) entity: usize,
    pub(super) key: Key,
    /// The list of the rule whose items it is looked up for.
    pub(super) list: Option<usize>,
    /// How many rows have to be known before its key is: 0 for a key from the event.
    pub(super) level: usize,
    pub(super) optional: bool,
}

/// Where the parts of a key come from, in the order of the entity's key columns.
#[derive(Debug)]
pub(super) enum Key {
    Event(Vec<KeyPlace>),
    /// From the columns at these positions of another alias's row.
    Row(usize, Vec<usize>),
}

/// Where one part of a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyPlace {
    Event(NodeId),
    /// In the item, by a node of the list's tree.
    Item(NodeId),
}

#[derive(Debug)]
pub(super) struct Value {
    pub(super) alias: usize,
    pub(super) position: usize,
    /// What is written when the alias has no row.
    pub(super) fallback: Option<Box<[u8]>>,
    /// Where it is written, as the plan says it.
    pub(super) to: String,
}

impl Rule {
    /// Where each part of an alias's key comes from, in words.
    pub(super) fn key_parts_in_words(&self, alias: &Alias, join: &Join) -> Vec<String> {
        match &alias.key {
            Key::Event(places) => places.iter().map(|place| self.place_in_words(*place, alias, join)).collect(),
            Key::Row(from, positions) => {
                let from = &self.aliases[*from];
                let columns = &join.entities[from.entity].meta.columns;
                positions.iter().map(|position| format!("{}.{}", from.name, columns[*position].name)).collect()
            }
        }
    }

    fn place_in_words(&self, place: KeyPlace, alias: &Alias, join: &Join) -> String {
        match (place, alias.list) {
            (KeyPlace::Item(node), Some(list)) => {
                Place::Item(join.lists[self.lists[list].list].tree.path(node).clone()).to_string()
            }
            (KeyPlace::Event(node) | KeyPlace::Item(node), _) => join.tree.path(node).to_string(),
        }
    }
}
