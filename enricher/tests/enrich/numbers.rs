//! Numbered events: what each is, where it goes, and what comes of it.

use crate::world::PRODUCTS;

/// The partitions of the topics of numbered events.
pub(crate) const PARTITIONS: u64 = 6;

/// How many keys each partition has, none among them.
pub(crate) const KEYS: u64 = 16;

/// One place in this many of each partition is no event, but a dead letter.
const CUT_EVERY: u64 = 97;

/// One event. The numbers go round the partitions, so that each of these has the places 0, 1, 2, … without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event(pub(crate) u64);

impl Event {
    /// The partition that it is written to, and its offset there.
    pub(crate) fn place(self) -> (u64, u64) {
        (self.0 % PARTITIONS, self.0 / PARTITIONS)
    }

    /// Which of the keys of its partition it has.
    pub(crate) fn key_number(self) -> u64 {
        self.place().1 % KEYS
    }

    /// Its key.
    pub(crate) fn key(self) -> Option<String> {
        let (partition, _) = self.place();
        let number = self.key_number();
        (number > 0).then(|| format!("p{partition}k{number}"))
    }

    /// Whether it is cut short, and becomes a dead letter.
    pub(crate) fn is_cut(self) -> bool {
        self.place().1 % CUT_EVERY == CUT_EVERY - 1
    }

    /// What is written.
    pub(crate) fn text(self) -> String {
        let end = if self.is_cut() { "" } else { "}" };
        format!(r#"{{"n":{},"sku":{}{end}"#, self.0, self.sku())
    }

    /// What comes of it.
    pub(crate) fn outcome(self) -> String {
        let (text, sku) = (self.text(), self.sku());
        if self.is_cut() || sku >= PRODUCTS as u64 {
            return text;
        }
        format!(r#"{},"name":"product {sku}"}}"#, text.trim_end_matches('}'))
    }

    /// Its time, in milliseconds since 1970.
    pub(crate) fn time(self) -> i64 {
        1_700_000_000_000 + self.0.cast_signed()
    }

    /// The next event of the same key that comes to the same topic.
    pub(crate) fn next_of_key(self) -> Self {
        Self(self.0 + KEYS * PARTITIONS).until(self.is_cut())
    }

    /// The first event of a key of a partition that comes to one of the topics.
    pub(crate) fn first_of_key(partition: u64, key_number: u64, is_cut: bool) -> Self {
        Self(key_number * PARTITIONS + partition).until(is_cut)
    }

    fn until(mut self, is_cut: bool) -> Self {
        while self.is_cut() != is_cut {
            self.0 += KEYS * PARTITIONS;
        }
        self
    }

    /// Some of them have no product.
    fn sku(self) -> u64 {
        self.0 % (PRODUCTS as u64 + 3)
    }

    /// The event of a text that was written, or came of one.
    pub(crate) fn of(text: &str) -> Option<Self> {
        text.strip_prefix(r#"{"n":"#)?.split_once(',')?.0.parse().ok().map(Self)
    }
}
