//! `weft probe`: tries out the connections that objects name.

mod report;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use weft_plan_types::ProbePlan;

use super::sync::graver;
use super::{Exit, Failure, Format, FormatArg, diagnostics, print, result_file};
use crate::connect::{SecretArgs, Secrets};
use crate::manifests::{LOCAL, ManifestArgs};
use crate::probe::{object, probe};

#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// A file or folder with manifests, or - for standard input; may be repeated. Of a folder, the files that end
    /// in .yaml, .yml or .json
    #[arg(short, long, required_unless_present = "plan", value_name = "PATH")]
    filename: Vec<PathBuf>,

    /// Read the folders inside a folder too
    #[arg(short = 'R', long)]
    recursive: bool,

    /// A plan, as pods get it, in place of manifests; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with_all = ["filename", "warehouse", "data_graph", "mapping"])]
    plan: Vec<PathBuf>,

    /// The Warehouse to try out, NAME or NAMESPACE/NAME; may be repeated [default: all objects of the manifests]
    #[arg(long, value_name = "NAME")]
    warehouse: Vec<String>,

    /// The DataGraph whose store to try out, NAME or NAMESPACE/NAME; may be repeated
    #[arg(long, value_name = "NAME")]
    data_graph: Vec<String>,

    /// The EnrichmentMapping whose topics to try out, NAME or NAMESPACE/NAME; may be repeated
    #[arg(long, value_name = "NAME")]
    mapping: Vec<String>,

    /// Write the result to this file too, as JSON of at most 4 KiB; needs one object
    #[arg(long, value_name = "PATH")]
    result: Option<PathBuf>,

    #[command(flatten)]
    secrets: SecretArgs,

    #[command(flatten)]
    format: FormatArg,
}

const EXAMPLES: &str = "\
Logs in at each Warehouse, then writes, reads and drops a table in its
bookkeeping, as a sync does. Logs in at the store of each DataGraph, as the
writer and as the reader, and tries each permission. Logs in at the brokers of
each EnrichmentMapping, and tries whether its topics may be read and written,
and its group be used; no record is written, and the group keeps its place.
What fails is told with what helps, such as the GRANT that is missing. Of what
the manifests name nothing else is touched.

Examples:
  # Every Warehouse, DataGraph and EnrichmentMapping of the manifests
  weft probe -f manifests/

  # One of them, for a program
  weft probe -f manifests/ --warehouse prod -o json

Exit codes, the first that applies to any of the objects:
  2  wrong arguments, manifests, logins or grants: do not try again
  1  something that may pass: try again
  0  all can be used";

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let (plans, secrets) = args.open()?;
    let chosen = args.chosen(&plans)?;
    if let Some(path) = &args.result {
        result_file::try_file(path)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.context("failed to start the runtime").map_err(Failure::Transient)?;
    runtime.block_on(probe_all(args, &chosen, &secrets))
}

async fn probe_all(args: &Args, plans: &[&ProbePlan], secrets: &Secrets) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    for plan in plans {
        let started = Instant::now();
        let probed = probe(plan, secrets).await;
        let took = started.elapsed();
        match args.format.format {
            Format::Json => print(&format!("{}\n", report::Line::new(plan, &probed, took).json()))?,
            Format::Text => print(&report::text(plan, &probed))?,
        }
        if let Some(path) = &args.result {
            report::write_to(path, plan, &probed, took)?;
        }
        exit = graver(exit, report::exit(&probed));
    }
    Ok(exit)
}

impl Args {
    /// Reads the manifests or plans; whatever is wrong or odd about them goes to standard error.
    fn open(&self) -> Result<(Vec<ProbePlan>, Secrets), Failure> {
        if self.plan.is_empty() {
            let args = ManifestArgs {
                filename: self.filename.clone(),
                recursive: self.recursive,
                warehouse: Vec::new(),
                installation: LOCAL.to_owned(),
            };
            let loaded = diagnostics::usable(&args, Format::Text)?;
            let plans = loaded.planned.probes.into_iter().map(|probe| probe.plan).collect();
            return Ok((plans, self.secrets.secrets(loaded.manifests.secrets)));
        }
        let read = |path: &PathBuf| {
            let named = || format!("failed to read the plan {} (--plan)", path.display());
            let bytes = std::fs::read(path).with_context(named).map_err(Failure::Configuration)?;
            weft_plan_types::read(&bytes).with_context(named).map_err(Failure::Configuration)
        };
        let plans = self.plan.iter().map(read).collect::<Result<_, _>>()?;
        Ok((plans, self.secrets.secrets(Default::default())))
    }

    /// What is to be tried out.
    fn chosen<'plan>(&self, plans: &'plan [ProbePlan]) -> Result<Vec<&'plan ProbePlan>, Failure> {
        let refused = |message: String| Err(Failure::Configuration(anyhow!(message)));
        let names = |kind: Option<&str>| {
            let of_kind = plans.iter().map(object).filter(|it| kind.is_none_or(|kind| it.0 == kind));
            of_kind.map(|it| it.1).collect::<Vec<_>>().join(", ")
        };
        if plans.is_empty() {
            return refused("the manifests hold no Warehouse, DataGraph or EnrichmentMapping to try out".to_owned());
        }
        let warehouses = self.warehouse.iter().map(|name| ("Warehouse", "--warehouse", name));
        let graphs = self.data_graph.iter().map(|name| ("DataGraph", "--data-graph", name));
        let mappings = self.mapping.iter().map(|name| ("EnrichmentMapping", "--mapping", name));
        let wanted: Vec<_> = warehouses.chain(graphs).chain(mappings).collect();
        let is_meant = |plan: &ProbePlan, (kind, _, wanted): (&str, &str, &String)| {
            let (of, name) = object(plan);
            of == kind && (*wanted == name || *wanted == format!("{}/{name}", plan.namespace))
        };
        if let Some((kind, flag, name)) = wanted.iter().find(|it| !plans.iter().any(|plan| is_meant(plan, **it))) {
            let there = match names(Some(*kind)).as_str() {
                "" => "none".to_owned(),
                names => names.to_owned(),
            };
            return refused(format!("there is no {kind} {name} ({flag}); there is {there}"));
        }
        let is_wanted = |plan: &&ProbePlan| wanted.is_empty() || wanted.iter().any(|it| is_meant(plan, *it));
        let chosen: Vec<_> = plans.iter().filter(is_wanted).collect();
        if chosen.len() != 1 && self.result.is_some() {
            return refused(format!(
                "--result needs one object; choose with --warehouse, --data-graph or --mapping one of {}",
                names(None)
            ));
        }
        Ok(chosen)
    }
}
