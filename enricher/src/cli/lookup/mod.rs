//! `weft lookup`: rows of an entity, as an enricher would see them.

mod key;
mod report;
mod rows;

use anyhow::{Context as _, anyhow};
use weft_store::redis::RedisStore;
use weft_store::{Answer, Reader as _, Unavailable};

use super::{Exit, Failure, FormatArg};
use crate::connect::{ConnectArgs, Readable};
use key::Part;
use report::Report;

/// Arguments of `weft lookup`.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The entity, by its slug; NAMESPACE/GRAPH/SLUG where several have it
    #[arg(value_name = "ENTITY")]
    entity: String,

    /// The key: each of its columns with a value
    #[arg(value_name = "COLUMN=VALUE", required_unless_present_any = ["all", "sample"])]
    key: Vec<Part>,

    /// Print every row, as JSON, one a line
    #[arg(long, conflicts_with_all = ["key", "sample"])]
    all: bool,

    /// Print so many rows, as JSON, one a line: those whose keys have the lowest hashes
    #[arg(long, value_name = "N", conflicts_with = "key", value_parser = clap::value_parser!(u64).range(1..))]
    sample: Option<u64>,

    #[command(flatten)]
    connect: ConnectArgs,

    #[command(flatten)]
    format: FormatArg,
}

const EXAMPLES: &str = "\
Asks the store that the manifests name, as the user of enrichers, and says which
run the rows are of and how old they are. A value is what an event would hold as
a text: key columns of every type take it.

Examples:
  # The row of a product
  weft lookup -f manifests/ product-entity SKU=A-7

  # A key of two columns, for machines
  weft lookup -f manifests/ order-line ORDER_ID=17 NR=2 -o json

  # What do the rows look like?
  weft lookup -f manifests/ product-entity --sample 3

  # Through a port that is forwarded
  weft lookup -f manifests/ product-entity SKU=A-7 \\
    --store redis://localhost:6379/0 --store-password-file reader.txt

Exit codes:
  0  found
  1  the store cannot tell: the message says why and what helps
  2  wrong arguments, manifests or grants, or what is no key
  3  there is no such row";

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let (plans, connections) = args.connect.open()?;
    let entity = chosen(&args.entity, &plans.readable)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("failed to start the runtime").map_err(Failure::Transient)?;
    runtime.block_on(async {
        let connection = connections.reader(entity).await?;
        let owner = &entity.owner;
        let store = RedisStore::new(connection, &owner.namespace, &owner.graph, &owner.to_string(), None);
        match args.sample.or(args.all.then_some(u64::MAX)) {
            Some(most) => rows::print_rows(&store, &entity.slug, most, args.format.format).await,
            None => look_up(args, &store, &entity.slug).await,
        }
    })
}

/// The entity that is named.
fn chosen<'plan>(wanted: &str, entities: &'plan [Readable]) -> Result<&'plan Readable, Failure> {
    let full = |entity: &Readable| format!("{}/{}/{}", entity.owner.namespace, entity.owner.graph, entity.slug);
    let refuse = |message: String| Err(Failure::Configuration(anyhow!(message)));
    let named: Vec<_> = entities.iter().filter(|entity| entity.slug == wanted || full(entity) == wanted).collect();
    match named[..] {
        [entity] => Ok(entity),
        [] => {
            let mut slugs: Vec<_> = entities.iter().map(|entity| entity.slug.as_str()).collect();
            slugs.sort_unstable();
            slugs.dedup();
            let there = if slugs.is_empty() { "none that is synced".to_owned() } else { slugs.join(", ") };
            refuse(format!("there is no entity {wanted} that is synced; there is {there}"))
        }
        _ => {
            let names: Vec<_> = named.into_iter().map(full).collect();
            refuse(format!("several graphs have an entity {wanted}; write one of {}", names.join(", ")))
        }
    }
}

async fn look_up(args: &Args, store: &RedisStore, slug: &str) -> Result<Exit, Failure> {
    let mut report = Report::new(slug);
    let answer = match store.meta(slug).await {
        Err(reason) => Answer::Unavailable(reason),
        Ok(meta) => {
            let key = key::text(&args.key, &meta.key).map_err(Failure::Configuration)?;
            report.set_key(&args.key, &meta.key);
            let mut answers = Vec::new();
            store.fetch(slug, &[&key], &mut answers).await;
            report.columns = meta.columns;
            answers.pop().unwrap_or(Answer::Unavailable(Unavailable::BucketLost))
        }
    };
    report.of_run = store.entity(slug).await.ok();
    report.print(&answer, args.format.format)?;
    match answer {
        Answer::Found(_) => Ok(Exit::Done),
        Answer::Missing => Ok(Exit::Incomplete),
        Answer::Unavailable(reason) => Err(unavailable(slug, reason)),
    }
}

fn unavailable(slug: &str, reason: Unavailable) -> Failure {
    let error = anyhow!("the store cannot tell for entity {slug} ({reason:?}): {reason}");
    let is_lasting = matches!(reason, Unavailable::Denied | Unavailable::StoreOwned | Unavailable::OtherLayout);
    if is_lasting { Failure::Configuration(error) } else { Failure::Transient(error) }
}
