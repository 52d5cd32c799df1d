//! `weft dead-letters`: what could not be sent, listed and sent again.

mod args;
mod list;
mod replay;
mod row;
mod table;
mod time;

use anyhow::anyhow;

use super::{Exit, Failure};
use crate::letters::TopicError;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Show which events of a mapping could not be sent, and why
    List(list::Args),
    /// Send them to the mapping's source again, each for the rule that could not send it
    Replay(replay::Args),
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    match &args.command {
        Command::List(args) => list::run(args),
        Command::Replay(args) => replay::run(args),
    }
}

fn failure(error: TopicError) -> Failure {
    if error.is_transient() { Failure::Transient(anyhow!(error)) } else { Failure::Configuration(anyhow!(error)) }
}
