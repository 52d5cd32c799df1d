//! Where everything stands in a file: the positions of one YAML document's nodes.
//!
//! `serde_yaml` gives the data but not where it came from; an index of the same text knows.

use std::collections::BTreeMap;

use super::{FieldPath, field::Step, source::Span};

/// How deep a document may be. Kubernetes objects are about 20 deep; the reader of the data stops at 128.
pub(super) const MAX_DEPTH: usize = 100;

/// The positions of one document.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The root first; none for a document without a node.
    pub(super) nodes: Vec<Node>,
    /// Something in the document was refused: its data must not be used.
    pub(crate) refused: bool,
}

/// One value.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) content: Content,
}

/// What a [`Node`] is; nodes refer to each other by their position in [`Index::nodes`].
#[derive(Debug)]
pub(super) enum Content {
    /// `plain`: without quotes, so that YAML decides its type.
    Scalar {
        plain: bool,
    },
    Sequence(Vec<usize>),
    /// By key; the first key's place stands for the whole.
    Mapping {
        first: Option<Span>,
        members: BTreeMap<String, Member>,
    },
    /// The node that is repeated here.
    Alias(usize),
}

/// One member of a mapping.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) key_span: Span,
    pub(super) value: usize,
}

/// What a [`FieldPath`] leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// What to underline: the value where it is one line, else its key.
    pub(crate) value: Span,
    /// The member's name, where it has one.
    pub(crate) key: Option<Span>,
    /// The value is a scalar without quotes.
    pub(crate) plain: bool,
    /// Every step was found; if not, this is the innermost that was.
    pub(crate) exact: bool,
}

impl Index {
    /// Where that field stands, or else what of it there is; `None` in a document without a node.
    pub(crate) fn find(&self, field: &FieldPath) -> Option<Found> {
        let mut at = self.resolve(0)?;
        let mut key = None;
        let mut shown = 0;
        let mut exact = true;
        for step in field.steps() {
            let next = match step {
                Step::Name(name) => {
                    self.member(at, name, 0).map(|member| (Some(member.key_span.clone()), member.value))
                }
                Step::Index(index) => self.item(at, *index).map(|item| (None, item)),
            };
            let Some((next_key, next)) = next else {
                exact = false;
                break;
            };
            key = next_key;
            shown = next;
            let Some(resolved) = self.resolve(next) else { break };
            at = resolved;
        }
        let node = &self.nodes[shown];
        let one_line = matches!(node.content, Content::Scalar { .. } | Content::Alias(_)) && !node.span.is_empty();
        let value = if one_line { node.span.clone() } else { key.clone().unwrap_or_else(|| self.first_span(shown)) };
        Some(Found { value, key, plain: matches!(self.nodes[at].content, Content::Scalar { plain: true }), exact })
    }

    /// What stands for a node that may span many lines: the first thing in it.
    fn first_span(&self, node: usize) -> Span {
        match &self.nodes[node].content {
            Content::Mapping { first, .. } => first.clone(),
            Content::Sequence(items) => items.first().map(|item| self.nodes[*item].span.clone()),
            Content::Scalar { .. } | Content::Alias(_) => None,
        }
        .unwrap_or_else(|| self.nodes[node].span.clone())
    }

    /// The node itself, or what an alias repeats.
    fn resolve(&self, node: usize) -> Option<usize> {
        match &self.nodes.get(node)?.content {
            Content::Alias(target) => Some(*target),
            _ => Some(node),
        }
    }

    /// A mapping's member, also one that a merge key (`<<`) brings in.
    fn member(&self, node: usize, name: &str, depth: usize) -> Option<&Member> {
        let Content::Mapping { members, .. } = &self.nodes[node].content else { return None };
        let own = members.get(name);
        if own.is_some() || depth > MAX_DEPTH {
            return own;
        }
        let source = self.resolve(members.get("<<")?.value)?;
        self.member(source, name, depth + 1).or_else(|| match &self.nodes[source].content {
            Content::Sequence(sources) => sources
                .iter()
                .filter_map(|source| self.resolve(*source))
                .find_map(|source| self.member(source, name, depth + 1)),
            _ => None,
        })
    }

    fn item(&self, node: usize, index: usize) -> Option<usize> {
        match &self.nodes[node].content {
            Content::Sequence(items) => items.get(index).copied(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use crate::manifests::{FieldPath, events, source::SourceFile};

    /// The text that is underlined for a field of the first document, and whether the field was found.
    fn shown(text: &str, field: &str) -> (String, bool) {
        let file = SourceFile::new("a.yaml".to_owned(), PathBuf::new(), text.to_owned());
        let (documents, faults) = events::index(&file, 0);
        assert!(faults.is_empty(), "{faults:?}");
        let found = documents[0].find(&FieldPath::parse(field)).unwrap();
        (file.text[found.value].to_owned(), found.exact)
    }

    const TEXT: &str = "\
spec:
  'quoted key': \"ü\\u0041\"
  flow: {a: [1, 2], b: }
  list:
  - name: first
  -
    name: second
  text: |
    line one
    line two
  empty:
";

    #[test]
    fn a_scalar_is_shown_itself() {
        for (field, text) in [
            ("spec.quoted key", "\"ü\\u0041\""),
            ("spec.flow.a[1]", "2"),
            ("spec.list[0].name", "first"),
            ("spec.list[1].name", "second"),
        ] {
            assert_eq!(shown(TEXT, field), (text.to_owned(), true));
            assert_eq!(shown(&TEXT.replace('\n', "\r\n"), field), (text.to_owned(), true));
        }
    }

    #[test]
    fn a_collection_or_nothing_is_shown_by_its_key() {
        for (field, text) in [
            ("spec", "spec"),
            ("spec.list", "list"),
            ("spec.empty", "empty"),
            ("spec.flow.b", "b"),
            ("spec.list[1]", "name"),
        ] {
            assert_eq!(shown(TEXT, field), (text.to_owned(), true));
        }
    }

    #[test]
    fn a_missing_field_is_shown_by_what_there_is_of_it() {
        assert_eq!(shown(TEXT, "spec.list[7].name"), ("list".to_owned(), false));
        assert_eq!(shown(TEXT, "status.conditions"), ("spec".to_owned(), false));
    }

    #[test]
    fn an_alias_and_a_merge_lead_to_what_they_repeat() {
        let text = "base: &base {table: t, key: &key [K]}\none: {<<: *base, table: u}\ntwo: *base\nthree: {<<: [{x: 1}, *base]}\n";
        for (field, shows) in [
            ("one.table", "u"),
            ("one.key[0]", "K"),
            ("two.table", "t"),
            ("three.table", "t"),
            ("three.x", "1"),
            ("two", "*base"),
        ] {
            assert_eq!(shown(text, field), (shows.to_owned(), true), "{field}");
        }
    }
}
