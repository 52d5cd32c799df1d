use std::io::{self, Write};

use super::{Exit, Failure, FormatArg, diagnostics};
use crate::manifests::{self, ManifestArgs};

const EXAMPLES: &str = "\
Examples:
  Check the manifests of a folder:
    weft validate -f manifests/

  Check them against a local copy of the warehouse `shop`:
    weft validate -f manifests/ --warehouse shop=sqlite:./shop.db

  Check what a template renders, as JSON:
    helm template ./chart | weft validate -f - -o json

Exit codes:
  0  valid, maybe with warnings
  2  not valid, or not readable";

/// Arguments of `weft validate`.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    manifests: ManifestArgs,

    #[command(flatten)]
    format: FormatArg,
}

/// Prints everything that is wrong with the manifests.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let loaded = manifests::load(&args.manifests, &mut io::stdin().lock());
    let report = diagnostics::report(&loaded, args.format.format);
    match anstream::stdout().write_all(report.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Transient(error.into())),
        _ if loaded.is_valid() => Ok(Exit::Done),
        _ => Err(Failure::Invalid),
    }
}
