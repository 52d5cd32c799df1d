//! Numbers as they are written: compared digit by digit, never rounded, never expanded.

use std::cmp::Ordering;

/// An exponent further out than this is taken for this one: no number that far from zero means anything but "huge"
/// or "tiny", and the sums below cannot overflow.
const MAX_EXPONENT: i64 = 1_000_000_000_000_000_000;

/// How many digits a number has at most when it is written without its exponent: as many as a key may have.
const MAX_PLAIN_DIGITS: i64 = 76;

/// ±0.d₁d₂d₃… × 10^exponent, where d₁ and the last digit are not 0; zero has no digits, no sign and exponent 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decimal<'a> {
    negative: bool,
    exponent: i64,
    /// The digits are `head` and then `tail`: what stands before and after the point, without a copy.
    head: &'a [u8],
    tail: &'a [u8],
}

impl<'a> Decimal<'a> {
    /// Reads a JSON number; leading zeros and a leading `+` are let through. `None` for anything else.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        let (negative, unsigned) = match text.split_first()? {
            (b'-', rest) => (true, rest),
            (b'+', rest) => (false, rest),
            _ => (false, text),
        };
        let (whole, rest) = split_digits(unsigned);
        let (fraction, rest) = match rest.split_first() {
            Some((b'.', rest)) => split_digits(rest),
            _ => (&rest[..0], rest),
        };
        let has_point = unsigned.get(whole.len()) == Some(&b'.');
        if whole.is_empty() || (has_point && fraction.is_empty()) {
            return None;
        }
        let written = match rest.split_first() {
            None => 0,
            Some((b'e' | b'E', rest)) => exponent(rest)?,
            Some(_) => return None,
        };
        Some(Self::normal(negative, whole, fraction, written))
    }

    fn normal(negative: bool, whole: &'a [u8], fraction: &'a [u8], written: i64) -> Self {
        let mut head = without_leading_zeros(whole);
        let mut tail = if head.is_empty() { without_leading_zeros(fraction) } else { fraction };
        let shift = if head.is_empty() { distance(fraction, tail) } else { distance(&[], head) };
        tail = without_trailing_zeros(tail);
        if tail.is_empty() {
            head = without_trailing_zeros(head);
        }
        if head.is_empty() && tail.is_empty() {
            return Self { negative: false, exponent: 0, head, tail };
        }
        Self { negative, exponent: written + shift, head, tail }
    }

    /// The shortest spelling without an exponent; `None` where that takes more than [`MAX_PLAIN_DIGITS`].
    pub(crate) fn plain(&self) -> Option<String> {
        let count = i64::try_from(self.head.len() + self.tail.len()).unwrap_or(MAX_EXPONENT);
        let (whole, fraction) = (self.exponent.max(1), (count - self.exponent).max(0));
        if whole.saturating_add(fraction) > MAX_PLAIN_DIGITS {
            return None;
        }
        let place = |from: i64| usize::try_from(from).ok().and_then(|from| self.digits().nth(from)).unwrap_or(&b'0');
        let mut text = String::from(if self.negative { "-" } else { "" });
        text.extend((self.exponent - whole..self.exponent).map(|from| char::from(*place(from))));
        if fraction > 0 {
            text.push('.');
            text.extend((self.exponent..count).map(|from| char::from(*place(from))));
        }
        Some(text)
    }

    /// A spelling with an exponent, as in `1.25e100`; whatever the size, no longer than the number was written.
    pub(crate) fn scientific(&self) -> String {
        let mut digits = self.digits().copied().map(char::from);
        let (sign, first) = (if self.negative { "-" } else { "" }, digits.next().unwrap_or('0'));
        let rest: String = digits.collect();
        let point = if rest.is_empty() { "" } else { "." };
        format!("{sign}{first}{point}{rest}e{}", self.exponent - 1)
    }

    fn digits(&self) -> impl Iterator<Item = &'a u8> + use<'a> {
        self.head.iter().chain(self.tail)
    }

    fn sign(&self) -> i8 {
        match (self.negative, self.head.is_empty() && self.tail.is_empty()) {
            (_, true) => 0,
            (true, false) => -1,
            (false, false) => 1,
        }
    }

    /// The same number with its digits in one place, to be kept.
    pub(crate) fn to_owned(self) -> OwnedDecimal {
        OwnedDecimal { negative: self.negative, exponent: self.exponent, digits: self.digits().copied().collect() }
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let magnitude = || self.exponent.cmp(&other.exponent).then_with(|| self.digits().cmp(other.digits()));
        match self.sign().cmp(&other.sign()) {
            Ordering::Equal if self.negative => magnitude().reverse(),
            Ordering::Equal => magnitude(),
            different => different,
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Decimal<'_> {}

/// A [`Decimal`] that owns its digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnedDecimal {
    negative: bool,
    exponent: i64,
    digits: Box<[u8]>,
}

impl OwnedDecimal {
    pub(crate) fn as_decimal(&self) -> Decimal<'_> {
        Decimal { negative: self.negative, exponent: self.exponent, head: &self.digits, tail: &[] }
    }
}

