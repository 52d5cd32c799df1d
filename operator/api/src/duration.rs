use std::time::Duration;

use crate::violation::CelRule;

/// A time-out of a statement: at least a second, at most a day.
pub(crate) const TIMEOUT: CelRule = CelRule::new(
    r"self.matches(r'^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?$') && self != '' && duration(self) >= duration('1s') && duration(self) <= duration('24h')",
    "write a duration from 1s to 24h in hours, minutes and seconds, such as 15m or 1h30m",
);

/// How old data may be: at least a second, at most a year.
pub(crate) const AGE: CelRule = CelRule::new(
    r"self.matches(r'^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?$') && self != '' && duration(self) >= duration('1s') && duration(self) <= duration('8760h')",
    "write a duration from 1s to 8760h in hours, minutes and seconds, such as 6h or 1h30m",
);

/// Reads a duration such as `15m` or `1h30m`: hours, minutes and seconds in this order, whole numbers of at most five
/// digits; `None` where it is another text, or empty.
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0;
    for (unit, length) in [('h', 3600), ('m', 60), ('s', 1)] {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or_default();
        if (1..=5).contains(&digits) && rest[digits..].starts_with(unit) {
            seconds += rest[..digits].parse::<u64>().ok()? * length;
            rest = &rest[digits + unit.len_utf8()..];
        }
    }
    (rest.is_empty() && !text.is_empty()).then(|| Duration::from_secs(seconds))
}

/// The plain twin of [`TIMEOUT`].
pub(crate) fn is_timeout(text: &str) -> bool {
    duration(text).is_some_and(|it| (1..=24 * 60 * 60).contains(&it.as_secs()))
}

/// The plain twin of [`AGE`].
pub(crate) fn is_age(text: &str) -> bool {
    duration(text).is_some_and(|it| (1..=8760 * 60 * 60).contains(&it.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_hours_minutes_and_seconds() {
        for (text, seconds) in [("30s", 30), ("15m", 900), ("1h30m", 5400), ("1h0m1s", 3601), ("90m", 5400), ("0s", 0)]
        {
            assert_eq!(duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn another_text_is_no_duration() {
        for text in ["", "15", "m", "15 m", "1m1h", "1.5h", "-1s", "1d", "123456s", "15m ", "1s1s", "15M", "١s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
