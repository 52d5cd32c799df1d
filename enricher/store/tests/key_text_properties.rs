//! Equal values have equal key text, different values different text, whatever their spelling and type.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::panic, reason = "a test may panic")]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use weft_store::key::{self, NotAKey};
use weft_store::{Column, ColumnType, Value, time, uuid};

/// `WEFT_CASES` cases, else what is quick enough for every build; the seed is printed, `WEFT_SEED` gives it again.
fn cases() -> ProptestConfig {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seed = number("WEFT_SEED").unwrap_or_else(rand_seed);
    println!("WEFT_SEED={seed}");
    ProptestConfig {
        cases: number("WEFT_CASES").unwrap_or(20_000) as u32,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn rand_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

/// One value of a key column that is not empty.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    /// A number: digits without leading or trailing zeros, and how many zeros to shift by.
    Number {
        negative: bool,
        digits: String,
        exponent: i32,
    },
    Text(String),
    Boolean(bool),
    Uuid([u8; 16]),
    Bytes(Vec<u8>),
    Date(i32),
    Timestamp(i64),
    TimestampTz(i64),
}

fn number(digits: &str, negative: bool, exponent: i32) -> Part {
    let significant = digits.trim_start_matches('0');
    let trimmed = significant.trim_end_matches('0');
    if trimmed.is_empty() {
        return Part::Number { negative: false, digits: "0".to_owned(), exponent: 0 };
    }
    let exponent = exponent + (significant.len() - trimmed.len()) as i32;
    Part::Number { negative, digits: trimmed.to_owned(), exponent }
}

const YEAR_0: i64 = -719_528;
const YEAR_10000: i64 = 2_932_897;
const DAY: i64 = 86_400_000_000;

fn part() -> impl Strategy<Value = (ColumnType, Part)> {
    let text = prop_oneof!["[a-c1:\u{e9}]{1,4}", "\\PC{1,20}", "[0-9+-]{1,3}", Just("true".to_owned())];
    prop_oneof![
        (any::<bool>(), "[0-9]{1,20}", 0..5).prop_map(|(n, d, e)| (ColumnType::Integer, number(&d, n, e))),
        (any::<bool>(), "[0-3]{1,3}", 0..2).prop_map(|(n, d, e)| (ColumnType::Integer, number(&d, n, e))),
        (any::<bool>(), "[0-9]{1,30}", -30..20).prop_map(|(n, d, e)| (ColumnType::Decimal, number(&d, n, e))),
        (any::<bool>(), "[0-3]{1,3}", -2..2).prop_map(|(n, d, e)| (ColumnType::Decimal, number(&d, n, e))),
        text.prop_map(|text| (ColumnType::Text, Part::Text(text))),
        "[ a]{0,3}[b\u{e9}]".prop_map(|text| (ColumnType::FixedText, Part::Text(text))),
        any::<bool>().prop_map(|truth| (ColumnType::Boolean, Part::Boolean(truth))),
        any::<[u8; 16]>().prop_map(|bytes| (ColumnType::Uuid, Part::Uuid(bytes))),
        prop::collection::vec(any::<u8>(), 1..9).prop_map(|bytes| (ColumnType::Bytes, Part::Bytes(bytes))),
        (YEAR_0..YEAR_10000).prop_map(|days| (ColumnType::Date, Part::Date(days as i32))),
        (YEAR_0 * DAY..YEAR_10000 * DAY).prop_map(|micros| (ColumnType::Timestamp, Part::Timestamp(micros))),
        (YEAR_0 * DAY..YEAR_10000 * DAY).prop_map(|micros| (ColumnType::TimestampTz, Part::TimestampTz(micros))),
        (0..3i64).prop_map(|micros| (ColumnType::TimestampTz, Part::TimestampTz(micros))),
    ]
}

/// One of the spellings of a value in an event, picked by `pick`.
fn spelling(kind: ColumnType, part: &Part, pick: u64) -> String {
    match part {
        Part::Number { negative, digits, exponent } => spelled_number(kind, *negative, digits, *exponent, pick),
        Part::Text(text) if kind == ColumnType::FixedText => {
            json_string(&format!("{text}{}", &"   "[..(pick % 4) as usize]), pick)
        }
        Part::Text(text) => match text.as_str() {
            "true" if pick.is_multiple_of(2) => text.clone(),
            _ => json_string(text, pick),
        },
        Part::Boolean(truth) => [truth.to_string(), format!("\"{truth}\"")][(pick % 2) as usize].clone(),
        Part::Uuid(bytes) => {
            let mut text = Vec::new();
            uuid::append(bytes, &mut text);
            let text = String::from_utf8(text).unwrap();
            let text = [text.clone(), text.to_uppercase(), text.replace('-', "")][(pick % 3) as usize].clone();
            json_string(&text, pick)
        }
        Part::Bytes(bytes) => {
            use base64::Engine as _;
            json_string(&base64::engine::general_purpose::STANDARD.encode(bytes), pick)
        }
        Part::Date(days) => {
            let mut text = Vec::new();
            time::append_date(*days, &mut text).unwrap();
            json_string(std::str::from_utf8(&text).unwrap(), pick)
        }
        Part::Timestamp(micros) => json_string(&spelled_time(*micros, pick), pick),
        Part::TimestampTz(micros) => {
            let minutes = (pick / 7 % 2879) as i64 - 1439;
            let local = micros + minutes * 60_000_000;
            if pick.is_multiple_of(3) || !(YEAR_0 * DAY..YEAR_10000 * DAY).contains(&local) {
                return json_string(
                    &format!("{}{}", spelled_time(*micros, pick), ["Z", "z", "-00:00"][(pick % 3) as usize]),
                    pick,
                );
            }
            let sign = if minutes < 0 { '-' } else { '+' };
            let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
            json_string(&format!("{}{sign}{hours:02}:{rest:02}", spelled_time(local, pick)), pick)
        }
    }
}

fn spelled_time(micros: i64, pick: u64) -> String {
    let mut text = Vec::new();
    time::append_timestamp(micros, false, &mut text);
    let mut text = String::from_utf8(text).unwrap();
    if pick.is_multiple_of(2) {
        text.push_str(if text.contains('.') { "000" } else { ".000" });
    }
    text.replace('T', ["T", "t", " "][(pick % 3) as usize])
}

fn spelled_number(kind: ColumnType, negative: bool, digits: &str, exponent: i32, pick: u64) -> String {
    let sign = if negative { "-" } else { "" };
    let zeros = "0".repeat((pick / 11 % 3) as usize);
    let plain = if exponent >= 0 {
        format!("{digits}{}", "0".repeat(exponent as usize))
    } else {
        let padded = format!("{digits:0>width$}", width = (1 - exponent) as usize);
        let (whole, fraction) = padded.split_at(padded.len() - exponent.unsigned_abs() as usize);
        format!("{whole}.{fraction}")
    };
    let point = if plain.contains('.') || zeros.is_empty() { zeros.clone() } else { format!(".{zeros}") };
    match pick % 6 {
        0 => format!("{sign}{plain}"),
        1 => format!("{sign}{plain}{point}"),
        2 => format!("{sign}{digits}e{exponent}"),
        3 => format!("{sign}{digits}{zeros}E{}", exponent - zeros.len() as i32),
        4 => format!("\"{}{zeros}{plain}\"", if negative { "-" } else { "+" }),
        _ if kind == ColumnType::Decimal => format!("\"{sign}{zeros}{digits}e{exponent}\""),
        _ => format!("\"{sign}{zeros}{plain}\""),
    }
}

/// A JSON string, some of its characters as escapes.
fn json_string(text: &str, pick: u64) -> String {
    if !pick.is_multiple_of(5) {
        return serde_json::to_string(text).unwrap();
    }
    let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    format!("\"{escaped}\"")
}

/// The same value as a warehouse gives it, its digits in `scratch`.
fn typed<'a>(part: &'a Part, scratch: &'a mut String, pick: u64) -> Value<'a> {
    match part {
        Part::Number { negative, digits, exponent } => {
            *scratch = spelled_number(ColumnType::Decimal, *negative, digits, *exponent, pick % 2);
            match scratch.parse() {
                Ok(number) if !pick.is_multiple_of(3) => Value::Integer(number),
                _ => Value::Decimal(scratch),
            }
        }
        Part::Text(text) => Value::Text(text),
        Part::Boolean(truth) => Value::Boolean(*truth),
        Part::Uuid(bytes) => Value::Uuid(*bytes),
        Part::Bytes(bytes) => Value::Bytes(bytes),
        Part::Date(days) => Value::Date(*days),
        Part::Timestamp(micros) => Value::Timestamp(*micros),
        Part::TimestampTz(micros) => Value::TimestampTz(*micros),
    }
}

fn columns(kinds: &[ColumnType]) -> Vec<Column> {
    kinds.iter().map(|&kind| Column { name: "k".to_owned(), kind }).collect()
}

fn from_event(kinds: &[ColumnType], parts: &[Part], picks: &[u64]) -> Result<Vec<u8>, NotAKey> {
    let values: Vec<String> =
        kinds.iter().zip(parts).zip(picks).map(|((&kind, part), &pick)| spelling(kind, part, pick)).collect();
    let values: Vec<Option<&[u8]>> = values.iter().map(|value| Some(value.as_bytes())).collect();
    let mut out = Vec::new();
    key::append_from_json(&columns(kinds), &values, &mut out).map(|()| out)
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_spelling_of_a_value_and_the_warehouses_own_have_one_text(
        (kind, part) in part(), picks in any::<[u64; 3]>(),
    ) {
        let one = from_event(&[kind], std::slice::from_ref(&part), &picks[..1]).unwrap();
        let other = from_event(&[kind], std::slice::from_ref(&part), &picks[1..2]).unwrap();
        prop_assert_eq!(String::from_utf8_lossy(&one), String::from_utf8_lossy(&other));
        let (mut scratch, mut row) = (String::new(), Vec::new());
        key::append_from_values(&columns(&[kind]), &[typed(&part, &mut scratch, picks[2])], &mut row).unwrap();
        prop_assert_eq!(String::from_utf8_lossy(&one), String::from_utf8_lossy(&row));
    }

    #[test]
    fn different_values_have_different_texts(
        (kind, one) in part(), (other_kind, other) in part(), near in any::<bool>(), picks in any::<[u64; 2]>(),
    ) {
        let other = if near || kind != other_kind || one == other { neighbour(&one) } else { other };
        prop_assert_ne!(from_event(&[kind], &[one], &picks[..1]).unwrap(), from_event(&[kind], &[other], &picks[1..]).unwrap());
    }

    #[test]
    fn composite_keys_are_equal_only_part_by_part(
        one in prop::collection::vec("[12:a]{1,12}", 2..4), cut in any::<prop::sample::Index>(), picks in any::<[u64; 4]>(),
    ) {
        let kinds = vec![ColumnType::Text; one.len()];
        // The same characters in a row, parted elsewhere.
        let all = one.concat();
        let at = 1 + cut.index(all.len() - one.len() + 1);
        let mut other = vec![all[..at].to_owned()];
        other.extend(all[at..].chars().take(one.len() - 2).map(String::from));
        other.push(all[at + one.len() - 2..].to_owned());
        let text = |parts: &[String]| {
            let parts: Vec<Part> = parts.iter().map(|part| Part::Text(part.clone())).collect();
            from_event(&kinds, &parts, &picks)
        };
        prop_assert_eq!(one == other, text(&one) == text(&other), "{:?} {:?}", one, other);
    }

    #[test]
    fn any_bytes_are_a_key_or_none_but_never_a_panic(
        raw in prop_oneof![prop::collection::vec(any::<u8>(), 0..40), "\"[\\\\u0-9dD:TZ .+-]{0,30}\"".prop_map(String::into_bytes)],
    ) {
        for kind in [ColumnType::Integer, ColumnType::Decimal, ColumnType::FixedText, ColumnType::Uuid, ColumnType::Bytes,
            ColumnType::Date, ColumnType::Timestamp, ColumnType::TimestampTz] {
            let mut out = Vec::new();
            let outcome = key::append_from_json(&columns(&[kind]), &[Some(&raw)], &mut out);
            prop_assert_eq!(outcome.is_ok(), !out.is_empty());
        }
    }
}

/// A value that differs as little as can be.
fn neighbour(part: &Part) -> Part {
    match part {
        Part::Number { negative, digits, exponent } if digits == "0" => number("1", *negative, *exponent),
        Part::Number { negative, digits, exponent } => number(&format!("{digits}0"), !negative, *exponent),
        Part::Text(text) => Part::Text(format!(" {text}")),
        Part::Boolean(truth) => Part::Boolean(!truth),
        Part::Uuid(bytes) => Part::Uuid(std::array::from_fn(|at| if at == 15 { bytes[at] ^ 1 } else { bytes[at] })),
        Part::Bytes(bytes) => Part::Bytes([bytes.as_slice(), &[0]].concat()),
        Part::Date(days) => Part::Date(if *days == 0 { 1 } else { days - days.signum() }),
        Part::Timestamp(micros) => Part::Timestamp(if *micros == 0 { 1 } else { micros - micros.signum() }),
        Part::TimestampTz(micros) => Part::TimestampTz(if *micros == 0 { 1 } else { micros - micros.signum() }),
    }
}
