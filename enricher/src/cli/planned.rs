//! The plan of one mapping, from manifests or as pods get it, with the secrets it names.

use std::path::PathBuf;

use anyhow::Context as _;
use weft_plan::Planned;
use weft_plan_types::EnrichPlan;

use super::{Failure, Format, diagnostics};
use crate::connect::{SecretArgs, Secrets};
use crate::manifests::ManifestArgs;

/// Where a mapping comes from, for every command that works on one in Kafka.
#[derive(clap::Args)]
pub(crate) struct PlannedArgs {
    /// A file or folder with manifests, or - for standard input; may be repeated. Of a folder, the files that end
    /// in .yaml, .yml or .json
    #[arg(short, long, required_unless_present = "plan", value_name = "PATH")]
    filename: Vec<PathBuf>,

    /// Read the folders inside a folder too
    #[arg(short = 'R', long)]
    recursive: bool,

    /// A plan, as pods get it, in place of manifests
    #[arg(long, value_name = "FILE", conflicts_with_all = ["filename", "mapping"])]
    plan: Option<PathBuf>,

    /// The EnrichmentMapping, NAME or NAMESPACE/NAME; needed where the manifests hold several
    #[arg(long, value_name = "NAME")]
    mapping: Option<String>,

    #[command(flatten)]
    secrets: SecretArgs,
}

impl PlannedArgs {
    /// Reads the manifests or the plan; whatever is wrong or odd about them goes to standard error. `choose` finds the
    /// mapping among those of the manifests.
    pub(crate) fn open(
        &self,
        installation: &str,
        choose: impl for<'plan> FnOnce(&'plan Planned, Option<&str>) -> Result<&'plan EnrichPlan, Failure>,
    ) -> Result<(EnrichPlan, Secrets), Failure> {
        let Some(path) = &self.plan else {
            let args = ManifestArgs {
                filename: self.filename.clone(),
                recursive: self.recursive,
                warehouse: Vec::new(),
                installation: installation.to_owned(),
            };
            let loaded = diagnostics::usable(&args, Format::Text)?;
            let plan = choose(&loaded.planned, self.mapping.as_deref())?.clone();
            return Ok((plan, self.secrets.secrets(loaded.manifests.secrets)));
        };
        let named = || format!("failed to read the plan {} (--plan)", path.display());
        let bytes = std::fs::read(path).with_context(named).map_err(Failure::Configuration)?;
        let plan = weft_plan_types::read(&bytes).with_context(named).map_err(Failure::Configuration)?;
        Ok((plan, self.secrets.secrets(Default::default())))
    }
}
