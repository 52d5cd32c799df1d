//! What is proposed: per table its key, where events have it, and where its columns go.

use std::collections::BTreeSet;

use weft_warehouse::{Table, Warehouse};

use super::keys::Asked;
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
    /// Where the key comes from.
    pub(crate) matched: Match,
    /// Where the columns go.
    pub(crate) targets: Targets,
}

/// Looks for the key of every table in the sample; `items`: also in the items of arrays.
pub(crate) async fn propose<W: Warehouse>(
    warehouse: &W,
    location: &str,
    tables: &[Table],
    sample: &Sample,
    items: bool,
) -> Result<Proposal, InitError> {
    let mut proposed: Vec<TableProposal> = Vec::new();
    let mut taken: BTreeSet<Place> = BTreeSet::new();
    for (position, table) in tables.iter().enumerate() {
        let asked = Asked { warehouse, location, table };
        let name = asked.name();
        let matched = best_match(&asked, sample, items).await?;
        let columns = values(&asked, &matched)?;
        let entity = names::untaken(names::of_entity(&name), "-", |name| proposed.iter().any(|one| one.entity == name));
        let alias = names::untaken(names::of_row(&name), "_", |name| proposed.iter().any(|one| one.alias == name));
        // Each table gets its share of what a rule may write; what one leaves is for those after it.
        let room = (MAX_WRITES - taken.len()) / (tables.len() - position);
        let key = matched.places.iter().find(|place| place.array.is_some()).or(matched.places.first());
        let Some(key) = key else { continue };
        let targets = targets(sample, key, &alias, &columns, &taken, room);
        taken.extend(targets.writes.iter().map(|(_, place)| place.clone()));
        proposed.push(TableProposal { table: name, entity, alias, matched, targets });
    }
    let having = proposed.iter().flat_map(|table| table.matched.events.iter().copied()).collect();
    Ok(Proposal { tables: proposed, when: when::when(sample, &having) })
}

/// The declared key where events have it; else a column that is as good as one.
async fn best_match<W: Warehouse>(asked: &Asked<'_, W>, sample: &Sample, items: bool) -> Result<Match, InitError> {
    let declared = asked.declared();
    let mut trial = match &declared {
        Some(key) => try_key(asked, key, sample, items).await?,
        None => Trial::default(),
    };
    let mut key = declared;
    if trial.hit.is_none() {
        match asked.unique().await {
            Ok(others) => {
                for other in others {
                    let tried = try_key(asked, &other, sample, items).await?;
                    // A name alone makes no other column the key of a table that declares one.
                    let named = if key.is_some() { None } else { tried.named };
                    trial.merge(Trial { hit: tried.hit, named });
                    key.get_or_insert(other);
                }
            }
            Err(error) if key.is_none() => return Err(error),
            Err(InitError::NoKey { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    if let Some(matched) = trial.hit.or(trial.named) {
        return Ok(matched);
    }
    let key = key.map(|key| key.names()).unwrap_or_default();
    Err(InitError::NoMatch { table: asked.name(), key, events: sample.events.len(), seen: seen(sample) })
}

/// The columns besides the key.
fn values<W: Warehouse>(asked: &Asked<'_, W>, matched: &Match) -> Result<Vec<String>, InitError> {
    let table = asked.name();
    if table.chars().any(|c| c < ' ') || table.chars().count() > 500 {
        return Err(InitError::Unnameable { what: "its name".to_owned(), table });
    }
    let key = &matched.key.columns;
    if let Some(column) = key.iter().find(|column| column.name.is_empty() || column.name.chars().count() > 300) {
        return Err(InitError::Unnameable { what: format!("the name of its key column {:?}", column.name), table });
    }
    let others = asked.table.columns.iter().filter(|column| !key.contains(column));
    let others: Vec<String> = others.map(|column| column.name.clone()).collect();
    if others.is_empty() {
        return Err(InitError::OnlyKey { table, key: matched.key.names() });
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
