//! `weft init`: from a table and a sample of events to the four manifests.

mod report;

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use weft_warehouse::sqlite::Sqlite;
use weft_warehouse::{Table, Warehouse as _};

use super::{Exit, Failure, Format, FormatArg, diagnostics, events::Events};
use crate::init::{self, FILES, InitError, Proposal, Sample, Settings};
use crate::manifests::{self, ManifestArgs};

const EXAMPLES: &str = "\
Reads the tables' columns and keys and the first 1,000 events (or 16 MiB), looks
for the fields whose values are keys of the tables, and writes four manifests:
warehouse.yaml, data-graph.yaml, entities.yaml and mapping.yaml. `weft run`
takes them as they are.

Examples:
  # Orders of a SQLite file, beside the events of a file
  weft init --warehouse sqlite:shop.db --table orders --events events.jsonl

  # Two tables, events from a pipe, into a folder of another name
  head events.jsonl \\
    | weft init --warehouse sqlite:shop.db --table orders --table users --dir em

  # What was found, for machines
  weft init --warehouse sqlite:shop.db --table orders -o json < events.jsonl

Exit codes:
  0  the manifests are written
  1  stopped by something that may pass, such as a full disk: try again
  2  wrong arguments, or nothing fits: no table, no key, no field with a key";

/// Arguments of `weft init`.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The SQLite file that holds the tables
    #[arg(long, value_name = "sqlite:PATH", value_parser = sqlite_path)]
    warehouse: String,

    /// A table or view to join events with; may be repeated
    #[arg(long, required = true, value_name = "NAME")]
    table: Vec<String>,

    /// Events as they will come, one JSON object a line; - is standard input
    #[arg(long, value_name = "PATH", default_value = "-")]
    events: PathBuf,

    /// The folder to write the manifests into; it is made if it is not there
    #[arg(long, value_name = "PATH", default_value = "weft")]
    dir: PathBuf,

    /// Replace manifests that are in the folder
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    format: FormatArg,
}

/// A rule looks up at most so many rows.
const MAX_TABLES: usize = 64;

fn sqlite_path(text: &str) -> Result<String, String> {
    match text.strip_prefix("sqlite:") {
        Some(path) if !path.is_empty() => Ok(path.to_owned()),
        _ => Err("write `sqlite:` and a path, as in sqlite:./shop.db".to_owned()),
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    init::refuse_existing(&args.dir, &FILES, args.force).map_err(Failure::Configuration)?;
    let sample = sample(args)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("failed to start the runtime").map_err(Failure::Transient)?;
    let proposal = runtime.block_on(proposal(args, &sample)).map_err(|error| match error.is_transient() {
        true => Failure::Transient(error.into()),
        false => Failure::Configuration(error.into()),
    })?;
    let texts = texts(args, &proposal, &sample)?;
    check(&texts)?;
    let files: Vec<(&str, String)> = FILES.into_iter().zip(texts).collect();
    init::write_all(&args.dir, &files, args.force).map_err(failed_to_write)?;
    report::print(args, &sample, &proposal)
}

/// The first events.
fn sample(args: &Args) -> Result<Sample, Failure> {
    use std::io::IsTerminal as _;
    let refuse = |message: String| Err(Failure::Configuration(anyhow!(message)));
    if args.events.as_os_str() == "-" && io::stdin().is_terminal() {
        return refuse("there are no events to look at; name a file with --events, or pipe some in".to_owned());
    }
    let name = report::events_name(args);
    let sample = Sample::read(Events::open(&args.events)?)
        .with_context(|| format!("failed to read the events of {name} (--events)"))
        .map_err(Failure::Transient)?;
    match (&sample.events[..], sample.skipped) {
        ([], 0) => refuse(format!("{name} (--events) holds no events; give some as they will come, one a line")),
        ([], skipped) => refuse(format!(
            "{name} (--events) holds no events: none of its {skipped} lines is a JSON object of at most 1 MiB; \
             write one event a line",
        )),
        _ => Ok(sample),
    }
}

async fn proposal(args: &Args, sample: &Sample) -> Result<Proposal, InitError> {
    let failed = |source| InitError::Warehouse { warehouse: args.warehouse.clone(), source };
    let warehouse = Sqlite::open(Path::new(&args.warehouse)).map_err(failed)?;
    let mut tables: Vec<Table> = Vec::new();
    for name in &args.table {
        let table = warehouse.describe(std::slice::from_ref(name)).await.map_err(failed)?;
        if tables.iter().all(|other| other.name != table.name) {
            tables.push(table);
        }
    }
    if tables.len() > MAX_TABLES {
        return Err(InitError::TooManyTables { tables: tables.len(), most: MAX_TABLES });
    }
    init::propose(&warehouse, &args.warehouse, &tables, sample).await
}

fn texts(args: &Args, proposal: &Proposal, sample: &Sample) -> Result<[String; 4], Failure> {
    let file = Path::new(&args.warehouse);
    let relative = init::relative_to(&args.dir, file)
        .with_context(|| format!("failed to find the way from {} to {}", args.dir.display(), file.display()))
        .map_err(Failure::Transient)?;
    let Some(relative) = relative.to_str() else {
        let message = format!("the path {} is not UTF-8, which a manifest has to be; rename it", relative.display());
        return Err(Failure::Configuration(anyhow!(message)));
    };
    let stem = file.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    Ok(init::texts(proposal, &Settings::new(relative.to_owned(), &stem, sample.events.len())))
}

/// Nothing is written that `weft validate` would refuse.
fn check(texts: &[String]) -> Result<(), Failure> {
    let args = ManifestArgs::of(vec!["-".into()]);
    let loaded = manifests::load(&args, &mut texts.join("---\n").as_bytes());
    if loaded.is_valid() {
        return Ok(());
    }
    let report = diagnostics::report(&loaded, Format::Text);
    let message = format!("no valid manifests can be made for these names; please report this:\n{report}");
    Err(Failure::Configuration(anyhow!(message)))
}

fn failed_to_write(error: anyhow::Error) -> Failure {
    use io::ErrorKind::{Interrupted, QuotaExceeded, StorageFull};
    match error.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(StorageFull | QuotaExceeded | Interrupted) => Failure::Transient(error),
        _ => Failure::Configuration(error),
    }
}
