//! An event over several lines, every name and value spelt as it was.

/// Lines deeper than this begin where it ends: an event may nest deep and have many members there.
const MAX_INDENT: usize = 32;

/// A JSON text with a line for each member and item. The text has to be valid.
pub(super) fn indented(json: &str) -> String {
    let mut out = String::new();
    let mut depth: usize = 0;
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
                depth = depth.saturating_sub(1);
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
    out.extend(std::iter::repeat_n("  ", depth.min(MAX_INDENT)));
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

    #[test]
    fn lines_that_are_deep_inside_cost_little_more_than_others() {
        let event = format!("{}{}1{}", "[".repeat(500), "1,".repeat(100_000), "]".repeat(500));
        assert!(indented(&event).len() < 10_000_000);
    }
}
