use serde::Serialize;

/// A plan travels in a ConfigMap, which holds at most 1 MiB; this leaves room for its metadata.
pub const MAX_PLAN_BYTES: usize = 900 * 1024;

/// A plan that does not fit a ConfigMap.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the plan takes {bytes} bytes, more than the {MAX_PLAN_BYTES} a plan may have")]
pub struct PlanTooLarge {
    /// The plan's size.
    pub bytes: usize,
}

/// The bytes a plan is stored and named by: JSON without white space, fields in declaration order, map keys sorted.
pub fn canonical_bytes<P: Serialize>(plan: &P) -> Result<Vec<u8>, PlanTooLarge> {
    let bytes = serde_json::to_vec(plan).expect("plans hold no map with keys other than strings");
    if bytes.len() > MAX_PLAN_BYTES {
        return Err(PlanTooLarge { bytes: bytes.len() });
    }
    Ok(bytes)
}
