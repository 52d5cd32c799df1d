//! The headers of dead letters and of what is sent again, and how headers are read at all.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use rdkafka::message::{BorrowedHeaders, Header, Headers as _, OwnedHeaders};

/// Why a record is a dead letter.
pub(crate) const REASON: &str = "weft-reason";
/// Where in the pipeline it came up.
pub(crate) const STAGE: &str = "weft-stage";
/// The rule that could not send it, or [`NO_RULE`].
pub(crate) const RULE: &str = "weft-rule";
/// The mapping's name.
pub(crate) const MAPPING: &str = "weft-mapping";
/// Where the record was read, `topic/partition/offset`.
pub(crate) const ORIGIN: &str = "weft-origin";
/// When it became a dead letter.
pub(crate) const TIMESTAMP: &str = "weft-timestamp";
/// What is wrong, in words.
pub(crate) const MESSAGE: &str = "weft-message";

/// The headers that a dead letter has beside those of its record, once each, behind them.
const ADDED: [&str; 7] = [REASON, STAGE, RULE, MAPPING, ORIGIN, TIMESTAMP, MESSAGE];

/// The rule of a record that reached none.
pub(crate) const NO_RULE: &str = "-";

/// Of a record that is sent again: the mapping it is for, `namespace/name`.
pub(crate) const ONLY_MAPPING: &str = "weft-only-mapping";
/// Of a record that is sent again: the rule it is for; [`NO_RULE`] for every one.
pub(crate) const ONLY_RULE: &str = "weft-only-rule";

/// The value of a header; of several with the name the last, which is the one that was added last.
pub(super) fn last<'record>(headers: &'record BorrowedHeaders, name: &str) -> Option<&'record [u8]> {
    let found = (0..headers.count()).rev().filter_map(|index| header(headers, index)).find(|header| header.key == name);
    found?.value
}

/// The same, if it is a text.
pub(super) fn last_text<'record>(headers: &'record BorrowedHeaders, name: &str) -> Option<&'record str> {
    std::str::from_utf8(last(headers, name)?).ok()
}

/// The headers of the record that a letter was made of.
pub(super) fn of_original(letter: &BorrowedHeaders) -> OwnedHeaders {
    let place = |name: &str| {
        (0..letter.count()).rev().find(|index| header(letter, *index).is_some_and(|header| header.key == name))
    };
    let added = ADDED.map(place);
    without(letter, |index, name| added.contains(&Some(index)) || name == ONLY_MAPPING || name == ONLY_RULE)
}

/// Headers without those of a name.
pub(crate) fn without_name(headers: &BorrowedHeaders, left_out: &str) -> OwnedHeaders {
    without(headers, |_, name| name == left_out)
}

/// The headers of a record that was sent again, as they were before.
pub(super) fn before_replay(record: &BorrowedHeaders) -> OwnedHeaders {
    without(record, |_, name| name == ONLY_MAPPING || name == ONLY_RULE)
}

/// Headers without some of them. Where a name cannot be read all are kept: what they meant to others stays.
fn without(headers: &BorrowedHeaders, is_left_out: impl Fn(usize, &str) -> bool) -> OwnedHeaders {
    let count = headers.count();
    let mut kept = OwnedHeaders::new_with_capacity(count + 2);
    for index in 0..count {
        let Some(header) = header(headers, index) else { return headers.detach() };
        if !is_left_out(index, header.key) {
            kept = kept.insert(header);
        }
    }
    kept
}

/// The header at a position, if its name is UTF-8: the client library panics at others, which any producer can write.
pub(super) fn header(headers: &BorrowedHeaders, index: usize) -> Option<Header<'_, &[u8]>> {
    static HUSHED: Once = Once::new();
    HUSHED.call_once(|| {
        let tell = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !IS_READING.get() {
                tell(panic);
            }
        }));
    });
    IS_READING.set(true);
    let header = catch_unwind(AssertUnwindSafe(|| headers.try_get(index)));
    IS_READING.set(false);
    header.ok().flatten()
}

thread_local! {
    /// A panic of this thread is one of the client library's at a header's name: a producer could fill the log with them.
    static IS_READING: Cell<bool> = const { Cell::new(false) };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&str, &str)]) -> OwnedHeaders {
        let add = |all: OwnedHeaders, (key, value): &(&str, &str)| all.insert(Header { key, value: Some(*value) });
        list.iter().fold(OwnedHeaders::new(), add)
    }

    fn names(headers: &OwnedHeaders) -> Vec<(String, String)> {
        let text = |header: Header<'_, &[u8]>| {
            (header.key.to_owned(), String::from_utf8_lossy(header.value.unwrap()).into_owned())
        };
        headers.iter().map(text).collect()
    }

    #[test]
    fn the_headers_of_the_record_are_left_whatever_their_names_are() {
        let own = [("trace", "a"), (REASON, "its own"), ("trace", "b")];
        let added = ADDED.map(|name| (name, "x"));
        let again = [(ONLY_MAPPING, "shop/m"), (ONLY_RULE, "orders")];
        let letter = headers(&[&own[..], &again, &added].concat());
        let own: Vec<_> = own.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(names(&of_original(letter.as_borrowed())), own);
        assert_eq!(last_text(letter.as_borrowed(), REASON), Some("x"), "the last one is the enricher's");
        let sent_again =
            headers(&[&own.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect::<Vec<_>>()[..], &again].concat());
        assert_eq!(names(&before_replay(sent_again.as_borrowed())), own);
    }
}
