use std::fmt;
use std::sync::Arc;

use crate::{EntityMeta, Row};

/// What a store answers for one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The row.
    Found(Row),
    /// The last committed snapshot has no such row.
    Missing,
    /// The store cannot tell.
    Unavailable(Unavailable),
}

/// Why a store cannot tell, and what unblocks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unavailable {
    /// No sync of the entity has completed, or the store was emptied since. The next sync that completes unblocks it.
    NotSynced,
    /// The bucket of the key is gone: the store was emptied or evicts keys. The next sync fills it again; Redis needs
    /// `maxmemory-policy noeviction` and enough memory.
    BucketLost,
    /// The bucket of the key went back to an older run: a backup or a lagging replica took over. The next sync brings it
    /// to the newest run.
    BucketOld,
    /// The rows were neither read nor verified within `maxStaleness`. A sync that completes unblocks it; see why the
    /// last ones did not.
    TooOld {
        /// How long ago they were, in seconds.
        seconds: u64,
    },
    /// What is stored is of a format that this version does not know. A newer `weft` reads it.
    OtherLayout,
    /// The key, or a column that was asked for, is no longer what it was. Ask for the entity's meta anew, and resolve
    /// the columns again.
    ColumnsChanged,
    /// The store's entity belongs to another installation or data graph. Use another Redis database, or take it over.
    StoreOwned,
    /// The store lets the user in no longer, or not near these keys. Check user, password and permissions.
    Denied,
    /// The store does not answer, or is busy. It is asked again; check that it runs and can be reached.
    Unreachable,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::TooOld { seconds } => return too_old(*seconds, out),
            Self::NotSynced => "no sync of it has completed, or the store was emptied since; the next sync unblocks it",
            Self::BucketLost => "the store lost some of its rows; the next sync brings them back",
            Self::BucketOld => "some of its rows went back to an older state; the next sync brings them up to date",
            Self::OtherLayout => "the store's format is not known to this version; use a newer weft",
            Self::ColumnsChanged => "its key or columns changed since they were read; they have to be read again",
            Self::StoreOwned => "it belongs to another installation or data graph; use another Redis database",
            Self::Denied => "the store refuses the user; check user, password and permissions",
            Self::Unreachable => "the store does not answer; check that it runs and can be reached",
        })
    }
}

fn too_old(seconds: u64, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let age = match (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, seconds) => format!("{seconds}s"),
        (0, 0, minutes, seconds) => format!("{minutes}m {seconds}s"),
        (0, hours, minutes, _) => format!("{hours}h {minutes}m"),
        (days, hours, ..) => format!("{days}d {hours}h"),
    };
    write!(
        out,
        "its rows were last read or verified {age} ago, longer than maxStaleness allows; a sync that completes unblocks it"
    )
}

/// A store as the join sees it.
pub trait Reader: Sync {
    /// What the store says of the entity `slug`.
    fn meta(&self, slug: &str) -> impl Future<Output = Result<EntityMeta, Unavailable>> + Send;

    /// Looks up key texts of one entity, each distinct; appends one answer per key, in order.
    fn fetch(&self, slug: &str, keys: &[&[u8]], answers: &mut Vec<Answer>) -> impl Future<Output = ()> + Send;
}

impl<R: Reader> Reader for &R {
    fn meta(&self, slug: &str) -> impl Future<Output = Result<EntityMeta, Unavailable>> + Send {
        R::meta(self, slug)
    }

    fn fetch(&self, slug: &str, keys: &[&[u8]], answers: &mut Vec<Answer>) -> impl Future<Output = ()> + Send {
        R::fetch(self, slug, keys, answers)
    }
}

impl<R: Reader + Send> Reader for Arc<R> {
    fn meta(&self, slug: &str) -> impl Future<Output = Result<EntityMeta, Unavailable>> + Send {
        R::meta(self, slug)
    }

    fn fetch(&self, slug: &str, keys: &[&[u8]], answers: &mut Vec<Answer>) -> impl Future<Output = ()> + Send {
        R::fetch(self, slug, keys, answers)
    }
}
