use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::PLAN_VERSION;

/// Why bytes are no plan that can be run.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// They are no JSON, or lack a field.
    #[error("failed to read the plan")]
    Malformed(#[source] serde_json::Error),
    /// The plan was made for another version of weft.
    #[error("the plan has version {found}, this weft reads {} to {PLAN_VERSION}; {}", oldest(), cure(*found))]
    Version {
        /// The plan's version.
        found: u32,
    },
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Reads a [`crate::SyncPlan`], [`crate::EnrichPlan`] or [`crate::ProbePlan`] of this version or the one before.
pub fn read<P: DeserializeOwned>(bytes: &[u8]) -> Result<P, ReadError> {
    let Versioned { version } = serde_json::from_slice(bytes).map_err(ReadError::Malformed)?;
    if !(oldest()..=PLAN_VERSION).contains(&version) {
        return Err(ReadError::Version { found: version });
    }
    serde_json::from_slice(bytes).map_err(ReadError::Malformed)
}

/// The oldest version that is read: the one before the newest; the first had none before it.
fn oldest() -> u32 {
    PLAN_VERSION.saturating_sub(1).max(1)
}

fn cure(found: u32) -> &'static str {
    if found > PLAN_VERSION { "upgrade the image of weft" } else { "upgrade the operator, which makes the plan anew" }
}
