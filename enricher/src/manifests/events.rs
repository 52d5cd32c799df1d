//! Builds the [`Index`] of each document in a file, and refuses on the way what could not be read within bounds.

use std::collections::{BTreeMap, HashMap};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};

use super::{
    Diagnostic,
    diagnostic::Place,
    index::{Content, Index, MAX_DEPTH, Member, Node},
    source::{CharOffsets, SourceFile, Span},
};

/// What aliases may add to a file, counted as bytes of text plus [`NODE_BYTES`] a node.
const MAX_ALIASED_BYTES: usize = 8 << 20;

/// What a node counts beside its text.
const NODE_BYTES: usize = 32;

/// The documents of a file, in order, and what is wrong with its YAML. After a syntax error the file's rest is
/// not read; a document that holds something else that is wrong is marked as refused.
pub(super) fn index(file: &SourceFile, id: usize) -> (Vec<Index>, Vec<Diagnostic>) {
    let offsets = CharOffsets::new(&file.text);
    let mut builder = Builder::new(id);
    for event in Events(Parser::new_from_str(&file.text)) {
        let outcome = match event {
            Ok((event, span)) => {
                let start = offsets.byte(span.start.index());
                builder.accept(event, start..offsets.byte(span.end.index()).max(start))
            }
            Err(error) => Err(syntax_error(file, id, &offsets, &error)),
        };
        if let Err(fatal) = outcome {
            builder.diagnostics.push(*fatal);
            builder.documents.truncate(builder.complete);
            break;
        }
    }
    (builder.documents, builder.diagnostics)
}

/// The parser as an iterator that ends with its first error.
struct Events<'text>(Parser<'text, saphyr_parser::StrInput<'text>>);

impl<'text> Iterator for Events<'text> {
    type Item = Result<(Event<'text>, saphyr_parser::Span), ScanError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next_event()
    }
}

struct Builder {
    file: usize,
    documents: Vec<Index>,
    /// How many of the documents have ended.
    complete: usize,
    diagnostics: Vec<Diagnostic>,
    /// The collections that are open, outermost first.
    open: Vec<Open>,
    anchors: HashMap<usize, Anchor>,
    /// What the file has so far, aliases written out.
    bytes: usize,
    /// The part of it that aliases added.
    aliased_bytes: usize,
}

/// A sequence or mapping whose end has not come.
struct Open {
    node: usize,
    anchor: usize,
    bytes_before: usize,
    /// For a mapping: the key whose value comes next.
    pending: Option<(String, Span)>,
}

struct Anchor {
    node: usize,
    /// What an alias of it adds; `None` while it is open.
    bytes: Option<usize>,
}

type Fatal = Box<Diagnostic>;

impl Builder {
    fn new(file: usize) -> Self {
        Self {
            file,
            documents: Vec::new(),
            complete: 0,
            diagnostics: Vec::new(),
            open: Vec::new(),
            anchors: HashMap::new(),
            bytes: 0,
            aliased_bytes: 0,
        }
    }

