//! Which Warehouse is meant, and the entities that are copied from it.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use weft_plan_types::{EntityPlan, ProbeTarget, WarehousePlan};

use crate::cli::{Failure, Format, diagnostics};
use crate::connect::{AnyWarehouse, SecretArgs, Secrets, warehouse};
use crate::manifests::ManifestArgs;

/// One Warehouse of manifests.
#[derive(clap::Args)]
pub(super) struct ChosenArgs {
    /// A file or folder with manifests, or - for standard input; may be repeated. Of a folder, the files that end
    /// in .yaml, .yml or .json
    #[arg(short, long, required = true, value_name = "PATH")]
    filename: Vec<PathBuf>,

    /// Read the folders inside a folder too
    #[arg(short = 'R', long)]
    recursive: bool,

    /// The Warehouse, NAME or NAMESPACE/NAME; needed where the manifests hold several
    #[arg(long, value_name = "NAME")]
    warehouse: Option<String>,

    #[command(flatten)]
    secrets: SecretArgs,
}

/// The Warehouse that is meant.
pub(super) struct Chosen {
    /// Its plan.
    pub(super) plan: WarehousePlan,
    /// The entities that are copied from it.
    pub(super) entities: Vec<EntityPlan>,
    namespace: String,
    secrets: Secrets,
}

impl ChosenArgs {
    /// Reads the manifests; whatever is wrong or odd about them goes to standard error.
    pub(super) fn open(&self) -> Result<Chosen, Failure> {
        let args = ManifestArgs { recursive: self.recursive, ..ManifestArgs::of(self.filename.clone()) };
        let loaded = diagnostics::usable(&args, Format::Text)?;
        let warehouses = loaded.planned.probes.into_iter().filter_map(|probe| match probe.plan.target {
            ProbeTarget::Warehouse(warehouse) => Some((probe.plan.namespace, warehouse)),
            ProbeTarget::Store(_) | ProbeTarget::Stream(_) => None,
        });
        let (namespace, plan) = self.choose(warehouses.collect())?;
        let of_it = loaded.planned.syncs.into_iter().map(|sync| sync.plan);
        let of_it = of_it.filter(|sync| sync.owner.namespace == namespace && sync.warehouse.name == plan.name);
        let entities = of_it.map(|sync| sync.entity).collect();
        Ok(Chosen { plan, entities, namespace, secrets: self.secrets.secrets(loaded.manifests.secrets) })
    }

    fn choose(&self, warehouses: Vec<(String, WarehousePlan)>) -> Result<(String, WarehousePlan), Failure> {
        let full = |(namespace, plan): &(String, WarehousePlan)| format!("{namespace}/{}", plan.name);
        let names: Vec<String> = warehouses.iter().map(full).collect();
        let names = names.join(", ");
        if names.is_empty() {
            return Err(Failure::Configuration(anyhow!("the manifests hold no Warehouse")));
        }
        let is_meant = |it: &(String, WarehousePlan)| match &self.warehouse {
            Some(wanted) => *wanted == it.1.name || *wanted == full(it),
            None => true,
        };
        let mut meant: Vec<_> = warehouses.into_iter().filter(is_meant).collect();
        match (meant.pop(), &self.warehouse) {
            (Some(only), _) if meant.is_empty() => Ok(only),
            (Some(_), _) => Err(anyhow!("there are several Warehouses; choose with --warehouse one of {names}")),
            (None, wanted) => {
                let wanted = wanted.as_deref().unwrap_or_default();
                Err(anyhow!("there is no Warehouse {wanted} (--warehouse); there is {names}"))
            }
        }
        .map_err(Failure::Configuration)
    }
}

impl Chosen {
    /// Logs in and does something there.
    pub(super) fn ask<T, F>(&self, ask: impl FnOnce(AnyWarehouse) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, weft_warehouse::Error>>,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("failed to start the runtime").map_err(Failure::Transient)?;
        runtime.block_on(async {
            let opened = warehouse(&self.plan, &self.namespace, &self.secrets).await;
            let opened = opened.map_err(|error| failure(error.is_transient(), error))?;
            let answer = ask(opened).await;
            answer.map_err(|error| {
                let is_transient = error.is_transient();
                failure(is_transient, anyhow!(error).context(format!("Warehouse {}", self.plan.name)))
            })
        })
    }
}

fn failure(is_transient: bool, error: impl Into<anyhow::Error>) -> Failure {
    if is_transient { Failure::Transient(error.into()) } else { Failure::Configuration(error.into()) }
}
