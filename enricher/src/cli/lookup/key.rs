//! From the arguments to a key text.

use std::str::FromStr;

use anyhow::{anyhow, bail};
use weft_store::key::{self, NotAKey};
use weft_store::{Column, ColumnType};
use weft_warehouse::names;

/// A column of the key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) column: String,
    pub(super) value: String,
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((column, value)) if !column.is_empty() => {
                Ok(Self { column: column.to_owned(), value: value.to_owned() })
            }
            _ => Err("write a column of the key, `=` and its value, as in SKU=A-7".to_owned()),
        }
    }
}

/// The value of each column of the key, in the key's order; exactly those have to be given.
pub(super) fn values<'part>(parts: &'part [Part], key: &[Column]) -> anyhow::Result<Vec<&'part str>> {
    let mut values = vec![None; key.len()];
    for part in parts {
        let position = names::resolve(&part.column, key.iter().map(|column| column.name.as_str()))
            .map_err(|unresolved| anyhow!("the key has no such column: {unresolved}"))?;
        if values[position].replace(part.value.as_str()).is_some() {
            bail!("the column {} is given twice; give each column of the key once", key[position].name);
        }
    }
    let missing: Vec<_> = key.iter().zip(&values).filter(|(_, value)| value.is_none()).collect();
    if !missing.is_empty() {
        let wanted: Vec<_> = missing.iter().map(|(column, _)| format!("{}=VALUE", column.name)).collect();
        bail!("the key has more columns; add {}", wanted.join(" "));
    }
    Ok(values.into_iter().flatten().collect())
}

/// The key text that an event with these texts has.
pub(super) fn text(parts: &[Part], key: &[Column]) -> anyhow::Result<Vec<u8>> {
    let values = values(parts, key)?;
    let json: Vec<Vec<u8>> = values.iter().map(|value| serde_json::Value::from(*value).to_string().into()).collect();
    let raw: Vec<Option<&[u8]>> = json.iter().map(|value| Some(value.as_slice())).collect();
    let mut text = Vec::new();
    match key::append_from_json(key, &raw, &mut text) {
        Ok(()) => Ok(text),
        Err(NotAKey::NoKey) => Err(anyhow!("an empty value is no key; no row has it")),
        Err(NotAKey::BadKey) => {
            let kinds: Vec<_> =
                key.iter().map(|column| format!("{} is {}", column.name, wanted(column.kind))).collect();
            Err(anyhow!("the values are no key: {}; no event with them would find a row", kinds.join(", ")))
        }
    }
}

/// What a value of this type looks like.
fn wanted(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Integer => "an integer",
        ColumnType::Decimal => "a decimal number",
        ColumnType::Boolean => "true or false",
        ColumnType::Uuid => "a UUID",
        ColumnType::Bytes => "bytes in base64",
        ColumnType::Date => "a date such as 2026-01-31",
        ColumnType::Timestamp => "a time without offset, such as 2026-01-31T12:00:00",
        ColumnType::TimestampTz => "a time with offset, such as 2026-01-31T12:00:00Z",
        ColumnType::Text | ColumnType::FixedText => "a text",
        ColumnType::Float | ColumnType::Json | ColumnType::Mixed => "of a type that is no key",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(columns: &[(&str, ColumnType)]) -> Vec<Column> {
        columns.iter().map(|&(name, kind)| Column { name: name.to_owned(), kind }).collect()
    }

    fn text_of(parts: &[&str], columns: &[(&str, ColumnType)]) -> Result<String, String> {
        let parts: Vec<Part> = parts.iter().map(|part| part.parse().unwrap()).collect();
        let text = text(&parts, &key(columns)).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(text).unwrap())
    }

    const LINE: [(&str, ColumnType); 2] = [("ORDER_ID", ColumnType::Integer), ("nr", ColumnType::Text)];

    #[test]
    fn a_key_is_given_in_any_order_and_case_and_as_an_event_would_give_it() {
        assert_eq!(text_of(&["NR=a=b", "order_id=+017"], &LINE).unwrap(), "2:173:a=b");
        assert_eq!(text_of(&["SKU=\"é\\"], &[("SKU", ColumnType::Text)]).unwrap(), "\"é\\");
    }

    #[test]
    fn what_is_no_key_is_refused_and_says_what_would_be_one() {
        for (parts, expected) in [
            (&["ORDER_ID=1"][..], "the key has more columns; add nr=VALUE"),
            (&["NR=1", "nr=1", "ORDER_ID=1"], "the column nr is given twice; give each column of the key once"),
            (&["NR=", "ORDER_ID=1"], "an empty value is no key; no row has it"),
            (
                &["NR=1", "ORDER_ID=x"],
                "the values are no key: ORDER_ID is an integer, nr is a text; no event with them would find a row",
            ),
        ] {
            assert_eq!(text_of(parts, &LINE).unwrap_err(), expected);
        }
        let error = text_of(&["ORDERID=1"], &LINE).unwrap_err();
        assert!(error.starts_with("the key has no such column: ") && error.contains("ORDER_ID"), "{error}");
        for text in ["SKU", "=x", ""] {
            assert!(text.parse::<Part>().is_err(), "{text}");
        }
    }
}
