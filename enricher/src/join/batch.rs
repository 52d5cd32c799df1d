use weft_plan_types::OnMissing;
use weft_store::{Answer, key};

use super::compile::Rule;
use super::wanted::Wanted;
use super::{Failure, Join, LookupResult, Outcome, Sent};
use crate::event::{NodeId, ScanError, Slot, Splicer, scan};

/// Events on their way through the join. Its buffers are kept from one batch to the next.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// One per event and node of the join's tree.
    slots: Vec<Slot>,
    /// One per event and rule.
    verdicts: Vec<Verdict>,
    /// The lookups of the events that wait for them; a verdict says where its own start.
    needs: Vec<Need>,
    /// One per entity.
    wanted: Vec<Wanted>,
    splicer: Splicer,
}

/// What is known of an event under a rule before the store was asked.
#[derive(Clone, Copy, Debug)]
enum Verdict {
    Filtered,
    Failed(Failure),
    Waits { first_need: u32 },
}

/// A row that an event waits for, by its key's number; or why it has no key.
type Need = Result<u32, LookupResult>;

impl Batch {
    /// Forgets the events, keeps the memory.
    pub(crate) fn clear(&mut self, join: &Join) {
        self.slots.clear();
        self.verdicts.clear();
        self.needs.clear();
        self.wanted.resize_with(join.entities.len(), Wanted::default);
        self.wanted.iter_mut().for_each(Wanted::clear);
    }

    /// Reads the next event and judges it by each rule. An event that is none is not added to the batch.
    pub(crate) fn judge(&mut self, join: &Join, event: &[u8]) -> Result<(), ScanError> {
        let start = self.slots.len();
        self.slots.resize(start + join.tree.len(), Slot::default());
        let repeated = scan(&join.tree, event, &mut self.slots[start..]).inspect_err(|_| self.slots.truncate(start))?;
        let slots = &self.slots[start..];
        for rule in &join.rules {
            let verdict = match Self::fault_or_filter(rule, event, slots, repeated) {
                Some(verdict) => verdict,
                None => {
                    let first_need = self.needs.len() as u32;
                    for alias in &rule.aliases {
                        let columns = &join.entities[alias.entity].meta.key;
                        self.needs.push(
                            self.wanted[alias.entity].add(|text| key_text(columns, &alias.places, slots, event, text)),
                        );
                    }
                    Verdict::Waits { first_need }
                }
            };
            self.verdicts.push(verdict);
        }
        Ok(())
    }

    fn fault_or_filter(rule: &Rule, event: &[u8], slots: &[Slot], repeated: bool) -> Option<Verdict> {
        let repeated_in = |nodes: &[NodeId]| {
            let node = nodes.iter().find(|node| repeated && slots[node.index()].repeated)?;
            Some(Verdict::Failed(Failure::DuplicateKey(*node)))
        };
        if let Some(when) = &rule.when {
            if let Some(failed) = repeated_in(&when.nodes) {
                return Some(failed);
            }
            if !when.condition.matches(|path| slots[when.places[path].index()].of(event), |_| None) {
                return Some(Verdict::Filtered);
            }
        }
        repeated_in(&rule.nodes)
    }

    /// The distinct keys that the batch needs, entity by entity: its slug, and the keys.
    pub(crate) fn keys_needed<'batch>(
        &'batch self,
        join: &'batch Join,
    ) -> impl Iterator<Item = (&'batch str, Vec<&'batch [u8]>)> {
        join.entities.iter().zip(&self.wanted).map(|(entity, wanted)| (entity.slug.as_str(), wanted.keys()))
    }

    /// The outcome of the event with this number under a rule; appends it to `out` if it is to be sent.
    ///
    /// `answers` holds, per entity, the answers to the keys of [`Batch::keys_needed`], none of them
    /// [`Answer::Unavailable`]: what to do without a store is the caller's to decide. `looked_up` hears of each of
    /// the rule's aliases.
    pub(crate) fn finish(
        &mut self,
        join: &Join,
        place: (usize, usize),
        event: &[u8],
        answers: &[Vec<Answer>],
        out: &mut Vec<u8>,
        mut looked_up: impl FnMut(usize, LookupResult),
    ) -> Outcome {
        let (number, rule_number) = place;
        let rule = &join.rules[rule_number];
        let first_need = match self.verdicts[number * join.rules.len() + rule_number] {
            Verdict::Filtered => return Outcome::Filtered,
            Verdict::Failed(failure) => return Outcome::DeadLettered(failure),
            Verdict::Waits { first_need } => first_need as usize,
        };
        let needs = &self.needs[first_need..first_need + rule.aliases.len()];
        let row = |alias: usize| match needs[alias] {
            Ok(key) => match &answers[rule.aliases[alias].entity][key as usize] {
                Answer::Found(row) => Some(row),
                Answer::Missing | Answer::Unavailable(_) => None,
            },
            Err(_) => None,
        };
        let (mut found, mut lacking) = (0, None);
        for (position, (alias, need)) in rule.aliases.iter().zip(needs).enumerate() {
            let result = match need {
                Ok(key) => match &answers[alias.entity][*key as usize] {
                    Answer::Found(_) => LookupResult::Found,
                    Answer::Missing | Answer::Unavailable(_) => LookupResult::Missing,
                },
                Err(no_key) => *no_key,
            };
            looked_up(position, result);
            if result == LookupResult::Found {
                found += 1;
            } else if !alias.optional {
                lacking = lacking.or(Some(Failure::Missing { alias: position, lookup: result }));
            }
        }
        match (lacking, rule.on_missing) {
            (Some(_), OnMissing::Drop) => return Outcome::Dropped,
            (Some(failure), OnMissing::DeadLetter) => return Outcome::DeadLettered(failure),
            _ => {}
        }
        let slots = &self.slots[number * join.tree.len()..][..join.tree.len()];
        let value = |index: usize| {
            let value = &rule.values[index];
            match row(value.alias) {
                Some(row) => {
                    row.fragment(value.position, join.entities[rule.aliases[value.alias].entity].meta.columns.len())
                }
                None => value.fallback.as_deref(),
            }
        };
        match self.splicer.splice(event, slots, &rule.writes, &value, out) {
            Err(bad) => Outcome::DeadLettered(Failure::BadParent(bad.node)),
            Ok(()) => Outcome::Sent(match found {
                all if all == rule.aliases.len() => Sent::Enriched,
                0 => Sent::Unenriched,
                _ => Sent::PartiallyEnriched,
            }),
        }
    }
}

fn key_text(
    columns: &[weft_store::Column],
    places: &[NodeId],
    slots: &[Slot],
    event: &[u8],
    text: &mut Vec<u8>,
) -> Result<(), LookupResult> {
    let value = |place: &NodeId| slots[place.index()].of(event);
    // Keys of a few columns, which is nearly all of them, need no list on the heap.
    let mut few = [None; 8];
    let appended = match few.get_mut(..places.len()) {
        Some(values) => {
            values.iter_mut().zip(places).for_each(|(part, place)| *part = value(place));
            key::append_from_json(columns, values, text)
        }
        None => key::append_from_json(columns, &places.iter().map(value).collect::<Vec<_>>(), text),
    };
    appended.map_err(|error| match error {
        key::NotAKey::NoKey => LookupResult::NoKey,
        key::NotAKey::BadKey => LookupResult::BadKey,
    })
}
