//! `weft preview`: one event, before and after, and why.

mod choice;
mod difference;
mod indent;
mod json;
mod needed;
mod text;

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use weft_plan::Planned;

use super::events::Events;
use super::mapping::{self, Prepared};
use super::{Exit, Failure, Format, FormatArg, print};
use crate::connect::{SecretArgs, Secrets};
use crate::join::{Batch, Join, Outcome, Trace};
use crate::lookup::look_up;
use crate::manifests::ManifestArgs;
use choice::{Chosen, Wanted};

/// Arguments of `weft preview`.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    manifests: ManifestArgs,

    #[command(flatten)]
    secrets: SecretArgs,

    /// The EnrichmentMapping to preview, NAME or NAMESPACE/NAME; needed where the manifests hold several
    #[arg(long, value_name = "NAME")]
    mapping: Option<String>,

    /// The events: one JSON object a line, or one object over several lines; - is standard input
    #[arg(long, value_name = "PATH", default_value = "-")]
    events: PathBuf,

    /// Show the event of this line, counted from 1 as in a dead letter's origin [default: the first event]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    line: Option<u64>,

    /// Show the first event that this rule sends or makes a dead letter, from --line on, and only this rule
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,

    /// The longest event, in bytes
    #[arg(long, value_name = "N", default_value_t = super::run::DEFAULT_EVENT_BYTES, value_parser = super::run::event_bytes)]
    max_event_bytes: u32,

    #[command(flatten)]
    format: FormatArg,
}

const EXAMPLES: &str = "\
Shows what `weft run` makes of one event, rule by rule: whether consent and
condition let it pass and what decided, which rows were looked up by which key
and what came of it, where each written value comes from, and the event before
and after. Nothing is written anywhere.

Examples:
  # The first event of a file
  weft preview -f manifests/ --events events.jsonl

  # The event that a dead letter came from (origin events.jsonl:17)
  weft preview -f manifests/ --events events.jsonl --line 17

  # The first event that the rule `orders` wants
  weft preview -f manifests/ --events events.jsonl --rule orders

  # An event from the clipboard, over as many lines as it has
  xclip -o | weft preview -f manifests/

Exit codes:
  0  shown
  1  stopped by something that may pass: try again
  2  wrong arguments or manifests, or there is no such event
  3  shown, and the event becomes a dead letter";

/// One event and what each rule makes of it.
struct Preview<'run> {
    mapping: &'run str,
    source: String,
    event: &'run Chosen,
    rules: Vec<RulePreview<'run>>,
}

/// What a rule makes of an event.
struct RulePreview<'run> {
    name: &'run str,
    outcome: Outcome,
    /// The fault of a dead letter in words.
    fault: Option<String>,
    trace: Trace,
    /// The event as it is sent.
    sent: Option<Vec<u8>>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut loaded = mapping::manifests(&args.manifests, &args.events)?;
    let secrets = args.secrets.secrets(std::mem::take(&mut loaded.manifests.secrets));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("failed to start the runtime").map_err(Failure::Transient)?;
    runtime.block_on(preview(args, &loaded.planned, &secrets))
}

async fn preview(args: &Args, planned: &Planned, secrets: &Secrets) -> Result<Exit, Failure> {
    let plan = mapping::choose(planned, args.mapping.as_deref())?;
    let events = Events::open(&args.events)?;
    let source = events.name();
    let prepared = Prepared::new(planned, plan, secrets).await?;
    let rule = args.rule.as_deref().map(|name| rule_named(&prepared.join, name)).transpose()?;
    let wanted = Wanted { line: args.line, rule, max_bytes: args.max_event_bytes as usize };
    let chosen = choice::choose(events, &wanted, &prepared).await?;
    let rules = rules(&chosen, rule, &prepared).await?;
    let preview = Preview { mapping: &plan.mapping, source, event: &chosen, rules };
    let report = match args.format.format {
        Format::Text => text::text(&preview, &prepared),
        Format::Json => json::json(&preview),
    };
    print(&report)?;
    Ok(if preview.has_dead_letter() { Exit::Incomplete } else { Exit::Done })
}

fn rule_named(join: &Join, name: &str) -> Result<usize, Failure> {
    join.rules().position(|rule| rule == name).ok_or_else(|| {
        let names: Vec<_> = join.rules().collect();
        Failure::Configuration(anyhow!("the mapping has no rule {name}; it has {}", names.join(", ")))
    })
}

async fn rules<'run>(
    chosen: &Chosen,
    only: Option<usize>,
    prepared: &'run Prepared,
) -> Result<Vec<RulePreview<'run>>, Failure> {
    if chosen.fault.is_some() {
        return Ok(Vec::new());
    }
    let Prepared { join, store, .. } = prepared;
    let mut batch = Batch::default();
    batch.clear(join);
    // It was judged when it was chosen.
    let judged = batch.judge(join, &chosen.bytes);
    judged.map_err(|error| Failure::Configuration(anyhow!(error.message())))?;
    let looked_up = look_up(store, join, &mut batch, |_| &chosen.bytes[..]).await;
    looked_up.map_err(|error| Failure::Transient(error.into()))?;
    let rules = join.rules().enumerate().filter(|(number, _)| only.is_none_or(|only| only == *number));
    let previews = rules.map(|(number, name)| {
        let mut sent = Vec::new();
        let outcome = batch.finish(join, (0, number), &chosen.bytes, &mut sent, |_, _| {});
        let fault = match outcome {
            Outcome::DeadLettered(failure) => Some(join.message(number, failure)),
            Outcome::Sent(_) | Outcome::Filtered(_) | Outcome::Dropped => None,
        };
        let sent = matches!(outcome, Outcome::Sent(_)).then_some(sent);
        RulePreview { name, outcome, fault, trace: batch.trace(join, (0, number), &chosen.bytes), sent }
    });
    Ok(previews.collect())
}

impl Preview<'_> {
    fn has_dead_letter(&self) -> bool {
        self.event.fault.is_some() || self.rules.iter().any(|rule| matches!(rule.outcome, Outcome::DeadLettered(_)))
    }
}

impl RulePreview<'_> {
    /// The outcome as counters spell it, with what filtered the event or why it is a dead letter.
    fn outcome(&self) -> (&'static str, Option<&'static str>) {
        self.outcome.counter()
    }
}
