//! The rows that a batch needs, asked from a store: level by level, one request per entity.

use weft_store::{Answer, Reader, Unavailable};

use crate::join::{Batch, Join};

/// The store cannot tell whether an entity's rows exist.
#[derive(Debug, thiserror::Error)]
#[error("the store cannot answer for entity {entity}: {reason}")]
pub(crate) struct NoAnswer {
    pub(crate) entity: String,
    pub(crate) reason: Unavailable,
}

/// Asks for every row that the batch needs; `bytes` gives the event with a number.
pub(crate) async fn look_up<'event>(
    store: &impl Reader,
    join: &Join,
    batch: &mut Batch,
    bytes: impl Fn(usize) -> &'event [u8],
) -> Result<(), NoAnswer> {
    for level in 0..join.levels() {
        if level > 0 {
            batch.follow_hops(join, level, &bytes);
        }
        let mut answers = Vec::new();
        for (entity, slug, keys) in batch.keys_needed(join, level) {
            let mut found = Vec::with_capacity(keys.len());
            store.fetch(slug, &keys, &mut found).await;
            let unavailable = found.iter().find_map(|answer| match answer {
                Answer::Unavailable(reason) => Some(*reason),
                Answer::Found(_) | Answer::Missing => None,
            });
            if let Some(reason) = unavailable {
                return Err(NoAnswer { entity: slug.to_owned(), reason });
            }
            answers.push((entity, found));
        }
        for (entity, found) in answers {
            batch.answer(level, entity, found);
        }
    }
    Ok(())
}
