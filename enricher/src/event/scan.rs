use std::ops::Range;

use wide::u8x16;

use super::{Kind, NodeId, PathTree, Slot};

/// How deep arrays and objects may lie in each other.
const MAX_DEPTH: usize = 512;

/// Why a line is no event; `at` is the byte offset of the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScanError {
    /// What is wrong.
    pub(crate) fault: Fault,
    /// Byte offset in the line.
    pub(crate) at: usize,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Bytes that are not UTF-8.
    Utf8,
    /// The line ends within a value.
    Ends,
    /// Something else was expected here.
    Expected(&'static str),
    /// Arrays and objects lie too deep in each other.
    TooDeep,
    /// Valid JSON, but an event is an object.
    NotAnObject,
}

impl ScanError {
    /// The fault in a word, for a dead letter.
    pub(crate) fn reason(&self) -> &'static str {
        match self.fault {
            Fault::Utf8 => "invalid_utf8",
            Fault::NotAnObject => "not_an_object",
            Fault::Ends | Fault::Expected(_) | Fault::TooDeep => "invalid_json",
        }
    }

    /// The fault in words.
    pub(crate) fn message(&self) -> String {
        let column = self.at + 1;
        match self.fault {
            Fault::Utf8 => format!("invalid UTF-8 at column {column}"),
            Fault::Ends => format!("invalid JSON: the line ends within a value at column {column}"),
            Fault::Expected(what) => format!("invalid JSON: expected {what} at column {column}"),
            Fault::TooDeep => format!("invalid JSON: nested deeper than {MAX_DEPTH} at column {column}"),
            Fault::NotAnObject => "an event is a JSON object, this line holds another value".to_owned(),
        }
    }
}

/// Checks that `event` is one JSON object and notes in `slots`, one per node of `tree` and all empty before, where its
/// values stand.
///
/// Says whether any of the tree's member names was met twice in one object. The whole of the event is checked, by
/// the grammar of RFC 8259; lone surrogates in escapes are let through, as they are harmless outside the paths.
pub(crate) fn scan(tree: &PathTree, event: &[u8], slots: &mut [Slot]) -> Result<bool, ScanError> {
    // Most events are ASCII, which is checked in a fraction of the time.
    if !event.is_ascii()
        && let Err(error) = std::str::from_utf8(event)
    {
        return Err(ScanError { fault: Fault::Utf8, at: error.valid_up_to() });
    }
    let mut scanner = Scanner::at(tree, event, 0);
    if scanner.line(slots).is_err() {
        return Err(ScanError { fault: scanner.fault, at: scanner.at });
    }
    match slots.first().map(|root| root.kind) {
        Some(Kind::Object | Kind::EmptyObject) => Ok(scanner.repeated),
        _ => Err(ScanError { fault: Fault::NotAnObject, at: 0 }),
    }
}

pub(super) struct Scanner<'event> {
    tree: &'event PathTree,
    bytes: &'event [u8],
    at: usize,
    depth: usize,
    pub(super) repeated: bool,
    /// Which of the open containers are objects, a bit for each depth from 1.
    containers: [u64; MAX_DEPTH / 64],
    /// What is wrong, once a step has failed.
    fault: Fault,
}

/// The line is wrong at [`Scanner::at`], by [`Scanner::fault`]. It says nothing itself, so that a step's result fits a
/// register: there are several steps for each member.
pub(super) struct Failed;

type Step<T> = Result<T, Failed>;

impl<'event> Scanner<'event> {
    /// Starts at a byte of the line.
    pub(super) fn at(tree: &'event PathTree, bytes: &'event [u8], at: usize) -> Self {
        let containers = [0; MAX_DEPTH / 64];
        Self { tree, bytes, at, depth: 0, repeated: false, containers, fault: Fault::Ends }
    }

    /// Reads the whole line.
    fn line(&mut self, slots: &mut [Slot]) -> Step<()> {
        self.value(NodeId::ROOT, slots)?;
        self.skip_white_space();
        if self.at < self.bytes.len() {
            return Err(self.expected("the end of the line"));
        }
        Ok(())
    }

    /// Reads a value that lies on a path.
    pub(super) fn value(&mut self, id: NodeId, slots: &mut [Slot]) -> Step<()> {
        let node = self.tree.node(id);
        let byte = self.peek()?;
        let start = self.at;
        let kind = match byte {
            b'{' if !node.members.is_empty() => self.object(id, slots)?,
            b'[' if !node.items.is_empty() => self.array(id, slots)?,
            _ => self.skip()?,
        };
        let slot = &mut slots[id.index()];
        // Lines are at most 4 GiB long: the reader's bound is far below.
        (slot.start, slot.end, slot.kind) = (start as u32, self.at as u32, kind);
        Ok(())
    }

