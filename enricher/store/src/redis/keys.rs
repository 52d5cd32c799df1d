//! The one place that spells Redis keys, and that says which bucket a row's key is in.

use md5::{Digest as _, Md5};

/// The rows a bucket is meant to hold. Measured on Redis 7, 1 M rows of 250 B: buckets of this size take 312 B a row and
/// answer as many keys per second as one string per row, which takes 360 B.
pub const ROWS_PER_BUCKET: u64 = 4096;

/// The most buckets an entity may have: 68 thousand million rows.
pub const MAX_BUCKETS: u32 = 1 << 24;

/// How many times [`ROWS_PER_BUCKET`] a bucket may hold before the entity gets more buckets.
const GROWTH: u64 = 4;

/// The number of buckets that `rows` rows want: a power of two, so that a bucket is a range of hashes.
pub fn buckets_for(rows: u64) -> u32 {
    let wanted = rows.div_ceil(ROWS_PER_BUCKET).clamp(1, u64::from(MAX_BUCKETS));
    u32::try_from(wanted.next_power_of_two()).unwrap_or(MAX_BUCKETS)
}

/// Whether `rows` rows in `buckets` buckets are too many to stay there.
pub fn should_grow(rows: u64, buckets: u32) -> bool {
    rows > u64::from(buckets) * ROWS_PER_BUCKET * GROWTH && buckets < MAX_BUCKETS
}

/// The bucket of a key text, of `buckets` in all: the leading bits of its MD5, so that rows ordered by the MD5 of their
/// key come bucket by bucket.
pub fn bucket_of(key: &[u8], buckets: u32) -> u32 {
    bucket_at(place(key), buckets)
}

/// Where a key text stands among all hashes: the leading bits of its MD5.
pub(crate) fn place(key: &[u8]) -> u32 {
    let hash = Md5::digest(key);
    u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
}

/// The bucket of a place.
pub(crate) fn bucket_at(place: u32, buckets: u32) -> u32 {
    place.checked_shr(u32::BITS - buckets.trailing_zeros()).unwrap_or(0)
}

/// Where a bucket ends: the place of the next one, 2^32 after the last one.
pub(super) fn bucket_end(bucket: u32, buckets: u32) -> u64 {
    (u64::from(bucket) + 1) << (u32::BITS - buckets.trailing_zeros())
}

/// The lease of one of the runs that a warehouse may have at a time, numbered from 0.
pub fn slot(namespace: &str, warehouse: &str, number: u32) -> String {
    format!("weft:{namespace}/warehouse/{warehouse}:slot:{number}")
}

/// The Redis keys of one entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    prefix: String,
}

impl Keys {
    /// The keys of the entity `slug` of a data graph.
    pub fn new(namespace: &str, graph: &str, slug: &str) -> Self {
        Self { prefix: format!("weft:{namespace}/{graph}/{slug}") }
    }

    /// The hash that says what is in the store.
    pub fn meta(&self) -> String {
        format!("{}:meta", self.prefix)
    }

    /// The stream of changes.
    pub fn changes(&self) -> String {
        format!("{}:changes", self.prefix)
    }

    /// The lease of the run that is at work on the entity.
    pub fn lease(&self) -> String {
        format!("{}:lease", self.prefix)
    }

    /// The hash of one bucket of `buckets`; the braces are the hash tag that says which shard of a cluster has it.
    pub fn bucket(&self, buckets: u32, bucket: u32) -> String {
        format!("{}:{{{buckets}.{bucket}}}", self.prefix)
    }

    /// Where the run with `token` gathers a bucket's chunks: of the same hash tag, so that it can become the bucket.
    pub fn temporary(&self, buckets: u32, bucket: u32, token: u64) -> String {
        format!("{}:{token}", self.bucket(buckets, bucket))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_spelled_as_the_format_says() {
        let keys = Keys::new("shop", "main", "product-entity");
        assert_eq!(keys.meta(), "weft:shop/main/product-entity:meta");
        assert_eq!(keys.changes(), "weft:shop/main/product-entity:changes");
        assert_eq!(keys.lease(), "weft:shop/main/product-entity:lease");
        assert_eq!(slot("shop", "prod", 3), "weft:shop/warehouse/prod:slot:3");
        assert_eq!(keys.bucket(256, 7), "weft:shop/main/product-entity:{256.7}");
        assert_eq!(keys.temporary(256, 7, 1_790_000_001), "weft:shop/main/product-entity:{256.7}:1790000001");
    }

    /// The MD5 of `abc` is 900150983cd24fb0…, of `a` 0cc175b9c0f1b6a8… (RFC 1321).
    #[test]
    fn a_bucket_is_the_leading_bits_of_the_md5_of_the_key() {
        assert_eq!(bucket_of(b"abc", 1), 0);
        assert_eq!(bucket_of(b"abc", 2), 1);
        assert_eq!(bucket_of(b"abc", 16), 0x9);
        assert_eq!(bucket_of(b"abc", 4096), 0x900);
        assert_eq!(bucket_of(b"a", 1 << 24), 0x000c_c175);
    }

    #[test]
    fn a_bucket_holds_half_to_all_of_its_rows_when_it_is_made_and_four_times_them_before_it_is_split() {
        for (rows, buckets) in [(0, 1), (1, 1), (4096, 1), (4097, 2), (1_000_000, 256), (100_000_000, 32_768)] {
            assert_eq!(buckets_for(rows), buckets, "{rows} rows");
            assert!(!should_grow(rows, buckets), "{rows} rows");
        }
        assert!(!should_grow(4 * 4096, 1));
        assert!(should_grow(4 * 4096 + 1, 1));
        assert_eq!(buckets_for(u64::MAX), MAX_BUCKETS);
        assert!(!should_grow(u64::MAX, MAX_BUCKETS));
    }
}
