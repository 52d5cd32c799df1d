//! `weft warehouse`: what a warehouse has, and what its user lacks.

mod chosen;
mod grants;
mod tables;

use super::{Exit, Failure};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List the tables and views that a Warehouse's user may read
    Tables(tables::Args),
    /// Print the SQL that gives a Warehouse's user what it lacks
    Grants(grants::Args),
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    match &args.command {
        Command::Tables(args) => tables::run(args),
        Command::Grants(args) => grants::run(args),
    }
}
