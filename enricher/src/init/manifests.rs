//! The text of the four manifests.

use std::fmt::Write as _;

use super::names;
use super::proposal::{Proposal, Row, TableProposal};
use super::sample::path;
use super::trial::Match;
use super::yaml::{comment, scalar};

/// The manifests' files, in the order of [`texts`].
pub(crate) const FILES: [&str; 4] = ["warehouse.yaml", "data-graph.yaml", "entities.yaml", "mapping.yaml"];

/// The rule's name.
pub(crate) const RULE: &str = "enrich";

/// What the manifests say besides the proposal.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The SQLite file, relative to the manifests.
    pub(crate) sqlite: String,
    /// The name of the Warehouse and of what belongs to it.
    pub(crate) name: String,
    /// How many events the proposal rests on.
    pub(crate) events: usize,
}

impl Settings {
    /// The manifests are named for the file.
    pub(crate) fn new(sqlite: String, stem: &str, events: usize) -> Self {
        Self { sqlite, name: names::of_file(stem), events }
    }
}

/// The manifests, one per name of [`FILES`].
pub(crate) fn texts(proposal: &Proposal, settings: &Settings) -> [String; 4] {
    [warehouse(settings), data_graph(proposal, settings), entities(proposal, settings), mapping(proposal, settings)]
}

fn head(kind: &str, name: &str) -> String {
    format!("apiVersion: weft.dev/v1alpha1\nkind: {kind}\nmetadata:\n  name: {}\nspec:\n", scalar(name))
}

fn warehouse(settings: &Settings) -> String {
    format!(
        "# Where the tables are. A laptop reads a SQLite file. On a cluster put in its place, with your names:\n\
         #   postgres:\n\
         #     host: db.data.svc\n\
         #     database: shop\n\
         #     user: weft\n\
         #     auth: {{password: {{secretRef: {{name: postgres, key: password}}}}}}\n\
         {}  sqlite:\n    path: {} # relative to this file; opened read-only\n",
        head("Warehouse", &settings.name),
        scalar(&settings.sqlite),
    )
}

fn data_graph(proposal: &Proposal, settings: &Settings) -> String {
    let mut text = format!(
        "# Which warehouse the entities are read from, and where their copy is kept. `weft run` keeps it in memory and\n\
         # never connects to the Redis server. For a cluster change its address.\n\
         {}  warehouseRef:\n    name: {}\n  store:\n    redis:\n      url: redis://redis:6379/0\n",
        head("DataGraph", &settings.name),
        scalar(&settings.name),
    );
    if !proposal.relations.is_empty() {
        text.push_str("  # The foreign keys between the tables; a rule goes along them with `from` and `via`.\n  relationships:\n");
    }
    for relation in &proposal.relations {
        let entity = |table: usize| scalar(&proposal.tables[table].entity);
        let _ = write!(
            text,
            "    - slug: {}\n      from: {}\n      to: {}\n      joinOn:\n",
            scalar(&relation.slug),
            entity(relation.from),
            entity(relation.to),
        );
        for (left, right) in &relation.columns {
            let _ = writeln!(text, "        - {{left: {}, right: {}}}", scalar(left), scalar(right));
        }
    }
    text
}

fn entities(proposal: &Proposal, settings: &Settings) -> String {
    let mut text = String::from(
        "# The tables that events are joined with. Columns that are not listed are never copied: take out, here and in\n\
         # mapping.yaml, what events must not carry.\n",
    );
    let documents: Vec<String> = (0..proposal.tables.len()).map(|table| entity(proposal, table, settings)).collect();
    text.push_str(&documents.join("---\n"));
    text
}

fn entity(proposal: &Proposal, number: usize, settings: &Settings) -> String {
    let table = &proposal.tables[number];
    let mut text = head("Entity", &table.entity);
    let key: Vec<String> = table.row.key().columns.iter().map(|column| scalar(&column.name)).collect();
    let _ = write!(
        text,
        "  dataGraphRef:\n    name: {}\n  tableRef: {}\n  primaryKey: [{}]\n",
        scalar(&settings.name),
        scalar(&table_ref(&table.table)),
        key.join(", "),
    );
    left_out(&mut text, table, "  ");
    // What leads to other tables is copied, and be it not written.
    let written = table.targets.writes.iter().map(|(column, _)| column.as_str());
    let mut columns: Vec<&str> = Vec::new();
    for column in written.chain(proposal.leading(number)) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    if !columns.is_empty() {
        text.push_str("  columns:\n");
    }
    for column in columns {
        let _ = writeln!(text, "    - {}", scalar(column));
    }
    text
}

