use weft_language::{Path, Segment};

/// Every path that the rules of a mapping read or write, as one tree that the scanner walks along with the event.
#[derive(Debug)]
pub(crate) struct PathTree {
    nodes: Vec<Node>,
}

/// A place in a [`PathTree`], and the index of its [`super::Slot`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeId(u32);

#[derive(Debug)]
pub(super) struct Node {
    path: Path,
    pub(super) members: Vec<(Box<[u8]>, NodeId)>,
    pub(super) items: Vec<(u32, NodeId)>,
}

impl NodeId {
    /// The event itself.
    pub(crate) const ROOT: Self = Self(0);

    /// The index of the node's slot.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

impl PathTree {
    /// The tree that knows the event itself and nothing in it.
    pub(crate) fn new() -> Self {
        Self { nodes: vec![Node::at(Path::new(Vec::new()))] }
    }

    /// How many slots a scan fills.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The nodes from the root to a path's end, both included, added where they are new.
    pub(crate) fn insert(&mut self, path: &Path) -> Vec<NodeId> {
        let mut nodes = vec![NodeId::ROOT];
        for segment in path.segments() {
            nodes.push(self.child(nodes[nodes.len() - 1], segment));
        }
        nodes
    }

    /// Where a node stands in the event.
    pub(crate) fn path(&self, id: NodeId) -> &Path {
        &self.nodes[id.index()].path
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The node one step below another, added if it is new.
    pub(crate) fn child(&mut self, parent: NodeId, segment: &Segment) -> NodeId {
        let node = &self.nodes[parent.index()];
        let known = match segment {
            Segment::Name(name) => node.member(name.as_bytes()),
            Segment::Index(index) => node.items.iter().find(|(item, _)| item == index).map(|(_, id)| *id),
        };
        known.unwrap_or_else(|| {
            let id = NodeId(u32::try_from(self.nodes.len()).expect("a mapping's paths are bounded"));
            let node = &mut self.nodes[parent.index()];
            match segment {
                Segment::Name(name) => node.members.push((name.as_bytes().into(), id)),
                Segment::Index(index) => node.items.push((*index, id)),
            }
            let path = Path::new([node.path.segments(), std::slice::from_ref(segment)].concat());
            self.nodes.push(Node::at(path));
            id
        })
    }
}

impl Node {
    /// The node of the member with this name.
    #[inline]
    pub(super) fn member(&self, name: &[u8]) -> Option<NodeId> {
        // The first byte tells most names apart without a call that compares the rest.
        let alike = |key: &[u8]| key.len() == name.len() && key.first() == name.first() && key == name;
        self.members.iter().find(|(key, _)| alike(key)).map(|(_, id)| *id)
    }

    fn at(path: Path) -> Self {
        Self { path, members: Vec::new(), items: Vec::new() }
    }
}
