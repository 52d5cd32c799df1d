//! Which field of the events holds a key: by its name, and by trying its values on the table.

use std::collections::{BTreeMap, BTreeSet};

use weft_store::{Column, ColumnType, key};
use weft_warehouse::Warehouse;

use super::InitError;
use super::keys::{Asked, Key};
use super::sample::{Place, Sample, Seen};
use super::words::{self, TELLING};

/// So many different key texts are tried on a table, those of the best names first.
const MAX_TEXTS: usize = 50_000;

/// For each column of a composite key so many fields are tried in every combination.
const COMBINED: usize = 4;

/// The combinations are at most so many.
const MAX_COMBINATIONS: usize = 256;

/// What a field without a telling name has to hold: fewer different whole numbers also meet a key by chance.
const LEAST_DISTINCT: usize = 5;

/// Fields that give a key, one per key column, and what speaks for them.
#[derive(Clone, Debug)]
pub(crate) struct Match {
    pub(crate) key: Key,
    /// In the order of the key's columns.
    pub(crate) places: Vec<Place>,
    /// The numbers of the events that have a value in all of the places.
    pub(crate) events: BTreeSet<u32>,
    /// How many values there are: one per event, or one per item.
    pub(crate) values: usize,
    /// How many of them found a row.
    pub(crate) found: usize,
    /// How much the names say, from 0.3 to 1.
    pub(crate) likeness: f64,
    /// Only values such as small whole numbers speak for it, which are keys by chance too.
    pub(crate) by_chance: bool,
}

impl Match {
    /// The array in whose items the key is.
    pub(crate) fn array(&self) -> Option<&[String]> {
        self.places.iter().find_map(|place| place.array.as_deref())
    }

    /// Whether the name says what it is, or only the values do.
    pub(crate) fn is_named(&self) -> bool {
        self.likeness >= TELLING
    }

    fn share(&self) -> f64 {
        self.found as f64 / self.values.max(1) as f64
    }

    /// Shares in steps of 5 % and weighed by the name: a whole number such as a quantity meets keys by chance. Then
    /// by name, by rows found, by the shorter path.
    fn beats(&self, other: &Self) -> bool {
        let score = |one: &Self| (one.share() * one.likeness * 20.0).round();
        let depth = |one: &Self| one.places.iter().map(|place| place.steps.len()).sum::<usize>();
        score(self)
            .total_cmp(&score(other))
            .then(self.likeness.total_cmp(&other.likeness))
            .then(self.found.cmp(&other.found))
            .then(depth(other).cmp(&depth(self)))
            .then(other.places.cmp(&self.places))
            .is_gt()
    }
}

/// What trying a table's keys gave.
#[derive(Debug, Default)]
pub(crate) struct Trial {
    /// The best match whose values found rows.
    pub(crate) hit: Option<Match>,
    /// The best match by name alone.
    pub(crate) named: Option<Match>,
    /// The best match of which only numbers that may be keys by chance speak.
    pub(crate) chance: Option<Match>,
}

impl Trial {
    fn better(best: &mut Option<Match>, new: Match) {
        if best.as_ref().is_none_or(|best| new.beats(best)) {
            *best = Some(new);
        }
    }

    /// The best of both, of each kind.
    pub(crate) fn merge(&mut self, other: Self) {
        other.hit.into_iter().for_each(|hit| Self::better(&mut self.hit, hit));
        other.named.into_iter().for_each(|named| Self::better(&mut self.named, named));
        other.chance.into_iter().for_each(|chance| Self::better(&mut self.chance, chance));
    }
}

/// Tries a key on the fields of the sample.
pub(crate) async fn try_key<W: Warehouse>(
    asked: &Asked<'_, W>,
    key: &Key,
    sample: &Sample,
) -> Result<Trial, InitError> {
    let table = asked.name();
    let mut by_column = Vec::new();
    for column in &key.columns {
        let mut fields: Vec<Field<'_>> = sample
            .places
            .iter()
            .filter(|(_, seen)| !seen.is_empty())
            .map(|(place, seen)| Field { place, seen, likeness: words::likeness(&table, &column.name, &place.steps) })
            .collect();
        fields.sort_by(|one, other| other.likeness.total_cmp(&one.likeness));
        by_column.push(fields);
    }
    let candidates = match &by_column[..] {
        [fields] => fields.iter().map(|field| vec![*field]).collect(),
        _ => {
            let mut best = Vec::new();
            for (fields, column) in by_column.into_iter().zip(&key.columns) {
                best.push(best_parts(asked, column, fields).await?);
            }
            combinations(&best)
        }
    };
    judge(asked, key, candidates).await
}

#[derive(Clone, Copy)]
struct Field<'a> {
    place: &'a Place,
    seen: &'a [Seen],
    likeness: f64,
}

