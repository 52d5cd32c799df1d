//! RFC 9535, the part that names a single place: <https://www.rfc-editor.org/rfc/rfc9535#section-2.3.5.1>.

use super::{MAX_PATH_BYTES, MAX_PATH_SEGMENTS, Path, PathError, Place, Segment};
use crate::escape::{Unicode, unicode};

/// Whether a name can stand after a dot (RFC 9535 `member-name-shorthand`).
pub(super) fn is_shorthand(name: &str) -> bool {
    name.starts_with(|c: char| is_name_char(c) && !c.is_ascii_digit()) && name.chars().all(is_name_char)
}

/// What RFC 9535 lets stand between steps and inside brackets.
const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

fn is_name_char(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric() || !c.is_ascii()
}

/// A path from the event, `$`.
pub(super) fn path(text: &str) -> Result<Path, PathError> {
    let mut reader = Reader::new(text)?;
    if !reader.eat("$") {
        return Err(reader.no_root());
    }
    reader.steps()
}

/// A path from the event, `$`, or from an item, `@`; which of the two, and the steps.
pub(super) fn place(text: &str) -> Result<Place, PathError> {
    let mut reader = Reader::new(text)?;
    if reader.eat("@") {
        return reader.steps().map(Place::Item);
    }
    if reader.eat("$") {
        return reader.steps().map(Place::Event);
    }
    Err(match reader.peek() {
        None => reader.fault("the path is empty; write one that starts with $, the event, or @, the item".into()),
        Some(_) => reader.no_root(),
    })
}

/// The path of the array in `$.properties.products[*]`.
pub(super) fn array(text: &str) -> Result<Path, PathError> {
    let mut reader = Reader::new(text)?;
    if reader.eat("@") {
        let message = "an array inside an item cannot be walked; write the path of one array of the event, from $";
        return Err(PathError { message: message.into(), at: 0 });
    }
    let Some(array) = before_all_items(text) else {
        // What is wrong with the rest is told first.
        let path = path(text).map_err(|error| many_arrays(text, error))?;
        let message = format!("the path ends without [*], which stands for the items of an array; write {path}[*]");
        return Err(PathError { message, at: text.len() });
    };
    let path = path(array).map_err(|error| many_arrays(text, error))?;
    match path.segments() {
        [] => Err(PathError { message: "the event is no array; name one of its fields before [*]".into(), at: 0 }),
        _ => Ok(path),
    }
}

/// What stands before a closing `[*]`.
fn before_all_items(text: &str) -> Option<&str> {
    let text = text.strip_suffix(']')?.trim_end_matches(BLANKS).strip_suffix('*')?.trim_end_matches(BLANKS);
    Some(text.strip_suffix('[')?.trim_end_matches(BLANKS))
}

