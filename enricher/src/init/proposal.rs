//! What is proposed: per table its key, where events have it, and where its columns go.

use std::collections::BTreeSet;

use weft_warehouse::{Table, Warehouse};

use super::keys::{Asked, Key};
use super::relations::{self, Relation};
use super::sample::{Place, Sample};
use super::targets::{Targets, targets};
use super::trial::{Match, Trial, try_key};
use super::{InitError, names, when};

/// A rule writes at most so many values.
const MAX_WRITES: usize = 256;

/// So many fields of the events are named where none fits.
const LISTED: usize = 8;

/// What joins a sample of events with tables.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub(crate) tables: Vec<TableProposal>,
    /// The foreign keys from one of the tables to another.
    pub(crate) relations: Vec<Relation>,
    /// The condition of the rule; `None`: every event.
    pub(crate) when: Option<String>,
}

/// What joins events with one table.
#[derive(Debug)]
pub(crate) struct TableProposal {
    /// The table's name, as the warehouse spells it.
    pub(crate) table: String,
    /// The entity's name.
    pub(crate) entity: String,
    /// The row's name in the rule.
    pub(crate) alias: String,
    /// How a row is found.
    pub(crate) row: Row,
    /// Where the columns go.
    pub(crate) targets: Targets,
}

/// How a row is found.
#[derive(Clone, Debug)]
pub(crate) enum Row {
    /// By its key in the event.
    Matched(Match),
    /// By a foreign key of another row, along the relation of this slug.
    Reached(Key, String),
}

impl Row {
    /// The key of the table.
    pub(crate) fn key(&self) -> &Key {
        match self {
            Row::Matched(matched) => &matched.key,
            Row::Reached(key, _) => key,
        }
    }
}

impl Proposal {
    /// The columns of a table that lead to rows of others.
    pub(crate) fn leading(&self, table: usize) -> impl Iterator<Item = &str> {
        let relations = self.relations.iter().filter(move |relation| relation.from == table);
        relations.flat_map(|relation| relation.columns.iter().map(|(near, _)| near.as_str()))
    }
}

/// Looks for the key of every table in the sample, and for ways from one table to another.
pub(crate) async fn propose<W: Warehouse>(
    warehouse: &W,
    location: &str,
    tables: &[Table],
    sample: &Sample,
) -> Result<Proposal, InitError> {
    let (mut names_of, mut tried): (Vec<(String, String)>, Vec<Tried>) = (Vec::new(), Vec::new());
    for table in tables {
        let asked = Asked { warehouse, location, table };
        let name = asked.name();
        let entity = names::untaken(names::of_entity(&name), "-", |name| names_of.iter().any(|(one, _)| one == name));
        let alias = names::untaken(names::of_row(&name), "_", |name| names_of.iter().any(|(_, one)| one == name));
        names_of.push((entity, alias));
        tried.push(try_keys(&asked, sample).await?);
    }
    let mut relations = relations::between(tables, &names_of);
    let rows = rows(tried, &relations, sample)?;
    // A hop arrives at the key that its entity has.
    relations.retain(|relation| {
        let key: BTreeSet<&str> = rows[relation.to].key().columns.iter().map(|column| column.name.as_str()).collect();
        relation.columns.iter().map(|(_, far)| far.as_str()).collect::<BTreeSet<_>>() == key
    });
    let mut taken: BTreeSet<Place> = BTreeSet::new();
    let mut proposed = Vec::new();
    for (position, ((entity, alias), row)) in names_of.into_iter().zip(&rows).enumerate() {
        let asked = Asked { warehouse, location, table: &tables[position] };
        let columns = values(&asked, row.key())?;
        // Each table gets its share of what a rule may write; what one leaves is for those after it.
        let room = (MAX_WRITES - taken.len()) / (tables.len() - position);
        let Some(key) = start(&rows, &relations, position) else { continue };
        let targets = targets(sample, key, &alias, &columns, &taken, room);
        taken.extend(targets.writes.iter().map(|(_, place)| place.clone()));
        proposed.push(TableProposal { table: asked.name(), entity, alias, row: row.clone(), targets });
    }
    let events = |row: &Row| match row {
        Row::Matched(matched) => matched.events.clone(),
        Row::Reached(..) => BTreeSet::new(),
    };
    let having = rows.iter().flat_map(events).collect();
    Ok(Proposal { tables: proposed, relations, when: when::when(sample, &having) })
}

