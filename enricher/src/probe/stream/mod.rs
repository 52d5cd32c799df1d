//! Whether brokers let a mapping in, and allow what an enricher does with its topics and its group. No group is joined, no
//! offset is committed and no record is written.

mod heard;
mod reader;
mod topic;
mod trouble;
mod writer;

use tokio::sync::oneshot;
use weft_plan_types::{KafkaTopic, StreamPlan};

use super::Probed;
use super::steps::{Steps, Trouble};
use crate::connect::{Access, Endpoint, Secrets};
use reader::Reader;
use writer::Writer;

/// The names of the steps of a topic that is written to.
struct Names {
    /// None where the brokers are those of a topic before it.
    log_in: Option<&'static str>,
    find: &'static str,
    write: &'static str,
}

const DEAD_LETTER: Names =
    Names { log_in: None, find: "find the topic of the dead letters", write: "write to the topic of the dead letters" };

const DESTINATION: Names = Names {
    log_in: Some("log in at the destination"),
    find: "find the topic of the destination",
    write: "write to the topic of the destination",
};

pub(super) async fn probe(plan: &StreamPlan, secrets: &Secrets) -> Probed {
    let mut steps = Steps::begin();
    let access = |endpoint, topic: &KafkaTopic| Access::new(endpoint, topic, &plan.mapping, &plan.owner, secrets);
    if let Some(reader) = log_in_to_read(&mut steps, access(Endpoint::Source, &plan.source), plan).await {
        read(&mut steps, reader).await;
        write(&mut steps, access(Endpoint::DeadLetter, &plan.dead_letter), DEAD_LETTER).await;
    }
    write(&mut steps, access(Endpoint::Destination, &plan.destination), DESTINATION).await;
    Probed { steps: steps.end(), server: None }
}

/// The source and its partitions, if its brokers let the user in.
async fn log_in_to_read<E>(
    steps: &mut Steps,
    access: Result<Access, E>,
    plan: &StreamPlan,
) -> Option<(Reader, Result<i32, Trouble>)>
where
    Trouble: From<E>,
{
    let (access, group) = (access.map_err(Trouble::from), plan.group_id.clone());
    let log_in = apart(move || {
        let reader = Reader::new(access?, &group)?;
        let found = reader.find()?;
        Ok((reader, found))
    });
    steps.take("log in at the source", log_in).await
}

/// Does what an enricher does with its source and its group.
async fn read(steps: &mut Steps, (reader, found): (Reader, Result<i32, Trouble>)) {
    let Some(partition) = steps.take("find the topic of the source", async { found }).await else { return };
    let again = reader.clone();
    steps.take("read the topic of the source", apart(move || reader.read(partition))).await;
    steps.take("use the consumer group", apart(move || again.use_group(partition))).await;
}

/// Does what an enricher does with a topic that it writes to, but for writing.
async fn write<E>(steps: &mut Steps, access: Result<Access, E>, names: Names)
where
    Trouble: From<E>,
{
    let access = access.map_err(Trouble::from);
    let log_in = apart(move || {
        let writer = Writer::new(access?)?;
        let found = writer.find()?;
        Ok((writer, found))
    });
    let opened = match names.log_in {
        Some(name) => steps.take(name, log_in).await,
        // If the brokers have gone meanwhile, the topic cannot be found.
        None => match log_in.await {
            Ok(opened) => Some(opened),
            Err(trouble) => steps.take(names.find, async { Err::<(Writer, _), _>(trouble) }).await,
        },
    };
    let Some((writer, found)) = opened else { return };
    let Some(partition) = steps.take(names.find, async { found }).await else { return };
    steps.take(names.write, apart(move || writer.write(partition))).await;
}

/// Asks on a thread of its own: the client's questions block, and one without an answer keeps nobody from ending.
async fn apart<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, Trouble> + Send + 'static,
) -> Result<T, Trouble> {
    let (answer, answered) = oneshot::channel();
    std::thread::spawn(move || drop(answer.send(question())));
    let gone = |_| Trouble { text: "the question ended without an answer; try again".to_owned(), is_transient: true };
    answered.await.map_err(gone)?
}
