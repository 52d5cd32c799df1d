use std::time::{Duration, Instant};

use rdkafka::client::Client;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use super::heard::Heard;
use super::trouble::{Act, trouble};
use crate::connect::Access;
use crate::probe::steps::Trouble;

/// How long brokers may take for one answer.
pub(super) const ASK: Duration = Duration::from_secs(8);

/// How long one question takes at most, so that what the client reports meanwhile is heard.
pub(super) const STEP: Duration = Duration::from_secs(1);

/// How long the client's own reports of an error are waited for.
pub(super) const HEAR: Duration = Duration::from_millis(100);

/// A partition of the topic, or why it is not found; an error if the brokers let nobody ask. `hear` takes the client's
/// reports.
pub(super) fn find(client: &Client<Heard>, access: &Access, hear: impl Fn()) -> Result<Result<i32, Trouble>, Trouble> {
    let until = Instant::now() + ASK;
    loop {
        let answer = client.fetch_metadata(Some(&access.topic), STEP);
        let is_over = Instant::now() >= until;
        let metadata = match answer {
            Ok(metadata) => metadata,
            Err(error) => {
                hear();
                match client.context().error() {
                    // Time cures these no more.
                    Some(code @ (Code::Authentication | Code::SaslAuthenticationFailed | Code::SSL)) => {
                        return Err(trouble(access, Act::LogIn, code));
                    }
                    heard if is_over => {
                        return Err(trouble(access, Act::LogIn, heard.unwrap_or_else(|| code(&error))));
                    }
                    _ => continue,
                }
            }
        };
        let topic = metadata.topics().iter().find(|topic| topic.name() == access.topic);
        let found = match topic.map(|topic| (topic.error().map(Code::from), topic.partitions().first())) {
            None => Err(Code::UnknownTopicOrPartition),
            Some((Some(code), _)) => Err(code),
            Some((None, Some(partition))) => Ok(partition.id()),
            Some((None, None)) => Err(Code::LeaderNotAvailable),
        };
        // The brokers may be creating it.
        if found == Err(Code::LeaderNotAvailable) && !is_over {
            std::thread::sleep(HEAR);
            continue;
        }
        return Ok(found.map_err(|code| trouble(access, Act::Find, code)));
    }
}

/// The code of an error of the client, as far as it has one.
pub(super) fn code(error: &KafkaError) -> Code {
    error.rdkafka_error_code().unwrap_or(Code::Fail)
}
