use super::{Exit, Failure, print};

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
    print(&text).map(|()| Exit::Done)
}
