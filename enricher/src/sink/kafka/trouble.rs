use rdkafka::error::RDKafkaErrorCode as Code;

use crate::connect::{Access, Endpoint, unanswered};
use crate::enrich::{Pause, Trouble};
use crate::sink::{Fate, Refusal};

/// The reason of what only the brokers refuse.
pub(crate) const REFUSED: &str = "refused";

/// What became of a record that was not delivered.
pub(super) fn fate(access: &Access, code: Code) -> Fate {
    let trouble = trouble(access, code);
    match code {
        Code::InvalidTimestamp | Code::InvalidRecord => {
            Fate::Refused(Refusal { reason: REFUSED, message: trouble.message.clone() }, trouble)
        }
        _ => Fate::Failed(trouble),
    }
}

/// What an error of a topic's client means for the mapping, and what helps.
pub(super) fn trouble(access: &Access, code: Code) -> Trouble {
    let (topic, field) = (&access.topic, access.endpoint.topic_field());
    let (pause, message) = match code {
        Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition => (
            Pause::DestinationTopicUnknown,
            format!("{field}: there is no topic {topic}; create it, or give the user the right to see it (Describe)"),
        ),
        Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed => (
            Pause::DestinationDenied,
            format!("{field}: the user may not write to topic {topic}; allow it Write and Describe"),
        ),
        Code::Authentication | Code::SaslAuthenticationFailed => (
            Pause::DestinationLoginRefused,
            format!(
                "{}: the brokers refuse the login; check user, password and mechanism",
                access.endpoint.auth_field()
            ),
        ),
        Code::MessageSizeTooLarge | Code::InvalidMessageSize => (
            Pause::DestinationRefuses,
            format!("{field}: topic {topic} takes no batch of this size any more; its max.message.bytes was lowered"),
        ),
        Code::InvalidTimestamp => (
            Pause::DestinationRefuses,
            format!(
                "{field}: topic {topic} refuses a record whose timestamp is too far from its clock; raise its \
                 message.timestamp.before.max.ms and message.timestamp.after.max.ms, or set message.timestamp.type to \
                 LogAppendTime"
            ),
        ),
        Code::InvalidRecord => (
            Pause::DestinationRefuses,
            format!("{field}: topic {topic} refuses records: a compacted topic takes none without a key"),
        ),
        Code::InvalidDifferentRecord => (
            Pause::DestinationRefuses,
            format!(
                "{field}: topic {topic} refused records together with one that it does not take; they are sent again"
            ),
        ),
        code => {
            (Pause::DestinationUnreachable, format!("{}: {}", access.endpoint.servers_field(), unanswered(topic, code)))
        }
    };
    let pause = if access.endpoint == Endpoint::DeadLetter { Pause::DeadLetterUnwritable } else { pause };
    Trouble { pause, message }
}

/// What it means that events would be written to the topic that they are read from.
pub(super) fn is_source(access: &Access) -> Trouble {
    let (topic, field) = (&access.topic, access.endpoint.topic_field());
    let message = format!(
        "{field}: topic {topic} on these brokers is the source (spec.source.kafka) under another address: every event would \
         come again, for ever; name another topic"
    );
    Trouble { pause: Pause::DestinationIsSource, message }
}

/// What it means that the source cannot be asked whether it is the destination.
pub(super) fn source_unreachable(source: &Access) -> Trouble {
    let message = format!(
        "{}: the brokers do not answer; they are asked whether they are those of spec.destination, whose topic has the same \
         name",
        source.endpoint.servers_field()
    );
    Trouble { pause: Pause::SourceUnreachable, message }
}