/// A number of at most 18 digits without an exponent, which most are: quicker to compare.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Small {
    /// The digits, with the sign.
    mantissa: i64,
    /// How many of them stand after the point.
    scale: u32,
}

impl Small {
    const MAX_DIGITS: usize = 18;

    /// Reads what [`Decimal::parse`] reads; `None` for the numbers that are not small too.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let (negative, digits) = match text.split_first()? {
            (b'-', rest) => (true, rest),
            (b'+', rest) => (false, rest),
            _ => (false, text),
        };
        if digits.len() > Self::MAX_DIGITS + 1 {
            return None;
        }
        let (mut mantissa, mut point) = (0_i64, None);
        for (at, byte) in digits.iter().enumerate() {
            match byte {
                // Too many digits are refused below.
                b'0'..=b'9' => mantissa = mantissa.wrapping_mul(10).wrapping_add(i64::from(byte - b'0')),
                b'.' if point.is_none() && at > 0 => point = Some(at),
                _ => return None,
            }
        }
        let after_point = point.map(|point| digits.len() - point - 1);
        let count = digits.len() - usize::from(point.is_some());
        if count == 0 || count > Self::MAX_DIGITS || after_point == Some(0) {
            return None;
        }
        let scale = u32::try_from(after_point.unwrap_or(0)).ok()?;
        Some(Self { mantissa: if negative { -mantissa } else { mantissa }, scale })
    }

    /// The number of this many.
    pub(crate) fn count(count: usize) -> Self {
        // Nothing in memory is ever more than i64 can count.
        Self { mantissa: i64::try_from(count).unwrap_or(i64::MAX), scale: 0 }
    }

    pub(crate) fn cmp(&self, other: &Self) -> Ordering {
        if self.scale == other.scale {
            return self.mantissa.cmp(&other.mantissa);
        }
        let scaled = |number: &Self, by: u32| i128::from(number.mantissa) * 10_i128.pow(by);
        scaled(self, other.scale).cmp(&scaled(other, self.scale))
    }

    /// The same number; its digits go to the end of `digits`.
    pub(crate) fn decimal(self, digits: &mut [u8; 20]) -> Decimal<'_> {
        let (mut rest, mut start) = (self.mantissa.unsigned_abs(), digits.len());
        for digit in digits.iter_mut().rev() {
            if rest == 0 {
                break;
            }
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
            start -= 1;
        }
        Decimal::normal(self.mantissa < 0, &digits[start..], &[], -i64::from(self.scale))
    }
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

fn exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |value: i64, byte: &u8| value.saturating_mul(10).saturating_add(i64::from(byte - b'0'));
    let size = digits.iter().fold(0, add).min(MAX_EXPONENT);
    Some(if negative { -size } else { size })
}

/// How many digits `to` has more than `from`, negative where it has fewer: by which power of ten the point moved.
fn distance(from: &[u8], to: &[u8]) -> i64 {
    let length = |slice: &[u8]| i64::try_from(slice.len()).unwrap_or(MAX_EXPONENT);
    length(to) - length(from)
}

fn without_leading_zeros(digits: &[u8]) -> &[u8] {
    &digits[digits.iter().take_while(|digit| **digit == b'0').count()..]
}

