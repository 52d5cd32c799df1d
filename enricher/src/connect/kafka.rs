//! The settings of a Kafka client, from the plan of a topic.

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::BaseProducer;
use weft_plan_types::{KafkaTopic, Owner, SecretFile};

use super::Secrets;
use super::secrets::{Purpose, SecretError};

/// Which of a mapping's topics a client is for: the fields that messages name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// Where events come from.
    Source,
    /// Where enriched events go.
    Destination,
    /// Where events go that cannot be delivered: on the brokers of the source, as its user.
    DeadLetter,
}

/// The fields of an endpoint, in the order of [`Field`].
type Fields = [&'static str; 6];

/// A field of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Servers,
    Auth,
    Password,
    Ca,
    Certificate,
    PrivateKey,
}

const SOURCE: Fields = [
    "spec.source.kafka.bootstrapServers",
    "spec.source.kafka.auth.sasl",
    "spec.source.kafka.auth.sasl.password",
    "spec.source.kafka.tls.ca",
    "spec.source.kafka.tls.clientCertificate.certificate",
    "spec.source.kafka.tls.clientCertificate.privateKey",
];

const DESTINATION: Fields = [
    "spec.destination.kafka.bootstrapServers",
    "spec.destination.kafka.auth.sasl",
    "spec.destination.kafka.auth.sasl.password",
    "spec.destination.kafka.tls.ca",
    "spec.destination.kafka.tls.clientCertificate.certificate",
    "spec.destination.kafka.tls.clientCertificate.privateKey",
];

impl Endpoint {
    fn field(self, field: Field) -> &'static str {
        let fields = match self {
            Self::Source | Self::DeadLetter => SOURCE,
            Self::Destination => DESTINATION,
        };
        fields[field as usize]
    }

    /// The field that names the topic.
    pub(crate) fn topic_field(self) -> &'static str {
        match self {
            Self::Source => "spec.source.kafka.topic",
            Self::Destination => "spec.destination.kafka.topic",
            Self::DeadLetter => "spec.deadLetter.kafka.topic",
        }
    }

    /// The field that names the user.
    pub(crate) fn auth_field(self) -> &'static str {
        self.field(Field::Auth)
    }

    /// The field that names the brokers.
    pub(crate) fn servers_field(self) -> &'static str {
        self.field(Field::Servers)
    }
}

/// Why there are no settings, or no client with them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// A secret cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A secret is not what it should be.
    #[error("EnrichmentMapping {mapping}: {field}: {problem}")]
    Unfit {
        /// The mapping's name.
        mapping: String,
        /// The field that names the secret, or holds the setting.
        field: &'static str,
        /// What is wrong and what helps. Never a value, nor a text of the library, which may quote one.
        problem: &'static str,
    },
}

/// The settings by which a client reaches a topic's brokers.
#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) endpoint: Endpoint,
    pub(crate) mapping: String,
    pub(crate) topic: String,
    config: ClientConfig,
}

impl Access {
    /// Reads the secrets that a topic needs.
    pub(crate) fn new(
        endpoint: Endpoint,
        topic: &KafkaTopic,
        mapping: &str,
        owner: &Owner,
        secrets: &Secrets,
    ) -> Result<Self, ClientError> {
        let purpose = |field| Purpose {
            object: format!("EnrichmentMapping {mapping}"),
            namespace: owner.namespace.clone(),
            field: endpoint.field(field),
        };
        let pem = |secret: &SecretFile, field| {
            let text = secrets.text(secret, &purpose(field))?;
            let is_pem = text.contains("-----BEGIN ");
            let problem = "the secret holds no PEM; give the file with the lines from -----BEGIN to -----END";
            if is_pem { Ok(text) } else { Err(unfit(mapping, endpoint, field, problem)) }
        };
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", topic.bootstrap_servers.join(","));
        config.set("client.id", format!("weft.{mapping}"));
        config.set("security.protocol", protocol(topic));
        // Brokers and load balancers close what is idle; to hear of it is no error.
        config.set("log.connection.close", "false").set("socket.keepalive.enable", "true");
        if let Some(auth) = &topic.auth {
            config.set("sasl.mechanism", &auth.mechanism).set("sasl.username", &auth.username);
            config.set("sasl.password", secrets.text(&auth.password, &purpose(Field::Password))?);
        }
        if let Some(tls) = &topic.tls {
            if let Some(ca) = &tls.ca {
                config.set("ssl.ca.pem", pem(ca, Field::Ca)?);
            }
            if let Some(certificate) = &tls.certificate {
                config.set("ssl.certificate.pem", pem(certificate, Field::Certificate)?);
            }
            if let Some(key) = &tls.private_key {
                config.set("ssl.key.pem", pem(key, Field::PrivateKey)?);
            }
        }
        Ok(Self { endpoint, mapping: mapping.to_owned(), topic: topic.topic.clone(), config })
    }

