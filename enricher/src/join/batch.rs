use weft_plan_types::OnMissing;
use weft_store::Answer;

use super::event::{Event, ListItems, Places, read_lists};
use super::list::RuleList;
use super::lookups::{Found, Lookups};
use super::rule::Rule;
use super::{Failure, FilteredBy, Join, LookupResult, Outcome, Sent, Spot};
use crate::event::{NodeId, ScanError, Slot, Splicer, scan};

/// Events on their way through the join. Its buffers are kept from one batch to the next.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(super) places: Places,
    /// One per event and rule.
    pub(super) verdicts: Vec<Verdict>,
    pub(super) lookups: Lookups,
    splicer: Splicer,
}

/// What is known of an event under a rule before the store was asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Verdict {
    Filtered(FilteredBy),
    Failed(Failure),
    Waits {
        first_need: u32,
        /// The condition asks for columns of rows, and the event alone does not decide it.
        undecided: bool,
    },
}

impl Batch {
    /// Forgets the events, keeps the memory.
    pub(crate) fn clear(&mut self, join: &Join) {
        self.places.clear();
        self.verdicts.clear();
        self.lookups.clear(join);
    }

    /// How many slots and lookups the items of lists take beside what every event takes: what bounds the memory of a
    /// batch of long lists.
    pub(crate) fn weight(&self) -> usize {
        self.places.item_slots.len() + self.lookups.len()
    }

    /// Reads the next event and judges it by each rule. An event that is none is not added to the batch.
    pub(crate) fn judge(&mut self, join: &Join, event: &[u8]) -> Result<(), ScanError> {
        let Places { slots, lists, item_slots } = &mut self.places;
        let (start, first_list) = (slots.len(), lists.len());
        slots.resize(start + join.tree.len(), Slot::default());
        let repeated = scan(&join.tree, event, &mut slots[start..]).inspect_err(|_| slots.truncate(start))?;
        lists.resize(first_list + join.lists.len(), ListItems::Unread);
        let (slots, lists) = (&slots[start..], &mut lists[first_list..]);
        for rule in &join.rules {
            let verdict = judged(rule, event, slots, repeated).unwrap_or_else(|undecided| {
                if let Err(failure) = read_lists(join, rule, event, slots, lists, item_slots) {
                    return Verdict::Failed(failure);
                }
                let event = Event { bytes: event, join, slots, lists, item_slots };
                // A batch has far fewer than 2^32 lookups: its weight is bounded.
                Verdict::Waits { first_need: self.lookups.add(join, rule, event) as u32, undecided }
            });
            self.verdicts.push(verdict);
        }
        Ok(())
    }

