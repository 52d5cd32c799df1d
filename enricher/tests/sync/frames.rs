//! Where requests and answers end in the protocols of PostgreSQL and Redis.

/// Which protocol a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Postgres,
    Redis,
}

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// Its bytes, to be forwarded whole.
    pub(crate) bytes: Vec<u8>,
    /// Whether it is an answer's beginning that a sync may be killed at: not what belongs to logging in.
    pub(crate) counts: bool,
    /// Whether the server answers it.
    pub(crate) is_answered: bool,
}

/// Cuts what a client sends into requests.
pub(crate) struct Requests {
    protocol: Protocol,
    buffer: Vec<u8>,
    /// The messages of PostgreSQL's request that is not complete yet.
    messages: usize,
    has_started: bool,
}

impl Requests {
    pub(crate) fn new(protocol: Protocol) -> Self {
        Self { protocol, buffer: Vec::new(), messages: 0, has_started: protocol == Protocol::Redis }
    }

    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next request that has come whole.
    pub(crate) fn next(&mut self) -> Option<Request> {
        match self.protocol {
            Protocol::Redis => self.next_command(),
            Protocol::Postgres => self.next_messages(),
        }
    }

    fn take(&mut self, length: usize, counts: bool, is_answered: bool) -> Option<Request> {
        let rest = self.buffer.split_off(length);
        let bytes = std::mem::replace(&mut self.buffer, rest);
        self.messages = 0;
        Some(Request { bytes, counts, is_answered })
    }

    fn next_command(&mut self) -> Option<Request> {
        let length = reply_length(&self.buffer)?;
        let name = self.buffer.split(|&byte| byte == b'\n').nth(2).unwrap_or_default().trim_ascii();
        let logs_in = [&b"CLIENT"[..], b"HELLO", b"AUTH", b"SELECT", b"PING"];
        let counts = !logs_in.iter().any(|other| other.eq_ignore_ascii_case(name));
        self.take(length, counts, true)
    }

    fn next_messages(&mut self) -> Option<Request> {
        if !self.has_started {
            let length = number(self.buffer.get(..4)?);
            self.buffer.get(..length)?;
            self.has_started = true;
            // Its answer is the log-in's `ReadyForQuery`. A request to cancel has none: the server closes.
            return self.take(length, false, true);
        }
        loop {
            let rest = self.buffer.get(self.messages..)?;
            let kind = *rest.first()?;
            let end = self.messages + 1 + number(rest.get(1..5)?);
            self.buffer.get(..end)?;
            self.messages = end;
            match kind {
                b'Q' | b'S' => return self.take(end, true, true),
                // Passwords, and good-bye.
                b'p' | b'X' => return self.take(end, false, false),
                _ => {}
            }
        }
    }
}

/// Cuts what a server sends into answers.
pub(crate) struct Answers {
    protocol: Protocol,
    buffer: Vec<u8>,
}

impl Answers {
    pub(crate) fn new(protocol: Protocol) -> Self {
        Self { protocol, buffer: Vec::new() }
    }

    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// What can be passed on of the current answer, and whether that ends it.
    pub(crate) fn next(&mut self) -> Option<(Vec<u8>, bool)> {
        let (length, ends) = match self.protocol {
            Protocol::Redis => (reply_length(&self.buffer)?, true),
            Protocol::Postgres => {
                let length = 1 + number(self.buffer.get(1..5)?);
                self.buffer.get(..length)?;
                (length, self.buffer[0] == b'Z')
            }
        };
        let rest = self.buffer.split_off(length);
        Some((std::mem::replace(&mut self.buffer, rest), ends))
    }
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, &byte| number << 8 | usize::from(byte))
}

/// The length of the first value of RESP2, once it has come whole.
fn reply_length(bytes: &[u8]) -> Option<usize> {
    let line = bytes.iter().position(|&byte| byte == b'\n')?;
    let mut end = line + 1;
    let count = || str::from_utf8(&bytes[1..line]).ok()?.trim_end().parse::<i64>().ok();
    match bytes[0] {
        b'$' => end += usize::try_from(count()?).map_or(0, |length| length + 2),
        b'*' => {
            for _ in 0..count()? {
                end += reply_length(bytes.get(end..)?)?;
            }
        }
        _ => {}
    }
    (bytes.len() >= end).then_some(end)
}

#[test]
fn a_command_and_its_reply_are_cut_where_they_end_however_they_come() {
    let command = b"*2\r\n$3\r\nGET\r\n$1\r\n\n\r\n";
    let mut requests = Requests::new(Protocol::Redis);
    for &byte in &command[..command.len() - 1] {
        requests.extend(&[byte]);
        assert_eq!(requests.next(), None);
    }
    requests.extend(b"\n*1\r\n$4\r\nPING\r\n");
    assert_eq!(requests.next().unwrap(), Request { bytes: command.to_vec(), counts: true, is_answered: true });
    assert!(!requests.next().unwrap().counts);
    assert_eq!(reply_length(b"*2\r\n*1\r\n:1\r\n$-1\r\n+OK\r\n"), Some(17));
    assert_eq!(reply_length(b"*2\r\n$5\r\nab\r\n"), None);
}

#[test]
fn statements_are_cut_at_sync_and_answers_at_ready_for_query() {
    let message = |kind: u8, body: &[u8]| {
        let mut bytes = vec![kind];
        bytes.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
        bytes.extend_from_slice(body);
        bytes
    };
    let mut requests = Requests::new(Protocol::Postgres);
    requests.extend(&[0, 0, 0, 8, 0, 3, 0, 0]);
    assert!(!requests.next().unwrap().counts);
    requests.extend(&message(b'p', b"secret\0"));
    assert!(!requests.next().unwrap().is_answered);
    let statement = [message(b'P', b"\0SELECT\0"), message(b'D', b"S\0"), message(b'S', b"")].concat();
    requests.extend(&statement);
    requests.extend(&message(b'B', b""));
    assert_eq!(requests.next().unwrap(), Request { bytes: statement, counts: true, is_answered: true });
    assert_eq!(requests.next(), None);

    let mut answers = Answers::new(Protocol::Postgres);
    answers.extend(&[message(b'1', b""), message(b'Z', b"I"), message(b'D', b"row")].concat());
    assert_eq!(answers.next(), Some((message(b'1', b""), false)));
    assert_eq!(answers.next(), Some((message(b'Z', b"I"), true)));
    assert_eq!(answers.next(), Some((message(b'D', b"row"), false)));
    assert_eq!(answers.next(), None);
}
