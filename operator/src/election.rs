//! Which of several replicas acts: the one that holds the Lease.
//!
//! A replica judges another's Lease by its own clock only: it takes one over that it saw unchanged for as long as the
//! Lease lasts. The holder stops writing when it could not renew for two thirds of that time, so before anybody else
//! may begin.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};

/// How long a Lease lasts without being renewed.
const DURATION: Duration = Duration::from_secs(15);
/// How long the holder may go on without having renewed it.
const DEADLINE: Duration = Duration::from_secs(10);
/// The time between two looks at the Lease.
const PERIOD: Duration = Duration::from_secs(2);
/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(4);

/// One replica's part in the election.
pub(crate) struct Election {
    leases: Api<Lease>,
    name: String,
    identity: String,
    /// Until when this replica may write.
    until: Mutex<Option<Instant>>,
    /// The Lease of another, as it was seen first, and when.
    seen: Mutex<Option<(LeaseSpec, Instant)>>,
}

impl Election {
    pub(crate) fn new(client: Client, namespace: &str, name: &str, identity: String) -> Self {
        let leases = Api::namespaced(client, namespace);
        Self { leases, name: name.to_owned(), identity, until: Mutex::default(), seen: Mutex::default() }
    }

    /// Whether this replica may write at this moment.
    pub(crate) fn may_write(&self) -> bool {
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Waits until this replica holds the Lease.
    pub(crate) async fn won(&self) {
        while !self.round().await {
            tokio::time::sleep(PERIOD).await;
        }
    }

    /// The name of this replica.
    pub(crate) fn identity(&self) -> &str {
        &self.identity
    }

    /// Takes the Lease from whoever holds it, for half a minute, and waits until that one has noticed.
    pub(crate) async fn seized(&self) -> Result<(), kube::Error> {
        while let Some(mut lease) = self.leases.get_opt(&self.name).await? {
            let before = lease.spec.unwrap_or_default();
            lease.spec = Some(LeaseSpec {
                holder_identity: Some(self.identity.clone()),
                lease_duration_seconds: Some(30),
                renew_time: Some(MicroTime(Timestamp::now())),
                ..before
            });
            match self.leases.replace(&self.name, &PostParams::default(), &lease).await {
                // It was renewed at this moment.
                Err(kube::Error::Api(status)) if status.code == 409 => continue,
                answer => answer.map(drop)?,
            }
            tokio::time::sleep(PERIOD + REQUEST).await;
            break;
        }
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + DURATION * 2);
        Ok(())
    }

    /// Renews the Lease until that fails for too long.
    pub(crate) async fn lost(&self) {
        while self.may_write() {
            tokio::time::sleep(PERIOD).await;
            self.round().await;
        }
        self.until.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Lets the next replica begin at once. What this one still writes must have ended.
    pub(crate) async fn released(&self) {
        let held = self.until.lock().unwrap_or_else(PoisonError::into_inner).take().is_some();
        let Ok(Some(mut lease)) = self.leases.get_opt(&self.name).await else { return };
        if let Some(spec) = lease.spec.as_mut().filter(|spec| held && self.is_mine(spec)) {
            spec.holder_identity = Some(String::new());
            spec.lease_duration_seconds = Some(1);
            if let Err(error) = self.leases.replace(&self.name, &PostParams::default(), &lease).await {
                tracing::warn!(%error, "failed to release the lease: the next replica waits until it has run out");
            }
        }
    }

    /// Takes or renews the Lease, if it is free; whether this replica holds it now.
    async fn round(&self) -> bool {
        let began = Instant::now();
        match tokio::time::timeout(REQUEST, self.claimed()).await {
            Ok(Ok(true)) => {
                *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Some(began + DEADLINE);
                return true;
            }
            Ok(Ok(false)) => {
                self.until.lock().unwrap_or_else(PoisonError::into_inner).take();
            }
            Ok(Err(error)) => tracing::warn!(lease = self.name, %error, "failed to take or renew the lease"),
            Err(_) => tracing::warn!(lease = self.name, "failed to take or renew the lease: no answer"),
        }
        false
    }

    async fn claimed(&self) -> Result<bool, kube::Error> {
        let found = self.leases.get_opt(&self.name).await?;
        let before = found.as_ref().and_then(|lease| lease.spec.clone()).unwrap_or_default();
        if !self.is_mine(&before) && !self.is_free(&before) {
            return Ok(false);
        }
        let now = MicroTime(Timestamp::now());
        let spec = LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
            acquire_time: if self.is_mine(&before) { before.acquire_time.clone() } else { Some(now.clone()) },
            renew_time: Some(now),
            lease_transitions: Some(before.lease_transitions.unwrap_or(0) + i32::from(!self.is_mine(&before))),
            ..LeaseSpec::default()
        };
        let answer = match found {
            // With the resource version that was read: one of two replicas gets a conflict.
            Some(lease) => {
                let lease = Lease { spec: Some(spec), ..lease };
                self.leases.replace(&self.name, &PostParams::default(), &lease).await
            }
            None => {
                let metadata = ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() };
                self.leases.create(&PostParams::default(), &Lease { metadata, spec: Some(spec) }).await
            }
        };
        match answer {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn is_mine(&self, spec: &LeaseSpec) -> bool {
        spec.holder_identity.as_deref() == Some(&self.identity)
    }

    /// Nobody holds it, or whoever does has not renewed it for as long as it lasts.
    fn is_free(&self, spec: &LeaseSpec) -> bool {
        if spec.holder_identity.as_deref().unwrap_or_default().is_empty() {
            return true;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.as_ref() {
            Some((same, since)) if same == spec => {
                let lasts = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
                since.elapsed() > lasts.map_or(DURATION, Duration::from_secs)
            }
            _ => {
                *seen = Some((spec.clone(), Instant::now()));
                false
            }
        }
    }
}
