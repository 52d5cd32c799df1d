use crate::event::{Items, Kind, NodeId, PathTree, Slot, WriteTree, scan_items};

/// An array has at most so many items that are looked up.
const MAX_ITEMS: u32 = 10_000;

/// An array of the event whose items are looked up, each for itself.
#[derive(Debug)]
pub(super) struct List {
    /// Where the array stands in the event.
    pub(super) array: NodeId,
    /// The paths in an item that rules read or write; its root is the item.
    pub(super) tree: PathTree,
}

/// What one rule reads and writes in the items of a list.
#[derive(Debug)]
pub(super) struct RuleList {
    /// The list's position in the join.
    pub(super) list: usize,
    /// The nodes on the paths of keys and written places: none may be repeated.
    pub(super) nodes: Vec<NodeId>,
    pub(super) writes: WriteTree,
}

/// Why an array cannot be walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAList {
    /// Neither an array nor null.
    OtherValue,
    /// It has too many items.
    TooLong,
}

impl List {
    /// Reads the items of the array in one event and appends their slots.
    pub(super) fn read(&self, event: &[u8], array: Slot, slots: &mut Vec<Slot>) -> Result<Items, NotAList> {
        match array.kind {
            Kind::Absent | Kind::Null => Ok(Items::default()),
            Kind::Array => scan_items(&self.tree, event, array, MAX_ITEMS, slots).ok_or(NotAList::TooLong),
            _ => Err(NotAList::OtherValue),
        }
    }

    /// Where a node of an item stands in the event.
    pub(super) fn path(&self, event: &PathTree, item: u32, node: NodeId) -> String {
        let in_item = self.tree.path(node).to_string();
        format!("{}[{item}]{}", event.path(self.array), in_item.trim_start_matches('$'))
    }
}

impl NotAList {
    /// The fault in words.
    pub(super) fn message(self, path: &str) -> String {
        match self {
            Self::OtherValue => format!("{path} is neither an array nor null, it has no items"),
            Self::TooLong => format!("the array at {path} has more than {MAX_ITEMS} items"),
        }
    }
}
