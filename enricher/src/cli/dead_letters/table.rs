//! Letters as a table, for people.

use std::fmt::Write as _;

use super::row::{Event, Row};

const HEAD: [&str; 7] = ["time", "reason", "stage", "rule", "origin", "replayed", "message"];

/// Columns that are as wide as what they have held so far.
pub(super) struct Table {
    widths: [usize; HEAD.len()],
    has_head: bool,
}

impl Table {
    pub(super) fn new() -> Self {
        Self { widths: HEAD.map(str::len), has_head: false }
    }

    /// The lines of letters, below those of earlier ones.
    pub(super) fn lines(&mut self, rows: &[Row]) -> String {
        let cells: Vec<_> = rows.iter().map(cells).collect();
        for row in &cells {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut text = String::new();
        if !std::mem::replace(&mut self.has_head, true) {
            let bold = anstyle::Style::new().bold();
            let _ = writeln!(text, "{bold}{}{bold:#}", self.line(&HEAD.map(str::to_owned)));
        }
        for (row, cells) in rows.iter().zip(&cells) {
            // Those that wait for somebody are the ones to be seen.
            let style = match row.replayed {
                Some(true) => anstyle::Style::new().dimmed(),
                _ => anstyle::Style::new(),
            };
            let _ = writeln!(text, "{style}{}{style:#}", self.line(cells));
            if let Some(Event { value, value_base64, .. }) = &row.event {
                let shown = value.as_deref().or(value_base64.as_deref()).unwrap_or("(no value)");
                let _ = writeln!(text, "    {}", one_line(shown));
            }
        }
        text
    }

    fn line(&self, cells: &[String; HEAD.len()]) -> String {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(self.widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        line.truncate(line.trim_end().len());
        line
    }
}

fn cells(row: &Row) -> [String; HEAD.len()] {
    let replayed = match row.replayed {
        Some(true) => "yes",
        Some(false) => "no",
        None => "?",
    };
    // Whole seconds are enough to a person.
    let seconds = row.timestamp.split_once('.').map_or(row.timestamp.clone(), |(time, _)| format!("{time}Z"));
    [
        seconds,
        row.reason.clone(),
        row.stage.clone(),
        row.rule.clone(),
        row.origin.clone(),
        replayed.to_owned(),
        row.message.clone(),
    ]
    .map(|cell| one_line(&cell))
}

/// A text that cannot disturb a terminal: whoever writes to the topic writes it.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
