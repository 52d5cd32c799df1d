//! Texts as YAML scalars that stand anywhere, also between braces, whatever characters they have.

use serde_yaml::Value;

/// What YAML 1.1 reads as something else than text, in lower case.
const WORDS: [&str; 10] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~"];

/// The text as a scalar: as it is where that is safe, else in quotes.
pub(super) fn scalar(text: &str) -> String {
    let starts = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$' | '/' | '.');
    let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '/' | '.' | '-');
    let is_word = WORDS.contains(&text.to_lowercase().as_str());
    let is_text = || matches!(serde_yaml::from_str(text), Ok(Value::String(read)) if read == text);
    if text.starts_with(starts) && text.chars().all(goes_on) && !is_word && is_text() {
        return text.to_owned();
    }
    let is_plain = |c: char| c == ' ' || c.is_ascii_graphic();
    if text.contains(['"', '\\']) && text.chars().all(is_plain) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if is_odd(c) => {
                quoted.push_str(&format!("\\u{:04X}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The text as a comment shows it: on one line.
pub(super) fn comment(text: &str) -> String {
    text.chars().map(|c| if is_odd(c) { ' ' } else { c }).collect()
}

/// Whether readers of YAML refuse the character, fold it or take it for an end of line.
fn is_odd(c: char) -> bool {
    c.is_control() || matches!(u32::from(c), 0x2028 | 0x2029 | 0xfeff | 0xfffe | 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_safe_stays_as_it_is_and_the_rest_is_quoted() {
        for (text, expected) in [
            ("order_id", "order_id"),
            ("$.properties.order_id", "$.properties.order_id"),
            ("../shop.db", "../shop.db"),
            ("No", "\"No\""),
            ("1e3", "\"1e3\""),
            (".5", "\".5\""),
            ("@.name", "\"@.name\""),
            ("", "\"\""),
            ("a, b", "\"a, b\""),
            ("type = \"track\"", "'type = \"track\"'"),
            ("it's \"so\"", "'it''s \"so\"'"),
            ("a\nb", "\"a\\u000Ab\""),
        ] {
            assert_eq!(scalar(text), expected);
        }
    }

    #[test]
    fn every_text_is_read_back_from_between_braces() {
        let texts: Vec<String> = (0..0x3000)
            .chain([0xfeff, 0xfffd, 0xfffe, 0xffff, 0x1_f600])
            .filter_map(char::from_u32)
            .flat_map(|c| [format!("{c}"), format!("a{c} b"), format!("\"{c}"), format!("'{c}\\")])
            .collect();
        for text in texts {
            let yaml = format!("{{k: {}}}", scalar(&text));
            let read: Result<std::collections::BTreeMap<String, String>, _> = serde_yaml::from_str(&yaml);
            assert_eq!(read.unwrap()["k"], text, "{yaml}");
            assert!(serde_yaml::from_str::<Value>(&format!("# {}\nk: 1", comment(&text))).is_ok());
        }
    }
}