    fn object(&mut self, id: NodeId, slots: &mut [Slot]) -> Step<Kind> {
        self.enter()?;
        if self.closes(b'}')? {
            return Ok(Kind::EmptyObject);
        }
        loop {
            let (name, escaped) = self.key()?;
            match self.child(id, name, escaped) {
                Some(child) => {
                    if slots[child.index()].kind != Kind::Absent {
                        slots[child.index()].repeated = true;
                        self.repeated = true;
                    }
                    self.value(child, slots)?;
                }
                None => {
                    self.skip()?;
                }
            }
            if self.ends(b'}', "`,` or `}`")? {
                return Ok(Kind::Object);
            }
        }
    }

    /// Steps into an array; whether it has items.
    pub(super) fn opens_array(&mut self) -> Step<bool> {
        self.enter()?;
        Ok(!self.closes(b']')?)
    }

    /// After an item: whether the array ends with it.
    pub(super) fn array_ends(&mut self) -> Step<bool> {
        self.ends(b']', "`,` or `]`")
    }

    fn array(&mut self, id: NodeId, slots: &mut [Slot]) -> Step<Kind> {
        if !self.opens_array()? {
            return Ok(Kind::Array);
        }
        for index in 0u32.. {
            let items = &self.tree.node(id).items;
            match items.iter().find(|(item, _)| *item == index) {
                Some((_, child)) => self.value(*child, slots)?,
                None => {
                    self.skip()?;
                }
            }
            if self.array_ends()? {
                break;
            }
        }
        Ok(Kind::Array)
    }

    /// The node of a member, if a path leads through it.
    #[inline]
    fn child(&self, id: NodeId, name: Range<usize>, escaped: bool) -> Option<NodeId> {
        let node = self.tree.node(id);
        if escaped {
            let quoted = &self.bytes[name.start - 1..name.end + 1];
            let name: String = serde_json::from_slice(quoted).ok()?;
            return node.member(name.as_bytes());
        }
        node.member(&self.bytes[name])
    }

    /// Checks a value that no path leads into.
    #[inline]
    fn skip(&mut self) -> Step<Kind> {
        match self.peek()? {
            b'{' | b'[' => self.skip_container(),
            byte => self.scalar(byte),
        }
    }

    #[inline]
    fn scalar(&mut self, byte: u8) -> Step<Kind> {
        match byte {
            b'"' => self.string().map(|_| Kind::String),
            b't' => self.literal(b"true", Kind::Boolean),
            b'f' => self.literal(b"false", Kind::Boolean),
            b'n' => self.literal(b"null", Kind::Null),
            _ => self.number(),
        }
    }

    /// A loop, not a recursion: the containers that are open are bits.
    fn skip_container(&mut self) -> Step<Kind> {
        let outer = self.depth;
        let mut kind = None;
        loop {
            let found = match self.peek()? {
                b'{' => {
                    self.enter()?;
                    if !self.closes(b'}')? {
                        self.mark(true);
                        kind.get_or_insert(Kind::Object);
                        self.key()?;
                        continue;
                    }
                    Kind::EmptyObject
                }
                b'[' => {
                    self.enter()?;
                    if !self.closes(b']')? {
                        self.mark(false);
                        kind.get_or_insert(Kind::Array);
                        continue;
                    }
                    Kind::Array
                }
                byte => self.scalar(byte)?,
            };
            let kind = *kind.get_or_insert(found);
            loop {
                if self.depth == outer {
                    return Ok(kind);
                }
                if self.is_in_object() {
                    if !self.ends(b'}', "`,` or `}`")? {
                        self.key()?;
                        break;
                    }
                } else if !self.ends(b']', "`,` or `]`")? {
                    break;
                }
            }
        }
    }

    /// Notes what the innermost container is.
    fn mark(&mut self, object: bool) {
        let (word, bit) = ((self.depth - 1) / 64, 1 << ((self.depth - 1) % 64));
        self.containers[word] = self.containers[word] & !bit | if object { bit } else { 0 };
    }

    /// Whether the innermost container is an object.
    fn is_in_object(&self) -> bool {
        self.containers[(self.depth - 1) / 64] >> ((self.depth - 1) % 64) & 1 == 1
    }

    /// Takes a member's name and the colon; the range lies within the quotes, the flag says that it has escapes.
    fn key(&mut self) -> Step<(Range<usize>, bool)> {
        if self.peek()? != b'"' {
            return Err(self.expected("a member's name in double quotes"));
        }
        let start = self.at + 1;
        let escaped = self.string()?;
        let name = start..self.at - 1;
        if self.peek()? != b':' {
            return Err(self.expected("`:`"));
        }
        self.at += 1;
        Ok((name, escaped))
    }

