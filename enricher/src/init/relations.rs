//! The foreign keys that lead from one of the tables to another.

use std::collections::BTreeSet;

use weft_warehouse::{ForeignKey, Table, names as warehouse_names};

use super::names;

/// A foreign key from one table to the primary key of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Relation {
    /// The relationship's name.
    pub(crate) slug: String,
    /// The number of the table that declares it.
    pub(crate) from: usize,
    /// The number of the table it leads to.
    pub(crate) to: usize,
    /// The columns: there, and in the table it leads to.
    pub(crate) columns: Vec<(String, String)>,
}

/// Every foreign key from one of the tables to the declared primary key of another; `named` are their entities and
/// aliases.
pub(crate) fn between(tables: &[Table], named: &[(String, String)]) -> Vec<Relation> {
    let mut relations: Vec<Relation> = Vec::new();
    for (from, table) in tables.iter().enumerate() {
        // The schema lists the last one first.
        for key in table.foreign_keys.iter().rev() {
            let Some((to, columns)) = far_end(tables, table, key).filter(|(to, _)| *to != from) else { continue };
            let words = [&named[from].1, &named[to].1].map(|alias| alias.replace('_', "-"));
            let slug = words.join("-to-");
            let slug = names::untaken(slug, "-", |slug| relations.iter().any(|other| other.slug == slug));
            relations.push(Relation { slug, from, to, columns });
        }
    }
    relations.retain(|relation| relation.slug.len() <= 63);
    relations
}

/// The table that a foreign key leads to and the pairs of columns, if it leads to that table's primary key.
fn far_end(tables: &[Table], table: &Table, key: &ForeignKey) -> Option<(usize, Vec<(String, String)>)> {
    let to = warehouse_names::resolve(&key.table, tables.iter().filter_map(|table| Some(table.name.last()?.as_str())))
        .ok()?;
    let far = &tables[to];
    let column = |table: &Table, name: &str| {
        let at = warehouse_names::resolve(name, table.columns.iter().map(|column| column.name.as_str())).ok()?;
        let found = &table.columns[at].name;
        (1..=300).contains(&found.chars().count()).then(|| found.clone())
    };
    let references = if key.references.is_empty() { &far.primary_key } else { &key.references };
    let near: Vec<String> = key.columns.iter().map(|name| column(table, name)).collect::<Option<_>>()?;
    let references: Vec<String> = references.iter().map(|name| column(far, name)).collect::<Option<_>>()?;
    let is_key = references.iter().collect::<BTreeSet<_>>() == far.primary_key.iter().collect::<BTreeSet<_>>();
    (is_key && near.len() == references.len()).then(|| (to, near.into_iter().zip(references).collect()))
}
