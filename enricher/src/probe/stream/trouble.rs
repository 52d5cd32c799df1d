use rdkafka::error::RDKafkaErrorCode as Code;

use crate::connect::{Access, ClientError, Endpoint};
use crate::probe::steps::Trouble;

/// What was tried of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act<'a> {
    LogIn,
    Find,
    Read,
    UseGroup(&'a str),
    Write,
}

impl From<ClientError> for Trouble {
    fn from(error: ClientError) -> Self {
        Self { text: error.to_string(), is_transient: false }
    }
}

/// What an error of the client means, and what helps.
pub(super) fn trouble(access: &Access, act: Act<'_>, code: Code) -> Trouble {
    let (topic, field, servers) = (&access.topic, access.endpoint.topic_field(), access.endpoint.servers_field());
    let text = match code {
        Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition | Code::InvalidTopic => {
            format!("{field}: there is no topic {topic}; create it, or allow the user to see it (Describe)")
        }
        Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed => {
            let (may_not, operation) = match (act, access.endpoint) {
                (Act::Find, Endpoint::Source) => ("see", "Read"),
                (Act::Find, _) => ("see", "Write"),
                (Act::Write, _) => ("write to", "Write"),
                _ => ("read", "Read"),
            };
            let cure = cure(access, operation, "--topic", topic);
            format!("{field}: the user may not {may_not} topic {topic}; {cure}")
        }
        Code::GroupAuthorizationFailed => {
            let group = if let Act::UseGroup(group) = act { group } else { "" };
            let cure = cure(access, "Read", "--group", group);
            format!("spec.source.kafka.groupId: the user may not use the consumer group {group}; {cure}")
        }
        Code::Authentication | Code::SaslAuthenticationFailed => {
            let field = access.endpoint.auth_field();
            format!("{field}: the brokers refuse the login; check user, password and mechanism")
        }
        Code::SSL => {
            let tls = tls_field(access.endpoint);
            format!(
                "{tls}: no encrypted connection comes about with the brokers of {servers}; check that their port speaks \
                 TLS, that `ca` is of the authority that signed their certificate, and that it names their host"
            )
        }
        Code::Resolve if act == Act::LogIn => {
            format!("{servers}: the host name of a broker is not known; check its spelling")
        }
        code if act == Act::LogIn => {
            let (tls, auth) = (tls_field(access.endpoint), access.endpoint.auth_field());
            format!(
                "{servers}: the brokers do not answer ({code}); check host and port, that they run, and whether this port \
                 wants TLS ({tls}) or a login ({auth})"
            )
        }
        code => format!(
            "{servers}: the brokers of topic {topic} do not answer as they should ({code}); check that they can be reached \
             by the addresses that they tell their clients (advertised.listeners)"
        ),
    };
    Trouble { text, is_transient: !is_lasting(code) }
}

/// Whether somebody has to do something about it.
fn is_lasting(code: Code) -> bool {
    matches!(
        code,
        Code::UnknownTopicOrPartition
            | Code::UnknownTopic
            | Code::UnknownPartition
            | Code::InvalidTopic
            | Code::TopicAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::SSL
    )
}

/// What allows an operation, which allows Describe with it. Whom brokers take the user for only a login tells.
fn cure(access: &Access, operation: &str, of: &str, name: &str) -> String {
    let config = access.config();
    let command = config.get("sasl.username").map(|user| {
        let servers = config.get("bootstrap.servers").unwrap_or_default();
        format!(
            ", such as by: kafka-acls.sh --bootstrap-server {servers} --add --allow-principal 'User:{user}' --operation \
             {operation} {of} '{name}'"
        )
    });
    format!("allow it {operation}{}", command.unwrap_or_default())
}

fn tls_field(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Source | Endpoint::DeadLetter => "spec.source.kafka.tls",
        Endpoint::Destination => "spec.destination.kafka.tls",
    }
}
