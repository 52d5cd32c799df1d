//! Secrets that stand among the manifests, as `kubectl` takes them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Diagnostic, FieldPath};
use crate::connect::SecretBytes;

/// The keys of a Secret, and what is wrong with those that are left out. A value is never part of what is said.
pub(super) fn values(secret: &Value) -> (BTreeMap<String, SecretBytes>, Vec<Diagnostic>) {
    let (mut values, mut faults) = (BTreeMap::new(), Vec::new());
    // As the API server has it: `stringData` wins.
    for (field, is_base64) in [("data", true), ("stringData", false)] {
        let refused = |path: FieldPath, problem: &str, help: &str| {
            Diagnostic::error("InvalidSecret", format!("{path} {problem}")).help(help).field(path)
        };
        let members = match &secret[field] {
            Value::Null => continue,
            Value::Object(members) => members,
            _ => {
                faults.push(refused(
                    FieldPath::parse(field),
                    "is no mapping",
                    "write a line `key: value` for each key",
                ));
                continue;
            }
        };
        for (key, value) in members {
            let path = FieldPath::parse(field).member(key);
            let bytes = match value {
                Value::Null => Some(Vec::new()),
                Value::String(text) if is_base64 => {
                    let text: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
                    STANDARD.decode(text).ok()
                }
                Value::String(text) => Some(text.clone().into_bytes()),
                _ => {
                    faults.push(refused(path, "is no text", "put the value in quotes"));
                    continue;
                }
            };
            match bytes {
                Some(bytes) => {
                    values.insert(key.clone(), SecretBytes::new(bytes));
                }
                None => faults.push(refused(path, "is not base64", "encode it, or move the key to `stringData`")),
            }
        }
    }
    (values, faults)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn data_is_base64_and_string_data_is_not_and_wins() {
        let secret = json!({"data": {"a": "aHVudGVy\nMg==\n", "b": "Yg=="}, "stringData": {"b": "c", "empty": null}});
        let (values, faults) = values(&secret);
        assert!(faults.is_empty(), "{faults:?}");
        let bytes = |text: &str| SecretBytes::new(text.as_bytes().to_vec());
        let expected = [("a", "hunter2"), ("b", "c"), ("empty", "")].map(|(key, text)| (key.to_owned(), bytes(text)));
        assert_eq!(values, BTreeMap::from(expected));
    }

    #[test]
    fn what_is_no_secret_value_is_named_by_its_key_and_not_shown() {
        let secret = json!({"data": {"a": "hunter2", "b.c": 4711}, "stringData": {"d": 4711}});
        let told: Vec<_> = values(&secret).1.into_iter().map(|fault| fault.message).collect();
        assert_eq!(told.len(), 3);
        assert_eq!((told[0].as_str(), told[2].as_str()), ("data.a is not base64", "stringData.d is no text"));
        assert!(!format!("{told:?}").contains("hunter2") && !format!("{told:?}").contains("4711"), "{told:?}");
        let told = values(&json!({"data": ["hunter2"]})).1;
        assert_eq!(told[0].message, "data is no mapping");
    }
}
