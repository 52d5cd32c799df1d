use rdkafka::error::RDKafkaErrorCode as Code;

use crate::connect::{Access, ClientError, unanswered};
use crate::enrich::{Pause, Trouble};

/// Why a topic of a mapping cannot be read, or records cannot be sent to it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TopicError {
    /// There can be no client with these settings.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The topic is not there, or the user may not see it.
    #[error(
        "EnrichmentMapping {mapping}: {field}: there is no topic {topic}; create it, or allow the user to see it (Describe)"
    )]
    NoTopic { mapping: String, field: &'static str, topic: String },
    /// The user may not read the topic.
    #[error("EnrichmentMapping {mapping}: {field}: the user may not read topic {topic}; allow it Read and Describe")]
    Denied { mapping: String, field: &'static str, topic: String },
    /// The user may not use the group that remembers how far it is.
    #[error(
        "EnrichmentMapping {mapping}: the user may not use the consumer group {group}, which remembers how far the \
         topic was read; allow it Read on the group"
    )]
    GroupDenied { mapping: String, group: String },
    /// The brokers refuse the login.
    #[error("EnrichmentMapping {mapping}: {field}: the brokers refuse the login; check user, password and mechanism")]
    Login { mapping: String, field: &'static str },
    /// The brokers do not answer as they should.
    #[error("EnrichmentMapping {mapping}: {field}: {}", unanswered(topic, *code))]
    Unreachable { mapping: String, field: &'static str, topic: String, code: Code },
    /// A topic cannot be written to.
    #[error("EnrichmentMapping {mapping}: {}", trouble.message)]
    Send { mapping: String, trouble: Trouble },
    /// The source's topic takes no record as large as this.
    #[error(
        "EnrichmentMapping {mapping}: spec.source.kafka.topic: the letter {letter} is {message}: two headers are added \
         to it; raise max.message.bytes, or leave the letter out with --reason, --rule or --until"
    )]
    TooLarge { mapping: String, letter: String, message: String },
    /// The group cannot remember any more which letters were sent.
    #[error(
        "EnrichmentMapping {mapping}: the consumer group {group} remembers so many replays with different filters that \
         one more does not fit; replay without a filter, which sends what is left"
    )]
    NoteTooLong { mapping: String, group: String },
}

impl TopicError {
    /// What an error of the client that reads a topic means.
    pub(super) fn reading(access: &Access, group: &str, code: Code) -> Self {
        let (mapping, topic, field) = (access.mapping.clone(), access.topic.clone(), access.endpoint.topic_field());
        match code {
            Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition => {
                Self::NoTopic { mapping, field, topic }
            }
            Code::TopicAuthorizationFailed => Self::Denied { mapping, field, topic },
            Code::GroupAuthorizationFailed => Self::GroupDenied { mapping, group: group.to_owned() },
            Code::Authentication | Code::SaslAuthenticationFailed => {
                Self::Login { mapping, field: access.endpoint.auth_field() }
            }
            code => Self::Unreachable { mapping, field: access.endpoint.servers_field(), topic, code },
        }
    }

    /// Whether trying again may help.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Send { trouble, .. } => {
                matches!(trouble.pause, Pause::DestinationUnreachable | Pause::DestinationSlow)
            }
            _ => false,
        }
    }

    /// Whether reading on can help: the client tries again by itself.
    pub(super) fn passes(&self) -> bool {
        // The group is asked when progress is; while records are read it is not needed.
        self.is_transient() || matches!(self, Self::GroupDenied { .. })
    }
}
