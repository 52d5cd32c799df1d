//! What is printed of one key, and of the run that rows are of.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::SystemTime;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use weft_store::redis::Meta;
use weft_store::{Answer, Column, Row};

use super::key::{self, Part};
use crate::cli::{Failure, Format, print};

/// What was asked, and what the rows are of.
pub(super) struct Report<'run> {
    slug: &'run str,
    key: Vec<(String, String)>,
    pub(super) columns: Vec<Column>,
    pub(super) of_run: Option<Meta>,
}

impl<'run> Report<'run> {
    pub(super) fn new(slug: &'run str) -> Self {
        Self { slug, key: Vec::new(), columns: Vec::new(), of_run: None }
    }

    /// Notes the key as it was asked for, in the order and spelling of the key.
    pub(super) fn set_key(&mut self, parts: &[Part], columns: &[Column]) {
        let values = key::values(parts, columns).unwrap_or_default();
        let names = columns.iter().map(|column| column.name.clone());
        self.key = names.zip(values.into_iter().map(str::to_owned)).collect();
    }

    pub(super) fn print(&self, answer: &Answer, format: Format) -> Result<(), Failure> {
        match (format, answer) {
            (Format::Json, _) => print(&format!("{}\n", self.json(answer))),
            (Format::Text, Answer::Unavailable(_)) => Ok(()),
            (Format::Text, Answer::Found(row)) => print(&self.text(Some(row))),
            (Format::Text, Answer::Missing) => print(&self.text(None)),
        }
    }

    fn text(&self, row: Option<&Row>) -> String {
        let key: Vec<_> = self.key.iter().map(|(column, value)| format!("{column}={value}")).collect();
        let mut text =
            format!("{} {}: {}\n", self.slug, key.join(" "), if row.is_some() { "found" } else { "missing" });
        let width = self.columns.iter().map(|column| column.name.chars().count()).max().unwrap_or_default();
        for (position, column) in self.columns.iter().enumerate() {
            let Some(fragment) = row.and_then(|row| row.fragment(position, self.columns.len())) else { break };
            let _ = writeln!(text, "  {:width$}  {}", column.name, String::from_utf8_lossy(fragment));
        }
        if let Some(of_run) = self.of_run.as_ref().and_then(age) {
            let _ = writeln!(text, "{of_run}");
        }
        text
    }

    /// The names do not change.
    fn json(&self, answer: &Answer) -> String {
        let (answer, row, reason) = match answer {
            Answer::Found(row) => ("found", RawValue::from_string(line(row, &self.columns)).ok(), None),
            Answer::Missing => ("missing", None, None),
            Answer::Unavailable(reason) => ("unavailable", None, Some(reason)),
        };
        let told = Told {
            entity: self.slug,
            key: self.key.iter().map(|(column, value)| (column.as_str(), value.as_str())).collect(),
            answer,
            row,
            reason: reason.map(|reason| format!("{reason:?}")),
            help: reason.map(ToString::to_string),
            of_run: self.of_run.as_ref().and_then(OfRun::new),
        };
        serde_json::to_string(&told).expect("texts and numbers are JSON")
    }
}

/// What is told of a key, for machines.
#[derive(Serialize)]
struct Told<'run> {
    entity: &'run str,
    key: BTreeMap<&'run str, &'run str>,
    answer: &'static str,
    /// Raw, for a number may have more digits than a number of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    #[serde(flatten)]
    of_run: Option<OfRun>,
}

/// What rows are of, for machines: run, times as RFC 3339, and how long ago they were last known to be those of the
/// table.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfRun {
    run: u64,
    snapshot_time: String,
    verified_time: Option<String>,
    age_seconds: u64,
}

impl OfRun {
    pub(super) fn new(meta: &Meta) -> Option<Self> {
        let committed = meta.committed.as_ref()?;
        Some(Self {
            run: committed.run,
            snapshot_time: time(committed.snapshot_time),
            verified_time: meta.verified_time.map(time),
            age_seconds: seconds_since(meta.fresh_at()?),
        })
    }
}

/// A row as a JSON text, each value as it would be written into an event.
pub(super) fn line(row: &Row, columns: &[Column]) -> String {
    let mut line = String::from("{");
    for (position, column) in columns.iter().enumerate() {
        let fragment = row.fragment(position, columns.len()).unwrap_or(b"null");
        let fragment = serde_json::from_slice::<&RawValue>(fragment).map_or("null", RawValue::get);
        let comma = if position == 0 { "" } else { "," };
        let _ = write!(line, "{comma}{}:{fragment}", Value::from(column.name.as_str()));
    }
    line.push('}');
    line
}

/// What rows are of, in words.
pub(super) fn age(meta: &Meta) -> Option<String> {
    let committed = meta.committed.as_ref()?;
    let read = format!("run {}, read {}", committed.run, time(committed.snapshot_time));
    let age = ago(seconds_since(meta.fresh_at()?));
    Some(match meta.verified_time {
        Some(verified) if verified > committed.snapshot_time => {
            format!("{read}, found unchanged {} ({age})", time(verified))
        }
        _ => format!("{read} ({age})"),
    })
}

fn time(unix_seconds: u64) -> String {
    let time = i64::try_from(unix_seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.map_or_else(|| unix_seconds.to_string(), |time| time.to_string())
}

fn seconds_since(unix_seconds: u64) -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    now.as_secs().saturating_sub(unix_seconds)
}

/// Rounded down to the largest unit that there is one of.
fn ago(seconds: u64) -> String {
    let (number, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{number} {unit}{} ago", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        for (seconds, told) in [
            (0, "0 seconds ago"),
            (59, "59 seconds ago"),
            (60, "1 minute ago"),
            (7199, "1 hour ago"),
            (200_000, "2 days ago"),
        ] {
            assert_eq!(ago(seconds), told);
        }
    }
}
