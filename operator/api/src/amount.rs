use std::fmt;

use serde::{Deserialize, Serialize};

/// Thousand-millionths: the smallest part that Kubernetes knows.
const ONE: u128 = 1_000_000_000;
/// The most that a rule allows, 1Ei.
const MOST: u128 = ONE << 60;
const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

/// An amount as Kubernetes writes them: a whole number, or a text such as `250m`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Amount {
    /// Without a unit.
    Number(i64),
    /// With one, or in quotes.
    Text(String),
}

/// How an amount was written, and is written again.
#[derive(Clone, Copy)]
enum Form {
    Decimal,
    Exponent,
    Binary,
}

impl Amount {
    /// Whether it is an amount, not less than nothing and not more than 1Ei.
    pub(crate) fn is_sound(&self) -> bool {
        self.nano().is_some_and(|nano| nano <= MOST)
    }

    /// In thousand-millionths, rounded up, at most [`u128::MAX`] of them; `None` if it is no amount, or a negative one.
    pub(crate) fn nano(&self) -> Option<u128> {
        self.read().map(|(nano, _)| nano)
    }

    fn read(&self) -> Option<(u128, Form)> {
        match self {
            Self::Number(number) => Some((u128::try_from(*number).ok()?.saturating_mul(ONE), Form::Decimal)),
            Self::Text(text) => read(text),
        }
    }
}

/// As the API server writes what it was given: with the largest unit that leaves no fraction.
impl fmt::Display for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.read() {
            Some((0, _)) => out.write_str("0"),
            Some((nano, Form::Binary)) if nano >= 1024 * ONE => {
                let bytes = nano.div_ceil(ONE);
                let unit = BINARY.iter().rev().find(|(_, power)| bytes % (1_u128 << power) == 0);
                let (unit, power) = unit.copied().unwrap_or_default();
                write!(out, "{}{unit}", bytes >> power)
            }
            Some((nano, form)) => {
                let fits = |power: &i32| nano % 10_u128.pow(power.saturating_add(9).unsigned_abs()) == 0;
                let unit = DECIMAL.iter().rev().find(|(_, power)| fits(power));
                let (unit, power) = unit.copied().unwrap_or_default();
                let number = nano / 10_u128.pow(power.saturating_add(9).unsigned_abs());
                match form {
                    Form::Exponent if power != 0 => write!(out, "{number}e{power}"),
                    _ => write!(out, "{number}{unit}"),
                }
            }
            None => match self {
                Self::Number(number) => write!(out, "{number}"),
                Self::Text(text) => out.write_str(text),
            },
        }
    }
}

/// Reads digits with at most one point, then a unit or a decimal exponent.
fn read(text: &str) -> Option<(u128, Form)> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + fraction.len() == 0 || fraction.contains('.') {
        return None;
    }
    let decimal = DECIMAL.iter().find(|(name, _)| *name == unit).map(|(_, power)| (*power, 1, Form::Decimal));
    let binary = || BINARY.iter().find(|(name, _)| *name == unit).map(|(_, bits)| (0, 1_u128 << bits, Form::Binary));
    let exponent = || Some((unit.strip_prefix(['e', 'E'])?.parse::<i32>().ok()?, 1, Form::Exponent));
    let (power, factor, form) = decimal.or_else(binary).or_else(exponent)?;
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some((0, form));
    }
    let number = digits.parse::<u128>().unwrap_or(u128::MAX).saturating_mul(factor);
    let places = i64::from(power) + 9 - i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    let scale = u32::try_from(places.unsigned_abs()).ok().and_then(|places| 10_u128.checked_pow(places));
    let nano = match scale {
        Some(scale) if places >= 0 => number.saturating_mul(scale),
        Some(scale) => number.div_ceil(scale),
        None if places >= 0 => u128::MAX,
        None => 1,
    };
    Some((nano, form))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nano(text: &str) -> Option<u128> {
        Amount::Text(text.to_owned()).nano()
    }

    #[test]
    fn amounts_that_are_equal_are_so_however_they_are_written() {
        for (one, other) in [
            ("1", "1000m"),
            ("0.3", "300m"),
            ("1.5Gi", "1536Mi"),
            ("2G", "2e9"),
            ("2E3", "2k"),
            (".5", "0.50"),
            ("1E", "1000P"),
            ("0.1n", "1n"),
            ("0", "0e999999999"),
        ] {
            assert_eq!((nano(one), nano(one).is_some()), (nano(other), true), "{one} and {other}");
        }
        assert!(nano("1Gi") > nano("1G") && nano("9e99") > nano("1Ei"));
    }

    #[test]
    fn another_text_is_no_amount() {
        for text in ["", ".", "1.2.3", "-1", "1 Gi", "1GB", "1gi", "x", "1e", "1e1.5", "0x10", "１"] {
            assert_eq!(nano(text), None, "{text}");
        }
        assert!(!Amount::Number(-1).is_sound() && !Amount::Text("1.1Ei".to_owned()).is_sound());
    }

    /// What kubectl shows of a pod that was given the first.
    #[test]
    fn an_amount_is_written_as_the_api_server_writes_it() {
        for (given, written) in [
            ("0.5", "500m"),
            ("1000m", "1"),
            ("2000", "2k"),
            ("1.5Gi", "1536Mi"),
            ("1024Mi", "1Gi"),
            ("0.5Ki", "512"),
            ("100Mi", "100Mi"),
            ("12e4", "120e3"),
            ("1e0", "1"),
            ("1536", "1536"),
            ("0Gi", "0"),
        ] {
            assert_eq!(Amount::Text(given.to_owned()).to_string(), written, "{given}");
        }
        assert_eq!(Amount::Number(1_073_741_824).to_string(), "1073741824");
    }
}
