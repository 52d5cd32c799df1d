use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Context;
use serde::Serialize;

use super::Failure;
use crate::cli::{Format, tell};
use crate::run::{Lookups, Outcomes, Summary};

/// What was read of the tables.
#[derive(Default)]
pub(super) struct Entities {
    /// What is told of each, by slug.
    pub(super) reports: BTreeMap<String, serde_json::Value>,
    /// Some rows cannot be used.
    pub(super) rejected: bool,
}

impl Entities {
    /// Adds what is told of one.
    pub(super) fn add(&mut self, slug: &str, report: &impl Serialize, rejected: u64) {
        let told = serde_json::to_value(report).expect("a report is texts and numbers");
        self.reports.insert(slug.to_owned(), told);
        self.rejected |= rejected > 0;
    }
}

/// Prints what became of everything to standard error: a table for people, one line of JSON for machines.
pub(super) fn print(summary: &Summary, entities: &Entities, format: Format) -> Result<(), Failure> {
    match format {
        Format::Text => tell(format_args!("{}", text(summary).trim_end())),
        Format::Json => {
            let line = serde_json::to_string(&Json { summary, entities: &entities.reports })
                .context("failed to write the summary as JSON")
                .map_err(Failure::Transient)?;
            tell(format_args!("{line}"));
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct Json<'run> {
    #[serde(flatten)]
    summary: &'run Summary,
    entities: &'run BTreeMap<String, serde_json::Value>,
}

fn text(summary: &Summary) -> String {
    let mut outcomes =
        Table::new(&["rule", "enriched", "partially", "unenriched", "filtered", "dropped", "dead letters"]);
    let mut lookups = Table::new(&["lookup", "found", "missing", "no key", "bad key"]);
    for rule in &summary.rules {
        outcomes.row(&rule.name, &outcome_counts(&rule.outcomes));
        for alias in &rule.lookups {
            lookups.row(&format!("{}.{}", rule.name, alias.name), &lookup_counts(alias));
        }
    }
    let unparsable: u64 = summary.unparsable.values().sum();
    if unparsable > 0 {
        outcomes.row("(unparsable)", &[0, 0, 0, 0, 0, unparsable]);
    }
    let mut text = format!("\n{}\n{}", outcomes.text(), lookups.text());
    let reasons = reasons(summary);
    if !reasons.is_empty() {
        let _ = writeln!(text, "\ndead letters: {reasons}");
    }
    let _ = writeln!(text, "\n{} read, {} written", events_text(summary.events + unparsable), summary.written);
    text
}

fn events_text(count: u64) -> String {
    if count == 1 { "1 event".to_owned() } else { format!("{count} events") }
}

fn outcome_counts(outcomes: &Outcomes) -> [u64; 6] {
    [
        outcomes.enriched,
        outcomes.partially_enriched,
        outcomes.unenriched + outcomes.unavailable,
        outcomes.filtered.when + outcomes.filtered.consent,
        outcomes.dropped,
        outcomes.dead_lettered.values().sum(),
    ]
}

fn lookup_counts(lookups: &Lookups) -> [u64; 4] {
    [lookups.found, lookups.missing, lookups.no_key, lookups.bad_key]
}

/// Dead letters by reason, over all rules.
fn reasons(summary: &Summary) -> String {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let by_rule = summary.rules.iter().flat_map(|rule| &rule.outcomes.dead_lettered);
    for (reason, count) in summary.unparsable.iter().chain(by_rule) {
        *counts.entry(reason).or_default() += count;
    }
    counts.iter().map(|(reason, count)| format!("{reason} {count}")).collect::<Vec<_>>().join(", ")
}

/// Names to the left, numbers to the right.
struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(|&name| name.to_owned()).collect()] }
    }

    fn row(&mut self, name: &str, counts: &[u64]) {
        self.rows.push(std::iter::once(name.to_owned()).chain(counts.iter().map(u64::to_string)).collect());
    }

    /// The lines; nothing where there is only a head.
    fn text(&self) -> String {
        let mut text = String::new();
        if self.rows.len() == 1 {
            return text;
        }
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<_> = (0..self.rows[0].len()).map(width).collect();
        for row in &self.rows {
            let _ = write!(text, "{:<width$}", row[0], width = widths[0]);
            for (cell, width) in row.iter().zip(&widths).skip(1) {
                let _ = write!(text, "  {cell:>width$}");
            }
            text.push('\n');
        }
        text
    }
}
