//! `weft warehouse tables`: what there is to make entities of.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use indicatif::HumanCount;
use serde::Serialize;
use weft_plan_types::EntityPlan;
use weft_warehouse::{Listed, Warehouse as _, names};

use super::chosen::ChosenArgs;
use crate::cli::{Exit, Failure, Format, FormatArg, print, tell};

#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    chosen: ChosenArgs,

    #[command(flatten)]
    format: FormatArg,
}

const EXAMPLES: &str = "\
Of each table and view: how many rows the warehouse estimates it to have (-
where it does not know; no table is read), its primary key, and the entities of
the manifests that are copies of it. What the user may not read is not listed;
weft warehouse grants prints what entities lack.

Examples:
  # What is there?
  weft warehouse tables -f manifests/ --warehouse prod

  # The tables that are no entity's, for a program
  weft warehouse tables -f manifests/ -o json | jq 'select(.entities == [])'";

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let chosen = args.chosen.open()?;
    let tables = chosen.ask(|warehouse| async move { warehouse.tables().await })?;
    let entities = by_table(&tables, &chosen.entities);
    let entities_of = |position: &usize| entities.get(position).map_or(&[][..], Vec::as_slice);
    match args.format.format {
        Format::Json => {
            for (position, table) in tables.iter().enumerate() {
                print(&json(&chosen.plan.name, table, entities_of(&position)))?;
            }
        }
        Format::Text => print(&text(&tables, &entities_of))?,
    }
    if tables.is_empty() {
        tell(format_args!("Warehouse {}: there is no table or view that its user may read", chosen.plan.name));
    }
    Ok(Exit::Done)
}

/// The slugs of the entities by the positions of their tables.
fn by_table<'plan>(tables: &[Listed], entities: &'plan [EntityPlan]) -> BTreeMap<usize, Vec<&'plan str>> {
    let mut slugs: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for entity in entities {
        if let Some(position) = position(tables, &entity.table) {
            slugs.entry(position).or_default().push(&entity.slug);
        }
    }
    slugs
}

/// Where the table of this name stands, each part in this spelling or in another case.
fn position(tables: &[Listed], name: &[String]) -> Option<usize> {
    let (table, schema) = match name {
        [.., schema, table] => (table, Some(schema)),
        [table] => (table, None),
        [] => return None,
    };
    let schema = match schema {
        Some(wanted) => {
            let mut schemas: Vec<&str> = tables.iter().filter_map(|table| table.schema.as_deref()).collect();
            schemas.dedup();
            let found = names::resolve(wanted, schemas.iter().copied()).ok()?;
            schemas.get(found).copied()
        }
        None => None,
    };
    let within: Vec<usize> = (0..tables.len()).filter(|&at| tables[at].schema.as_deref() == schema).collect();
    let found = names::resolve(table, within.iter().map(|&at| tables[at].name.as_str())).ok()?;
    within.get(found).copied()
}

/// One table as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    warehouse: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a str>,
    name: &'a str,
    kind: &'static str,
    /// An estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    primary_key: &'a [String],
    entities: &'a [&'a str],
}

fn json(warehouse: &str, table: &Listed, entities: &[&str]) -> String {
    let Listed { schema, name, kind, rows, primary_key } = table;
    let (schema, kind, rows) = (schema.as_deref(), kind.name(), *rows);
    let line = Line { warehouse, schema, name, kind, rows, primary_key, entities };
    format!("{}\n", serde_json::to_string(&line).expect("a line is texts and numbers"))
}

/// The tables for people: a head, then one a line, each column as wide as it needs to be.
fn text<'a>(tables: &[Listed], entities_of: &dyn Fn(&usize) -> &'a [&'a str]) -> String {
    let has_schemas = tables.iter().any(|table| table.schema.is_some());
    let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let head = ["schema", "name", "kind", "rows", "primary key", "entities"].map(str::to_owned);
    let line = |(position, table): (usize, &Listed)| {
        [
            table.schema.clone().unwrap_or_default(),
            table.name.clone(),
            table.kind.name().to_owned(),
            table.rows.map_or("-".to_owned(), |rows| format!("~{}", HumanCount(rows))),
            or_dash(table.primary_key.join(", ")),
            or_dash(entities_of(&position).join(", ")),
        ]
        .map(|cell| one_line(&cell))
    };
    let lines: Vec<[String; 6]> = std::iter::once(head).chain(tables.iter().enumerate().map(line)).collect();
    let first = usize::from(!has_schemas);
    let width = |column: usize| lines.iter().map(|cells| cells[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..6).map(width).collect();
    let mut text = String::new();
    for cells in &lines {
        let padded = cells.iter().zip(&widths).skip(first).map(|(cell, width)| format!("{cell:width$}"));
        let _ = writeln!(text, "{}", padded.collect::<Vec<_>>().join("  ").trim_end());
    }
    text
}

/// A name that cannot disturb a terminal: whoever made the table chose it.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use weft_warehouse::TableKind;

    use super::*;

    fn listed(schema: Option<&str>, name: &str) -> Listed {
        let schema = schema.map(str::to_owned);
        Listed { schema, name: name.to_owned(), kind: TableKind::Table, rows: None, primary_key: Vec::new() }
    }

    fn parts(name: &[&str]) -> Vec<String> {
        name.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_entitys_table_is_found_as_a_sync_finds_it() {
        let tables = [listed(Some("Shop"), "a"), listed(Some("Shop"), "A"), listed(Some("public"), "a")];
        for (name, expected) in [
            (&["public", "A"][..], Some(2)),
            (&["shop", "A"], Some(1)),
            (&["db", "shop", "a"], Some(0)),
            (&["other", "a"], None),
            (&["public", "b"], None),
        ] {
            assert_eq!(position(&tables, &parts(name)), expected, "{name:?}");
        }
        assert_eq!(position(&[listed(None, "Orders")], &parts(&["orders"])), Some(0));
    }

    #[test]
    fn columns_are_as_wide_as_what_they_hold_and_a_schema_is_shown_where_there_are_some() {
        let tables = [Listed { rows: Some(12_000), ..listed(None, "orders") }, listed(None, "a\nb")];
        let shown = text(&tables, &|position| if *position == 0 { &["order"] } else { &[] });
        let expected = "name    kind   rows     primary key  entities\norders  table  ~12,000  -            order\n\
                        a\u{fffd}b     table  -        -            -\n";
        assert_eq!(shown, expected);
        assert!(text(&[listed(Some("public"), "a")], &|_| &[]).starts_with("schema  name"));
    }
}
