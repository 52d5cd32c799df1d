//! What becomes of each record of a batch, once its rows are known.

use rdkafka::message::{BorrowedMessage, Message as _};

use super::flow::Interrupted;
use super::letter::{Letter, Reason, original};
use super::pipeline::{Judged, Read};
use super::{Flow, Pipeline};
use crate::join::{Batch, Join, Outcome};
use crate::letters::{Address, NO_RULE};
use crate::run::Lookups;
use crate::sink::{Output, Sink};
use crate::source::Receipt;

impl<R, S: Sink, L: Sink> Pipeline<'_, R, S, L> {
    /// Sends each record of the batch as each rule wants it. `lacking` keys of the batch have no answer; what waits for
    /// one of them is sent as it came.
    pub(super) fn deliver(&mut self, lacking: usize) -> Result<(), Interrupted> {
        let Self { plan, join, flow, breaker, batch, read, output, summary, .. } = self;
        for Read { record, receipt, judged } in read.iter() {
            if !flow.assignment.is_running(*receipt) {
                continue;
            }
            let headers = record.headers();
            let address = Address::of(headers, plan);
            let onward = || Output { headers: address.headers(headers), ..original(record, *receipt) };
            match &address {
                Address::Everyone | Address::Again { .. } => {}
                Address::AnotherMapping => {
                    flow.assignment.done(*receipt);
                    continue;
                }
                Address::UnknownRule(rule) => {
                    let reason = Reason::unknown_rule(rule.clone());
                    *summary.unparsable.entry(reason.reason).or_default() += 1;
                    bury(flow, record, *receipt, &reason, &plan.mapping)?;
                    flow.assignment.done(*receipt);
                    breaker.count(Some(reason.reason));
                    continue;
                }
            }
            let number = match judged {
                Judged::Event(number) => *number,
                Judged::Tombstone => {
                    if let Err(refusal) = flow.send(&onward())? {
                        bury(flow, record, *receipt, &Reason::refused(refusal, NO_RULE), &plan.mapping)?;
                    }
                    if let Some(counters) = flow.status.counters() {
                        counters.tombstone();
                    }
                    flow.assignment.done(*receipt);
                    breaker.count(None);
                    continue;
                }
                Judged::Unreadable(error) => {
                    let reason = Reason::unreadable(error);
                    *summary.unparsable.entry(reason.reason).or_default() += 1;
                    bury(flow, record, *receipt, &reason, &plan.mapping)?;
                    flow.assignment.done(*receipt);
                    breaker.count(Some(reason.reason));
                    continue;
                }
            };
            let event = record.payload().unwrap_or_default();
            let (mut is_sent, mut failed) = (false, None);
            for rule in (0..plan.rules.len()).filter(|rule| address.includes(*rule)) {
                output.clear();
                let lookups = &mut summary.rules[rule].lookups;
                let unanswered = if lacking == 0 { Vec::new() } else { batch.unanswered(join, (number, rule), event) };
                let outcome = if unanswered.is_empty() {
                    batch.finish(join, (number, rule), event, output, |alias, result| lookups[alias].count(result))
                } else {
                    output.extend_from_slice(event);
                    finish_unanswered(batch, join, (number, rule), event, &unanswered, lookups)
                };
                let reason = match outcome {
                    Outcome::Sent(_) => {
                        let names = names(join, rule, &unanswered);
                        let header = [(UNAVAILABLE, names.as_str())];
                        let added = if unanswered.is_empty() { &[][..] } else { &header[..] };
                        let sent = flow.send(&Output { value: Some(output), added, ..onward() })?;
                        sent.err().map(|refusal| Reason::refused(refusal, &plan.rules[rule].name))
                    }
                    Outcome::DeadLettered(failure) => Some(Reason::failed(join, rule, failure)),
                    Outcome::Filtered(_) | Outcome::Dropped => None,
                };
                match &reason {
                    Some(reason) if matches!(outcome, Outcome::Sent(_)) => summary.count_refused(rule, reason.reason),
                    _ => summary.count(rule, outcome),
                }
                match reason {
                    Some(reason) => {
                        bury(flow, record, *receipt, &reason, &plan.mapping)?;
                        failed = Some(reason.reason);
                    }
                    None => is_sent |= matches!(outcome, Outcome::Sent(_)),
                }
            }
            flow.assignment.done(*receipt);
            breaker.count(failed.filter(|_| !is_sent));
            summary.events += 1;
        }
        Ok(())
    }
}

/// The header that names the aliases whose rows the store could not tell.
const UNAVAILABLE: &str = "weft-unavailable";

/// The outcome of an event that lacks answers.
fn finish_unanswered(
    batch: &Batch,
    join: &Join,
    place: (usize, usize),
    event: &[u8],
    unanswered: &[usize],
    lookups: &mut [Lookups],
) -> Outcome {
    batch.finish_unanswered(join, place, event, unanswered, |alias, result| match result {
        Some(result) => lookups[alias].count(result),
        None => lookups[alias].unavailable += 1,
    })
}

/// Aliases of a rule, separated by commas.
fn names(join: &Join, rule: usize, aliases: &[usize]) -> String {
    if aliases.is_empty() {
        return String::new();
    }
    let names = join.aliases(rule).enumerate().filter(|(position, _)| aliases.contains(position));
    names.map(|(_, name)| name).collect::<Vec<_>>().join(",")
}

/// Makes a dead letter of a record.
fn bury<S: Sink, L: Sink>(
    flow: &mut Flow<'_, S, L>,
    record: &BorrowedMessage<'_>,
    receipt: Receipt,
    reason: &Reason,
    mapping: &str,
) -> Result<(), Interrupted> {
    let letter = Letter::new(record, reason, mapping);
    flow.send_letter(&letter.output(receipt, &letter.headers()))
}
