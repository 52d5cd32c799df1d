//! Days and instants in text, as RFC 3339 has them, in the proleptic Gregorian calendar.

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
const MICROS_PER_DAY: i64 = SECONDS_PER_DAY * MICROS_PER_SECOND;

/// From 0000-03-01 to 1970-01-01.
const DAYS_TO_EPOCH: i64 = 719_468;
/// In the 400 years after which the calendar repeats.
const DAYS_PER_CYCLE: i64 = 146_097;

/// The day `2026-01-31`, in days since 1970-01-01.
pub fn parse_date(text: &[u8]) -> Option<i32> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return None };
    let year = number(&[y1, y2, y3, y4])?;
    let month = number(&[m1, m2])?;
    let day = number(&[d1, d2])?;
    ((1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day))
        .then(|| days_since_epoch(year, month, day) as i32)
}

/// The time `2026-01-31T23:59:59.5` without an offset, in microseconds since 1970-01-01T00:00:00.
///
/// `t` or one blank may stand for `T`. Fractional digits beyond the sixth must be zeros.
pub fn parse_timestamp(text: &[u8]) -> Option<i64> {
    let (micros, rest) = split_time(text)?;
    rest.is_empty().then_some(micros)
}

/// The instant `2026-01-31T23:59:59.5+01:00`, in microseconds since 1970-01-01T00:00:00Z.
///
/// As [`parse_timestamp`], with an offset: `Z`, `z` or `±hh:mm`. Its year in UTC is 0 to 9999 too: what cannot be
/// written again is not read.
pub fn parse_timestamp_tz(text: &[u8]) -> Option<i64> {
    let (micros, rest) = split_time(text)?;
    let minutes = match *rest {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (number(&[h1, h2])?, number(&[m1, m2])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            if sign == b'-' { -(hours * 60 + minutes) } else { hours * 60 + minutes }
        }
        _ => return None,
    };
    let instant = micros - minutes * 60 * MICROS_PER_SECOND;
    let (year, ..) = civil(instant.div_euclid(MICROS_PER_DAY));
    (0..=9999).contains(&year).then_some(instant)
}

/// Appends the day; `None`, and nothing appended, if its year is not 0 to 9999.
pub fn append_date(days: i32, out: &mut Vec<u8>) -> Option<()> {
    is_four_digits(i64::from(days)).then(|| append_any_date(days, out))
}

/// Appends the day; a year that is not 0 to 9999 has a sign, as ISO 8601 expands years.
pub(crate) fn append_any_date(days: i32, out: &mut Vec<u8>) {
    let (year, month, day) = civil(i64::from(days));
    append_civil(year, month, day, out);
}

/// Whether the year of a day is 0 to 9999.
fn is_four_digits(days: i64) -> bool {
    (0..=9999).contains(&civil(days).0)
}

/// Appends the time with six fractional digits, and `Z` if it is an instant; `None`, and nothing appended, if its year
/// is not 0 to 9999.
pub(crate) fn append_key_timestamp(micros: i64, instant: bool, out: &mut Vec<u8>) -> Option<()> {
    if !is_four_digits(micros.div_euclid(MICROS_PER_DAY)) {
        return None;
    }
    let fraction = append_seconds(micros, out);
    out.push(b'.');
    append_padded(fraction, 6, out);
    if instant {
        out.push(b'Z');
    }
    Some(())
}

