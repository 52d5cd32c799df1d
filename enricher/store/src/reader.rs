use std::future::Future;

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

/// Why a store cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unavailable {
    /// No sync of the entity has completed.
    NotSynced,
}

/// A store as the join sees it.
pub trait Reader {
    /// What the store says of the entity `slug`.
    fn meta(&self, slug: &str) -> impl Future<Output = Result<EntityMeta, Unavailable>>;

    /// Looks up key texts of one entity, each distinct; appends one answer per key, in order.
    fn fetch(&self, slug: &str, keys: &[&[u8]], answers: &mut Vec<Answer>) -> impl Future<Output = ()>;
}
