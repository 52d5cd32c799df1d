//! Every case of `vectors/key-text.json`.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::panic, reason = "a test may panic")]

use serde::Deserialize;
use weft_store::key::{self, NotAKey};
use weft_store::{Column, ColumnType};

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize, Debug)]
struct Case {
    key: Vec<ColumnType>,
    values: Vec<Option<Text>>,
    outcome: String,
    text: Option<Text>,
}

#[derive(Deserialize, Debug)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Long { prefix: String, repeat: String, times: usize, suffix: String },
}

impl Text {
    fn content(&self) -> String {
        match self {
            Text::Plain(text) => text.clone(),
            Text::Long { prefix, repeat, times, suffix } => format!("{prefix}{}{suffix}", repeat.repeat(*times)),
        }
    }
}

#[test]
fn every_vector_has_the_outcome_it_names() {
    let vectors: Vectors = serde_json::from_str(include_str!("../vectors/key-text.json")).unwrap();
    assert!(vectors.cases.len() > 1000);
    let mut wrong = Vec::new();
    for case in &vectors.cases {
        let key: Vec<Column> = case.key.iter().map(|&kind| Column { name: "k".to_owned(), kind }).collect();
        let values: Vec<Option<String>> = case.values.iter().map(|value| value.as_ref().map(Text::content)).collect();
        let values: Vec<Option<&[u8]>> = values.iter().map(|value| value.as_deref().map(str::as_bytes)).collect();
        let mut out = b"before".to_vec();
        let (outcome, text) = match key::append_from_json(&key, &values, &mut out) {
            Ok(()) => ("text", Some(String::from_utf8(out[6..].to_vec()).unwrap())),
            Err(NotAKey::NoKey) => ("no_key", None),
            Err(NotAKey::BadKey) => ("bad_key", None),
        };
        assert_eq!(&out[..6], b"before");
        assert!(text.is_some() || out.len() == 6, "an error leaves nothing behind: {case:?}");
        if outcome != case.outcome || text != case.text.as_ref().map(Text::content) {
            wrong.push(format!("{case:?} gave {outcome} {text:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
