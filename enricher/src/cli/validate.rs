use std::io;

use super::{Exit, Failure, FormatArg, diagnostics, print};
use crate::manifests::{self, ManifestArgs};

const EXAMPLES: &str = "\
Examples:
  # The manifests of a folder
  weft validate -f manifests/

  # With a local file in place of the Warehouse `shop`
  weft validate -f manifests/ --warehouse shop=sqlite:./shop.db

  # What a template renders, as JSON
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
    print(&report)?;
    if loaded.is_valid() { Ok(Exit::Done) } else { Err(Failure::Invalid) }
}
