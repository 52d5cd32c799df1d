use weft_language::Segment;

use super::{Kind, NodeId, PathTree, Slot};

/// The places a rule writes to, as a tree: an object that is written into twice is opened once.
#[derive(Debug, Default)]
pub(crate) struct WriteTree {
    roots: Vec<Target>,
}

#[derive(Debug)]
struct Target {
    node: NodeId,
    /// The member's name as JSON, with the colon.
    label: Box<[u8]>,
    write: Write,
}

#[derive(Debug)]
enum Write {
    /// The index of the value that is written.
    Value(usize),
    /// What is written below.
    Below(Vec<Target>),
}

/// A value on the way to a written place that is neither an object nor missing nor null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadParent {
    /// Where it stands.
    pub(crate) node: NodeId,
}

/// Writes values into events; keeps its buffers from one event to the next.
#[derive(Debug, Default)]
pub(crate) struct Splicer {
    edits: Vec<Edit>,
    scratch: Vec<u8>,
}

/// Bytes `start..end` of the event give way to `scratch[from..to]`.
#[derive(Clone, Copy, Debug)]
struct Edit {
    start: u32,
    end: u32,
    from: usize,
    to: usize,
}

impl WriteTree {
    /// Whether nothing is written.
    pub(crate) fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// Adds the place where value number `value` goes. `names` is its path, no part of another path in the tree.
    pub(crate) fn insert(&mut self, tree: &mut PathTree, names: &[&str], value: usize) {
        let mut targets = &mut self.roots;
        let mut node = NodeId::ROOT;
        for (depth, name) in names.iter().enumerate() {
            node = tree.child(node, &Segment::Name((*name).to_owned()));
            let at = targets.iter().position(|target| target.node == node).unwrap_or_else(|| {
                let label = serde_json::to_vec(name).expect("a string is JSON");
                let write = if depth + 1 == names.len() { Write::Value(value) } else { Write::Below(Vec::new()) };
                targets.push(Target { node, label: [&label[..], b":"].concat().into(), write });
                targets.len() - 1
            });
            match &mut targets[at].write {
                Write::Below(below) => targets = below,
                Write::Value(_) => return,
            }
        }
    }
}

impl Splicer {
    /// Forgets what was noted.
    pub(crate) fn clear(&mut self) {
        self.edits.clear();
        self.scratch.clear();
    }

    /// Notes what is written below the root of `slots`: the event, or an item of an array in it. `value(i)` is a JSON
    /// text; where it is `None`, the place stays as it is.
    pub(crate) fn write<'value>(
        &mut self,
        slots: &[Slot],
        writes: &WriteTree,
        value: &impl Fn(usize) -> Option<&'value [u8]>,
    ) -> Result<(), BadParent> {
        self.edit_below(NodeId::ROOT, slots, &writes.roots, value)
    }

    /// Appends `event` to `out` with what was noted. Every byte outside the written places is copied as it came.
    pub(crate) fn splice(&mut self, event: &[u8], out: &mut Vec<u8>) {
        // No two edits start at one place: an insertion stands at a closing brace, a replacement at a value.
        self.edits.sort_unstable_by_key(|edit| edit.start);
        let mut copied = 0;
        for edit in &self.edits {
            out.extend_from_slice(&event[copied..edit.start as usize]);
            out.extend_from_slice(&self.scratch[edit.from..edit.to]);
            copied = edit.end as usize;
        }
        out.extend_from_slice(&event[copied..]);
    }

    /// Notes the edits within the value at `place`, which has to be an object or to become one.
    fn edit_below<'value>(
        &mut self,
        place: NodeId,
        slots: &[Slot],
        targets: &[Target],
        value: &impl Fn(usize) -> Option<&'value [u8]>,
    ) -> Result<(), BadParent> {
        let slot = slots[place.index()];
        match slot.kind {
            Kind::Object | Kind::EmptyObject => self.edit_members(place, slots, targets, value)?,
            kind => {
                if kind != Kind::Null && has_value(targets, value) {
                    return Err(BadParent { node: place });
                }
                self.edit(slot.start, slot.end, |scratch| render_object(targets, value, scratch));
            }
        }
        Ok(())
    }

    /// Notes the edits within the object at `parent`: members that are there give way, others go before its end.
    fn edit_members<'value>(
        &mut self,
        parent: NodeId,
        slots: &[Slot],
        targets: &[Target],
        value: &impl Fn(usize) -> Option<&'value [u8]>,
    ) -> Result<(), BadParent> {
        for target in targets {
            let slot = slots[target.node.index()];
            match (&target.write, slot.kind) {
                (_, Kind::Absent) => {}
                (Write::Below(below), _) => self.edit_below(target.node, slots, below, value)?,
                (Write::Value(_), _) => {
                    self.edit(slot.start, slot.end, |scratch| render(&target.write, value, scratch));
                }
            }
        }
        let object = slots[parent.index()];
        let empty = object.kind == Kind::EmptyObject;
        self.edit(object.end - 1, object.end - 1, |scratch| {
            let absent = targets.iter().filter(|target| slots[target.node.index()].kind == Kind::Absent);
            render_members(absent, !empty, value, scratch)
        });
        Ok(())
    }

    /// Notes an edit, unless `render` has nothing to say.
    fn edit(&mut self, start: u32, end: u32, render: impl FnOnce(&mut Vec<u8>) -> bool) {
        let from = self.scratch.len();
        if render(&mut self.scratch) {
            self.edits.push(Edit { start, end, from, to: self.scratch.len() });
        }
    }
}

fn has_value<'value>(targets: &[Target], value: &impl Fn(usize) -> Option<&'value [u8]>) -> bool {
    targets.iter().any(|target| match &target.write {
        Write::Value(index) => value(*index).is_some(),
        Write::Below(below) => has_value(below, value),
    })
}

/// Appends what is written at one place; appends nothing, and says so, if there is nothing to write.
fn render<'value>(write: &Write, value: &impl Fn(usize) -> Option<&'value [u8]>, out: &mut Vec<u8>) -> bool {
    match write {
        Write::Value(index) => value(*index).is_some_and(|text| {
            out.extend_from_slice(text);
            true
        }),
        Write::Below(below) => render_object(below, value, out),
    }
}

fn render_object<'value>(
    targets: &[Target],
    value: &impl Fn(usize) -> Option<&'value [u8]>,
    out: &mut Vec<u8>,
) -> bool {
    let start = out.len();
    out.push(b'{');
    if render_members(targets.iter(), false, value, out) {
        out.push(b'}');
        return true;
    }
    out.truncate(start);
    false
}

fn render_members<'target, 'value>(
    targets: impl Iterator<Item = &'target Target>,
    mut comma: bool,
    value: &impl Fn(usize) -> Option<&'value [u8]>,
    out: &mut Vec<u8>,
) -> bool {
    let mut any = false;
    for target in targets {
        let start = out.len();
        if comma {
            out.push(b',');
        }
        out.extend_from_slice(&target.label);
        if render(&target.write, value, out) {
            (any, comma) = (true, true);
        } else {
            out.truncate(start);
        }
    }
    any
}
