//! What becomes of each record of a batch, once its rows are known.

use rdkafka::message::{BorrowedMessage, Message as _};
use weft_plan_types::EnrichPlan;

use super::flow::Interrupted;
use super::letter::{Letter, Reason, original};
use super::pipeline::{Judged, Read};
use super::{Flow, Pipeline};
use crate::join::{Batch, Join, Outcome, Sent};
use crate::letters::{Address, NO_RULE, without_name};
use crate::run::Summary;
use crate::sink::{Output, Sink};
use crate::source::{ALL_RULES, Counted, Receipt};

impl<R, S: Sink, L: Sink> Pipeline<'_, R, S, L> {
    /// Sends each record of the batch as each rule wants it. What becomes of it is counted once, however often it is read. `lacking` keys of the batch have no answer; what waits for
    /// one of them is sent as it came.
    pub(super) fn deliver(&mut self, lacking: usize) -> Result<(), Interrupted> {
        let Self { plan, join, flow, breaker, batch, read, output, summary, owed, .. } = self;
        let (again, counted) = (None, Counted::default());
        let lacks_rows = lacking > 0;
        let mut delivery = Delivery { plan, join, flow, batch, output, summary, owed, again, counted, lacks_rows };
        for Read { record, receipt, judged } in read.iter() {
            let Some(before) = delivery.flow.assignment.counted(*receipt, record.offset()) else { continue };
            delivery.counted = before;
            let address = Address::of(record.headers(), delivery.plan);
            if !matches!(address, Address::AnotherMapping) {
                let delivered = delivery.record(record, *receipt, judged, &address);
                let is_refused = delivery.counted.refusals != before.refusals;
                if delivered.is_err() || is_refused {
                    // What was counted of it is not counted again when it is read again.
                    delivery.flow.assignment.count(*receipt, record.offset(), delivery.counted);
                }
                let failed = delivered?;
                if before.outcomes == 0 {
                    breaker.count(failed);
                } else if is_refused {
                    breaker.correct(failed);
                }
            }
            delivery.flow.assignment.done(*receipt, record.offset());
            delivery.flow.suspects.acquit(record);
        }
        Ok(())
    }
}

/// What it takes to deliver the records of a batch.
struct Delivery<'batch, 'run, S, L> {
    plan: &'run EnrichPlan,
    join: &'batch Join,
    flow: &'batch mut Flow<'run, S, L>,
    batch: &'batch mut Batch,
    output: &'batch mut Vec<u8>,
    summary: &'batch mut Summary,
    /// What is counted as sent, and was refused.
    owed: &'batch mut Vec<(usize, Sent)>,
    /// Takes what was counted before, and is not looked at.
    again: Option<Summary>,
    /// What of the record is counted.
    counted: Counted,
    /// Some keys of the batch have no answer.
    lacks_rows: bool,
}

/// Why all that came of a record are dead letters; none if something else did, or nothing was to come.
type Failed = Option<&'static str>;

impl<S: Sink, L: Sink> Delivery<'_, '_, S, L> {
    /// Sends a record on, its event as each rule wants it.
    fn record(
        &mut self,
        record: &BorrowedMessage<'_>,
        receipt: Receipt,
        judged: &Judged,
        address: &Address,
    ) -> Result<Failed, Interrupted> {
        match (address, judged) {
            (Address::UnknownRule(rule), _) => {
                self.unreadable(record, receipt, &Reason::unknown_rule(rule.clone())).map(Some)
            }
            (_, Judged::Event(number)) => self.event(record, receipt, address, *number),
            (_, Judged::Tombstone) => self.tombstone(record, receipt, address).map(|()| None),
            (_, Judged::Unreadable(error)) => self.unreadable(record, receipt, &Reason::unreadable(error)).map(Some),
        }
    }

    /// Where outcomes under a rule are counted.
    fn summary(&mut self, rule: usize) -> &mut Summary {
        if rule < self.counted.outcomes {
            self.again.get_or_insert_with(|| Summary::new(self.join))
        } else {
            self.summary
        }
    }

    /// Counts that an output was refused, once; what it was counted as before, because the brokers told later, is owed.
    fn refused(&mut self, rule: usize, sent: Sent, reason: &'static str) {
        if rule < self.counted.refusals {
            return;
        }
        self.summary.count_refused(rule, reason);
        if rule < self.counted.outcomes {
            self.owed.push((rule, sent));
            self.counted.refusals = rule + 1;
        }
    }

    /// Notes that the outcome under a rule is counted.
    fn is_counted(&mut self, rule: usize) {
        self.counted.outcomes = self.counted.outcomes.max(rule + 1);
    }

