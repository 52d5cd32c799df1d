use jiff::{Span, SpanRelativeTo, Timestamp};

/// A time as an option gives it, in milliseconds since 1970: itself, or how long ago it was.
pub(super) fn time(text: &str) -> Result<i64, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time.as_millisecond());
    }
    let ago = text.parse::<Span>().ok().filter(|span| !span.is_negative());
    let ago = ago.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let time = ago.and_then(|ago| Timestamp::now().checked_sub(ago).ok());
    let time =
        time.ok_or("write a time such as 2026-01-31T08:00:00Z, or how long ago it was, such as 90m, 2h or 7d")?;
    Ok(time.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_itself_or_how_long_ago_it_was() {
        assert_eq!(time("2026-01-31T08:00:00Z"), Ok(1_769_846_400_000));
        assert_eq!(time("2026-01-31T09:00:00+01:00"), Ok(1_769_846_400_000));
        let now = Timestamp::now().as_millisecond();
        for (text, minutes) in [("90m", 90), ("2h", 120), ("7d", 7 * 24 * 60), ("1h 30m", 90)] {
            let ago = now - time(text).unwrap();
            assert!((ago - minutes * 60_000).abs() < 10_000, "{text} is {ago} ms ago");
        }
    }

    #[test]
    fn anything_else_is_refused_with_examples() {
        for text in ["", "yesterday", "2026-01-31", "2h ago ago", "-2h", "5"] {
            assert!(time(text).unwrap_err().contains("90m, 2h or 7d"), "{text}");
        }
    }
}
