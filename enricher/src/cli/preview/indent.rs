//! An event over several lines, every name and value spelt as it was.

/// A JSON text with a line for each member and item. The text has to be valid.
pub(super) fn indented(json: &str) -> String {
    let mut out = String::new();
    let mut depth = 0;
    let mut characters = json.trim().chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' => {
                out.push(c);
                let mut escaped = false;
                for c in characters.by_ref() {
                    out.push(c);
                    match c {
                        '"' if !escaped => break,
                        _ => escaped = c == '\\' && !escaped,
                    }
                }
            }
            '{' | '[' => {
                out.push(c);
                while characters.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = characters.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth -= 1;
                new_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            white if white.is_ascii_whitespace() => {}
            other => out.push(other),
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_items_get_a_line_each_and_keep_their_spelling() {
        let json = r#" {"a" :1.50,"b{,\"":[ ] , "c":[{"d":"\\","d":1e2},null ]} "#;
        let lines = [
            "{",
            r#"  "a": 1.50,"#,
            r#"  "b{,\"": [],"#,
            r#"  "c": ["#,
            "    {",
            r#"      "d": "\\","#,
            r#"      "d": 1e2"#,
            "    },",
            "    null",
            "  ]",
            "}",
        ];
        assert_eq!(indented(json), lines.join("\n"));
    }
}
