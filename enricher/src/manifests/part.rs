//! Where a part of a text stands in its file, however YAML wrote the text.

use serde_json::Value;
use weft_language::Condition;

use super::field::{FieldPath, Step};
use super::source::Span;

/// Where a condition does not parse, in a file whose text has it at `span`; `None` where that cannot be told.
pub(super) fn of_condition(object: &Value, field: &FieldPath, file: &str, span: &Span) -> Option<Span> {
    let step = |value, step: &Step| match step {
        Step::Name(name) => Value::get(value, name),
        Step::Index(index) => Value::get(value, index),
    };
    let condition = field.steps().iter().try_fold(object, step)?.as_str()?;
    let error = Condition::parse(condition).err()?;
    let part = find(file.get(span.clone())?, condition, &(error.start..error.end))?;
    Some(span.start + part.start..span.start + part.end)
}

/// A part of a value in the source of the value. White space does not count, as YAML folds lines; an escape that is not
/// the character itself ends the search.
fn find(source: &str, value: &str, part: &Span) -> Option<Span> {
    let quote = source.chars().next().filter(|c| matches!(c, '\'' | '"') && !value.starts_with(*c));
    let visible = |(_, c): &(usize, char)| !c.is_whitespace();
    let mut written = source.char_indices().skip(usize::from(quote.is_some())).filter(visible).peekable();
    let mut found: Option<Span> = None;
    for (at, c) in value.char_indices().filter(visible) {
        if quote == Some('"') {
            written.next_if(|(_, c)| *c == '\\');
        }
        let (from, _) = written.next_if(|(_, other)| *other == c)?;
        if quote == Some('\'') && c == '\'' {
            written.next_if(|(_, c)| *c == '\'');
        }
        if part.contains(&at) {
            let start = found.map_or(from, |found| found.start);
            found = Some(start..from + c.len_utf8());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_in_every_style_of_yaml() {
        let value = r#"type = "a" and it's == 5"#;
        let part = value.find("==").unwrap()..value.find("==").unwrap() + 2;
        for source in [
            value,
            r#"'type = "a" and it''s == 5'"#,
            r#""type = \"a\" and it's == 5""#,
            "type = \"a\"\n      and it's == 5\n",
            "type =\n\n  \"a\" and it's\n == 5",
        ] {
            assert_eq!(find(source, value, &part).map(|part| &source[part]), Some("=="), "{source}");
        }
    }

    #[test]
    fn a_part_of_a_text_that_is_written_otherwise_is_not_guessed() {
        assert_eq!(find(r#""\x61 = 1 ==""#, "a = 1 ==", &(6..8)), None);
        assert_eq!(find("b", "a = 1 ==", &(6..8)), None);
        assert_eq!(find("a = 1", "a = 1", &(5..5)), None);
    }
}
