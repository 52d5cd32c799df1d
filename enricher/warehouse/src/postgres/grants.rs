//! What an administrator has to run so that this user can read tables and keep books, and can do no more than that.

use std::collections::{BTreeMap, BTreeSet};

use super::describe::{cell, find, readable_columns, rows};
use super::dialect::quoted;
use super::session::Session;
use crate::names::{self, Unresolved};
use crate::{Error, Grants, NotThere, Reading};

const BOOKKEEPING: &str = "SELECT has_schema_privilege(oid, 'USAGE') AND has_schema_privilege(oid, 'CREATE') FROM \
                           pg_catalog.pg_namespace WHERE nspname = $1";

const MAY_CREATE: &str = "SELECT has_database_privilege(current_database(), 'CREATE')";

/// What the readings of one table need together.
#[derive(Debug, PartialEq, Eq)]
enum Columns {
    All,
    /// These, in order.
    Some(BTreeSet<String>),
}

/// What is to be granted to read tables, by schema and table.
#[derive(Default)]
struct Needed {
    schemas: BTreeSet<String>,
    tables: BTreeMap<(String, String), Columns>,
}

/// The statements that let this user read tables and keep books: those for what it lacks, or all of them.
pub(super) async fn grants(session: &Session, readings: &[Reading], all: bool) -> Result<Grants, Error> {
    let options = session.options();
    let role = quoted(&options.user);
    let mut statements = Vec::new();
    if all {
        statements.push(format!("GRANT CONNECT ON DATABASE {} TO {role}", quoted(&options.database)));
    }
    statements.extend(bookkeeping(session, &role, all).await?);
    let (mut needed, mut unknown) = (Needed::default(), Vec::new());
    for (position, reading) in readings.iter().enumerate() {
        if let Some(not_there) = needed.add(session, reading, all).await? {
            unknown.push((position, not_there));
        }
    }
    statements.extend(needed.statements(&role));
    Ok(Grants { user: Some(options.user.clone()), statements, unknown })
}

/// A schema that is there, and in which this user may make tables; those are its own then.
async fn bookkeeping(session: &Session, role: &str, all: bool) -> Result<Vec<String>, Error> {
    let options = session.options();
    let found = rows(session, BOOKKEEPING, &[&options.bookkeeping]).await?;
    let may_keep: Option<bool> = found.first().map(|row| cell(row, 0)).transpose()?;
    let schema = quoted(&options.bookkeeping);
    let create = format!("CREATE SCHEMA IF NOT EXISTS {schema}");
    let grant = format!("GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}");
    Ok(match may_keep {
        _ if all => vec![create, grant],
        Some(true) => Vec::new(),
        Some(false) => vec![grant],
        // A user that may make it does so with its first sync.
        None if rows(session, MAY_CREATE, &[]).await?.first().map_or(Ok(false), |row| cell(row, 0))? => Vec::new(),
        None => vec![create, grant],
    })
}

impl Needed {
    /// Adds what a reading needs; of it what is lacking, unless `all`. Gives what of it is not there.
    async fn add(&mut self, session: &Session, reading: &Reading, all: bool) -> Result<Option<NotThere>, Error> {
        let place = match find(session, &reading.table).await {
            Err(error @ (Error::Table(_) | Error::Name { .. })) => return Ok(Some(NotThere::Table(error))),
            outcome => outcome?,
        };
        let there = readable_columns(session, &place).await?;
        let wanted = match wanted(reading, &there, all) {
            Ok(wanted) => wanted,
            Err(unresolved) => return Ok(Some(NotThere::Column(unresolved))),
        };
        if all || !place.is_schema_usable {
            self.schemas.insert(place.schema.clone());
        }
        match wanted {
            Columns::Some(columns) if columns.is_empty() => {}
            wanted => self.tables.entry((place.schema, place.table)).or_default().extend(wanted),
        }
        Ok(None)
    }

    fn statements(&self, role: &str) -> impl Iterator<Item = String> {
        let schemas =
            self.schemas.iter().map(move |schema| format!("GRANT USAGE ON SCHEMA {} TO {role}", quoted(schema)));
        let tables = self.tables.iter().map(move |((schema, table), columns)| {
            format!("GRANT SELECT{} ON TABLE {}.{} TO {role}", columns.listed(), quoted(schema), quoted(table))
        });
        schemas.chain(tables)
    }
}

impl Default for Columns {
    fn default() -> Self {
        Self::Some(BTreeSet::new())
    }
}

impl Columns {
    fn extend(&mut self, more: Self) {
        match (self, more) {
            (Self::Some(columns), Self::Some(more)) => columns.extend(more),
            (all, _) => *all = Self::All,
        }
    }

    /// As it stands behind `SELECT`.
    fn listed(&self) -> String {
        match self {
            Self::All => String::new(),
            Self::Some(columns) => {
                format!(" ({})", columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// The columns to grant for a reading, as the table spells them.
fn wanted(reading: &Reading, there: &[(String, bool)], all: bool) -> Result<Columns, Unresolved> {
    let is_granted = |readable: bool| all || !readable;
    let Some(columns) = &reading.columns else {
        let is_wanted = there.iter().any(|(_, readable)| is_granted(*readable));
        return Ok(if is_wanted { Columns::All } else { Columns::default() });
    };
    let mut wanted = BTreeSet::new();
    for column in columns {
        let position = names::resolve(column, there.iter().map(|(name, _)| name.as_str()))?;
        wanted.extend(there.get(position).filter(|(_, readable)| is_granted(*readable)).map(|(name, _)| name.clone()));
    }
    Ok(Columns::Some(wanted))
}