/// The error in the words of a path that may hold one `[*]`.
fn many_arrays(text: &str, error: PathError) -> PathError {
    if !text.get(error.at..).is_some_and(|rest| rest.starts_with('*')) {
        return error;
    }
    let message = if text.get(..error.at).is_some_and(|before| before.ends_with('.')) {
        "the items of an array are written [*], without the dot"
    } else {
        "[*] stands once, at the end; an array inside another cannot be walked"
    };
    PathError { message: message.into(), at: error.at }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Result<Self, PathError> {
        if text.len() > MAX_PATH_BYTES {
            let message = format!("the path takes {} bytes; write one of at most {MAX_PATH_BYTES}", text.len());
            return Err(PathError { message, at: MAX_PATH_BYTES });
        }
        Ok(Self { text, at: 0 })
    }

    fn no_root(&self) -> PathError {
        self.fault(match self.peek() {
            None => "the path is empty; write one that starts with $, such as $.properties.product_id".into(),
            Some('@') => "@ has no meaning here; write a path that starts with $, the event".into(),
            Some(_) => format!("a path starts with $, the event; write {}", with_root(self.text)),
        })
    }

    /// What follows the root.
    fn steps(mut self) -> Result<Path, PathError> {
        let mut segments = Vec::new();
        while !self.rest().is_empty() {
            if segments.len() == MAX_PATH_SEGMENTS {
                return Err(
                    self.fault(format!("the path has more than {MAX_PATH_SEGMENTS} steps; write a shorter one"))
                );
            }
            segments.push(self.segment()?);
        }
        Ok(Path::new(segments))
    }

    fn segment(&mut self) -> Result<Segment, PathError> {
        let start = self.at;
        self.skip_blanks();
        match self.peek() {
            Some('.') => {
                self.at += 1;
                self.shorthand()
            }
            Some('[') => {
                self.at += 1;
                self.bracketed()
            }
            None => Err(PathError { message: "the path ends with a blank; remove it".into(), at: start }),
            Some(other) => Err(self.fault(format!("{other:?} cannot follow; write . or [ before the next name"))),
        }
    }

    /// `.name`
    fn shorthand(&mut self) -> Result<Segment, PathError> {
        let until_next = self.rest().split(['.', '[']).next().unwrap_or_default().trim_end_matches(BLANKS);
        if is_shorthand(until_next) {
            self.at += until_next.len();
            return Ok(Segment::Name(until_next.to_owned()));
        }
        Err(self.fault(match self.peek() {
            None => "the path ends with a dot; write a name after it or remove it".into(),
            Some('.') => "`..` selects many places; write the name of each step".into(),
            Some('[') => "write either a dot and a name or [ ], not both".into(),
            Some('*') => "* selects many places; write a name".into(),
            Some('"' | '\'') => format!("a quoted name stands in brackets; write [{until_next}]"),
            Some(_) if until_next.contains(['\'', '\\']) => {
                "the name has a character that must be quoted; write it as [\"…\"]".into()
            }
            Some(_) => format!("the name has a character that must be quoted; write ['{until_next}'] without the dot"),
        }))
    }

    /// What follows a `[`.
    fn bracketed(&mut self) -> Result<Segment, PathError> {
        self.skip_blanks();
        let segment = match self.peek() {
            Some(quote @ ('\'' | '"')) => {
                self.at += 1;
                Segment::Name(self.quoted(quote)?)
            }
            Some('0'..='9') => Segment::Index(self.index()?),
            Some('-') => {
                return Err(self.fault("an index counts from the start, from 0; write one without a sign".into()));
            }
            Some('*') => return Err(self.fault("[*] selects many places; write one index, such as [0]".into())),
            Some('?') => return Err(self.fault("filters are not supported in a path; write one name or index".into())),
            None => {
                return Err(self.fault("the path ends inside [ ]; write a name in quotes or an index, then ]".into()));
            }
            Some(_) => return Err(self.fault("write a name in quotes or an index between [ and ]".into())),
        };
        self.skip_blanks();
        if self.eat("]") {
            return Ok(segment);
        }
        Err(self.fault(match self.peek() {
            Some(',' | ':') => "[ ] holds one name or one index; a path leads to a single place".into(),
            _ => "a ] is missing here".into(),
        }))
    }

    fn index(&mut self) -> Result<u32, PathError> {
        let digits = self.rest().split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        if digits.len() > 1 && digits.starts_with('0') {
            return Err(self.fault("an index has no leading zeros; remove them".into()));
        }
        let index = digits.parse().map_err(|_| self.fault(format!("an index is at most {}", u32::MAX)))?;
        self.at += digits.len();
        Ok(index)
    }

    /// The name up to the closing quote, which is consumed.
    fn quoted(&mut self, quote: char) -> Result<String, PathError> {
        let mut name = String::new();
        loop {
            let start = self.at;
            let Some(c) = self.next() else {
                return Err(self.fault(format!("the name is not closed; write {quote} at its end")));
            };
            match c {
                _ if c == quote => return Ok(name),
                '\\' => name.push(self.escaped(quote)?),
                control if control < ' ' => {
                    let message = format!("a control character is written escaped, as \\u{:04x}", u32::from(control));
                    return Err(PathError { message, at: start });
                }
                plain => name.push(plain),
            }
        }
    }

    /// What follows a backslash.
    fn escaped(&mut self, quote: char) -> Result<char, PathError> {
        let at = self.at - 1;
        let message = match self.next() {
            Some('b') => return Ok('\u{8}'),
            Some('f') => return Ok('\u{c}'),
            Some('n') => return Ok('\n'),
            Some('r') => return Ok('\r'),
            Some('t') => return Ok('\t'),
            Some(same @ ('/' | '\\')) => return Ok(same),
            Some(same) if same == quote => return Ok(same),
            Some('u') => match unicode(self.rest().as_bytes()) {
                Unicode::Char(c, taken) => {
                    self.at += taken;
                    return Ok(c);
                }
                Unicode::Lone(_) => "half a surrogate pair is no character; write both halves, \\uXXXX\\uXXXX".into(),
                Unicode::Malformed => "four hexadecimal digits follow \\u".into(),
            },
            Some(other) => format!("\\{other} is no escape; write \\\\ for a backslash"),
            None => format!("the name is not closed; write {quote} at its end"),
        };
        Err(PathError { message, at })
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += next.map_or(0, char::len_utf8);
        next
    }

    fn eat(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        self.at += if found { expected.len() } else { 0 };
        found
    }

    fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches(BLANKS).len();
    }

    fn fault(&self, message: String) -> PathError {
        PathError { message, at: self.at }
    }
}

/// The text as it was probably meant, where that is a path; else an example.
fn with_root(text: &str) -> String {
    let trimmed = text.trim().trim_start_matches('.');
    let meant = if trimmed.starts_with('[') { format!("${trimmed}") } else { format!("$.{trimmed}") };
    match path(&meant) {
        Ok(_) => meant,
        Err(_) => "$.properties.product_id, for example".into(),
    }
}
