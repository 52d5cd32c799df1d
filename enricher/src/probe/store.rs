//! Whether a store lets in whoever fills it and whoever reads it, and allows each what they do.

use weft_plan_types::{RedisConnection, StorePlan};
use weft_store::redis::{StoreError, missing_for_reader, missing_for_writer};

use super::Probed;
use super::steps::{Steps, Trouble};
use crate::connect::{Role, Secrets, store};

pub(super) async fn probe(plan: &StorePlan, secrets: &Secrets) -> Probed {
    let StorePlan { owner, writer, reader } = plan;
    let mut steps = Steps::begin();
    let opened = store(writer, Role::Writer, owner, secrets);
    if let Some(connection) = steps.take("log in as the writer", opened).await {
        let missing = missing_for_writer(&connection, &owner.namespace, &owner.graph);
        steps.take("do what a writer does", allowed(writer, missing)).await;
    }
    let opened = store(reader, Role::Reader, owner, secrets);
    if let Some(connection) = steps.take("log in as the reader", opened).await {
        let missing = missing_for_reader(&connection, &owner.namespace, &owner.graph);
        steps.take("do what a reader does", allowed(reader, missing)).await;
    }
    Probed { steps: steps.end(), server: None }
}

/// Whether a user has every permission; those that are missing are named.
async fn allowed(
    connection: &RedisConnection,
    missing: impl Future<Output = Result<Vec<&'static str>, StoreError>>,
) -> Result<(), Trouble> {
    let missing = missing.await?.join(" ");
    if missing.is_empty() {
        return Ok(());
    }
    let user = connection.user.as_ref().and_then(|user| user.username.as_deref()).unwrap_or("default");
    let text = format!("the user {user:?} lacks {missing}; run as an administrator: ACL SETUSER {user} {missing}");
    Err(Trouble { text, is_transient: false })
}
