use std::collections::BTreeMap;

use serde::Serialize;
use weft_warehouse::Rejection;

/// So many keys are shown per reason.
const SAMPLES: usize = 5;

/// What became of a table's rows.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoadReport {
    /// The entity.
    #[serde(skip)]
    pub(crate) entity: String,
    /// The rows of the table.
    pub(crate) read: u64,
    /// The rows in the store.
    pub(crate) rows: u64,
    /// The bytes that keys and rows take in the store.
    pub(crate) bytes: u64,
    /// How long it took.
    pub(crate) seconds: f64,
    /// The rows that are not in the store, by reason.
    rejected: BTreeMap<Rejection, Rejected>,
}

/// The rows that were left out for one reason.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rejected {
    rows: u64,
    /// The keys of some of them.
    samples: Vec<String>,
}

impl LoadReport {
    pub(super) fn new(entity: &str) -> Self {
        Self { entity: entity.to_owned(), read: 0, rows: 0, bytes: 0, seconds: 0.0, rejected: BTreeMap::new() }
    }

    pub(super) fn reject(&mut self, reason: Rejection, rows: u64) {
        self.rejected.entry(reason).or_default().rows += rows;
    }

    /// Keeps a rejected row's key if there are few yet.
    pub(super) fn sample(&mut self, reason: Rejection, key: impl FnOnce() -> String) {
        let samples = &mut self.rejected.entry(reason).or_default().samples;
        if samples.len() < SAMPLES {
            samples.push(key());
        }
    }

    /// How many rows are not in the store.
    pub(crate) fn rejected(&self) -> u64 {
        self.rejected.values().map(|rejected| rejected.rows).sum()
    }

    /// One line per reason that rows were left out for.
    pub(crate) fn rejections(&self) -> impl Iterator<Item = String> {
        self.rejected.iter().map(|(reason, Rejected { rows, samples })| {
            let more = if *rows > samples.len() as u64 { ", …" } else { "" };
            let noun = if *rows == 1 { "row" } else { "rows" };
            format!("rejected {rows} {noun}: {} ({}{more})", reason.text(), samples.join("; "))
        })
    }
}
