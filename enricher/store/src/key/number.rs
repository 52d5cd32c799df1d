//! Numbers as key text, from their literals and never through binary floating point.

use super::{MAX_DIGITS, NotAKey};

/// Far beyond any exponent that [`MAX_DIGITS`] digits allow, far below an overflow of the sums made with it.
const EXPONENT_LIMIT: i64 = 1 << 40;

/// Appends the text of an integral number: an optional sign, digits, and, where `literal` is a number and not a
/// string, a fraction and an exponent.
pub(super) fn append_integer(literal: &[u8], is_number: bool, out: &mut Vec<u8>) -> Result<(), NotAKey> {
    if is_plain(literal) {
        out.extend_from_slice(literal);
        return Ok(());
    }
    let number = Number::parse(literal).ok_or(NotAKey::BadKey)?;
    if number.fraction_digits() > 0 || (!is_number && number.has_point_or_exponent) {
        return Err(NotAKey::BadKey);
    }
    number.append(out)
}

/// Appends the text of a decimal number: an optional sign, digits, an optional fraction, an optional exponent. `0`,
/// `-0` and `0e9` are all `0`. Leaves `out` as it was on an error.
pub fn append_decimal(literal: &[u8], out: &mut Vec<u8>) -> Result<(), NotAKey> {
    if is_plain(literal) {
        out.extend_from_slice(literal);
        return Ok(());
    }
    Number::parse(literal).ok_or(NotAKey::BadKey)?.append(out)
}

/// Digits without a leading zero and few enough: already what the text is.
fn is_plain(literal: &[u8]) -> bool {
    literal.len() <= MAX_DIGITS
        && literal.first().is_some_and(|&first| first != b'0')
        && literal.iter().all(u8::is_ascii_digit)
}

/// A literal taken apart. Its significant digits are those of `whole` and `fraction` in a row without `leading` zeros
/// in front, `count` of them; `point` of them stand in front of the decimal point (negative: so many zeros follow it).
struct Number<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    has_point_or_exponent: bool,
    leading: usize,
    count: usize,
    point: i64,
}

impl<'a> Number<'a> {
    fn parse(literal: &'a [u8]) -> Option<Self> {
        let (negative, rest) = match literal.first()? {
            b'-' => (true, &literal[1..]),
            b'+' => (false, &literal[1..]),
            _ => (false, literal),
        };
        let (whole, mut rest) = digits(rest)?;
        let mut has_point_or_exponent = false;
        let mut fraction: &[u8] = &[];
        if let Some((b'.', behind)) = rest.split_first() {
            (fraction, rest) = digits(behind)?;
            has_point_or_exponent = true;
        }
        let mut exponent = 0;
        if let Some((b'e' | b'E', behind)) = rest.split_first() {
            (exponent, rest) = signed(behind)?;
            has_point_or_exponent = true;
        }
        if !rest.is_empty() {
            return None;
        }
        let all = whole.iter().chain(fraction);
        let leading = all.clone().take_while(|&&digit| digit == b'0').count();
        let trailing = all.rev().take_while(|&&digit| digit == b'0').count();
        let count = (whole.len() + fraction.len()).saturating_sub(leading + trailing);
        let point = whole.len() as i64 - leading as i64 + exponent;
        Some(Self { negative, whole, fraction, has_point_or_exponent, leading, count, point })
    }

    fn fraction_digits(&self) -> i64 {
        if self.count == 0 { 0 } else { (self.count as i64 - self.point).max(0) }
    }

    fn append(&self, out: &mut Vec<u8>) -> Result<(), NotAKey> {
        if self.count == 0 {
            out.push(b'0');
            return Ok(());
        }
        if self.point.max(0) + self.fraction_digits() > MAX_DIGITS as i64 {
            return Err(NotAKey::BadKey);
        }
        if self.negative {
            out.push(b'-');
        }
        let digits = self.whole.iter().chain(self.fraction).skip(self.leading).take(self.count);
        if self.point <= 0 {
            out.extend_from_slice(b"0.");
            out.extend((self.point..0).map(|_| b'0'));
            out.extend(digits);
            return Ok(());
        }
        for (position, digit) in digits.enumerate() {
            if position as i64 == self.point {
                out.push(b'.');
            }
            out.push(*digit);
        }
        out.extend((self.count as i64..self.point).map(|_| b'0'));
        Ok(())
    }
}

/// The digits in front, at least one, and what follows them.
fn digits(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (end > 0).then(|| text.split_at(end))
}

/// An exponent, at most [`EXPONENT_LIMIT`] in size, and what follows it.
fn signed(text: &[u8]) -> Option<(i64, &[u8])> {
    let (sign, rest) = match text.first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let (digits, rest) = digits(rest)?;
    let size = digits.iter().fold(0i64, |size, digit| (size * 10 + i64::from(digit - b'0')).min(EXPONENT_LIMIT));
    Some((sign * size, rest))
}
