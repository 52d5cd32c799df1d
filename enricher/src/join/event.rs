use super::list::{List, NotAList, RuleList};
use super::rule::{Alias, KeyPlace, Rule, When};
use super::{Failure, Join, Spot};
use crate::event::{Items, Slot};

/// Where the values of a batch's events stand.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// One per event and node of the join's tree.
    pub(super) slots: Vec<Slot>,
    /// One per event and list of the join.
    pub(super) lists: Vec<ListItems>,
    /// One per item of a list that was read and node of the list's tree.
    pub(super) item_slots: Vec<Slot>,
}

/// The items of a list in one event: read when the first rule that wants them comes by.
#[derive(Clone, Copy, Debug)]
pub(super) enum ListItems {
    Unread,
    Read(Items),
    Refused(NotAList),
}

/// One event of the batch: where its values stand.
#[derive(Clone, Copy)]
pub(super) struct Event<'batch> {
    pub(super) bytes: &'batch [u8],
    pub(super) join: &'batch Join,
    pub(super) slots: &'batch [Slot],
    pub(super) lists: &'batch [ListItems],
    pub(super) item_slots: &'batch [Slot],
}

impl Places {
    /// Forgets the events, keeps the memory.
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.lists.clear();
        self.item_slots.clear();
    }

    /// The event with this number.
    pub(super) fn event<'batch>(&'batch self, join: &'batch Join, number: usize, bytes: &'batch [u8]) -> Event<'batch> {
        let (nodes, lists) = (join.tree.len(), join.lists.len());
        Event {
            bytes,
            join,
            slots: &self.slots[number * nodes..][..nodes],
            lists: &self.lists[number * lists..][..lists],
            item_slots: &self.item_slots,
        }
    }
}

impl<'batch> Event<'batch> {
    /// How many lookups an alias has: one, or one for each item of its list.
    pub(super) fn lookups(&self, rule: &Rule, alias: &Alias) -> u32 {
        alias.list.map_or(1, |list| self.items(rule.lists[list].list).count)
    }

    /// Where the lookups of the alias at a position stand among those of its rule.
    pub(super) fn position(&self, rule: &Rule, alias: usize) -> usize {
        if rule.lists.is_empty() {
            return alias;
        }
        rule.aliases[..alias].iter().map(|alias| self.lookups(rule, alias) as usize).sum()
    }

    /// The items of a list that was read.
    pub(super) fn items(&self, list: usize) -> Items {
        match self.lists[list] {
            ListItems::Read(items) => items,
            ListItems::Unread | ListItems::Refused(_) => Items::default(),
        }
    }

    /// One part of a key.
    pub(super) fn key_part(&self, rule: &Rule, alias: &Alias, item: u32, place: KeyPlace) -> Option<&'batch [u8]> {
        match (place, alias.list) {
            (KeyPlace::Event(node), _) => self.slots[node.index()].of(self.bytes),
            (KeyPlace::Item(node), Some(list)) => {
                let list = rule.lists[list].list;
                let slots = self.items(list).slots(item, &self.join.lists[list].tree, self.item_slots);
                slots[node.index()].of(self.bytes)
            }
            (KeyPlace::Item(_), None) => None,
        }
    }

    /// Whether the event meets a condition on it and on its rows.
    pub(super) fn matches<'row>(&self, when: &When, column: impl Fn(usize) -> Option<&'row [u8]>) -> bool
    where
        'batch: 'row,
    {
        when.condition.matches(|path| self.slots[when.places[path].index()].of(self.bytes), column)
    }
}

/// Reads the items that a rule wants, as far as another rule has not yet.
pub(super) fn read_lists(
    join: &Join,
    rule: &Rule,
    event: &[u8],
    slots: &[Slot],
    lists: &mut [ListItems],
    item_slots: &mut Vec<Slot>,
) -> Result<(), Failure> {
    for RuleList { list, nodes, .. } in &rule.lists {
        let List { array, tree } = &join.lists[*list];
        if let ListItems::Unread = lists[*list] {
            lists[*list] = match join.lists[*list].read(event, slots[array.index()], item_slots) {
                Ok(items) => ListItems::Read(items),
                Err(refused) => ListItems::Refused(refused),
            };
        }
        let items = match lists[*list] {
            ListItems::Refused(reason) => return Err(Failure::NotAList { array: *array, reason }),
            ListItems::Read(items) => items,
            ListItems::Unread => Items::default(),
        };
        for item in (0..items.count).filter(|_| items.repeated) {
            let slots = items.slots(item, tree, item_slots);
            if let Some(node) = nodes.iter().find(|node| slots[node.index()].repeated) {
                return Err(Failure::DuplicateKey(Spot::Item { list: *list, item, node: *node }));
            }
        }
    }
    Ok(())
}
