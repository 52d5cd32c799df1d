use super::scan::Scanner;
use super::{NodeId, PathTree, Slot};

/// Where the slots of an array's items are: one for each node of the item's tree, item by item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Items {
    /// The index of the first slot.
    pub(crate) first: usize,
    /// How many items there are.
    pub(crate) count: u32,
    /// Whether any of the tree's member names was met twice in one object.
    pub(crate) repeated: bool,
}

/// Notes where the values stand that lie on the paths of `tree` in each item of an array; appends their slots.
///
/// `array` is the array's slot in an event that was scanned. `None`, and nothing is appended, if it has more than
/// `max` items.
pub(crate) fn scan_items(tree: &PathTree, event: &[u8], array: Slot, max: u32, slots: &mut Vec<Slot>) -> Option<Items> {
    let first = slots.len();
    let mut scanner = Scanner::at(tree, event, array.start as usize);
    let mut count = 0;
    // The event was checked when it was scanned: no step fails but the one that ends the array.
    let mut is_open = matches!(scanner.opens_array(), Ok(true));
    while is_open {
        if count == max {
            slots.truncate(first);
            return None;
        }
        let start = slots.len();
        slots.resize(start + tree.len(), Slot::default());
        is_open = scanner.value(NodeId::ROOT, &mut slots[start..]).is_ok() && matches!(scanner.array_ends(), Ok(false));
        count += 1;
    }
    Some(Items { first, count, repeated: scanner.repeated })
}

impl Items {
    /// The slots of one item.
    pub(crate) fn slots<'slots>(&self, item: u32, tree: &PathTree, slots: &'slots [Slot]) -> &'slots [Slot] {
        &slots[self.first + item as usize * tree.len()..][..tree.len()]
    }
}
