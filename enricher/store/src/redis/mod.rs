//! The store in Redis, 7 or newer: buckets of rows, their meta, and the change feed.
//!
//! A **bucket** is one hash. Each field is a key text, its value the row as [`Row::as_bytes`](crate::Row::as_bytes) has
//! it; the field with the empty name is the [`Control`] field. Whatever Redis loses, it loses together with the
//! control field, or goes back to an older one; so a bucket answers only if its control field is there and its run is
//! not older than the committed run of the [`Meta`].
//!
//! A run takes the meta ([`Writer::take`]), records what it is about to do ([`Writer::start`]), brings every bucket to
//! its run ([`Writer::bucket`], [`Writer::keep`]), which also tells the [`ChangeFeed`] what changed, and commits
//! ([`Writer::commit`]). Each step is one atomic script that a newer run's token, or a newer run's bucket, refuses.
//!
//! An entity that is not wanted any more is retired ([`Writer::retire`]), its buckets are unlinked, and it is forgotten
//! ([`Writer::forget`]).
//!
//! A Redis user needs [`WRITER_PERMISSIONS`] for the [`Writer`], [`READER_PERMISSIONS`] for the [`RedisStore`] and the
//! [`ChangeFeed`]; both also `+select` where the URL names a database other than 0.

mod all_rows;
mod bucket;
mod columns;
mod connection;
mod control;
mod error;
mod feed;
mod keys;
mod lease;
mod meta;
mod outcome;
mod permissions;
mod reader;
mod removal;
mod scripts;
mod writer;

pub use all_rows::{AllRows, BucketRows};
pub use bucket::BucketWriter;
pub(crate) use connection::connect_once;
pub use connection::{Access, ConnectError, connect};
pub use control::{Columns, Control};
pub use error::StoreError;
pub(crate) use feed::ROUND;
pub use feed::{Change, ChangeFeed, News};
pub use keys::{Keys, MAX_BUCKETS, ROWS_PER_BUCKET, bucket_of, buckets_for, should_grow, slot};
pub(crate) use keys::{bucket_at, place};
pub use lease::{LEASE_LASTS, Lease};
pub use meta::{Meta, Snapshot};
pub use outcome::Outcome;
pub use permissions::{missing_for_reader, missing_for_writer};
pub use reader::RedisStore;
pub use redis::aio::ConnectionManager;
pub use writer::{Shards, Target, Writer};

/// What Redis has to allow a user who writes, as `ACL SETUSER` takes it.
pub const WRITER_PERMISSIONS: &str = "~weft:* +evalsha +script|load +hget +hgetall +hlen +hmget +hset +hdel +exists +unlink \
    +copy +rename +pexpire +persist +xadd";

/// What Redis has to allow a user who reads, as `ACL SETUSER` takes it.
pub const READER_PERMISSIONS: &str = "~weft:* +hgetall +hmget +xrange +xrevrange";

/// The version of the format that is written.
pub const LAYOUT: u32 = 1;

/// The oldest version of the format that is read: the one before [`LAYOUT`], once there is one.
pub const OLDEST_LAYOUT: u32 = 1;
