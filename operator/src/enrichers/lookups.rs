//! How many of the keys that a mapping's rules looked up had a row, over the last minutes.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// Rows are counted so many times until they are judged, once a minute.
const MINUTES: usize = 10;
/// Fewer lookups than these say nothing.
const FEWEST: u64 = 1_000;
/// The counter of an enricher.
const COUNTER: &str = "weft_enricher_lookups_total{";
/// So many aliases are taken of one enricher.
const MOST_ALIASES: usize = 4_096;

/// An alias of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Alias {
    pub(crate) rule: String,
    pub(crate) alias: String,
}

/// Lookups by what came of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    found: u64,
    /// No row has the key, or the event's value is none that the key's column could have.
    missed: u64,
}

/// What an enricher has counted since it started.
pub(super) type Counts = BTreeMap<Alias, Count>;

/// What the enrichers of one mapping counted lately.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    /// What each enricher told last, by the uid of its pod.
    last: HashMap<String, Counts>,
    /// What came in each of the last minutes, the newest last.
    minutes: VecDeque<Counts>,
    /// The aliases that mostly miss; `None` until it was counted for long enough.
    judged: Option<BTreeSet<Alias>>,
}

/// Reads the counters of an enricher, in the text format of Prometheus.
pub(super) fn read(text: &str) -> Counts {
    let mut counts = Counts::new();
    for line in text.lines().filter_map(|line| line.strip_prefix(COUNTER)) {
        let Some((labels, value)) = line.rsplit_once("} ") else { continue };
        let Some(number) = value.trim().parse::<f64>().ok().filter(|number| *number >= 0.0) else { continue };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a count, and saturating
        let number = number as u64;
        let labels = labels_of(labels);
        let (Some(rule), Some(alias)) = (labels.get("rule"), labels.get("alias")) else { continue };
        let alias = Alias { rule: rule.clone(), alias: alias.clone() };
        if counts.len() >= MOST_ALIASES && !counts.contains_key(&alias) {
            continue;
        }
        let count = counts.entry(alias).or_default();
        match labels.get("result").map(String::as_str) {
            Some("found") => count.found = count.found.saturating_add(number),
            Some("missing" | "bad_key") => count.missed = count.missed.saturating_add(number),
            _ => {}
        }
    }
    counts
}

/// Labels as `name="value",…`, with `\\`, `\"` and `\n` in values.
fn labels_of(text: &str) -> BTreeMap<&str, String> {
    let mut labels = BTreeMap::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once("=\"") {
        let (mut value, mut letters, mut end) = (String::new(), after.char_indices(), None);
        while let Some((place, letter)) = letters.next() {
            match letter {
                '"' => {
                    end = Some(place);
                    break;
                }
                '\\' => match letters.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, other)) => value.push(other),
                    None => break,
                },
                letter => value.push(letter),
            }
        }
        labels.insert(name.trim_start_matches(','), value);
        let Some(after) = end.and_then(|end| after.get(end + 1..)) else { break };
        rest = after;
    }
    labels
}

impl Lookups {
    /// Takes what the enrichers there are told in this minute, by the uids of their pods; one that did not answer says it
    /// later. Gives whether they are judged otherwise than before.
    pub(super) fn take(&mut self, told: HashMap<String, Counts>) -> bool {
        let is_first = self.last.is_empty();
        let mut minute = Counts::new();
        let aliases: BTreeSet<Alias> = told.values().flat_map(BTreeMap::keys).cloned().collect();
        for (pod, counts) in told {
            if let Some(before) = self.last.get(&pod) {
                for (alias, now) in &counts {
                    let before = before.get(alias).copied().unwrap_or_default();
                    let came = minute.entry(alias.clone()).or_default();
                    came.found = came.found.saturating_add(since(before.found, now.found));
                    came.missed = came.missed.saturating_add(since(before.missed, now.missed));
                }
            }
            self.last.insert(pod, counts);
        }
        if !is_first {
            self.minutes.push_back(minute);
        }
        while self.minutes.len() > MINUTES {
            self.minutes.pop_front();
        }
        if self.minutes.len() < MINUTES || aliases.is_empty() {
            return false;
        }
        let before = self.judged.take();
        let (mut missing, mut is_told) = (BTreeSet::new(), before.is_some());
        for alias in aliases {
            let misses = self.mostly_misses(&alias);
            is_told |= misses.is_some();
            // Where too few came to tell, it is as it was.
            if misses.unwrap_or_else(|| before.as_ref().is_some_and(|before| before.contains(&alias))) {
                missing.insert(alias);
            }
        }
        self.judged = is_told.then_some(missing);
        self.judged != before
    }

    /// Forgets pods that are gone.
    pub(super) fn keep(&mut self, is_there: impl Fn(&str) -> bool) {
        self.last.retain(|pod, _| is_there(pod));
    }

    /// The aliases that mostly miss; `None` until it was counted for long enough.
    pub(super) fn judged(&self) -> Option<&BTreeSet<Alias>> {
        self.judged.as_ref()
    }

    /// Whether more than half of an alias's lookups missed; `None` if there were too few.
    fn mostly_misses(&self, alias: &Alias) -> Option<bool> {
        let counts = self.minutes.iter().filter_map(|minute| minute.get(alias));
        let add = |sum: Count, it: &Count| Count {
            found: sum.found.saturating_add(it.found),
            missed: sum.missed.saturating_add(it.missed),
        };
        let Count { found, missed } = counts.fold(Count::default(), add);
        (found.saturating_add(missed) >= FEWEST).then_some(missed > found)
    }
}

