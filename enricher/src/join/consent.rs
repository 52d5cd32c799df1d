use weft_language::{Path, Segment};

use crate::event::{Kind, NodeId, PathTree, Slot};

/// The consent that a rule asks of an event: categories that have to be allowed, all of them.
///
/// Judged as Segment documents it ("Consent in Segment Connections"): an event without a consent object, or with an
/// empty one, is not bound by consent; with one, each category has to be `true`, and a category that is not there is
/// not. An empty consent object beside an integrations object that names something allows nothing. Whatever else
/// stands in the place of the consent object or of a preference allows nothing either.
#[derive(Debug)]
pub(super) struct Consent {
    pub(super) consent: NodeId,
    integrations: NodeId,
    pub(super) categories: Vec<NodeId>,
    /// The nodes on the paths of all of these.
    pub(super) nodes: Vec<NodeId>,
}

impl Consent {
    /// `None` where no category is asked.
    pub(super) fn new(categories: &[String], tree: &mut PathTree) -> Option<Self> {
        if categories.is_empty() {
            return None;
        }
        let mut nodes = Vec::new();
        let mut place = |names: &[&str]| {
            let names = names.iter().map(|name| Segment::Name((*name).to_owned()));
            let on_path = tree.insert(&Path::new(names.collect()));
            nodes.extend_from_slice(&on_path);
            on_path.last().copied().unwrap_or(NodeId::ROOT)
        };
        let consent = place(&["context", "consent"]);
        let integrations = place(&["integrations"]);
        let category = |name: &String| place(&["context", "consent", "categoryPreferences", name]);
        let categories = categories.iter().map(category).collect();
        nodes.sort_unstable();
        nodes.dedup();
        Some(Self { consent, integrations, categories, nodes })
    }

    /// Whether the event may be used.
    pub(super) fn is_given(&self, slots: &[Slot], event: &[u8]) -> bool {
        let slot = |node: NodeId| slots[node.index()];
        match slot(self.consent).kind {
            Kind::Absent | Kind::Null => true,
            Kind::EmptyObject => slot(self.integrations).kind != Kind::Object,
            _ => self.categories.iter().all(|category| slot(*category).of(event) == Some(b"true")),
        }
    }
}