    /// Makes a dead letter of a record that is for no rule.
    fn unreadable(
        &mut self,
        record: &BorrowedMessage<'_>,
        receipt: Receipt,
        reason: &Reason,
    ) -> Result<&'static str, Interrupted> {
        *self.summary(0).unparsable.entry(reason.reason).or_default() += 1;
        self.is_counted(0);
        self.bury(record, receipt, reason)?;
        Ok(reason.reason)
    }

    /// Passes a tombstone on.
    fn tombstone(
        &mut self,
        record: &BorrowedMessage<'_>,
        receipt: Receipt,
        address: &Address,
    ) -> Result<(), Interrupted> {
        let headers = address.headers(record.headers());
        if let Err(refusal) = self.flow.send(&Output { headers, ..original(record, receipt) })? {
            self.bury(record, receipt, &Reason::refused(refusal, NO_RULE))?;
        }
        if let Some(counters) = self.flow.status.counters().filter(|_| self.counted.outcomes == 0) {
            counters.tombstone();
        }
        Ok(())
    }

    /// Sends an event as each of the rules wants it that it is for.
    fn event(
        &mut self,
        record: &BorrowedMessage<'_>,
        receipt: Receipt,
        address: &Address,
        number: usize,
    ) -> Result<Failed, Interrupted> {
        let (mut is_sent, mut failed) = (false, None);
        for rule in (0..self.plan.rules.len()).filter(|rule| address.includes(*rule)) {
            let (outcome, unanswered) = self.enrich(record, number, rule);
            let reason = match outcome {
                Outcome::Sent(_) => {
                    let names = names(self.join, rule, &unanswered);
                    let header = [(UNAVAILABLE, names.as_str())];
                    let mut headers = address.headers(record.headers());
                    // What another mapping lacked is not what this one lacks.
                    let own = headers.filter(|_| !unanswered.is_empty()).map(|came| without_name(came, UNAVAILABLE));
                    headers = own.as_ref().map(|own| own.as_borrowed()).or(headers);
                    let added = if unanswered.is_empty() { &[][..] } else { &header[..] };
                    let value = Some(self.output.as_slice());
                    let sent = self.flow.send(&Output { value, added, headers, ..original(record, receipt) })?;
                    sent.err().map(|refusal| Reason::refused(refusal, &self.plan.rules[rule].name))
                }
                Outcome::DeadLettered(failure) => Some(Reason::failed(self.join, rule, failure)),
                Outcome::Filtered(_) | Outcome::Dropped => None,
            };
            match &reason {
                Some(reason) if let Outcome::Sent(sent) = outcome => {
                    self.refused(rule, sent, reason.reason);
                }
                _ => self.summary(rule).count(rule, outcome),
            }
            self.is_counted(rule);
            match reason {
                Some(reason) => {
                    self.bury(record, receipt, &reason)?;
                    failed = Some(reason.reason);
                }
                None => is_sent |= matches!(outcome, Outcome::Sent(_)),
            }
        }
        if self.counted.outcomes < ALL_RULES {
            self.summary.events += 1;
        }
        Ok(failed.filter(|_| !is_sent))
    }

    /// Makes the output of an event under a rule; gives the aliases of the rule that have no answer too.
    fn enrich(&mut self, record: &BorrowedMessage<'_>, number: usize, rule: usize) -> (Outcome, Vec<usize>) {
        let Self { join, batch, output, summary, again, counted, lacks_rows, .. } = self;
        let summary = if rule < counted.outcomes { again.get_or_insert_with(|| Summary::new(join)) } else { summary };
        let (event, lookups) = (record.payload().unwrap_or_default(), &mut summary.rules[rule].lookups);
        output.clear();
        let unanswered = if *lacks_rows { batch.unanswered(join, (number, rule), event) } else { Vec::new() };
        let outcome = if unanswered.is_empty() {
            batch.finish(join, (number, rule), event, output, |alias, result| lookups[alias].count(result))
        } else {
            output.extend_from_slice(event);
            batch.finish_unanswered(join, (number, rule), event, &unanswered, |alias, result| match result {
                Some(result) => lookups[alias].count(result),
                None => lookups[alias].unavailable += 1,
            })
        };
        (outcome, unanswered)
    }

    /// Makes a dead letter of a record.
    fn bury(&mut self, record: &BorrowedMessage<'_>, receipt: Receipt, reason: &Reason) -> Result<(), Interrupted> {
        let letter = Letter::new(record, reason, &self.plan.mapping);
        self.flow.send_letter(&letter.output(receipt, &letter.headers()))
    }
}

/// The header that names the aliases whose rows the store could not tell.
const UNAVAILABLE: &str = "weft-unavailable";

/// Aliases of a rule, separated by commas.
fn names(join: &Join, rule: usize, aliases: &[usize]) -> String {
    if aliases.is_empty() {
        return String::new();
    }
    let names = join.aliases(rule).enumerate().filter(|(position, _)| aliases.contains(position));
    names.map(|(_, name)| name).collect::<Vec<_>>().join(",")
}