/// What a counter counted since then; one that was begun anew counts from 0.
fn since(before: u64, now: u64) -> u64 {
    now.checked_sub(before).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alias(alias: &str) -> Alias {
        Alias { rule: "all".into(), alias: alias.into() }
    }

    fn told(pod: &str, found: u64, missed: u64) -> HashMap<String, Counts> {
        HashMap::from([(pod.to_owned(), Counts::from([(alias("product"), Count { found, missed })]))])
    }

    /// Tells so many minutes of so many lookups each; gives how often the judgement changed.
    fn minutes(lookups: &mut Lookups, of: &mut (u64, u64), number: usize, (found, missed): (u64, u64)) -> usize {
        let mut changes = 0;
        for _ in 0..number {
            *of = (of.0 + found, of.1 + missed);
            changes += usize::from(lookups.take(told("pod", of.0, of.1)));
        }
        changes
    }

    #[test]
    fn counters_are_read_as_an_enricher_writes_them() {
        let text = r#"# HELP weft_enricher_lookups_total Lookups by alias and result.
weft_enricher_lookups_total{alias="product",result="found",rule="all"} 70
weft_enricher_lookups_total{alias="product",result="missing",rule="all"} 20
weft_enricher_lookups_total{alias="product",result="bad_key",rule="all"} 7
weft_enricher_lookups_total{alias="product",result="no_key",rule="all"} 500
weft_enricher_lookups_total{alias="odd \"}, name",result="found",rule="back\\slash"} 1
weft_enricher_lookups_total{alias="broken
weft_enricher_lookups_total{alias="x",result="found",rule="y"} NaN
weft_enricher_events_total{rule="all",outcome="enriched",reason=""} 3
"#;
        let odd = Alias { rule: "back\\slash".into(), alias: "odd \"}, name".into() };
        let expected = [(alias("product"), Count { found: 70, missed: 27 }), (odd, Count { found: 1, missed: 0 })];
        assert_eq!(read(text), Counts::from(expected));
    }

    #[test]
    fn an_alias_whose_keys_mostly_miss_for_ten_minutes_is_named_and_no_sooner() {
        let (mut lookups, mut of) = (Lookups::default(), (0, 0));
        assert_eq!(minutes(&mut lookups, &mut of, MINUTES, (40, 160)), 0);
        assert_eq!(lookups.judged(), None, "from the first time to the tenth it is nine minutes");
        assert_eq!(minutes(&mut lookups, &mut of, 1, (40, 160)), 1);
        assert_eq!(lookups.judged(), Some(&BTreeSet::from([alias("product")])));
        assert_eq!(minutes(&mut lookups, &mut of, 100, (40, 160)), 0, "it is told once");
        assert_eq!(minutes(&mut lookups, &mut of, 100, (200, 0)), 1);
        assert_eq!(lookups.judged(), Some(&BTreeSet::new()));
    }

    #[test]
    fn a_bad_minute_among_good_ones_passes_and_few_lookups_say_nothing() {
        let (mut lookups, mut of) = (Lookups::default(), (0, 0));
        minutes(&mut lookups, &mut of, MINUTES + 1, (200, 0));
        assert_eq!(minutes(&mut lookups, &mut of, 1, (0, 900)), 0);
        assert_eq!(minutes(&mut lookups, &mut of, MINUTES, (200, 0)), 0);
        assert_eq!(lookups.judged(), Some(&BTreeSet::new()));
        let (mut quiet, mut of) = (Lookups::default(), (0, 0));
        minutes(&mut quiet, &mut of, 100, (0, 99));
        assert_eq!(quiet.judged(), None, "990 lookups in ten minutes");
    }

    #[test]
    fn an_alias_that_missed_stays_named_while_too_little_comes_to_tell() {
        let (mut lookups, mut of) = (Lookups::default(), (0, 0));
        minutes(&mut lookups, &mut of, MINUTES + 1, (0, 200));
        assert_eq!(minutes(&mut lookups, &mut of, 100, (1, 0)), 0);
        assert_eq!(lookups.judged(), Some(&BTreeSet::from([alias("product")])));
        // The rule has no such alias any more.
        let others = HashMap::from([("pod".to_owned(), Counts::from([(alias("brand"), Count::default())]))]);
        assert!(lookups.take(others));
        assert_eq!(lookups.judged(), Some(&BTreeSet::new()));
    }

    #[test]
    fn an_enricher_that_starts_again_counts_from_zero_and_one_that_is_new_from_what_it_has() {
        let mut lookups = Lookups::default();
        lookups.take(told("pod", 0, 1_000_000));
        assert_eq!(lookups.minutes, [], "it may have counted that for weeks");
        lookups.take(told("pod", 30, 1_000_000));
        lookups.take(told("pod", 5, 0));
        let found: Vec<_> = lookups.minutes.iter().filter_map(|it| it.get(&alias("product"))).collect();
        assert_eq!(found, [&Count { found: 30, missed: 0 }, &Count { found: 5, missed: 0 }]);
        lookups.keep(|_| false);
        assert!(lookups.last.is_empty());
    }
}