fn without_trailing_zeros(digits: &[u8]) -> &[u8] {
    &digits[..digits.len() - digits.iter().rev().take_while(|digit| **digit == b'0').count()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(left: &str, right: &str) -> Ordering {
        let parse = |text: &'static str| Decimal::parse(text.as_bytes()).unwrap();
        parse(left.to_owned().leak()).cmp(&parse(right.to_owned().leak()))
    }

    #[test]
    fn every_spelling_of_a_number_is_equal() {
        for same in ["100", "1e2", "1E+2", "100.0", "0.1e3", "+100", "0100", "1000000e-4"] {
            assert_eq!(compared(same, "100"), Ordering::Equal, "{same}");
        }
        assert_eq!(compared("-0.0e7", "0"), Ordering::Equal);
        assert_eq!(compared("0.10", "1e-1"), Ordering::Equal);
    }

    #[test]
    fn neighbours_beyond_double_precision_differ() {
        assert_eq!(compared("9007199254740993", "9007199254740992"), Ordering::Greater);
        assert_eq!(compared("0.1", "0.1000000000000000055511151231257827"), Ordering::Less);
        assert_eq!(compared("-9007199254740993", "-9007199254740992"), Ordering::Less);
    }

    #[test]
    fn a_huge_exponent_is_compared_without_being_expanded() {
        assert_eq!(compared("1e999999999", "9e999999998"), Ordering::Greater);
        assert_eq!(compared("1e-999999999", "0"), Ordering::Greater);
        assert_eq!(compared("-1e99999999999999999999999", "-1"), Ordering::Less);
    }

    #[test]
    fn small_and_large_fractions_keep_their_order() {
        assert_eq!(compared("0.009", "0.01"), Ordering::Less);
        assert_eq!(compared("9.99", "10"), Ordering::Less);
        assert_eq!(compared("-1", "1"), Ordering::Less);
        assert_eq!(compared("12", "12.000001"), Ordering::Less);
    }

    #[test]
    fn every_spelling_has_one_plain_spelling() {
        let plain = |text: &str| Decimal::parse(text.as_bytes()).unwrap().plain();
        for (text, expected) in [
            ("100.0", "100"),
            ("1e2", "100"),
            ("-0.0", "0"),
            ("0.10", "0.1"),
            ("12.50", "12.5"),
            ("-5e-3", "-0.005"),
            ("10.01e1", "100.1"),
            ("0e999999", "0"),
            ("1e75", &format!("1{}", "0".repeat(75))),
        ] {
            assert_eq!(plain(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(plain("1e76"), None);
        assert_eq!(plain("1e-999999999999999999999"), None);
        assert_eq!(Decimal::parse(b"-125e98").unwrap().scientific(), "-1.25e100");
        assert_eq!(Decimal::parse(b"1e-77").unwrap().scientific(), "1e-77");
        for (count, expected) in [(0, "0"), (1200, "1200"), (999_999_999_999_999_999, "999999999999999999")] {
            assert_eq!(Small::count(count).decimal(&mut [0; 20]).plain().as_deref(), Some(expected));
        }
    }

    #[test]
    fn small_numbers_compare_as_others_do() {
        let texts = [
            "0",
            "-0",
            "-0.0",
            "1",
            "1.0",
            "-1",
            "10",
            "0.1",
            "0.10",
            "-0.1",
            "99.99",
            "100",
            "007.50",
            "+3",
            "999999999999999999",
            "-99999999999999999.9",
            "0.00000000000000001",
            "123456789.012345678",
        ];
        for left in texts {
            let small = Small::parse(left.as_bytes()).unwrap();
            assert_eq!(small.decimal(&mut [0; 20]), Decimal::parse(left.as_bytes()).unwrap(), "{left}");
            for right in texts {
                let other = Small::parse(right.as_bytes()).unwrap();
                assert_eq!(small.cmp(&other), compared(left, right), "{left} and {right}");
            }
        }
        for other in ["", "-", ".5", "1.", "1e2", "1.e", "1.2.3", "a", "1 ", "1234567890123456789"] {
            assert!(Small::parse(other.as_bytes()).is_none(), "{other}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for wrong in ["", "-", ".5", "1.", "1e", "1e+", "0x1", "1 ", "--1", "1.e3", "NaN"] {
            assert!(Decimal::parse(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }
}
