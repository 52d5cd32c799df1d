//! The operator: it looks at the four kinds of `weft.dev` and makes of them what runs them.
//!
//! `reconcile` is observe -> decide -> apply -> report ([`driver`]). Only `decide` may be clever, and it is a pure
//! function of the object, what was observed and the time; there is one per kind.

mod admin;
mod apply;
mod args;
mod child;
mod condition;
mod condition_metrics;
mod data_graph;
mod driver;
mod election;
mod enrichers;
mod entity;
mod events;
mod installation;
mod logs;
mod mapping;
mod metrics;
mod pod;
mod pod_template;
mod probe;
mod reason;
mod release;
mod session;
mod warehouse;
mod world;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let args = args::Args::parse();
    logs::start(args.logs);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let ended = runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(session::run(args)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
