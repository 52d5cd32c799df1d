//! `weft dead-letters list`.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::HumanCount;
use rdkafka::message::Message as _;
use weft_plan_types::EnrichPlan;

use super::args::{self, Chosen};
use super::failure;
use super::row::Row;
use super::table::Table;
use crate::cli::progress::Progress;
use crate::cli::{Exit, Failure, Format, FormatArg, print, tell};
use crate::letters::{self, Filter, Letter, Topic, TopicError};

/// How long one question for records takes at most.
const STEP: Duration = Duration::from_millis(100);

/// How many letters are held at once where all are listed: each may have an event of a MiB.
const CHUNK: usize = 100;

#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    chosen: Chosen,

    /// The newest of them, so many; 0 for all, as they are read
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
this mapping, oldest first. Nothing is written, and no enricher notices. Counts
by reason and rule go to standard error. The events themselves are shown only
with --events.

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
    let start: Vec<_> = letters.oldest().collect();
    let records = letters.read_from(start.into_iter()).map_err(failure)?;
    let mut listing = Listing {
        args,
        plan: &plan,
        filter: args.chosen.filter(),
        progress,
        rows: BTreeMap::new(),
        table: Table::new(),
        counts: BTreeMap::new(),
        foreign: 0,
    };
    let bar = Progress::of_records(records, "letters");
    let listed = listing.read(&mut letters, &bar);
    bar.finish();
    listed?;
    listing.finish()
}

struct Listing<'run> {
    args: &'run Args,
    plan: &'run EnrichPlan,
    filter: Filter,
    /// What was sent again, by partition, where that is known.
    progress: Option<BTreeMap<i32, letters::Progress>>,
    /// What is to be printed, by age.
    rows: BTreeMap<(i64, i32, i64), Row>,
    table: Table,
    /// Letters by reason and rule.
    counts: BTreeMap<(String, String), u64>,
    /// Records that are no letters of the mapping.
    foreign: u64,
}

impl Listing<'_> {
    fn read(&mut self, letters: &mut Topic, bar: &Progress) -> Result<(), Failure> {
        let mut read = 0;
        while !letters.is_over() {
            let Some(record) = letters.next(STEP).map_err(failure)? else { continue };
            read += 1;
            bar.events(read);
            match Letter::of(&record).filter(|letter| letter.is_of(self.plan)) {
                Some(letter) if self.filter.takes(&letter) => self.add(&letter)?,
                Some(_) => {}
                None => self.foreign += 1,
            }
        }
        Ok(())
    }

    fn add(&mut self, letter: &Letter<'_>) -> Result<(), Failure> {
        let (partition, offset) = (letter.record.partition(), letter.record.offset());
        let progress = self.progress.as_ref().and_then(|progress| progress.get(&partition));
        let replayed = progress.map(|progress| progress.has(letter, offset));
        *self.counts.entry((letter.reason.to_owned(), letter.rule.to_owned())).or_default() += 1;
        let age = (letter.time().unwrap_or(i64::MIN), partition, offset);
        self.rows.insert(age, Row::new(letter, replayed, self.args.events));
        match self.args.limit {
            0 if self.rows.len() >= CHUNK => self.print()?,
            limit if limit > 0 && self.rows.len() > limit => drop(self.rows.pop_first()),
            _ => {}
        }
        Ok(())
    }

    fn print(&mut self) -> Result<(), Failure> {
        let rows: Vec<_> = std::mem::take(&mut self.rows).into_values().collect();
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