/// The table's name with quotes where it needs them.
fn table_ref(table: &str) -> String {
    if !table.is_empty() && table.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '-')) {
        return table.to_owned();
    }
    format!("\"{}\"", table.replace('"', "\"\""))
}

fn left_out(text: &mut String, table: &TableProposal, indent: &str) {
    let names: Vec<String> = table.targets.left_out.iter().take(20).map(|name| shown(name)).collect();
    if !names.is_empty() {
        let more = table.targets.left_out.len().saturating_sub(names.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = writeln!(
            text,
            "{indent}# Left out, for a rule writes at most 256 values and a name has at most 300 characters:\n\
             {indent}#   {}{more}",
            names.join(", "),
        );
    }
}

/// A column's name in a comment.
fn shown(name: &str) -> String {
    if name.is_empty() { "\"\"".to_owned() } else { comment(name) }
}

fn mapping(proposal: &Proposal, settings: &Settings) -> String {
    let mut text = String::from(
        "# Which events are joined with what, and where the values go. `weft run` reads a file or a pipe and never connects\n\
         # to Kafka. For a cluster change the brokers and the topics.\n",
    );
    text.push_str(&head("EnrichmentMapping", &format!("{}-events", settings.name)));
    let _ = write!(
        text,
        "  dataGraphRef:\n    name: {}\n  \
           source:\n    kafka:\n      bootstrapServers: [\"kafka:9092\"]\n      topic: events\n  \
           destination:\n    kafka:\n      bootstrapServers: [\"kafka:9092\"]\n      topic: events-enriched\n  \
           deadLetter:\n    kafka:\n      topic: events-dead\n  rules:\n",
        scalar(&settings.name),
    );
    let _ = writeln!(text, "    - name: {RULE}");
    match &proposal.when {
        Some(when) => {
            let _ = writeln!(
                text,
                "      # The events of the sample that have a key. Others are not sent; without `when` all are.\n      \
                 when: {}",
                scalar(when),
            );
        }
        None => {
            text.push_str("      # Without `when`: every event. To choose some, for example: when: type = \"track\"\n")
        }
    }
    text.push_str("      entities:\n");
    proposal.tables.iter().for_each(|table| alias(&mut text, table, proposal, settings));
    text.push_str("      enrichments:\n");
    for table in &proposal.tables {
        left_out(&mut text, table, "        ");
        for (column, place) in &table.targets.writes {
            let (alias, column, to) = (&table.alias, scalar(column), scalar(&place.path()));
            let _ = writeln!(text, "        - {{from: {{as: {}, column: {column}}}, to: {to}}}", scalar(alias));
        }
    }
    text
}

fn alias(text: &mut String, table: &TableProposal, proposal: &Proposal, settings: &Settings) {
    match &table.row {
        Row::Matched(matched) => matched_alias(text, table, matched, settings),
        Row::Reached(_, slug) => {
            let relation = proposal.relations.iter().find(|relation| relation.slug == *slug);
            let from = relation.map(|relation| proposal.tables[relation.from].alias.as_str()).unwrap_or_default();
            let _ = writeln!(
                text,
                "        # No event has its key; the row of {from} leads to it.\n        - as: {}\n          from: {}\n          via: {}",
                scalar(&table.alias),
                scalar(from),
                scalar(slug),
            );
        }
    }
}

fn matched_alias(text: &mut String, table: &TableProposal, matched: &Match, settings: &Settings) {
    let (values, found) = (matched.values, matched.found);
    let _ = match found {
        0 => writeln!(
            text,
            "        # A guess by name, to be checked: 0 of {values} values in the sample have a row in {}.",
            comment(&table.table),
        ),
        _ if matched.by_chance => writeln!(
            text,
            "        # Chosen for its values alone ({found} of {values} have a row), not for its name: to be checked.",
        ),
        _ => writeln!(
            text,
            "        # In {} of {} sampled events; {found} of {values} values have a row.",
            matched.events.len(),
            settings.events,
        ),
    };
    let _ = writeln!(text, "        - as: {}\n          entity: {}", scalar(&table.alias), scalar(&table.entity));
    if let Some(array) = matched.array() {
        let _ = writeln!(text, "          forEach: {}", scalar(&format!("{}[*]", path(array))));
    }
    text.push_str("          match:\n");
    for (column, place) in matched.key.columns.iter().zip(&matched.places) {
        let _ = writeln!(text, "            - {{column: {}, path: {}}}", scalar(&column.name), scalar(&place.path()));
    }
}
