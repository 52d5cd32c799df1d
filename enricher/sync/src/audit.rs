//! Holds the numbers of rows in the store against the snapshot that its buckets say they are of.

use std::collections::BTreeMap;

use weft_store::redis::Writer;
use weft_warehouse::Warehouse;

use crate::SyncError;
use crate::rows;
use crate::statements::Source;

/// The buckets, ascending, that have another number of rows than the snapshot of `base`, which has `keys` in all.
///
/// As long as the sums are equal the warehouse is not asked.
pub(crate) async fn unsound(
    warehouse: &impl Warehouse,
    source: Source<'_>,
    writer: &Writer,
    base: u64,
    keys: u64,
    buckets: u32,
) -> Result<Vec<u32>, SyncError> {
    let stored = writer.row_counts(buckets).await?;
    if stored.iter().sum::<u64>() == keys {
        return Ok(Vec::new());
    }
    let mut wanted: BTreeMap<u64, u64> = BTreeMap::new();
    rows::visit(warehouse, "audit the store", source.bucket_counts(base, buckets), |cells, row| {
        wanted.insert(rows::count(cells, 0, row)?, rows::count(cells, 1, row)?);
        Ok(())
    })
    .await?;
    let is_unsound = |(bucket, rows): &(u32, &u64)| wanted.get(&u64::from(*bucket)).copied().unwrap_or(0) != **rows;
    Ok((0..).zip(&stored).filter(is_unsound).map(|(bucket, _)| bucket).collect())
}
