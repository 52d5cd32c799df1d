use std::net::SocketAddr;

use weft_plan_types::EnrichPlan;

use super::logs::LogFormat;
use crate::cli::planned::PlannedArgs;
use crate::cli::{Failure, mapping};
use crate::connect::{Connections, Secrets, StoreArgs, installation};
use crate::manifests::LOCAL;

#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    planned: PlannedArgs,

    /// The installation that the copies belong to; a store refuses all but its own
    #[arg(long, value_name = "ID", default_value = LOCAL, conflicts_with = "plan", value_parser = installation)]
    installation: String,

    #[command(flatten)]
    store: StoreArgs,

    /// How many MiB of rows to keep in memory; they are as fresh as the store. 0 asks the store each time
    #[arg(long, value_name = "MIB", default_value_t = super::CACHE_MIB)]
    pub(super) cache_mib: u32,

    /// Accept, once, what stopped the mapping: OffsetsLost goes on at the oldest record there is, BreakerOpen goes
    /// on although nearly every event becomes a dead letter; may be repeated
    #[arg(long, value_name = "REASON")]
    pub(super) resume: Vec<Resume>,

    /// Answer on this address: /livez, /readyz, /metrics (Prometheus) and /v1/lag [default: not at all]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) admin: Option<SocketAddr>,

    /// How to write the log [default: text on a terminal, else json]
    #[arg(long, value_name = "FORMAT")]
    pub(super) logs: Option<LogFormat>,
}

/// A stop that a person may accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Resume {
    /// Records were deleted before the group had read them
    #[value(name = "OffsetsLost")]
    OffsetsLost,
    /// Nearly every event became a dead letter
    #[value(name = "BreakerOpen")]
    BreakerOpen,
}

const EXAMPLES: &str = "\
Reads the events of a mapping's topic, joins each with the rows that the store
has and writes it to the destination once per rule that wants it. What cannot be
sent goes to the dead letters, with headers that say why. Every event arrives at
least once, in the order of its partition. What may pass is waited for; the log
says what is waited for. SIGTERM lets it deliver what it has read and leave its
consumer group; a second one ends it at once.

The admin port answers /livez, /readyz with what is waited for, /metrics, and
/v1/lag with how far each partition of this member is.

Examples:
  # The mapping of these manifests, with the Redis and the topics that they name
  weft enrich -f manifests/

  # As a pod runs it
  weft enrich --plan /etc/weft/plan.json --admin 0.0.0.0:8080

Exit codes:
  0  stopped, and everything that was read is delivered
  1  stopped before that; the next start sends the rest again
  2  wrong arguments, manifests, secrets or rules: do not try again";

/// What to run, and how to reach what it names.
pub(super) struct Chosen {
    pub(super) plan: EnrichPlan,
    /// For the topics.
    pub(super) secrets: Secrets,
    /// For the store.
    pub(super) connections: Connections,
}

impl Args {
    /// Reads the manifests or the plan; whatever is wrong or odd about them goes to standard error.
    pub(super) fn open(&self) -> Result<Chosen, Failure> {
        let store = self.store.access()?;
        let (plan, secrets) = self.planned.open(&self.installation, mapping::choose)?;
        Ok(Chosen { plan, connections: Connections::new(secrets.clone(), store), secrets })
    }
}