/// The fields whose values some row has in this column, and those named like it; the best only.
async fn best_parts<'a, W: Warehouse>(
    asked: &Asked<'_, W>,
    column: &Column,
    fields: Vec<Field<'a>>,
) -> Result<Vec<Field<'a>>, InitError> {
    let key = std::slice::from_ref(column);
    let texts: Vec<Vec<Option<String>>> =
        fields.iter().map(|field| field.seen.iter().map(|seen| key_text(key, &[&seen.raw])).collect()).collect();
    let existing = asked.existing(key, &wanted(&texts)).await?;
    let mut scored: Vec<(f64, Field<'a>)> = fields
        .into_iter()
        .zip(&texts)
        .map(|(field, texts)| {
            let found = texts.iter().flatten().filter(|text| existing.contains(*text)).count();
            let share = found as f64 / texts.len().max(1) as f64;
            (field.likeness * (share + 0.2), field)
        })
        .collect();
    scored.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    Ok(scored.into_iter().take(COMBINED).map(|(_, field)| field).collect())
}

/// One field per column, all different and in one array at most.
fn combinations<'a>(by_column: &[Vec<Field<'a>>]) -> Vec<Vec<Field<'a>>> {
    let mut all: Vec<Vec<Field<'a>>> = vec![Vec::new()];
    for fields in by_column {
        let longer = |so_far: &Vec<Field<'a>>| {
            let array = so_far.iter().find_map(|field| field.place.array.as_ref());
            let fits = move |field: &&Field<'a>| {
                array.is_none() || field.place.array.is_none() || field.place.array.as_ref() == array
            };
            let is_new = |field: &&Field<'a>| so_far.iter().all(|other| other.place != field.place);
            fields.iter().filter(fits).filter(is_new).map(|field| [&so_far[..], &[*field]].concat()).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).take(MAX_COMBINATIONS).collect();
    }
    all
}

/// Tries every candidate's values on the whole key.
async fn judge<W: Warehouse>(
    asked: &Asked<'_, W>,
    key: &Key,
    candidates: Vec<Vec<Field<'_>>>,
) -> Result<Trial, InitError> {
    let rows: Vec<Vec<(u32, Vec<&str>)>> = candidates.iter().map(|fields| joined(fields)).collect();
    let texts: Vec<Vec<Option<String>>> =
        rows.iter().map(|rows| rows.iter().map(|(_, parts)| key_text(&key.columns, parts)).collect()).collect();
    let existing = asked.existing(&key.columns, &wanted(&texts)).await?;
    let mut trial = Trial::default();
    for ((fields, rows), texts) in candidates.iter().zip(&rows).zip(&texts) {
        let hits: Vec<&String> = texts.iter().flatten().filter(|text| existing.contains(*text)).collect();
        let likeness = fields.iter().map(|field| field.likeness).sum::<f64>() / fields.len().max(1) as f64;
        let by_chance = likeness < TELLING && key.columns.iter().all(|column| meets_by_chance(column.kind));
        let made = Match {
            key: key.clone(),
            places: fields.iter().map(|field| field.place.clone()).collect(),
            events: rows.iter().map(|(event, _)| *event).collect(),
            values: rows.len(),
            found: hits.len(),
            likeness,
            by_chance,
        };
        if rows.is_empty() {
            continue;
        }
        match hits.iter().collect::<BTreeSet<_>>().len() {
            0 if made.is_named() && texts.iter().any(Option::is_some) => Trial::better(&mut trial.named, made),
            0 => {}
            distinct if by_chance && distinct < LEAST_DISTINCT => {}
            _ if by_chance => Trial::better(&mut trial.chance, made),
            _ => Trial::better(&mut trial.hit, made),
        }
    }
    Ok(trial)
}

/// Whether small whole numbers and the like are values of the key.
fn meets_by_chance(kind: ColumnType) -> bool {
    matches!(kind, ColumnType::Integer | ColumnType::Decimal | ColumnType::Boolean | ColumnType::Date)
}

/// Values by event and item.
type Values<'a> = BTreeMap<(u32, u32), &'a str>;

/// The values that stand together: of one event, or of one item and its event.
fn joined<'a>(fields: &[Field<'a>]) -> Vec<(u32, Vec<&'a str>)> {
    let Some(leading) = fields.iter().find(|field| field.place.array.is_some()).or(fields.first()) else {
        return Vec::new();
    };
    let by_place: Vec<(bool, Values<'a>)> = fields
        .iter()
        .map(|field| {
            let values = field.seen.iter().map(|seen| ((seen.event, seen.item), &*seen.raw)).collect();
            (field.place.array.is_some(), values)
        })
        .collect();
    let parts = |seen: &Seen| -> Option<Vec<&'a str>> {
        by_place
            .iter()
            .map(|(in_item, values)| values.get(&(seen.event, if *in_item { seen.item } else { 0 })).copied())
            .collect()
    };
    leading.seen.iter().filter_map(|seen| Some((seen.event, parts(seen)?))).collect()
}

/// Each text once, the first ones only.
fn wanted(texts: &[Vec<Option<String>>]) -> BTreeSet<String> {
    let mut wanted = BTreeSet::new();
    for text in texts.iter().flatten().flatten() {
        if wanted.len() == MAX_TEXTS {
            break;
        }
        wanted.insert(text.clone());
    }
    wanted
}

fn key_text(key: &[Column], raw: &[&str]) -> Option<String> {
    let values: Vec<Option<&[u8]>> = raw.iter().map(|raw| Some(raw.as_bytes())).collect();
    let mut text = Vec::new();
    key::append_from_json(key, &values, &mut text).ok()?;
    String::from_utf8(text).ok()
}
