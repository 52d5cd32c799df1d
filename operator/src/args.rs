//! What the operator is told when it starts.

use std::net::SocketAddr;

use crate::installation::is_sound;

/// Runs Weft on Kubernetes: copies tables on schedule and enriches event streams, as the Warehouses, DataGraphs,
/// Entities and EnrichmentMappings of the cluster say.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "weft-operator", version, after_long_help = NOTES)]
pub(crate) struct Args {
    /// The namespaces to watch, separated by commas [default: all of the cluster]
    #[arg(long, value_name = "NAMESPACE", value_delimiter = ',')]
    pub(crate) watch_namespaces: Vec<String>,

    /// The image of `weft` that syncs and enrichers run
    #[arg(long, value_name = "IMAGE")]
    pub(crate) data_plane_image: String,

    /// The id under which copies are kept: another installation's are never written to. It is settled once, in ConfigMap
    /// weft-installation of the Lease's namespace; another one is refused [default: the one that is there, else a new one]
    #[arg(long, value_name = "ID", value_parser = installation)]
    pub(crate) installation: Option<String>,

    /// Remove the copy of a deleted Entity from store and warehouse, and let it wait for that. Not with rights that end with
    /// a namespace: of one that is deleted the Entities would wait for ever
    #[arg(long)]
    pub(crate) clean_up: bool,

    /// How many seconds a deleted Entity waits at most for its copy to be removed
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) cleanup_deadline: u64,

    /// Take the Lease over, let Entities go without it from now on, and end: to be run before the operator is removed
    #[arg(long)]
    pub(crate) release_entities: bool,

    /// The Lease by which one of several replicas is chosen to act
    #[arg(long, value_name = "NAME", default_value = "weft-operator")]
    pub(crate) lease_name: String,

    /// The namespace of the Lease [default: that of the pod, else of the kubeconfig]
    #[arg(long, value_name = "NAMESPACE")]
    pub(crate) lease_namespace: Option<String>,

    /// The name of this replica in the Lease [default: the host and the process]
    #[arg(long, value_name = "NAME")]
    pub(crate) identity: Option<String>,

    /// Answer on this address: /livez, /readyz and /metrics (Prometheus)
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "0.0.0.0:8080")]
    pub(crate) admin: SocketAddr,

    /// How to write the log [default: text on a terminal, else json]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) logs: Option<LogFormat>,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

const NOTES: &str = "\
It finds the cluster as a pod does, else by KUBECONFIG. It reads no Secret: what
needs a password runs in a pod of its own. Several replicas may run; the one that
holds the Lease acts, and SIGTERM hands the Lease over at once. WEFT_LOG sets
what is logged, such as WEFT_LOG=debug.

Examples:
  # On a laptop, against the cluster of the kubeconfig
  weft-operator --installation dev --data-plane-image weft:dev --lease-namespace default

  # In two namespaces only, with Roles in place of ClusterRoles
  weft-operator --installation prod --data-plane-image weft:1 --watch-namespaces shop,media";

/// An installation's id, which is a part of the name of an owner.
fn installation(text: &str) -> Result<String, String> {
    let is_sound = is_sound(text);
    is_sound.then(|| text.to_owned()).ok_or_else(|| "write 1 to 63 letters, digits, `-`, `_` and `.`".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn namespaces_are_separated_by_commas() {
        let line = ["weft-operator", "--installation", "a", "--data-plane-image", "b", "--watch-namespaces", "x,y"];
        assert_eq!(
            Args::try_parse_from(line).map(|args| args.watch_namespaces).ok(),
            Some(vec!["x".into(), "y".into()])
        );
    }

    #[test]
    fn an_installation_that_would_break_the_name_of_an_owner_is_refused() {
        assert!(installation("a/b").is_err());
        assert!(installation("").is_err());
        assert!(installation("prod-1.eu").is_ok());
    }
}
