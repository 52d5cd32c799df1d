//! Texts as they stand in an event or a condition, compared without a copy.

use std::borrow::Cow;
use std::cmp::Ordering;

use memchr::memchr;

use crate::escape::{Unicode, unicode};

/// A text in UTF-8; half of a surrogate pair, which JSON can write, counts as a character of its own.
#[derive(Clone, Debug)]
pub(super) struct Text<'a> {
    source: Source<'a>,
    case: Option<Case>,
}

#[derive(Clone, Debug)]
enum Source<'a> {
    /// As it is: a backslash is a backslash.
    Plain(Cow<'a, [u8]>),
    /// Between the quotes of a JSON string: may hold escapes.
    Json(&'a [u8]),
}

/// How the characters of a text are changed, one by one: lower and upper case as Unicode maps single characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Lower,
    Upper,
    /// Spaces become underscores.
    Snake,
    /// Spaces become dashes.
    Kebab,
    /// The first character after a space in upper case, the others in lower case.
    Title,
}

impl<'a> Text<'a> {
    pub(super) fn plain(bytes: &'a [u8]) -> Self {
        Self { source: Source::Plain(Cow::Borrowed(bytes)), case: None }
    }

    pub(super) fn json(bytes: &'a [u8]) -> Self {
        Self { source: Source::Json(bytes), case: None }
    }

    pub(super) fn built(bytes: Vec<u8>) -> Self {
        Self { source: Source::Plain(Cow::Owned(bytes)), case: None }
    }

    /// The text in another case. Only a second change makes a copy, at most three times as long as the text.
    pub(super) fn cased(self, case: Case) -> Self {
        let source = match self.case {
            None => self.source,
            Some(_) => Source::Plain(Cow::Owned(self.bytes().into_owned())),
        };
        Self { source, case: Some(case) }
    }

    pub(super) fn equals(&self, other: &Self) -> bool {
        if self.case.is_some() || other.case.is_some() {
            return self.equals_cased(other);
        }
        match (&self.source, &other.source) {
            (Source::Plain(left), Source::Plain(right)) => left == right,
            (Source::Plain(plain), Source::Json(json)) | (Source::Json(json), Source::Plain(plain)) => {
                json_equals_plain(json, plain)
            }
            (Source::Json(left), Source::Json(right)) => {
                left == right || ((has_escapes(left) || has_escapes(right)) && self.characters().eq(other.characters()))
            }
        }
    }

    fn equals_cased(&self, other: &Self) -> bool {
        let (Some(case @ (Case::Lower | Case::Upper)), Some(expected)) = (self.case, other.unchanged()) else {
            return self.characters().eq(other.characters());
        };
        let bytes: &[u8] = match &self.source {
            Source::Plain(bytes) => bytes,
            Source::Json(bytes) => bytes,
        };
        // Most texts are ASCII without escapes: the first byte that differs decides, unless it is of another sort.
        for (byte, expected) in bytes.iter().zip(expected) {
            if !byte.is_ascii() || *byte == b'\\' {
                return self.characters().eq(other.characters());
            }
            let changed = if case == Case::Lower { byte.to_ascii_lowercase() } else { byte.to_ascii_uppercase() };
            if changed != *expected {
                return false;
            }
        }
        bytes.len() == expected.len()
    }

    /// Its length in bytes of UTF-8.
    pub(super) fn len(&self) -> usize {
        match self.unchanged() {
            Some(bytes) => bytes.len(),
            None => self.characters().map(encoded_len).sum(),
        }
    }

    /// Its bytes in UTF-8; a copy only where there are escapes or another case.
    pub(super) fn bytes(&self) -> Cow<'_, [u8]> {
        if let Some(bytes) = self.unchanged() {
            return Cow::Borrowed(bytes);
        }
        let mut bytes = Vec::with_capacity(match &self.source {
            Source::Plain(bytes) => bytes.len(),
            Source::Json(bytes) => bytes.len(),
        });
        self.characters().for_each(|code| encode(code, &mut bytes));
        Cow::Owned(bytes)
    }

    pub(super) fn characters(&self) -> Characters<'_> {
        let (rest, escaped): (&[u8], _) = match &self.source {
            Source::Plain(bytes) => (bytes, false),
            Source::Json(bytes) => (bytes, true),
        };
        Characters { rest, escaped, case: self.case, starts_word: true, pending: [None; 2] }
    }

    /// The bytes as they stand, where they are the text.
    fn unchanged(&self) -> Option<&[u8]> {
        match &self.source {
            _ if self.case.is_some() => None,
            Source::Plain(bytes) => Some(bytes),
            Source::Json(bytes) => (!has_escapes(bytes)).then_some(bytes),
        }
    }
}

/// Whether what stands between the quotes of a JSON string is this text.
#[inline]
pub(super) fn json_equals_plain(json: &[u8], plain: &[u8]) -> bool {
    // An escape is longer than what it stands for, so of two equal lengths only equal bytes can match.
    match json.len().cmp(&plain.len()) {
        Ordering::Less => false,
        Ordering::Equal => json == plain && !has_escapes(plain),
        Ordering::Greater => has_escapes(json) && Text::json(json).characters().eq(Text::plain(plain).characters()),
    }
}

