//! Patterns of `match`: the whole text must match.
//!
//! A pattern is cut at its `*`: the first piece must stand at the start, the last at the end, and each piece between
//! them at the first place that is left. No choice is ever taken back, so that the time is at most the product of both
//! lengths; a piece without `?` and `[ ]` is found in linear time.

use memchr::memmem::Finder;

use super::text::{decode, encode};

#[derive(Clone, Debug)]
pub(super) enum Glob {
    /// Without a `*`.
    Whole(Piece),
    Open {
        first: Piece,
        middle: Vec<Piece>,
        last: Piece,
    },
}

/// What stands between two `*`.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Text(Box<Finder<'static>>),
    Single(Box<[Single]>),
}

/// What matches one character.
#[derive(Clone, Debug)]
pub(super) enum Single {
    Any,
    Character(u32),
    /// Ranges, both ends included.
    Listed(Box<[(u32, u32)]>),
}

impl Glob {
    /// Reads a pattern; the message tells what is wrong with it.
    pub(super) fn parse(pattern: impl Iterator<Item = u32>) -> Result<Self, String> {
        let mut pattern = pattern.map(|code| char::from_u32(code).ok_or(code));
        let (mut pieces, mut piece) = (Vec::new(), Vec::new());
        while let Some(next) = pattern.next() {
            piece.push(match next {
                Ok('*') => {
                    pieces.push(Piece::new(std::mem::take(&mut piece)));
                    continue;
                }
                Ok('?') => Single::Any,
                Ok('[') => listed(&mut pattern)?,
                Ok('\\') => Single::Character(escaped(&mut pattern)?),
                other => Single::Character(code(other)),
            });
        }
        let last = Piece::new(piece);
        let mut pieces = pieces.into_iter();
        Ok(match pieces.next() {
            None => Glob::Whole(last),
            Some(first) => Glob::Open { first, middle: pieces.filter(|piece| !piece.is_empty()).collect(), last },
        })
    }

    pub(super) fn matches(&self, text: &[u8]) -> bool {
        match self {
            Glob::Whole(piece) => piece.after_start(text).is_some_and(<[u8]>::is_empty),
            Glob::Open { first, middle, last } => {
                let rest = first.after_start(text).and_then(|rest| last.before_end(rest));
                rest.is_some_and(|rest| middle.iter().try_fold(rest, |rest, piece| piece.after_first(rest)).is_some())
            }
        }
    }
}

impl Piece {
    fn new(singles: Vec<Single>) -> Self {
        let mut text = Vec::new();
        for single in &singles {
            let Single::Character(code) = single else { return Piece::Single(singles.into()) };
            encode(*code, &mut text);
        }
        Piece::Text(Box::new(Finder::new(&text).into_owned()))
    }

    fn is_empty(&self) -> bool {
        matches!(self, Piece::Text(text) if text.needle().is_empty())
    }

    /// What follows the piece, where the text starts with it.
    fn after_start<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        match self {
            Piece::Text(piece) => text.strip_prefix(piece.needle()),
            Piece::Single(singles) => singles.iter().try_fold(text, |rest, single| {
                let (first, rest) = rest.split_first()?;
                let (code, taken) = decode(*first, rest);
                if single.matches(code) { rest.get(taken..) } else { None }
            }),
        }
    }

    /// What comes before the piece, where the text ends with it.
    fn before_end<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        match self {
            Piece::Text(piece) => text.strip_suffix(piece.needle()),
            Piece::Single(singles) => {
                let start = singles
                    .iter()
                    .try_fold(text.len(), |end, _| text.get(..end)?.iter().rposition(|byte| byte & 0xc0 != 0x80))?;
                let (before, end) = text.split_at_checked(start)?;
                self.after_start(end)?.is_empty().then_some(before)
            }
        }
    }

    /// What follows the first place where the piece stands.
    fn after_first<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        match self {
            Piece::Text(piece) => text.get(piece.find(text)? + piece.needle().len()..),
            Piece::Single(_) => {
                let mut rest = text;
                loop {
                    if let Some(after) = self.after_start(rest) {
                        return Some(after);
                    }
                    let (first, after) = rest.split_first()?;
                    rest = after.get(decode(*first, after).1..)?;
                }
            }
        }
    }
}

impl Single {
    fn matches(&self, code: u32) -> bool {
        match self {
            Single::Any => true,
            Single::Character(expected) => code == *expected,
            Single::Listed(ranges) => ranges.iter().any(|(low, high)| (*low..=*high).contains(&code)),
        }
    }
}

/// A character of a pattern, or half a surrogate pair.
type Character = Result<char, u32>;

fn code(character: Character) -> u32 {
    character.map_or_else(|half| half, u32::from)
}

/// What follows a backslash.
fn escaped(pattern: &mut impl Iterator<Item = Character>) -> Result<u32, String> {
    pattern.next().map(code).ok_or_else(|| {
        "the pattern ends with a backslash that escapes nothing; write \\\\\\\\ for a backslash itself".into()
    })
}

/// What follows a `[`, up to its `]`.
fn listed(pattern: &mut impl Iterator<Item = Character>) -> Result<Single, String> {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    let mut range_is_open = false;
    // What a dash after it makes the start of a range.
    let mut may_start = false;
    loop {
        let next = pattern.next().ok_or("a [ of the pattern is not closed; write ], or \\[ for the character [")?;
        let character = match next {
            Ok(']') => break,
            Ok(negation @ ('!' | '^')) if ranges.is_empty() => {
                return Err(format!(
                    "a list of characters cannot be negated; write [\\{negation}…] for the character {negation}, \
                     `not match(…)` for the opposite"
                ));
            }
            Ok('-') if may_start => {
                (range_is_open, may_start) = (true, false);
                continue;
            }
            Ok('\\') => escaped(pattern)?,
            other => code(other),
        };
        match ranges.last_mut() {
            Some((low, high)) if range_is_open => {
                if character < *low {
                    return Err("a range of the pattern runs backwards; write the lower character first".into());
                }
                *high = character;
                (range_is_open, may_start) = (false, false);
            }
            _ => {
                ranges.push((character, character));
                may_start = true;
            }
        }
    }
    if range_is_open {
        ranges.push((u32::from('-'), u32::from('-')));
    }
    if ranges.is_empty() {
        return Err("a [ ] of the pattern lists no character; write \\[ and \\] for the characters themselves".into());
    }
    Ok(Single::Listed(ranges.into()))
}
