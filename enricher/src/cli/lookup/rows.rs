//! Many rows, bucket by bucket.

use std::collections::BTreeMap;

use anyhow::anyhow;
use serde::Serialize;
use weft_store::redis::RedisStore;
use weft_store::{Reader as _, Unavailable};

use super::report::OfRun;
use super::{report, unavailable};
use crate::cli::{Exit, Failure, Format, print, tell};

/// How many rows were printed and what they are of, for machines.
#[derive(Serialize)]
struct Summary<'run> {
    entity: &'run str,
    rows: u64,
    #[serde(flatten)]
    of_run: Option<OfRun>,
}

/// Prints rows as JSON, one a line; what they are of goes to standard error. One bucket is in memory at a time.
pub(super) async fn print_rows(store: &RedisStore, slug: &str, most: u64, format: Format) -> Result<Exit, Failure> {
    let meta = store.meta(slug).await.map_err(|reason| unavailable(slug, reason))?;
    let mut buckets = store.all_rows(slug);
    let mut printed = 0;
    let mut lost: BTreeMap<String, (u64, Unavailable)> = BTreeMap::new();
    while printed < most {
        let Some(bucket) = buckets.next().await.map_err(|reason| unavailable(slug, reason))? else { break };
        match bucket.rows {
            Ok(mut rows) => {
                rows.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
                rows.truncate(usize::try_from(most - printed).unwrap_or(usize::MAX));
                printed += rows.len() as u64;
                let lines: Vec<_> = rows.iter().map(|(_, row)| report::line(row, &meta.columns) + "\n").collect();
                print(&lines.concat())?;
            }
            Err(reason) => lost.entry(format!("{reason:?}")).or_insert((0, reason)).0 += 1,
        }
    }
    let of_run = store.entity(slug).await.map_err(|reason| unavailable(slug, reason))?;
    match format {
        Format::Text => {
            let rows = if printed == 1 { "row" } else { "rows" };
            tell(format_args!("{printed} {rows}; {}", report::age(&of_run).unwrap_or_default()));
        }
        Format::Json => {
            let summary = Summary { entity: slug, rows: printed, of_run: OfRun::new(&of_run) };
            tell(format_args!("{}", serde_json::to_string(&summary).expect("texts and numbers are JSON")));
        }
    }
    match lost.into_values().next() {
        None => Ok(Exit::Done),
        Some((buckets, reason)) => Err(Failure::Transient(anyhow!(
            "the store cannot tell for entity {slug} what is in {buckets} of its buckets ({reason:?}): {reason}"
        ))),
    }
}