    /// Takes a string, from its opening to its closing quote; says whether it has escapes.
    #[inline]
    fn string(&mut self) -> Step<bool> {
        self.at = special_from(self.bytes, self.at + 1);
        if self.bytes.get(self.at) == Some(&b'"') {
            self.at += 1;
            return Ok(false);
        }
        self.escaped_string().map(|()| true)
    }

    /// Takes the rest of a string, from its first byte that is special and no quote.
    fn escaped_string(&mut self) -> Step<()> {
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.expected("an escape instead of a control character")),
                None => return Err(self.failed(Fault::Ends)),
            }
            self.at = special_from(self.bytes, self.at);
        }
    }

    fn escape(&mut self) -> Step<()> {
        self.at += 1;
        match self.bytes.get(self.at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                for _ in 0..4 {
                    self.at += 1;
                    match self.bytes.get(self.at) {
                        Some(digit) if digit.is_ascii_hexdigit() => {}
                        Some(_) => return Err(self.expected("four hexadecimal digits after \\u")),
                        None => return Err(self.failed(Fault::Ends)),
                    }
                }
                self.at += 1;
            }
            Some(_) => return Err(self.expected("one of \" \\ / b f n r t u after a backslash")),
            None => return Err(self.failed(Fault::Ends)),
        }
        Ok(())
    }

    fn literal(&mut self, text: &'static [u8], kind: Kind) -> Step<Kind> {
        if self.bytes[self.at..].starts_with(text) {
            self.at += text.len();
            return Ok(kind);
        }
        Err(self.expected("a value"))
    }

    fn number(&mut self) -> Step<Kind> {
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        match self.bytes.get(self.at) {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            Some(_) => return Err(self.expected("a value")),
            None => return Err(self.failed(Fault::Ends)),
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(Kind::Number)
    }

    fn some_digits(&mut self) -> Step<()> {
        match self.bytes.get(self.at) {
            Some(b'0'..=b'9') => {
                self.digits();
                Ok(())
            }
            Some(_) => Err(self.expected("a digit")),
            None => Err(self.failed(Fault::Ends)),
        }
    }

    fn digits(&mut self) {
        while let Some(b'0'..=b'9') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    /// Steps into a container.
    fn enter(&mut self) -> Step<()> {
        if self.depth == MAX_DEPTH {
            return Err(self.failed(Fault::TooDeep));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Steps out of an empty container.
    fn closes(&mut self, end: u8) -> Step<bool> {
        let closes = self.peek()? == end;
        if closes {
            self.at += 1;
            self.depth -= 1;
        }
        Ok(closes)
    }

    /// After a value in a container: takes the comma, or steps out of it.
    fn ends(&mut self, end: u8, expected: &'static str) -> Step<bool> {
        let byte = self.peek()?;
        if byte == b',' {
            self.at += 1;
            return Ok(false);
        }
        if byte == end {
            self.at += 1;
            self.depth -= 1;
            return Ok(true);
        }
        Err(self.expected(expected))
    }

    /// The next byte that is not white space, without taking it.
    #[inline]
    fn peek(&mut self) -> Step<u8> {
        // Nearly always there is no white space.
        if let Some(&byte) = self.bytes.get(self.at)
            && byte > b' '
        {
            return Ok(byte);
        }
        self.skip_white_space();
        self.bytes.get(self.at).copied().ok_or_else(|| self.failed(Fault::Ends))
    }

    #[inline]
    fn skip_white_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    #[cold]
    fn expected(&mut self, what: &'static str) -> Failed {
        self.failed(Fault::Expected(what))
    }

    #[cold]
    fn failed(&mut self, fault: Fault) -> Failed {
        self.fault = fault;
        Failed
    }
}

/// The offset of the next byte from `at` on that a string treats in a special way: a quote, a backslash, a control
/// character; the length if there is none. Sixteen bytes at a time, which is as much as most strings have.
#[inline]
fn special_from(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes[at..].first_chunk::<16>() {
        let chunk = u8x16::new(*chunk);
        let is_quote = chunk.simd_eq(u8x16::splat(b'"'));
        let is_backslash = chunk.simd_eq(u8x16::splat(b'\\'));
        let is_control = chunk.min(u8x16::splat(0x1f)).simd_eq(chunk);
        let special = (is_quote | is_backslash | is_control).to_bitmask();
        if special != 0 {
            return at + special.trailing_zeros() as usize;
        }
        at += 16;
    }
    let rest = &bytes[at..];
    at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len())
}
