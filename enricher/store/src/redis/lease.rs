//! Leases: so that two runs do not do the same work, and no warehouse gets more runs at a time than it may.
//!
//! They save work and nothing else. A holder that is held up for longer than [`LEASE_LASTS`] does not know that it lost
//! its lease, so what a run may write is decided by the token in the meta and by the buckets' own runs, never by a lease.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use redis::aio::ConnectionManager;
use tokio::time::Instant;

use super::StoreError;
use super::scripts::{self, LEASE, RELEASE, RENEW};

/// A lease that is not renewed for so long is anybody's: so long, at most, a killed run is waited for.
pub const LEASE_LASTS: Duration = Duration::from_secs(15);

/// How often a holder renews: two renewals may be late or fail.
const RENEWED_EVERY: Duration = Duration::from_secs(5);

/// A lease that is held. One that is dropped without [`release`](Self::release) ends after [`LEASE_LASTS`].
#[derive(Debug)]
#[must_use]
pub struct Lease {
    connection: ConnectionManager,
    key: String,
    holder: String,
}

impl Lease {
    /// Takes the lease `key`, one of [`Keys::lease`](super::Keys::lease) and [`slot`](super::slot); `None` while
    /// somebody has it.
    pub async fn acquire(connection: &ConnectionManager, key: &str) -> Result<Option<Self>, StoreError> {
        let (connection, key) = (connection.clone(), key.to_owned());
        let lease = Self { connection, key, holder: format!("{:016x}{:016x}", random(), random()) };
        let taken = lease.is_done("take a lease in the store", &LEASE, Some(LEASE_LASTS)).await?;
        Ok(taken.then_some(lease))
    }

    /// Takes the first of these leases that nobody has; `None` while all are taken.
    pub async fn acquire_any(connection: &ConnectionManager, keys: &[String]) -> Result<Option<Self>, StoreError> {
        for key in keys {
            if let Some(lease) = Self::acquire(connection, key).await? {
                return Ok(Some(lease));
            }
        }
        Ok(None)
    }

    /// Lets the lease last for another [`LEASE_LASTS`]; `false` if it is no longer the holder's.
    pub async fn renew(&self) -> Result<bool, StoreError> {
        self.is_done("renew a lease in the store", &RENEW, Some(LEASE_LASTS)).await
    }

    /// Renews the lease for as long as this is awaited; ends once the lease is lost, or may be.
    pub async fn lost(&self) {
        let mut renewed = Instant::now();
        loop {
            tokio::time::sleep(RENEWED_EVERY).await;
            let asked = Instant::now();
            match self.renew().await {
                Ok(true) => renewed = asked,
                Ok(false) => return,
                Err(_) if renewed.elapsed() >= LEASE_LASTS => return,
                Err(_) => {}
            }
        }
    }

    /// Gives the lease back; one that is another's by now stays that one's.
    pub async fn release(self) -> Result<(), StoreError> {
        self.is_done("give a lease back to the store", &RELEASE, None).await.map(drop)
    }

    async fn is_done(
        &self,
        act: &'static str,
        script: &redis::Script,
        lasts: Option<Duration>,
    ) -> Result<bool, StoreError> {
        let mut call = scripts::call(script, std::slice::from_ref(&self.key));
        call.arg(&self.holder).arg(lasts.map(|lasts| lasts.as_millis() as u64));
        let answer = scripts::answer(&mut self.connection.clone(), act, &call).await?;
        match answer.first().map(String::as_str) {
            Some("done") => Ok(true),
            Some("taken") => Ok(false),
            _ => Err(StoreError::Foreign { act, what: "answer" }),
        }
    }
}

/// Another number each time, in whatever process: the standard library's hashers are seeded by the system.
fn random() -> u64 {
    RandomState::new().hash_one(std::process::id())
}
