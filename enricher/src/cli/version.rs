use std::io::Write;

use super::{Exit, Failure};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    format: super::FormatArg,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    let plan = weft_plan_types::PLAN_VERSION;
    let text = match args.format.format {
        super::Format::Text => format!("weft {version} (plan format {plan})\n"),
        super::Format::Json => format!("{}\n", serde_json::json!({"version": version, "planVersion": plan})),
    };
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| Failure::Transient(error.into()))?;
    Ok(Exit::Done)
}
