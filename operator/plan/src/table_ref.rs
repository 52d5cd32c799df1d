//! A table's name as the manifests write it.

/// A table is named by at most this many parts.
const MAX_PARTS: usize = 3;

/// Why a text names no table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TableRefError {
    #[error("a name is missing in it")]
    EmptyPart,
    #[error("it has more than {MAX_PARTS} parts")]
    TooManyParts,
    #[error("the quote {0} is not closed")]
    Unclosed(char),
    #[error("{0:?} follows a closing quote")]
    AfterQuote(char),
    #[error("{0:?} stands in a name that is not quoted")]
    NeedsQuotes(char),
}

/// The parts of a table's name, outermost first, without quotes. A part with a dot, a blank or a quote in it is quoted
/// with `"` or back-ticks, doubled inside.
pub(crate) fn parse(text: &str) -> Result<Vec<String>, TableRefError> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = match rest.chars().next() {
            Some(quote @ ('"' | '`')) => quoted(&rest[1..], quote)?,
            _ => plain(rest)?,
        };
        if part.is_empty() {
            return Err(TableRefError::EmptyPart);
        }
        if parts.len() == MAX_PARTS {
            return Err(TableRefError::TooManyParts);
        }
        parts.push(part);
        match after.chars().next() {
            None => return Ok(parts),
            Some('.') => rest = &after[1..],
            Some(other) => return Err(TableRefError::AfterQuote(other)),
        }
    }
}

fn plain(text: &str) -> Result<(String, &str), TableRefError> {
    let (part, after) = text.split_at(text.find('.').unwrap_or(text.len()));
    let odd = |c: &char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '`' | '\'' | ';');
    match part.chars().find(odd) {
        Some(odd) => Err(TableRefError::NeedsQuotes(odd)),
        None => Ok((part.to_owned(), after)),
    }
}

/// The part up to its closing quote, and what follows it.
fn quoted(text: &str, quote: char) -> Result<(String, &str), TableRefError> {
    let mut part = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once(quote).ok_or(TableRefError::Unclosed(quote))?;
        part.push_str(before);
        match after.strip_prefix(quote) {
            Some(doubled) => {
                part.push(quote);
                rest = doubled;
            }
            None => return Ok((part, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_separated_by_dots_and_quoted_either_way() {
        for (text, expected) in [
            ("orders", vec!["orders"]),
            ("PRODUCTION.PROD.PRODUCT_SKUS", vec!["PRODUCTION", "PROD", "PRODUCT_SKUS"]),
            (r#"public."my.orders""#, vec!["public", "my.orders"]),
            ("`a``b`.\"c\"\"d\"", vec!["a`b", "c\"d"]),
            ("\"a`b\".Ünï", vec!["a`b", "Ünï"]),
            ("my-project.shop$1", vec!["my-project", "shop$1"]),
        ] {
            assert_eq!(parse(text), Ok(expected.into_iter().map(String::from).collect()), "{text}");
        }
    }

    #[test]
    fn each_fault_is_told_apart() {
        for (text, expected) in [
            ("", TableRefError::EmptyPart),
            ("a..b", TableRefError::EmptyPart),
            ("a.", TableRefError::EmptyPart),
            ("\"\"", TableRefError::EmptyPart),
            ("a.b.c.d", TableRefError::TooManyParts),
            ("\"a", TableRefError::Unclosed('"')),
            ("`a\"", TableRefError::Unclosed('`')),
            ("\"a\"b", TableRefError::AfterQuote('b')),
            ("my orders", TableRefError::NeedsQuotes(' ')),
            ("a\"b\"", TableRefError::NeedsQuotes('"')),
        ] {
            assert_eq!(parse(text), Err(expected), "{text}");
        }
    }
}