    /// The distinct keys that the batch needs at a level (see [`Join::levels`]): the entity's number and slug, and the
    /// keys.
    pub(crate) fn keys_needed<'batch>(
        &'batch self,
        join: &'batch Join,
        level: usize,
    ) -> impl Iterator<Item = (usize, &'batch str, Vec<&'batch [u8]>)> {
        self.lookups.keys(level).map(|(entity, keys)| (entity, join.entities[entity].slug.as_str(), keys))
    }

    /// Takes the answers to the keys of one entity at a level. What to do without a store is the caller's to decide: an
    /// event that `Batch::unanswered` tells of must not be finished.
    pub(crate) fn answer(&mut self, level: usize, entity: usize, answers: Vec<Answer>) {
        self.lookups.answer(level, entity, answers);
    }

    /// Finds the keys of a level from the rows of the one before; level 0 has its own from the events. `bytes` gives
    /// the event with a number.
    pub(crate) fn follow_hops<'event>(&mut self, join: &Join, level: usize, bytes: impl Fn(usize) -> &'event [u8]) {
        let rules = join.rules.len();
        for (place, verdict) in self.verdicts.iter().enumerate() {
            let (number, rule) = (place / rules, &join.rules[place % rules]);
            if let Verdict::Waits { first_need, .. } = verdict
                && rule.aliases.iter().any(|alias| alias.level == level)
            {
                let event = self.places.event(join, number, bytes(number));
                self.lookups.follow(join, level, rule, event, *first_need as usize);
            }
        }
    }

    /// The outcome of the event with this number under a rule; appends it to `out` if it is to be sent.
    ///
    /// Every level has been answered. `looked_up` hears of each lookup of the rule's aliases.
    pub(crate) fn finish(
        &mut self,
        join: &Join,
        (number, rule_number): (usize, usize),
        bytes: &[u8],
        out: &mut Vec<u8>,
        mut looked_up: impl FnMut(usize, LookupResult),
    ) -> Outcome {
        let rule = &join.rules[rule_number];
        let (first_need, undecided) = match self.verdicts[number * join.rules.len() + rule_number] {
            Verdict::Filtered(by) => return Outcome::Filtered(by),
            Verdict::Failed(failure) => return Outcome::DeadLettered(failure),
            Verdict::Waits { first_need, undecided } => (first_need as usize, undecided),
        };
        let event = self.places.event(join, number, bytes);
        let found = self.lookups.found(rule, event, first_need);
        let (mut asked, mut rows, mut lacking) = (0, 0, None);
        for (position, alias) in rule.aliases.iter().enumerate() {
            for item in 0..found.lookups(alias) {
                let result = found.result(position, item);
                looked_up(position, result);
                asked += 1;
                if result == LookupResult::Found {
                    rows += 1;
                } else if !alias.optional && lacking.is_none() {
                    let item = alias.list.map(|_| item);
                    lacking = Some(Failure::Missing { alias: position, item, lookup: result });
                }
            }
        }
        if let Some(when) = rule.when.as_ref().filter(|_| undecided)
            && !event.matches(when, |column| found.column(when.columns[column]))
        {
            return Outcome::Filtered(FilteredBy::When);
        }
        match (lacking, rule.on_missing) {
            (Some(_), OnMissing::Drop) => return Outcome::Dropped,
            (Some(failure), OnMissing::DeadLetter) => return Outcome::DeadLettered(failure),
            _ => {}
        }
        if let Err(failure) = write(rule, event, found, &mut self.splicer) {
            return Outcome::DeadLettered(failure);
        }
        self.splicer.splice(bytes, out);
        Outcome::Sent(match rows {
            all if all == asked => Sent::Enriched,
            0 => Sent::Unenriched,
            _ => Sent::PartiallyEnriched,
        })
    }
}

/// What the event alone says under a rule; `Err` if it has to be looked up, with whether its condition is undecided.
fn judged(rule: &Rule, event: &[u8], slots: &[Slot], repeated: bool) -> Result<Verdict, bool> {
    let repeated_in = |nodes: &[NodeId]| {
        let node = nodes.iter().find(|node| repeated && slots[node.index()].repeated)?;
        Some(Verdict::Failed(Failure::DuplicateKey(Spot::Event(*node))))
    };
    if let Some(consent) = &rule.consent {
        if let Some(failed) = repeated_in(&consent.nodes) {
            return Ok(failed);
        }
        if !consent.is_given(slots, event) {
            return Ok(Verdict::Filtered(FilteredBy::Consent));
        }
    }
    let mut undecided = false;
    if let Some(when) = &rule.when {
        if let Some(failed) = repeated_in(&when.nodes) {
            return Ok(failed);
        }
        match when.condition.decided(|path| slots[when.places[path].index()].of(event)) {
            Some(true) => {}
            Some(false) => return Ok(Verdict::Filtered(FilteredBy::When)),
            None => undecided = true,
        }
    }
    repeated_in(&rule.nodes).ok_or(undecided)
}

/// Notes what a rule writes into an event.
fn write(rule: &Rule, event: Event<'_>, found: Found<'_>, splicer: &mut Splicer) -> Result<(), Failure> {
    splicer.clear();
    let value = |index: usize| found.value(&rule.values[index], 0);
    let written = splicer.write(event.slots, &rule.writes, &value);
    written.map_err(|bad| Failure::BadParent(Spot::Event(bad.node)))?;
    for RuleList { list, writes, .. } in rule.lists.iter().filter(|list| !list.writes.is_empty()) {
        let items = event.items(*list);
        for item in 0..items.count {
            let slots = items.slots(item, &event.join.lists[*list].tree, event.item_slots);
            let value = |index: usize| found.value(&rule.values[index], item);
            let written = splicer.write(slots, writes, &value);
            written.map_err(|bad| Failure::BadParent(Spot::Item { list: *list, item, node: bad.node }))?;
        }
    }
    Ok(())
}
