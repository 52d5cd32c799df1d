//! `weft dead-letters replay`.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context as _, anyhow};
use indicatif::HumanCount;
use serde::Serialize;
use signal_hook::consts::{SIGINT, SIGTERM};
use weft_plan_types::EnrichPlan;

use super::args::{Chosen, access, letters};
use super::failure;
use super::list::letters_counted;
use crate::cli::progress::Progress;
use crate::cli::{Exit, Failure, Format, FormatArg, print};
use crate::connect::Endpoint;
use crate::letters::{Replay, Report, group};
use crate::sink::KafkaSink;

#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    chosen: Chosen,

    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,

    /// Send nothing; say what would be sent
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    format: FormatArg,
}

const EXAMPLES: &str = "\
Sends each letter's record as it came, to the partition of the source's topic
that it came from, with headers that let the enrichers of this mapping apply
only the rule that could not send it. Mend the cause first: what fails again
becomes another letter, which this run does not take.

It may be stopped or killed at any time, and repeated: a consumer group,
<group of the mapping>.replay, remembers what was sent, whatever the filters
were. A kill sends at most what it had not told the group yet, half a second of
it, a second time; run one at a time.

Examples:
  # What would be sent?
  weft dead-letters replay -f manifests/ --dry-run

  # The rows that were missing are there now
  weft dead-letters replay -f manifests/ --reason missing

Exit codes:
  0  done, also if there was nothing to send
  1  stopped by something that may pass, or interrupted: repeat it
  2  wrong arguments, manifests, secrets, topics or permissions
  3  done, but letters are left whose rule the mapping does not have";

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let (plan, secrets) = args.chosen.open()?;
    args.chosen.check_rules(&plan)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.context("failed to start the runtime").map_err(Failure::Transient)?;
    let source = access(Endpoint::Source, &plan, &secrets)?;
    let sink = (!args.dry_run).then(|| KafkaSink::new(source, runtime.handle().clone())).transpose();
    let sink = sink.map_err(|error| Failure::Configuration(error.into()))?;
    let stop = stop_on_signals()?;
    let mut letters = letters(&plan, &secrets)?;
    let bar = Progress::of_records(0, "letters");
    let replay = Replay { plan: &plan, filter: args.chosen.filter(), limit: args.limit, sink, stop: &stop };
    let (report, ended) = replay.run(&mut letters, |read, of| bar.records(read, of));
    bar.finish();
    print_report(args, &plan, &report)?;
    ended.map_err(failure)?;
    if report.interrupted {
        return Err(Failure::Transient(anyhow!("interrupted; repeat it to go on from here")));
    }
    Ok(if report.unknown_rules.is_empty() { Exit::Done } else { Exit::Incomplete })
}

/// Lets the first SIGINT or SIGTERM end the replay once what it has sent is acknowledged; the second ends it at once.
fn stop_on_signals() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        let registered = signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)));
        registered.context("failed to watch for signals").map_err(Failure::Transient)?;
    }
    Ok(stop)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'run> {
    mapping: &'run str,
    topic: &'run str,
    group: String,
    dry_run: bool,
    #[serde(flatten)]
    report: &'run Report,
}

fn print_report(args: &Args, plan: &EnrichPlan, report: &Report) -> Result<(), Failure> {
    let (mapping, topic, group) = (plan.mapping.as_str(), plan.source.topic.topic.as_str(), group(plan));
    match args.format.format {
        Format::Json => {
            let json = serde_json::to_string(&Json { mapping, topic, group, dry_run: args.dry_run, report });
            print(&format!("{}\n", json.expect("texts and numbers are JSON")))
        }
        Format::Text => print(&text(args, topic, &group, report)),
    }
}

fn text(args: &Args, topic: &str, group: &str, report: &Report) -> String {
    let sent = if args.dry_run { "would send" } else { "sent" };
    let mut text = match report.sent {
        0 => format!("{sent} no dead letter\n"),
        count => {
            let reasons: Vec<_> =
                report.by_reason.iter().map(|(reason, count)| format!("{reason} {}", HumanCount(*count))).collect();
            format!("{sent} {} to {topic}: {}\n", letters_counted(count), reasons.join(", "))
        }
    };
    for (count, what) in [
        (report.sent_before, "sent by an earlier replay"),
        (report.filtered, "left, as the filters do not name them"),
        (report.foreign, "no letters of this mapping"),
    ] {
        if count > 0 {
            let _ = writeln!(text, "  {} {what}", HumanCount(count));
        }
    }
    for (rule, count) in &report.unknown_rules {
        let _ = writeln!(text, "  {} left, as the mapping has no rule {rule}", HumanCount(*count));
    }
    if report.sent > 0 && !args.dry_run {
        let _ = writeln!(text, "  remembered by the consumer group {group}");
    }
    text
}