/// What trying the keys of a table gave.
struct Tried {
    table: String,
    /// The primary key that it declares.
    declared: Option<Key>,
    trial: Trial,
    /// Its keys, for people.
    keys: String,
}

/// Tries the declared key, and where events do not have it, columns that are as good as one.
async fn try_keys<W: Warehouse>(asked: &Asked<'_, W>, sample: &Sample) -> Result<Tried, InitError> {
    let declared = asked.declared();
    let mut trial = match &declared {
        Some(key) => try_key(asked, key, sample).await?,
        None => Trial::default(),
    };
    let declares_key = !asked.table.primary_key.is_empty();
    let mut keys = declared.as_ref().map(Key::names);
    if trial.hit.is_none() {
        let others = match asked.unique().await {
            Err(InitError::NoKey { .. }) if declared.is_some() => Vec::new(),
            others => others?,
        };
        for other in others {
            let mut tried = try_key(asked, &other, sample).await?;
            if declares_key {
                // A name alone makes no other column the key.
                tried.named = None;
            }
            trial.merge(tried);
            keys.get_or_insert_with(|| other.names());
        }
    }
    if declares_key && declared.is_none() && trial.hit.is_none() {
        return Err(asked.refused_key());
    }
    Ok(Tried { table: asked.name(), declared, trial, keys: keys.unwrap_or_default() })
}

/// How the rows of each table are found: by values that are keys, else from the row of another table, else by name, else
/// by numbers that may be keys by chance.
fn rows(tried: Vec<Tried>, relations: &[Relation], sample: &Sample) -> Result<Vec<Row>, InitError> {
    let mut rows: Vec<Option<Row>> = tried.iter().map(|table| table.trial.hit.clone().map(Row::Matched)).collect();
    loop {
        let reached = |to: usize| {
            let relation = relations.iter().find(|one| one.to == to && rows[one.from].is_some())?;
            Some((to, Row::Reached(tried[to].declared.clone()?, relation.slug.clone())))
        };
        let guessed = |table: usize| {
            let trial = &tried[table].trial;
            Some((table, Row::Matched(trial.named.as_ref().or(trial.chance.as_ref())?.clone())))
        };
        let open = || (0..rows.len()).filter(|&table| rows[table].is_none());
        let Some((table, row)) = open().find_map(reached).or_else(|| open().find_map(guessed)) else { break };
        rows[table] = Some(row);
    }
    let found = rows.into_iter().zip(tried);
    found
        .map(|(row, Tried { table, keys: key, .. })| {
            row.ok_or_else(|| InitError::NoMatch { table, key, events: sample.events.len(), seen: seen(sample) })
        })
        .collect()
}

/// Where in the event the way to a table's row starts.
fn start<'a>(rows: &'a [Row], relations: &[Relation], table: usize) -> Option<&'a Place> {
    let mut table = table;
    for _ in 0..=rows.len() {
        match &rows[table] {
            Row::Matched(matched) => {
                return matched.places.iter().find(|place| place.array.is_some()).or(matched.places.first());
            }
            Row::Reached(_, slug) => table = relations.iter().find(|relation| relation.slug == *slug)?.from,
        }
    }
    None
}

/// The columns besides the key.
fn values<W: Warehouse>(asked: &Asked<'_, W>, key: &Key) -> Result<Vec<String>, InitError> {
    let table = asked.name();
    if table.is_empty() || table.chars().any(|c| c < ' ') || table.chars().count() > 500 {
        return Err(InitError::Unnameable { what: "its name".to_owned(), table });
    }
    if let Some(column) = key.columns.iter().find(|column| column.name.is_empty() || column.name.chars().count() > 300)
    {
        return Err(InitError::Unnameable { what: format!("the name of its key column {:?}", column.name), table });
    }
    let others = asked.table.columns.iter().filter(|column| !key.columns.contains(column));
    let others: Vec<String> = others.map(|column| column.name.clone()).collect();
    if others.is_empty() {
        return Err(InitError::OnlyKey { table, key: key.names() });
    }
    Ok(others)
}

fn seen(sample: &Sample) -> String {
    let all: Vec<String> =
        sample.places.iter().filter(|(_, seen)| !seen.is_empty()).map(|(place, _)| place.shown()).collect();
    let (first, rest) = all.split_at(all.len().min(LISTED));
    match (first, rest.len()) {
        ([], _) => String::new(),
        (first, 0) => format!(" (they have {})", first.join(", ")),
        (first, more) => format!(" (they have {} and {more} more)", first.join(", ")),
    }
}