    /// The settings, to be added to.
    pub(crate) fn config(&self) -> ClientConfig {
        self.config.clone()
    }

    /// Makes sure that there can be a client with these settings; it connects to nothing.
    pub(crate) fn check(&self) -> Result<(), ClientError> {
        let client: Result<BaseProducer, _> = self.config.create();
        client.map(drop).map_err(|error| self.refused(&error))
    }

    /// Why a client could not be made of the settings.
    pub(crate) fn refused(&self, error: &KafkaError) -> ClientError {
        let unfit = |field, problem| unfit(&self.mapping, self.endpoint, field, problem);
        // The library's text names the setting, and may go on with its value.
        let text = match error {
            KafkaError::ClientConfig(_, text, setting, _) => format!("{setting} {text}"),
            other => other.to_string(),
        };
        let is_about = |setting: &str| text.contains(setting);
        if is_about("ssl.ca") {
            unfit(Field::Ca, "the secret holds no certificate that can be read")
        } else if is_about("ssl.key") || is_about("private_key") || is_about("private key") {
            unfit(Field::PrivateKey, "the secret holds no private key without a passphrase that fits the certificate")
        } else if is_about("ssl.certificate") {
            unfit(Field::Certificate, "the secret holds no certificate that can be read")
        } else if is_about("sasl") {
            unfit(Field::Auth, "the mechanism is not known here; PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 are")
        } else {
            unfit(Field::Servers, "no client can be made of these; write host:port of one or more brokers")
        }
    }
}

impl PartialEq for Access {
    fn eq(&self, other: &Self) -> bool {
        // The map as a whole hides passwords; each setting by its name does not.
        let (mine, others) = (self.config.config_map(), other.config.config_map());
        let is_same = |name: &&str| self.config.get(name) == other.config.get(name);
        self.endpoint == other.endpoint && mine.keys().eq(others.keys()) && mine.keys().all(is_same)
    }
}

impl std::fmt::Debug for Access {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Access").field("endpoint", &self.endpoint).field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// What it means that brokers gave no answer that says more, and what helps.
pub(crate) fn unanswered(topic: &str, code: RDKafkaErrorCode) -> String {
    use RDKafkaErrorCode as Code;
    match code {
        Code::BrokerTransportFailure | Code::AllBrokersDown | Code::OperationTimedOut | Code::Resolve => format!(
            "the brokers of topic {topic} do not answer; check host and port, that they run and can be reached, and that \
             `auth` and `tls` are what that port asks for"
        ),
        code => format!("the brokers of topic {topic} do not answer as they should: {code}"),
    }
}

fn protocol(topic: &KafkaTopic) -> &'static str {
    match (&topic.auth, &topic.tls) {
        (None, None) => "plaintext",
        (None, Some(_)) => "ssl",
        (Some(_), None) => "sasl_plaintext",
        (Some(_), Some(_)) => "sasl_ssl",
    }
}

fn unfit(mapping: &str, endpoint: Endpoint, field: Field, problem: &'static str) -> ClientError {
    ClientError::Unfit { mapping: mapping.to_owned(), field: endpoint.field(field), problem }
}