/// Whether what stands between the quotes of a JSON string is not the text itself.
pub(super) fn has_escapes(json: &[u8]) -> bool {
    memchr(b'\\', json).is_some()
}

/// The code points of a text, escapes resolved and in the wanted case. A byte that is no UTF-8 stands for itself,
/// beyond all code points.
pub(super) struct Characters<'a> {
    rest: &'a [u8],
    escaped: bool,
    case: Option<Case>,
    starts_word: bool,
    /// What is left of a character that another case writes with up to three.
    pending: [Option<char>; 2],
}

/// Where the bytes that are no UTF-8 lie.
const NO_UTF8: u32 = 0x11_0000;

impl Characters<'_> {
    fn next_unchanged(&mut self) -> Option<u32> {
        let (first, rest) = self.rest.split_first()?;
        if *first == b'\\' && self.escaped {
            self.rest = rest;
            return self.escape();
        }
        let (code, taken) = decode(*first, rest);
        self.rest = rest.get(taken..).unwrap_or_default();
        Some(code)
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Option<u32> {
        let (kind, rest) = self.rest.split_first()?;
        let (code, taken) = match kind {
            b'b' => (0x8, 0),
            b'f' => (0xc, 0),
            b'n' => (0xa, 0),
            b'r' => (0xd, 0),
            b't' => (0x9, 0),
            b'u' => match unicode(rest) {
                Unicode::Char(c, taken) => (u32::from(c), taken),
                Unicode::Lone(half) => (u32::from(half), 4),
                Unicode::Malformed => (u32::from('u'), 0),
            },
            same => decode(*same, rest),
        };
        self.rest = rest.get(taken..).unwrap_or_default();
        Some(code)
    }

    fn mapped(&mut self, mut several: impl Iterator<Item = char>) -> Option<u32> {
        let first = several.next();
        self.pending = [several.next(), several.next()];
        first.map(u32::from)
    }
}

impl Iterator for Characters<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let Some(case) = self.case else { return self.next_unchanged() };
        if let [Some(next), after] = self.pending {
            self.pending = [after, None];
            return Some(next.into());
        }
        let code = self.next_unchanged()?;
        let starts_word = std::mem::replace(&mut self.starts_word, code == u32::from(' '));
        let Some(c) = char::from_u32(code) else { return Some(code) };
        match case {
            Case::Snake if c == ' ' => Some(u32::from('_')),
            Case::Kebab if c == ' ' => Some(u32::from('-')),
            Case::Snake | Case::Kebab => Some(code),
            Case::Upper if c.is_ascii() => Some(c.to_ascii_uppercase().into()),
            Case::Lower if c.is_ascii() => Some(c.to_ascii_lowercase().into()),
            Case::Upper => self.mapped(c.to_uppercase()),
            Case::Title if starts_word => self.mapped(c.to_uppercase()),
            Case::Lower | Case::Title => self.mapped(c.to_lowercase()),
        }
    }
}

/// The character that starts with this byte, and how many of the following bytes belong to it.
#[inline]
pub(super) fn decode(first: u8, rest: &[u8]) -> (u32, usize) {
    let (start, taken) = match first {
        0..=0x7f => return (first.into(), 0),
        0xc2..=0xdf => (first & 0x1f, 1),
        0xe0..=0xef => (first & 0x0f, 2),
        0xf0..=0xf4 => (first & 0x07, 3),
        _ => return (NO_UTF8 + u32::from(first), 0),
    };
    let next = |code: u32, byte: &u8| (byte & 0xc0 == 0x80).then(|| code << 6 | u32::from(byte & 0x3f));
    match rest.get(..taken).and_then(|rest| rest.iter().try_fold(u32::from(start), next)) {
        Some(code) => (code, taken),
        None => (NO_UTF8 + u32::from(first), 0),
    }
}

fn encoded_len(code: u32) -> usize {
    match code {
        0..0x80 => 1,
        0x80..0x800 => 2,
        0x800..0x1_0000 => 3,
        0x1_0000..NO_UTF8 => 4,
        _ => 1,
    }
}

/// Appends a character, half a surrogate pair in the same way as any other of its size.
pub(super) fn encode(code: u32, bytes: &mut Vec<u8>) {
    let low = |shift: u32, mask: u32, mark: u32| u8::try_from(code >> shift & mask | mark).unwrap_or_default();
    match encoded_len(code) {
        1 if code >= NO_UTF8 => bytes.push(low(0, 0xff, 0)),
        1 => bytes.push(low(0, 0x7f, 0)),
        2 => bytes.extend([low(6, 0x1f, 0xc0), low(0, 0x3f, 0x80)]),
        3 => bytes.extend([low(12, 0x0f, 0xe0), low(6, 0x3f, 0x80), low(0, 0x3f, 0x80)]),
        _ => bytes.extend([low(18, 0x07, 0xf0), low(12, 0x3f, 0x80), low(6, 0x3f, 0x80), low(0, 0x3f, 0x80)]),
    }
}
