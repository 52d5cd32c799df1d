use std::fmt;

/// A place in an event: `$` and then member names and array indexes, written as RFC 9535 writes a singular query.
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

/// Why a text is no [`Path`]; `at` is the byte offset of the fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at column {}", at + 1)]
pub struct PathError {
    /// What is wrong and what to write instead.
    pub message: String,
    /// Byte offset in the text.
    pub at: usize,
}

impl Path {
    /// The path with these steps.
    pub fn new(segments: Vec<Segment>) -> Self {
        Self { segments }
    }

    /// Parses `$.a.b`, `$['a b'].c`, `$["a"][0]`.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let rest = text.strip_prefix("$.").ok_or(PathError { message: "a path starts with $".into(), at: 0 })?;
        Ok(Self { segments: rest.split('.').map(|name| Segment::Name(name.to_owned())).collect() })
    }

    /// The steps, outermost first; none for the whole event.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        self.segments.iter().try_for_each(|segment| match segment {
            Segment::Name(name) => write!(f, ".{name}"),
            Segment::Index(index) => write!(f, "[{index}]"),
        })
    }
}