    fn accept(&mut self, event: Event<'_>, span: Span) -> Result<(), Fatal> {
        match event {
            Event::DocumentStart(_) => {
                self.documents.push(Index::default());
                self.anchors.clear();
                Ok(())
            }
            Event::DocumentEnd => {
                self.complete = self.documents.len();
                Ok(())
            }
            Event::Scalar(text, style, anchor, _) => {
                let before = self.bytes;
                self.bytes += text.len() + NODE_BYTES;
                let content = Content::Scalar { plain: style == ScalarStyle::Plain };
                let node = self.add(span, content, Some(&text));
                self.anchors.insert(anchor, Anchor { node, bytes: Some(self.bytes - before) });
                Ok(())
            }
            Event::SequenceStart(anchor, _) => self.open(span, Content::Sequence(Vec::new()), anchor),
            Event::MappingStart(anchor, _) => {
                self.open(span, Content::Mapping { first: None, members: BTreeMap::new() }, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    let bytes = Some(self.bytes - open.bytes_before);
                    self.anchors.insert(open.anchor, Anchor { node: open.node, bytes });
                }
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::StreamStart | Event::StreamEnd | Event::Nothing => Ok(()),
        }
    }

    fn open(&mut self, span: Span, content: Content, anchor: usize) -> Result<(), Fatal> {
        if self.open.len() == MAX_DEPTH {
            let message = format!("this is nested deeper than the {MAX_DEPTH} levels that are read");
            return Err(self.fatal("TooDeep", message, "check the brackets and the indentation", span));
        }
        let bytes_before = self.bytes;
        self.bytes += NODE_BYTES;
        let node = self.add(span, content, None);
        self.anchors.insert(anchor, Anchor { node, bytes: None });
        self.open.push(Open { node, anchor, bytes_before, pending: None });
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Fatal> {
        let Some(Anchor { node, bytes: Some(bytes) }) = self.anchors.get(&anchor) else {
            let message = "this alias repeats the very value it stands in";
            return Err(self.fatal("EndlessAlias", message, "write the value out", span));
        };
        let (node, bytes) = (*node, *bytes);
        self.bytes = self.bytes.saturating_add(bytes);
        self.aliased_bytes = self.aliased_bytes.saturating_add(bytes);
        if self.aliased_bytes > MAX_ALIASED_BYTES {
            let limit = MAX_ALIASED_BYTES >> 20;
            let message = format!("the aliases of this file would repeat more than {limit} MiB");
            return Err(self.fatal("AliasesTooLarge", message, "write the values out, in several files", span));
        }
        self.add(span, Content::Alias(node), None);
        Ok(())
    }

    /// Adds a node to the innermost open collection; `text` is a scalar's, which may turn out to be a key.
    fn add(&mut self, span: Span, content: Content, text: Option<&str>) -> usize {
        let Some(document) = self.documents.last_mut() else { return 0 };
        let node = document.nodes.len();
        document.nodes.push(Node { span: span.clone(), content });
        let Some(open) = self.open.last_mut() else { return node };
        match &mut document.nodes[open.node].content {
            Content::Sequence(items) => items.push(node),
            Content::Mapping { first, members } => match (open.pending.take(), text) {
                (Some((key, key_span)), _) => {
                    members.entry(key).or_insert(Member { key_span, value: node });
                }
                (None, Some(text)) => {
                    first.get_or_insert_with(|| span.clone());
                    open.pending = Some((text.to_owned(), span.clone()));
                    if let Some(earlier) = members.get(text).map(|member| member.key_span.clone()) {
                        self.refuse(duplicate_key(text, self.file, span, earlier));
                    }
                }
                (None, None) => {
                    open.pending = Some((String::new(), span.clone()));
                    self.refuse(key_not_text(self.file, span));
                }
            },
            Content::Scalar { .. } | Content::Alias(_) => {}
        }
        node
    }

    fn refuse(&mut self, diagnostic: Diagnostic) {
        if let Some(document) = self.documents.last_mut() {
            document.refused = true;
        }
        self.diagnostics.push(diagnostic);
    }

    fn fatal(&self, reason: &'static str, message: impl Into<String>, help: &str, span: Span) -> Fatal {
        Box::new(Diagnostic::error(reason, message).help(help).in_file(self.file, span))
    }
}

fn duplicate_key(key: &str, file: usize, span: Span, first: Span) -> Diagnostic {
    Diagnostic::error("DuplicateKey", format!("`{key}` is given twice in one mapping"))
        .help("keep one of the two")
        .in_file(file, span)
        .related(Place { file, span: Some(first) }, "first given here")
}

fn key_not_text(file: usize, span: Span) -> Diagnostic {
    Diagnostic::error("KeyNotText", "a key has to be a text, not a list, a mapping or an alias")
        .help("write the key out as a text; where this is a template (`{{ … }}`), render it first")
        .in_file(file, span)
}

fn syntax_error(file: &SourceFile, id: usize, offsets: &CharOffsets<'_>, error: &ScanError) -> Fatal {
    let at = offsets.byte(error.marker().index());
    let line = file.line(at);
    let help = if error.info().contains("tab") {
        "indent with spaces: YAML allows no tabs there"
    } else if file.text[line.clone()].contains("{{") {
        "where this is a template (`{{ … }}`), render it first"
    } else if error.info().contains("mapping values") {
        "put a text that holds `: ` in quotes, and align members of one mapping"
    } else if error.info().contains("unexpected character") {
        "put a text that starts with this character in quotes"
    } else {
        "check the indentation, quotes and brackets here and just above"
    };
    let width = file.text.get(at..line.end).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    if error.info().contains("recursion limit") {
        let message = format!("this is nested deeper than the {MAX_DEPTH} levels that are read");
        let fault = Diagnostic::error("TooDeep", message).help("check the brackets and the indentation");
        return Box::new(fault.in_file(id, at..at + width));
    }
    Box::new(
        Diagnostic::error("InvalidYaml", format!("this is not YAML: {}", error.info()))
            .help(help)
            .in_file(id, at..at + width),
    )
}
