//! The command line: one file per command.

#[cfg(feature = "redis")]
mod cleanup;
mod completion;
#[cfg(feature = "kafka")]
mod dead_letters;
#[cfg(feature = "manifests")]
pub(crate) mod diagnostics;
#[cfg(feature = "kafka")]
mod enrich;
#[cfg(feature = "manifests")]
mod events;
mod exit;
#[cfg(feature = "manifests")]
mod explain;
#[cfg(feature = "manifests")]
mod init;
#[cfg(feature = "redis")]
mod lookup;
#[cfg(feature = "manifests")]
mod mapping;
#[cfg(feature = "kafka")]
mod planned;
#[cfg(feature = "manifests")]
mod preview;
#[cfg(feature = "redis")]
mod probe;
#[cfg(feature = "manifests")]
mod progress;
#[cfg(feature = "redis")]
mod result_file;
#[cfg(feature = "manifests")]
mod run;
#[cfg(feature = "redis")]
mod sync;
#[cfg(feature = "manifests")]
mod validate;
mod version;
#[cfg(feature = "manifests")]
mod warehouse;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

#[cfg(feature = "manifests")]
pub(crate) use exit::tell;
pub(crate) use exit::{Exit, Failure, print};

/// Enriches event streams with warehouse data
#[derive(Parser)]
#[command(name = "weft", version, max_term_width = 100, disable_help_subcommand = true)]
#[cfg_attr(feature = "manifests", command(after_help = FIRST_STEPS))]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[cfg(feature = "manifests")]
const FIRST_STEPS: &str = "\
First steps:
  weft init --help      writes manifests for a table and events of yours
  weft validate -f DIR  checks them, weft explain REASON tells what helps
  weft run --help       enriches events by them, from a file, a pipe or a topic";

/// How a command prints its result.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// JSON, with names that do not change
    Json,
}

/// How a command prints its result.
#[derive(clap::Args)]
pub(crate) struct FormatArg {
    /// Print for people or for machines
    #[arg(short = 'o', long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
}

#[derive(Subcommand)]
enum Command {
    /// Write the manifests that join a table with your events
    #[cfg(feature = "manifests")]
    Init(init::Args),
    /// Enrich events from a file or pipe with the tables that manifests name
    #[cfg(feature = "manifests")]
    Run(Box<run::Args>),
    /// Enrich the events of a Kafka topic, until stopped
    #[cfg(feature = "kafka")]
    Enrich(Box<enrich::Args>),
    /// List the events that could not be sent, or send them again
    #[cfg(feature = "kafka")]
    DeadLetters(Box<dead_letters::Args>),
    /// Bring the store's copies of tables up to date, once
    #[cfg(feature = "redis")]
    Sync(Box<sync::Args>),
    /// Remove the store's copies of tables
    #[cfg(feature = "redis")]
    Cleanup(Box<cleanup::Args>),
    /// Try out the connections that manifests name, and say what is missing
    #[cfg(feature = "redis")]
    Probe(Box<probe::Args>),
    /// List a Warehouse's tables, or print the grants that its user lacks
    #[cfg(feature = "manifests")]
    Warehouse(warehouse::Args),
    /// Show what becomes of one event, and why
    #[cfg(feature = "manifests")]
    Preview(Box<preview::Args>),
    /// Show rows of an entity as an enricher would see them
    #[cfg(feature = "redis")]
    Lookup(Box<lookup::Args>),
    /// Check manifests as a cluster would, without one
    #[cfg(feature = "manifests")]
    Validate(validate::Args),
    /// Say what a reason means and how to cure it
    #[cfg(feature = "manifests")]
    Explain(explain::Args),
    /// Print the script that completes weft's commands in a shell
    Completion(completion::Args),
    /// Print the version of weft and of the formats it reads
    Version(version::Args),
}

/// Runs the command that the arguments name; the first is the program's own name.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let outcome = match Cli::parse_from(arguments).command {
        #[cfg(feature = "manifests")]
        Command::Init(args) => init::run(&args),
        #[cfg(feature = "manifests")]
        Command::Run(args) => run::run(&args),
        #[cfg(feature = "kafka")]
        Command::Enrich(args) => enrich::run(&args),
        #[cfg(feature = "kafka")]
        Command::DeadLetters(args) => dead_letters::run(&args),
        #[cfg(feature = "redis")]
        Command::Sync(args) => sync::run(&args),
        #[cfg(feature = "redis")]
        Command::Cleanup(args) => cleanup::run(&args),
        #[cfg(feature = "redis")]
        Command::Probe(args) => probe::run(&args),
        #[cfg(feature = "manifests")]
        Command::Warehouse(args) => warehouse::run(&args),
        #[cfg(feature = "manifests")]
        Command::Preview(args) => preview::run(&args),
        #[cfg(feature = "redis")]
        Command::Lookup(args) => lookup::run(&args),
        #[cfg(feature = "manifests")]
        Command::Validate(args) => validate::run(&args),
        #[cfg(feature = "manifests")]
        Command::Explain(args) => explain::run(&args),
        Command::Completion(args) => completion::run(&args, &mut Cli::command()),
        Command::Version(args) => version::run(&args),
    };
    exit::report(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_help_adds_to_the_options_fits_a_terminal_of_80_columns() {
        let cli = Cli::command();
        let nested = cli.get_subcommands().flat_map(clap::Command::get_subcommands);
        for command in cli.get_subcommands().chain(nested) {
            let added = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            let wide: Vec<_> = added.lines().filter(|line| line.chars().count() > 80).collect();
            assert!(wide.is_empty(), "weft {}: {wide:?}", command.get_name());
        }
    }
}
