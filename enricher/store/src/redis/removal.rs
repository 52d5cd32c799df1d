//! Removes one entity from a store: it is retired, its sets of buckets are unlinked, then it is forgotten. What is
//! interrupted in between is gone on with from the meta, which says what is left.

use super::meta::Meta;
use super::scripts::{self, FORGET, RETIRE};
use super::writer::{ROUND, Writer};
use super::{LAYOUT, OLDEST_LAYOUT, Outcome, StoreError};

impl Writer {
    /// Takes the entity out of use on behalf of the run `token`: readers find no copy from now on, and every step of an
    /// older run is refused. [`Outcome::Already`] if there is no meta and no set is given. `sets` are the numbers of
    /// buckets of which there may be buckets although no meta names them; `take_over` does it whoever is the owner.
    pub async fn retire(&self, token: u64, sets: &[u32], take_over: bool) -> Result<Outcome, StoreError> {
        let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
        let mut call = scripts::call(&RETIRE, &[self.keys.meta()]);
        call.arg(token).arg(self.owner()).arg(OLDEST_LAYOUT).arg(LAYOUT).arg(sets.join(",")).arg(u8::from(take_over));
        scripts::run(&mut self.connection.clone(), "take the entity out of use in the store", &call).await
    }

    /// Removes the meta and the change feed of an entity that was [`retire`](Self::retire)d and of which every set of
    /// buckets was [`unlink`](Self::unlink)ed.
    pub async fn forget(&self, token: u64) -> Result<Outcome, StoreError> {
        let mut call = scripts::call(&FORGET, &[self.keys.meta()]);
        call.arg(token);
        let outcome = scripts::run(&mut self.connection.clone(), "remove the store's meta", &call).await?;
        if outcome == Outcome::Done {
            self.unlink_keys("remove the store's changes", vec![self.keys.changes()]).await?;
        }
        Ok(outcome)
    }

    /// Removes the chunks of a run that was killed while it wrote, which would end by themselves.
    pub async fn unlink_chunks(&self, meta: &Meta) -> Result<(), StoreError> {
        let Some(applying) = &meta.applying else { return Ok(()) };
        let numbers: Vec<u32> = (0..applying.buckets).collect();
        for round in numbers.chunks(ROUND) {
            let key = |&bucket: &u32| self.keys.temporary(applying.buckets, bucket, meta.token);
            self.unlink_keys("remove chunks of a run that was killed", round.iter().map(key).collect()).await?;
        }
        Ok(())
    }

    async fn unlink_keys(&self, act: &'static str, keys: Vec<String>) -> Result<(), StoreError> {
        let mut pipeline = redis::pipe();
        for key in keys {
            pipeline.cmd("UNLINK").arg(key).ignore();
        }
        pipeline.exec_async(&mut self.connection.clone()).await.map_err(|error| StoreError::new(act, &error))
    }
}
