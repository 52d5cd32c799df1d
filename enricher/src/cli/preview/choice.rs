//! Which event of the input is shown.

use std::io::Read;

use anyhow::{Context, anyhow};

use super::Failure;
use crate::cli::mapping::Prepared;
use crate::event::ScanError;
use crate::join::{Batch, Outcome};
use crate::lookup::look_up;
use crate::run::{Lines, Piece};

/// Which event is wanted.
pub(super) struct Wanted {
    /// The number of its line; with a rule, of the first line that is looked at.
    pub(super) line: Option<u64>,
    /// The rule that has to want it.
    pub(super) rule: Option<usize>,
    /// The longest event.
    pub(super) max_bytes: usize,
}

/// The event that is shown.
pub(super) struct Chosen {
    /// The number of its line.
    pub(super) line: u64,
    pub(super) bytes: Vec<u8>,
    /// Why it is no event, if it is none.
    pub(super) fault: Option<ScanError>,
}

/// Reads up to the event that is wanted.
pub(super) async fn choose(mut events: impl Read, wanted: &Wanted, prepared: &Prepared) -> Result<Chosen, Failure> {
    // What is buffered of the input may be one event over several lines, as a person pastes it.
    let mut start = Vec::new();
    if wanted.line.is_none() && wanted.rule.is_none() {
        let read = (&mut events).take(wanted.max_bytes as u64 + 1).read_to_end(&mut start);
        read.context("failed to read the events").map_err(Failure::Transient)?;
        let text = start.trim_ascii();
        if text.contains(&b'\n') && text.len() <= wanted.max_bytes && scan(prepared, text).is_ok() {
            return Ok(Chosen { line: 1, bytes: text.to_vec(), fault: None });
        }
    }
    let mut lines = Lines::new(start.chain(events), wanted.max_bytes);
    let mut seen = 0;
    let mut batch = Batch::default();
    while lines.fill().context("failed to read the events").map_err(Failure::Transient)? {
        while let Some(piece) = lines.next_buffered() {
            let (number, place) = match piece {
                Piece::Line { number, place } => (number, place),
                Piece::TooLong { number } => {
                    if wanted.rule.is_none() && wanted.line.is_none_or(|line| line == number) {
                        let message =
                            format!("line {number} is longer than the {} bytes an event may have", wanted.max_bytes);
                        return Err(Failure::Configuration(anyhow!("{message} (--max-event-bytes)")));
                    }
                    let skipped = lines.rest::<std::io::Error>(&mut |_| Ok(()));
                    skipped.context("failed to read the events").map_err(Failure::Transient)?;
                    break;
                }
            };
            seen = number;
            let bytes = lines.bytes(&place);
            let is_wanted = match (wanted.line, wanted.rule) {
                (Some(line), None) => line == number,
                (line, Some(rule)) => {
                    line.is_none_or(|line| line <= number) && is_wanted_by(rule, bytes, &mut batch, prepared).await?
                }
                (None, None) => true,
            };
            if is_wanted {
                let fault = scan(prepared, bytes).err();
                return Ok(Chosen { line: number, bytes: bytes.to_vec(), fault });
            }
        }
    }
    Err(Failure::Configuration(anyhow!(none(wanted, seen))))
}

fn none(wanted: &Wanted, seen: u64) -> String {
    match (wanted.line, wanted.rule) {
        (_, _) if seen == 0 => "there is no event: the input is empty".to_owned(),
        (Some(line), None) => format!("there is no event on line {line}; the last one is on line {seen}"),
        (None | Some(_), Some(_)) => {
            format!(
                "the rule wants no event from line {} to line {seen} (--rule); --line N without --rule shows why it does not \
                 want one",
                wanted.line.unwrap_or(1)
            )
        }
        (None, None) => "there is no event".to_owned(),
    }
}

fn scan(prepared: &Prepared, event: &[u8]) -> Result<(), ScanError> {
    let mut batch = Batch::default();
    batch.clear(&prepared.join);
    batch.judge(&prepared.join, event)
}

/// Whether a rule does not filter an event.
async fn is_wanted_by(rule: usize, event: &[u8], batch: &mut Batch, prepared: &Prepared) -> Result<bool, Failure> {
    let Prepared { join, store, .. } = prepared;
    batch.clear(join);
    if batch.judge(join, event).is_err() {
        return Ok(false);
    }
    let looked_up = look_up(store, join, batch, |_| event).await;
    looked_up.map_err(|error| Failure::Transient(error.into()))?;
    let outcome = batch.finish(join, (0, rule), event, &mut Vec::new(), |_, _| {});
    Ok(!matches!(outcome, Outcome::Filtered(_)))
}
