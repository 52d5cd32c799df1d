//! `\uXXXX`, which paths, conditions and JSON spell alike.

/// What follows a `\u`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unicode {
    /// A character and how many bytes it took: 4 digits, or 10 for a surrogate pair (`XXXX\uXXXX`).
    Char(char, usize),
    /// Half a surrogate pair; 4 digits.
    Lone(u16),
    /// Not four hexadecimal digits.
    Malformed,
}

/// Reads what follows a `\u`.
pub(crate) fn unicode(text: &[u8]) -> Unicode {
    let Some(first) = hex4(text) else { return Unicode::Malformed };
    if let Some(plain) = char::from_u32(first.into()) {
        return Unicode::Char(plain, 4);
    }
    let second = match text.get(4..6) {
        Some(b"\\u") => hex4(&text[6..]),
        _ => None,
    };
    let Some(second) = second else { return Unicode::Lone(first) };
    char::decode_utf16([first, second])
        .next()
        .and_then(Result::ok)
        .map_or(Unicode::Lone(first), |c| Unicode::Char(c, 10))
}

fn hex4(text: &[u8]) -> Option<u16> {
    text.get(..4)?.iter().try_fold(0, |value: u16, byte| {
        let digit = char::from(*byte).to_digit(16)?;
        Some(value << 4 | u16::try_from(digit).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_surrogate_pair_is_one_character() {
        assert_eq!(unicode(b"d83d\\ude00!"), Unicode::Char('\u{1f600}', 10));
    }

    #[test]
    fn half_a_pair_is_told_apart_from_bad_digits() {
        assert_eq!(unicode(b"d83d"), Unicode::Lone(0xd83d));
        assert_eq!(unicode(b"d83d\\u0041"), Unicode::Lone(0xd83d));
        assert_eq!(unicode(b"ude00"), Unicode::Malformed);
        assert_eq!(unicode(b"00g0"), Unicode::Malformed);
        assert_eq!(unicode(b"004"), Unicode::Malformed);
    }
}
