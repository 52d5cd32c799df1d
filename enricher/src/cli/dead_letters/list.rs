//! `weft dead-letters list`.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::HumanCount;
use rdkafka::message::Message as _;

use super::args::{self, Chosen};
use super::failure;
use super::row::Row;
use super::table::Table;
use crate::cli::progress::Progress;
use crate::cli::{Exit, Failure, Format, FormatArg, print, tell};
use crate::letters::{Filter, Letter, Topic, TopicError};

/// How long one question for records takes at most.
const STEP: Duration = Duration::from_millis(100);

/// How many letters are held at once where all are listed.
const CHUNK: usize = 1000;

#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    chosen: Chosen,

    /// The newest of them, so many; 0 for all, as they lie in the topic
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,

    /// Show the events too
    #[arg(long)]
    events: bool,

    #[command(flatten)]
    format: FormatArg,
}

const EXAMPLES: &str = "\
Reads the mapping's topic of dead letters from its beginning and shows those of
this mapping, oldest first. Nothing is written, and no enricher notices. How many
there are, by reason and rule, goes to standard error. The events themselves are
shown only with --events.

Examples:
  # The last hundred
  weft dead-letters list -f manifests/

  # Those of two hours for which a row was missing, with their events
  weft dead-letters list -f manifests/ --reason missing --since 2h --events

  # All of them, for other programs
  weft dead-letters list -f manifests/ --limit 0 -o json | jq .origin

Exit codes:
  0  listed, also if there are none
  1  the brokers do not answer: try again
  2  wrong arguments, manifests, secrets, topics or permissions";

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let (plan, secrets) = args.chosen.open()?;
    let mut letters = args::letters(&plan, &secrets)?;
    let progress = match letters.progress() {
        Err(error @ TopicError::GroupDenied { .. }) => {
            tell(format_args!("note: what was replayed is not known: {error}"));
            None
        }
        progress => Some(progress.map_err(failure)?),
    };
    let filter = args.chosen.filter();
    let start: Vec<_> = letters.oldest().collect();
    let records = letters.read_from(start.into_iter()).map_err(failure)?;
    let mut listing = Listing { args, rows: Vec::new(), table: Table::new(), counts: BTreeMap::new(), foreign: 0 };
    let bar = Progress::of_records(records, "letters");
    let listed = listing.read(
        &mut letters,
        |letter| {
            let is_meant = letter.is_of(&plan);
            let offset = letter.record.offset();
            let of_partition = progress.as_ref().and_then(|progress| progress.get(&letter.record.partition()));
            is_meant.then(|| of_partition.map(|progress| progress.has(letter, offset)))
        },
        &filter,
        &bar,
    );
    bar.finish();
    listed?;
    listing.finish()
}

struct Listing<'run> {
    args: &'run Args,
    rows: Vec<Row>,
    table: Table,
    /// Letters by reason and rule.
    counts: BTreeMap<(String, String), u64>,
    foreign: u64,
}

impl Listing<'_> {
    /// Reads every letter; `replayed` tells of one of the mapping whether it was sent again.
    fn read(
        &mut self,
        letters: &mut Topic,
        replayed: impl Fn(&Letter<'_>) -> Option<Option<bool>>,
        filter: &Filter,
        bar: &Progress,
    ) -> Result<(), Failure> {
        let mut read = 0;
        while !letters.is_over() {
            let Some(record) = letters.next(STEP).map_err(failure)? else { continue };
            read += 1;
            bar.events(read);
            let letter = Letter::of(&record);
            let Some((letter, replayed)) = letter.and_then(|letter| Some((letter, replayed(&letter)?))) else {
                self.foreign += 1;
                continue;
            };
            if !filter.takes(&letter) {
                continue;
            }
            *self.counts.entry((letter.reason.to_owned(), letter.rule.to_owned())).or_default() += 1;
            self.rows.push(Row::new(&letter, replayed, self.args.events));
            match self.args.limit {
                0 if self.rows.len() >= CHUNK => self.print()?,
                limit if limit > 0 && self.rows.len() >= limit.saturating_mul(2).max(CHUNK) => self.keep_newest(limit),
                _ => {}
            }
        }
        Ok(())
    }

    fn keep_newest(&mut self, limit: usize) {
        self.rows.sort_unstable_by_key(Row::age);
        self.rows.drain(..self.rows.len().saturating_sub(limit));
    }

    fn print(&mut self) -> Result<(), Failure> {
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        match self.args.format.format {
            Format::Text => print(&self.table.lines(&rows)),
            Format::Json => print(&rows.iter().map(|row| row.json() + "\n").collect::<String>()),
        }
    }

    fn finish(mut self) -> Result<Exit, Failure> {
        let limit = self.args.limit;
        let total: u64 = self.counts.values().sum();
        if limit > 0 {
            self.keep_newest(limit);
        }
        self.print()?;
        let counts: Vec<_> = self
            .counts
            .iter()
            .map(|((reason, rule), count)| format!("{reason} {} (rule {rule})", HumanCount(*count)))
            .collect();
        match total {
            0 => tell(format_args!("no dead letters")),
            total => tell(format_args!("{}: {}", letters_counted(total), counts.join(", "))),
        }
        if limit > 0 && total > limit as u64 {
            tell(format_args!("the newest {} are shown; --limit 0 shows all", HumanCount(limit as u64)));
        }
        if self.foreign > 0 {
            tell(format_args!("{} more in the topic are no letters of this mapping", HumanCount(self.foreign)));
        }
        Ok(Exit::Done)
    }
}

/// So many letters, in words.
pub(super) fn letters_counted(count: u64) -> String {
    format!("{} dead letter{}", HumanCount(count), if count == 1 { "" } else { "s" })
}
