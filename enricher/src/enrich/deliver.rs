//! What becomes of each record of a batch, once its rows are known.

use rdkafka::message::{BorrowedMessage, Message as _};

use super::flow::Interrupted;
use super::letter::{Letter, Reason, original};
use super::pipeline::{Judged, Read};
use super::{Flow, Pipeline};
use crate::join::Outcome;
use crate::letters::{Address, NO_RULE};
use crate::sink::{Output, Sink};
use crate::source::Receipt;

impl<R, S: Sink, L: Sink> Pipeline<'_, R, S, L> {
    /// Sends each record of the batch as each rule wants it.
    pub(super) fn deliver(&mut self) -> Result<(), Interrupted> {
        let Self { plan, join, flow, batch, read, output, summary, .. } = self;
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
                    continue;
                }
                Judged::Unreadable(error) => {
                    let reason = Reason::unreadable(error);
                    *summary.unparsable.entry(reason.reason).or_default() += 1;
                    bury(flow, record, *receipt, &reason, &plan.mapping)?;
                    flow.assignment.done(*receipt);
                    continue;
                }
            };
            let event = record.payload().unwrap_or_default();
            for rule in (0..plan.rules.len()).filter(|rule| address.includes(*rule)) {
                output.clear();
                let lookups = &mut summary.rules[rule].lookups;
                let outcome = batch.finish(join, (number, rule), event, output, |alias, result| {
                    lookups[alias].count(result);
                });
                summary.count(rule, outcome);
                let reason = match outcome {
                    Outcome::Sent(_) => {
                        let sent = flow.send(&Output { value: Some(output), ..onward() })?;
                        sent.err().map(|refusal| Reason::refused(refusal, &plan.rules[rule].name))
                    }
                    Outcome::DeadLettered(failure) => Some(Reason::failed(join, rule, failure)),
                    Outcome::Filtered(_) | Outcome::Dropped => None,
                };
                if let Some(reason) = reason {
                    bury(flow, record, *receipt, &reason, &plan.mapping)?;
                }
            }
            flow.assignment.done(*receipt);
            summary.events += 1;
        }
        Ok(())
    }
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
