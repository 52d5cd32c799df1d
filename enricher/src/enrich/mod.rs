//! `weft enrich`: from a stream to its destination, for as long as it runs.
//!
//! One thread reads, joins and sends, batch by batch ([`Pipeline`]); what it shares with clients and the group stands in
//! [`flow`]. Rows are looked up on a runtime of their own, so that the thread can tend to the group meanwhile.

mod breaker;
mod deliver;
mod flow;
mod group;
mod lag;
mod letter;
mod listen;
mod pipeline;
mod recover;
mod send;
mod status;
mod trouble;

pub(crate) use breaker::{Breaker, Hold};
pub(crate) use flow::Flow;
pub(crate) use pipeline::{Ended, Left, Pipeline};
pub(crate) use status::Status;
pub(crate) use trouble::Trouble;
pub(crate) use weft_plan_types::Pause;

use anyhow::Context as _;
use weft_plan_types::EnrichPlan;
use weft_store::Reader;

use crate::join::Join;

/// The rules of a mapping made ready for the entities as the store has them.
pub(crate) async fn joined(plan: &EnrichPlan, store: &impl Reader) -> Result<Join, Trouble> {
    let mut metas = Vec::with_capacity(plan.entities.len());
    for entity in &plan.entities {
        let meta = store.meta(&entity.slug).await;
        metas.push(meta.map_err(|reason| Trouble {
            pause: Pause::StoreUnavailable,
            message: format!("entity {}: {reason}", entity.slug),
        })?);
    }
    let join = Join::new(plan, metas).with_context(|| format!("mapping {}", plan.mapping));
    join.map_err(|error| Trouble { pause: Pause::BreakingChange, message: format!("{error:#}") })
}
