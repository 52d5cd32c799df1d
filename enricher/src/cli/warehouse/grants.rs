//! `weft warehouse grants`: the SQL that an administrator runs for a Warehouse's user.

use std::fmt::Write as _;

use weft_plan_types::EntityPlan;
use weft_warehouse::{Grants, Reading, Warehouse as _};

use super::chosen::ChosenArgs;
use crate::cli::exit::tell_error;
use crate::cli::{Exit, Failure, print};

#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    chosen: ChosenArgs,

    /// Print what the user has already too, as for another server
    #[arg(long)]
    all: bool,
}

const EXAMPLES: &str = "\
Logs in as the Warehouse's user and prints the statements that give it what it
lacks, and no more: a schema for bookkeeping that it may write in, and SELECT on
the tables of the entities that are synced, or on the columns that they name.
An administrator runs them; Weft does not. Nothing is changed.

Examples:
  # What does the user lack?
  weft warehouse grants -f manifests/ --warehouse prod

  # Give it that
  weft warehouse grants -f manifests/ | psql postgresql://admin@db/shop

Exit codes:
  0  all that is lacking is printed, also if that is nothing
  1  the server does not answer: try again
  2  wrong arguments, manifests, login, tables or columns";

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let chosen = args.chosen.open()?;
    let readings: Vec<Reading> = chosen.entities.iter().map(reading).collect();
    let grants = chosen.ask(|warehouse| async move { warehouse.grants(&readings, args.all).await })?;
    print(&script(&chosen.plan.name, &grants, args.all))?;
    for (position, not_there) in &grants.unknown {
        let slug = chosen.entities.get(*position).map_or("", |entity| entity.slug.as_str());
        tell_error(format_args!("entity {slug}: {not_there}"));
    }
    if grants.unknown.is_empty() { Ok(Exit::Done) } else { Err(Failure::Invalid) }
}

/// What a sync of the entity reads.
fn reading(entity: &EntityPlan) -> Reading {
    let key = || entity.primary_key.iter();
    let columns = entity.columns.as_ref().map(|columns| key().chain(columns).cloned().collect());
    Reading { table: entity.table.clone(), columns }
}

/// Statements and comments.
fn script(warehouse: &str, grants: &Grants, all: bool) -> String {
    let Some(user) = &grants.user else {
        return format!("-- Warehouse {warehouse}: a SQLite file has no users, and needs no grants\n");
    };
    let what = match grants.statements.is_empty() {
        _ if all => "needs this",
        true => "has all that it needs",
        false => "lacks this",
    };
    let mut script = format!("-- Warehouse {warehouse}: the user {user:?} {what}\n");
    for statement in &grants.statements {
        let _ = writeln!(script, "{statement};");
    }
    script
}
