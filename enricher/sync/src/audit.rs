//! Holds one bucket of the store against the snapshot that it says it has, another one each run.

use std::collections::BTreeSet;

use weft_store::redis::Writer;
use weft_warehouse::Warehouse;

use crate::SyncError;
use crate::rows;
use crate::statements::{Source, text};

/// Whether the bucket has exactly the keys that the snapshot of `base` has there.
pub(crate) async fn is_sound(
    warehouse: &impl Warehouse,
    source: Source<'_>,
    writer: &Writer,
    base: u64,
    buckets: u32,
    bucket: u32,
) -> Result<bool, SyncError> {
    let mut stored: BTreeSet<Vec<u8>> = writer.key_texts(buckets, bucket).await?.into_iter().collect();
    let mut is_missing = false;
    let query = (source.bucket_keys(base, buckets, bucket), vec![text("k")]);
    rows::visit(warehouse, "audit a bucket", query, |cells, row| {
        is_missing |= !stored.remove(rows::text(cells, 0, row)?.as_bytes());
        Ok(())
    })
    .await?;
    Ok(!is_missing && stored.is_empty())
}
