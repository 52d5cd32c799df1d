use std::io::{ErrorKind, Read, Result};
use std::ops::Range;

/// How much is read at once, in bytes.
const CHUNK: usize = 1 << 20;

/// Reads lines in batches: many lines lie in one buffer, none is copied. Memory is bounded by the chunk and the
/// longest line allowed.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    /// What of the buffer has been read and not yet handed out.
    start: usize,
    end: usize,
    /// How far from `start` the buffer is known to hold no line feed.
    searched: usize,
    ended: bool,
    max_line: usize,
    /// The number of the next line, from 1.
    number: u64,
}

/// What comes next of the input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A line, without its line feed.
    Line {
        /// Its number, from 1.
        number: u64,
        /// Where [`Lines::bytes`] finds it, until the next [`Lines::fill`].
        place: Range<usize>,
    },
    /// The start of a line that is too long; [`Lines::rest`] gives the rest of it.
    TooLong {
        /// Its number, from 1.
        number: u64,
    },
}

impl<R: Read> Lines<R> {
    /// Lines of `input` of at most `max_line` bytes. A byte order mark at the start is passed over.
    pub(crate) fn new(input: R, max_line: usize) -> Self {
        let buffer = vec![0; max_line.max(CHUNK) + 1];
        Self { input, buffer, start: 0, end: 0, searched: 0, ended: false, max_line, number: 1 }
    }

    /// How many bytes a line may have.
    pub(crate) fn max_line(&self) -> usize {
        self.max_line
    }

    /// Whether another line can be had without reading.
    pub(crate) fn is_buffered(&mut self) -> bool {
        self.ended || self.line_end().is_some()
    }

    /// Reads on, so that the buffer holds a whole line, or as much of one as it may have; `false` at the end.
    pub(crate) fn fill(&mut self) -> Result<bool> {
        loop {
            if self.line_end().is_some() || self.end - self.start > self.max_line {
                return Ok(true);
            }
            if self.ended {
                return Ok(self.start < self.end);
            }
            self.read()?;
        }
    }

    /// The bytes of a line that is buffered.
    pub(crate) fn bytes(&self, place: &Range<usize>) -> &[u8] {
        &self.buffer[place.clone()]
    }

    /// The next line that is not blank, if the buffer holds one.
    pub(crate) fn next_buffered(&mut self) -> Option<Piece> {
        loop {
            let (mut from, to, next) = match self.line_end() {
                Some(feed) => (self.start, feed, feed + 1),
                None if self.end - self.start > self.max_line => (self.start, self.end, self.end),
                None if self.ended && self.start < self.end => (self.start, self.end, self.end),
                None => return None,
            };
            if to - from > self.max_line {
                return Some(Piece::TooLong { number: self.number });
            }
            self.start = next;
            self.searched = next;
            let number = self.number;
            self.number += 1;
            if number == 1 && self.buffer[from..to].starts_with(b"\xEF\xBB\xBF") {
                from += 3;
            }
            if self.buffer[from..to].trim_ascii().is_empty() {
                continue;
            }
            return Some(Piece::Line { number, place: from..to });
        }
    }

    /// Hands the line that is too long to `take`, piece by piece.
    pub(crate) fn rest<E: From<std::io::Error>>(
        &mut self,
        take: &mut dyn FnMut(&[u8]) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        loop {
            let feed = self.line_end();
            take(&self.buffer[self.start..feed.unwrap_or(self.end)])?;
            self.start = feed.map_or(self.end, |feed| feed + 1);
            self.searched = self.start;
            if feed.is_some() || self.ended {
                self.number += 1;
                return Ok(());
            }
            self.read()?;
        }
    }

    /// Where the next line feed stands.
    fn line_end(&mut self) -> Option<usize> {
        let found = memchr::memchr(b'\n', &self.buffer[self.searched..self.end]);
        match found {
            Some(at) => {
                // Found again at once by whoever asks next.
                self.searched += at;
                Some(self.searched)
            }
            None => {
                self.searched = self.end;
                None
            }
        }
    }

    /// Reads once, making room first.
    fn read(&mut self) -> Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.searched -= self.start;
            self.start = 0;
        }
        let count = loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.end += count;
        self.ended = count == 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes `step` at a time.
    struct Drip<'bytes>(&'bytes [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            let (now, later) = self.0.split_at(count);
            buffer[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }

    fn all(text: &[u8], step: usize, max_line: usize) -> Vec<(u64, String)> {
        let mut lines = Lines::new(Drip(text, step), max_line);
        let mut seen = Vec::new();
        while lines.fill().unwrap() {
            let mut too_long = None;
            while let Some(piece) = lines.next_buffered() {
                match piece {
                    Piece::Line { number, place } => {
                        seen.push((number, String::from_utf8(lines.bytes(&place).to_vec()).unwrap()));
                    }
                    Piece::TooLong { number } => {
                        too_long = Some(number);
                        break;
                    }
                }
            }
            if let Some(number) = too_long {
                let mut whole = Vec::new();
                lines
                    .rest::<std::io::Error>(&mut |bytes| {
                        whole.extend_from_slice(bytes);
                        Ok(())
                    })
                    .unwrap();
                seen.push((number, format!("too long: {}", String::from_utf8(whole).unwrap())));
            }
        }
        seen
    }

    #[test]
    fn lines_keep_their_numbers_however_the_input_arrives() {
        let text = b"\xEF\xBB\xBFone\n\n  \r\ntwo\r\n123456789 is long\nlast";
        for step in 1..text.len() + 1 {
            let lines = all(text, step, 8);
            let expected = [(1, "one"), (4, "two\r"), (5, "too long: 123456789 is long"), (6, "last")];
            assert_eq!(lines, expected.map(|(number, text)| (number, text.to_owned())), "step {step}");
        }
    }

    #[test]
    fn a_line_longer_than_the_buffer_is_handed_out_whole() {
        let long = "x".repeat(3 * CHUNK);
        let text = format!("a\n{long}\nb\n");
        let lines = all(text.as_bytes(), CHUNK / 3, CHUNK);
        assert_eq!(lines.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(lines[1].1.len(), "too long: ".len() + long.len());
    }

    #[test]
    fn an_empty_input_has_no_lines() {
        assert!(all(b"", 1, 8).is_empty());
        assert!(all(b"\n\n", 1, 8).is_empty());
    }
}
