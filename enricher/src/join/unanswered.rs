//! Events that are sent although the store could not tell all of their rows.

use weft_plan_types::OnMissing;

use super::batch::{Batch, Verdict};
use super::event::Event;
use super::lookups::Found;
use super::rule::{Key, Rule};
use super::{Failure, FilteredBy, Join, LookupResult, Outcome, Sent};

impl Batch {
    /// The aliases of a rule, by position, whose rows the store could not tell for the event with this number; hops from
    /// such rows are among them.
    pub(crate) fn unanswered(&self, join: &Join, (number, rule_number): (usize, usize), bytes: &[u8]) -> Vec<usize> {
        let rule = &join.rules[rule_number];
        let Some((found, _, _)) = self.waiting(join, (number, rule_number), bytes) else { return Vec::new() };
        let lacks = |&position: &usize| {
            let mut items = 0..found.lookups(&rule.aliases[position]);
            items.any(|item| is_unanswered(rule, found, position, item))
        };
        (0..rule.aliases.len()).filter(lacks).collect()
    }

    /// The outcome of an event under a rule of which some aliases are [`Batch::unanswered`]: if it is to be sent, then as
    /// it came. What is known decides as ever; a condition on rows that are not known lets it pass.
    ///
    /// `looked_up` hears of each lookup of the rule's aliases, and `None` of those without an answer.
    pub(crate) fn finish_unanswered(
        &self,
        join: &Join,
        (number, rule_number): (usize, usize),
        bytes: &[u8],
        unanswered: &[usize],
        mut looked_up: impl FnMut(usize, Option<LookupResult>),
    ) -> Outcome {
        let rule = &join.rules[rule_number];
        let as_it_came = Outcome::Sent(Sent::AsItCame);
        let Some((found, event, undecided)) = self.waiting(join, (number, rule_number), bytes) else {
            return as_it_came;
        };
        let mut lacking = None;
        for (position, alias) in rule.aliases.iter().enumerate() {
            for item in 0..found.lookups(alias) {
                let is_known = !is_unanswered(rule, found, position, item);
                let result = is_known.then(|| found.result(position, item));
                looked_up(position, result);
                if let Some(lookup) = result.filter(|result| *result != LookupResult::Found)
                    && !alias.optional
                    && lacking.is_none()
                {
                    let item = alias.list.map(|_| item);
                    lacking = Some(Failure::Missing { alias: position, item, lookup });
                }
            }
        }
        if let Some(when) = rule.when.as_ref().filter(|_| undecided)
            && !when.columns.iter().any(|(alias, _)| unanswered.contains(alias))
            && !event.matches(when, |column| found.column(when.columns[column]))
        {
            return Outcome::Filtered(FilteredBy::When);
        }
        match (lacking, rule.on_missing) {
            (Some(_), OnMissing::Drop) => Outcome::Dropped,
            (Some(failure), OnMissing::DeadLetter) => Outcome::DeadLettered(failure),
            _ => as_it_came,
        }
    }

    /// The lookups of an event under a rule that waits for rows, and whether its condition does.
    fn waiting<'batch>(
        &'batch self,
        join: &'batch Join,
        (number, rule_number): (usize, usize),
        bytes: &'batch [u8],
    ) -> Option<(Found<'batch>, Event<'batch>, bool)> {
        let verdict = self.verdicts.get(number * join.rules.len() + rule_number)?;
        let Verdict::Waits { first_need, undecided } = *verdict else { return None };
        let event = self.places.event(join, number, bytes);
        Some((self.lookups.found(&join.rules[rule_number], event, first_need as usize), event, undecided))
    }
}

/// Whether the store could not tell a row, or the row that leads to it.
fn is_unanswered(rule: &Rule, found: Found<'_>, position: usize, item: u32) -> bool {
    let from_unanswered = match rule.aliases[position].key {
        Key::Event(_) => false,
        Key::Row(from, _) => is_unanswered(rule, found, from, item),
    };
    from_unanswered || found.is_unavailable(position, item)
}
