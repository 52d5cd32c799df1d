//! Conditions: what they mean, what is refused, and what the errors say.

mod cases;

use proptest::prelude::*;
use serde_json::Value;
use weft_language::{Condition, Path, Segment};

const EVENT: &str = r#"{
    "type": "track", "event": "Order \"Completed\"", "userId": "u-1", "anonymousId": "u-1",
    "escaped": "Caf\u00e9 \ud83d\ude00\n", "half": "\ud83d", "and": "odd", "entities": {"product": "x"}, "1st": 1, "$x": 2,
    "context": {"device": {"type": "ios"}, "app version": "2.1"},
    "properties": {
        "total": 99.90, "count": 3, "big": 9007199254740993, "huge": 1e999999999, "zero": -0.0, "text_number": "10",
        "paid": true, "coupon": null, "and": "fine", "products": [{"sku": "a"}, {"sku": "b"}], "limit": 100
    }
}"#;

/// The raw text at a path, as the data plane hands it over.
fn raw_at(event: &Value, path: &Path) -> Option<String> {
    let step = |value: &'_ Value, segment: &Segment| match segment {
        Segment::Name(name) => value.get(name).cloned(),
        Segment::Index(index) => value.get(*index as usize).cloned(),
    };
    path.segments()
        .iter()
        .try_fold(event.clone(), |value, segment| step(&value, segment))
        .map(|value| value.to_string())
}

fn matches(condition: &str) -> bool {
    let raw = r#"{"half": "\ud83d"}"#;
    let event: Value = serde_json::from_str(&EVENT.replace(r#""half": "\ud83d", "#, "")).expect(raw);
    let condition = Condition::parse(condition).expect(condition);
    let mut values: Vec<_> = condition.paths().iter().map(|path| raw_at(&event, path)).collect();
    // What serde_json cannot hold or would round.
    for (path, value) in condition.paths().iter().zip(&mut values) {
        match path.to_string().as_str() {
            "$.half" => *value = Some(r#""\ud83d""#.to_owned()),
            "$.escaped" => *value = Some(r#""Caf\u00e9 \ud83d\ude00\n""#.to_owned()),
            "$.properties.huge" => *value = Some("1e999999999".to_owned()),
            "$.properties.total" => *value = Some("99.90".to_owned()),
            _ => {}
        }
    }
    condition.matches(|place| values[place].as_deref().map(str::as_bytes))
}
