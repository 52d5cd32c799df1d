mod parse;

use std::fmt;

/// A path is at most this long; longer ones are refused.
pub const MAX_PATH_BYTES: usize = 1024;

/// A path has at most this many steps; deeper ones are refused.
pub const MAX_PATH_SEGMENTS: usize = 32;

/// A place in an event: `$` and then member names and array indexes, written as RFC 9535 writes a singular query.
///
/// `Display` gives the canonical spelling, which parses back to an equal path: `.name` where the name allows it,
/// else `['…']`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    segments: Vec<Segment>,
}

/// One step of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// A member of an object.
    Name(String),
    /// An item of an array, counted from 0.
    Index(u32),
}

/// A place that is read or written: in the event, or in the item of an array that an alias walks.
///
/// `Display` gives the canonical spelling, which parses back to an equal place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// `$…`, from the event.
    Event(Path),
    /// `@…`, from the item; the path's steps count from the item.
    Item(Path),
}

/// Why a text is no [`Path`]; `at` is the byte offset of the fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at byte {})", at + 1)]
pub struct PathError {
    /// What is wrong and what to write instead.
    pub message: String,
    /// Byte offset in the text.
    pub at: usize,
}

impl Path {
    /// The path with these steps. Its spelling parses back only within [`MAX_PATH_BYTES`] and [`MAX_PATH_SEGMENTS`].
    pub fn new(segments: Vec<Segment>) -> Self {
        Self { segments }
    }

    /// Parses `$.a.b`, `$['a b'].c`, `$["a"][0]`.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        parse::path(text)
    }

    /// The steps, outermost first; none for the whole event.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether every step is a member name: such a path can be written to, an array index cannot.
    pub fn has_names_only(&self) -> bool {
        self.segments.iter().all(|segment| matches!(segment, Segment::Name(_)))
    }

    /// Whether `self` is `outer` or lies inside it.
    pub fn starts_with(&self, outer: &Path) -> bool {
        self.segments.starts_with(&outer.segments)
    }
}

impl Place {
    /// Parses a path that starts with `$` or with `@`.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        parse::place(text)
    }

    /// The steps from the event or from the item.
    pub fn path(&self) -> &Path {
        let (Place::Event(path) | Place::Item(path)) = self;
        path
    }
}

/// Parses the path of an array whose items are walked, such as `$.properties.products[*]`: one `[*]`, at its end.
/// Gives the path of the array.
pub fn array_path(text: &str) -> Result<Path, PathError> {
    parse::array(text)
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (root, path) = match self {
            Place::Event(path) => ("$", path),
            Place::Item(path) => ("@", path),
        };
        f.write_str(root)?;
        path.write_steps(f)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        self.write_steps(f)
    }
}

impl Path {
    fn write_steps(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.segments.iter().try_for_each(|segment| match segment {
            Segment::Name(name) if parse::is_shorthand(name) => write!(f, ".{name}"),
            Segment::Name(name) => write!(f, "['{}']", Quoted(name)),
            Segment::Index(index) => write!(f, "[{index}]"),
        })
    }
}

/// A name as it stands between single quotes, spelled as RFC 9535 spells normalized paths.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\'' => f.write_str("\\'"),
            '\\' => f.write_str("\\\\"),
            '\u{8}' => f.write_str("\\b"),
            '\u{c}' => f.write_str("\\f"),
            '\n' => f.write_str("\\n"),
            '\r' => f.write_str("\\r"),
            '\t' => f.write_str("\\t"),
            control if control < ' ' => write!(f, "\\u{:04x}", u32::from(control)),
            plain => fmt::Write::write_char(f, plain),
        })
    }
}