/// Appends the time with as many fractional digits as it needs, and `Z` if it is an instant; a year that is not 0 to 9999
/// has a sign, as ISO 8601 expands years.
pub fn append_timestamp(micros: i64, instant: bool, out: &mut Vec<u8>) {
    let fraction = append_seconds(micros, out);
    if fraction > 0 {
        out.push(b'.');
        append_padded(fraction, 6, out);
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
    if instant {
        out.push(b'Z');
    }
}

/// Appends day and time to the second; returns the microseconds that are left.
fn append_seconds(micros: i64, out: &mut Vec<u8>) -> i64 {
    let (days, in_day) = (micros.div_euclid(MICROS_PER_DAY), micros.rem_euclid(MICROS_PER_DAY));
    let (year, month, day) = civil(days);
    let seconds = in_day / MICROS_PER_SECOND;
    append_civil(year, month, day, out);
    out.push(b'T');
    append_padded(seconds / 3600, 2, out);
    out.push(b':');
    append_padded(seconds / 60 % 60, 2, out);
    out.push(b':');
    append_padded(seconds % 60, 2, out);
    in_day % MICROS_PER_SECOND
}

/// The microseconds of the day and time in front, and what follows them.
fn split_time(text: &[u8]) -> Option<(i64, &[u8])> {
    let (date, rest) = text.split_at_checked(10)?;
    let days = i64::from(parse_date(date)?);
    let &[b'T' | b't' | b' ', h1, h2, b':', m1, m2, b':', s1, s2, ref rest @ ..] = rest else { return None };
    let (hours, minutes, seconds) = (number(&[h1, h2])?, number(&[m1, m2])?, number(&[s1, s2])?);
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let (fraction, rest) = split_fraction(rest)?;
    let seconds = days * SECONDS_PER_DAY + hours * 3600 + minutes * 60 + seconds;
    Some((seconds * MICROS_PER_SECOND + fraction, rest))
}

/// The microseconds of a fraction, 0 if there is none, and what follows it.
fn split_fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.', text)) = text.split_first() else { return Some((0, text)) };
    let (digits, rest) = text.split_at(text.iter().take_while(|byte| byte.is_ascii_digit()).count());
    let (micros, beyond) = digits.split_at(digits.len().min(6));
    if digits.is_empty() || beyond.iter().any(|&digit| digit != b'0') {
        return None;
    }
    Some((number(micros)? * 10i64.pow(6 - micros.len() as u32), rest))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0')))
}

fn append_civil(year: i64, month: i64, day: i64, out: &mut Vec<u8>) {
    if !(0..=9999).contains(&year) {
        out.push(if year < 0 { b'-' } else { b'+' });
    }
    let year = year.abs();
    append_padded(year, year.checked_ilog10().map_or(4, |digits| (digits + 1).max(4)), out);
    out.push(b'-');
    append_padded(month, 2, out);
    out.push(b'-');
    append_padded(day, 2, out);
}

fn append_padded(number: i64, digits: u32, out: &mut Vec<u8>) {
    out.extend((0..digits).rev().map(|place| b'0' + (number / 10i64.pow(place) % 10) as u8));
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Counts years from March, so that the leap day is a year's last; 153 days are five months from March on.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let from_march = (month + 9) % 12;
    let year = if month <= 2 { year - 1 } else { year };
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * from_march + 2) / 5 + day
        - 1
        - DAYS_TO_EPOCH
}

/// The inverse of [`days_since_epoch`]: year, month, day.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_EPOCH;
    let (cycle, in_cycle) = (days.div_euclid(DAYS_PER_CYCLE), days.rem_euclid(DAYS_PER_CYCLE));
    let year_in_cycle = (in_cycle - in_cycle / 1460 + in_cycle / 36_524 - in_cycle / 146_096) / 365;
    let in_year = in_cycle - (365 * year_in_cycle + year_in_cycle / 4 - year_in_cycle / 100);
    let from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = cycle * 400 + year_in_cycle + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_from_year_0_to_9999_reads_back_and_follows_the_one_before() {
        let (first, last) = (parse_date(b"0000-01-01").unwrap(), parse_date(b"9999-12-31").unwrap());
        assert_eq!(last - first + 1, 3_652_425);
        let mut text = Vec::new();
        let mut before = Vec::new();
        for days in first..=last {
            text.clear();
            append_date(days, &mut text).unwrap();
            assert_eq!(parse_date(&text), Some(days));
            assert!(before < text);
            std::mem::swap(&mut before, &mut text);
        }
        assert_eq!(append_date(first - 1, &mut text), None);
        assert_eq!(append_date(last + 1, &mut text), None);
    }

    #[test]
    fn the_epoch_is_day_zero_and_today_has_its_number() {
        assert_eq!(parse_date(b"1970-01-01"), Some(0));
        assert_eq!(parse_date(b"2000-02-29"), Some(11_016));
        assert_eq!(parse_timestamp_tz(b"2001-09-09T01:46:40Z"), Some(1_000_000_000_000_000));
    }

    #[test]
    fn days_that_no_month_has_are_refused() {
        for text in ["2026-02-29", "1900-02-29", "2026-04-31", "2026-00-10", "2026-13-01", "2026-01-00", "2026-1-01"] {
            assert_eq!(parse_date(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_timestamp_is_written_with_the_digits_it_needs() {
        for text in ["2026-01-31T23:59:59", "2026-01-31T23:59:59.5", "1969-12-31T23:59:59.000001"] {
            let mut out = Vec::new();
            append_timestamp(parse_timestamp(text.as_bytes()).unwrap(), false, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
