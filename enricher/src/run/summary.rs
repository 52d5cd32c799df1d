use std::collections::BTreeMap;

use serde::Serialize;

use crate::join::{FilteredBy, Join, LookupResult, Outcome, Sent};

/// What became of everything that was read. The outcomes of all rules add up to events times rules.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Summary {
    /// Lines that are events.
    pub(crate) events: u64,
    /// Lines that are none, by reason.
    pub(crate) unparsable: BTreeMap<&'static str, u64>,
    /// Lines that were written.
    pub(crate) written: u64,
    /// By rule, in the mapping's order.
    #[serde(serialize_with = "by_name")]
    pub(crate) rules: Vec<RuleSummary>,
}

/// What became of the events under one rule.
#[derive(Debug, Serialize)]
pub(crate) struct RuleSummary {
    #[serde(skip)]
    pub(crate) name: String,
    pub(crate) outcomes: Outcomes,
    /// By alias, in the rule's order.
    #[serde(serialize_with = "by_name")]
    pub(crate) lookups: Vec<Lookups>,
}

/// How many events had each outcome.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Outcomes {
    pub(crate) enriched: u64,
    pub(crate) partially_enriched: u64,
    pub(crate) unenriched: u64,
    /// Sent as they came, for the store could not tell all of their rows; never of lines.
    #[serde(skip_serializing_if = "is_none")]
    pub(crate) unavailable: u64,
    pub(crate) filtered: Filtered,
    pub(crate) dropped: u64,
    pub(crate) dead_lettered: BTreeMap<&'static str, u64>,
}

/// Events that a rule does not want, by what refused them.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Filtered {
    pub(crate) when: u64,
    pub(crate) consent: u64,
}

/// What came of the lookups of one alias.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Lookups {
    #[serde(skip)]
    pub(crate) name: String,
    pub(crate) found: u64,
    pub(crate) missing: u64,
    pub(crate) no_key: u64,
    pub(crate) bad_key: u64,
    /// The store could not tell; never of lines.
    #[serde(skip_serializing_if = "is_none")]
    pub(crate) unavailable: u64,
}

/// Has a name under which it stands in a map.
trait Named {
    fn name(&self) -> &str;
}

impl Named for RuleSummary {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for Lookups {
    fn name(&self) -> &str {
        &self.name
    }
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

fn by_name<T: Named + Serialize, S: serde::Serializer>(list: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(list.iter().map(|item| (item.name(), item)))
}

impl Summary {
    /// Nothing was read yet.
    pub(crate) fn new(join: &Join) -> Self {
        let lookups = |rule| join.aliases(rule).map(|name| Lookups { name: name.to_owned(), ..Lookups::default() });
        let rules = join.rules().enumerate().map(|(rule, name)| RuleSummary {
            name: name.to_owned(),
            outcomes: Outcomes::default(),
            lookups: lookups(rule).collect(),
        });
        Self { rules: rules.collect(), ..Self::default() }
    }

    /// Counts an event's outcome under a rule.
    pub(crate) fn count(&mut self, rule: usize, outcome: Outcome) {
        let outcomes = &mut self.rules[rule].outcomes;
        match outcome {
            Outcome::Sent(sent) => {
                self.written += 1;
                match sent {
                    Sent::Enriched => outcomes.enriched += 1,
                    Sent::PartiallyEnriched => outcomes.partially_enriched += 1,
                    Sent::Unenriched => outcomes.unenriched += 1,
                    Sent::AsItCame => outcomes.unavailable += 1,
                }
            }
            Outcome::Filtered(FilteredBy::When) => outcomes.filtered.when += 1,
            Outcome::Filtered(FilteredBy::Consent) => outcomes.filtered.consent += 1,
            Outcome::Dropped => outcomes.dropped += 1,
            Outcome::DeadLettered(failure) => *outcomes.dead_lettered.entry(failure.reason()).or_default() += 1,
        }
    }

    /// Adds what became of later events under the same rules.
    #[cfg(feature = "kafka")]
    pub(crate) fn add(&mut self, later: &Self) {
        self.events += later.events;
        self.written += later.written;
        add_counts(&mut self.unparsable, &later.unparsable);
        for (rule, later) in self.rules.iter_mut().zip(&later.rules) {
            let (all, later_outcomes) = (&mut rule.outcomes, &later.outcomes);
            all.enriched += later_outcomes.enriched;
            all.partially_enriched += later_outcomes.partially_enriched;
            all.unenriched += later_outcomes.unenriched;
            all.unavailable += later_outcomes.unavailable;
            all.filtered.when += later_outcomes.filtered.when;
            all.filtered.consent += later_outcomes.filtered.consent;
            all.dropped += later_outcomes.dropped;
            add_counts(&mut all.dead_lettered, &later_outcomes.dead_lettered);
            for (alias, later) in rule.lookups.iter_mut().zip(&later.lookups) {
                alias.found += later.found;
                alias.missing += later.missing;
                alias.no_key += later.no_key;
                alias.bad_key += later.bad_key;
                alias.unavailable += later.unavailable;
            }
        }
    }

    /// Counts an event that its destination does not take under a rule.
    #[cfg(feature = "kafka")]
    pub(crate) fn count_refused(&mut self, rule: usize, reason: &'static str) {
        *self.rules[rule].outcomes.dead_lettered.entry(reason).or_default() += 1;
    }

    /// Takes back that an event was sent under a rule, because its receiver refused it later; `false` if none is counted
    /// that could be taken back.
    #[cfg(feature = "kafka")]
    pub(crate) fn take_back(&mut self, rule: usize, sent: Sent) -> bool {
        let outcomes = &mut self.rules[rule].outcomes;
        let counted = match sent {
            Sent::Enriched => &mut outcomes.enriched,
            Sent::PartiallyEnriched => &mut outcomes.partially_enriched,
            Sent::Unenriched => &mut outcomes.unenriched,
            Sent::AsItCame => &mut outcomes.unavailable,
        };
        let is_there = *counted > 0;
        *counted = counted.saturating_sub(1);
        self.written = self.written.saturating_sub(u64::from(is_there));
        is_there
    }

    /// How many dead letters there are.
    pub(crate) fn dead_letters(&self) -> u64 {
        let by_rule = self.rules.iter().flat_map(|rule| rule.outcomes.dead_lettered.values());
        self.unparsable.values().chain(by_rule).sum()
    }
}

#[cfg(feature = "kafka")]
fn add_counts(all: &mut BTreeMap<&'static str, u64>, later: &BTreeMap<&'static str, u64>) {
    for (reason, count) in later {
        *all.entry(reason).or_default() += count;
    }
}

impl Lookups {
    /// Counts one lookup.
    pub(crate) fn count(&mut self, result: LookupResult) {
        match result {
            LookupResult::Found => self.found += 1,
            LookupResult::Missing => self.missing += 1,
            LookupResult::NoKey => self.no_key += 1,
            LookupResult::BadKey => self.bad_key += 1,
        }
    }
}
