use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ClientCertificate, SecretValue,
    violation::{CelRule, Each, TextRule, Violations},
};

static BROKER: TextRule = TextRule::new(
    r"^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$",
    "write each broker as host:port, without a scheme or a user",
);
pub(crate) static TOPIC: TextRule = TextRule::new(
    r"^([A-Za-z0-9_-]|\.[A-Za-z0-9_-]|\.\.[A-Za-z0-9._-])[A-Za-z0-9._-]*$",
    "a topic's name has letters, digits, `.`, `_` and `-`, and is neither `.` nor `..`",
);
const TOPIC_IMMUTABLE: CelRule = CelRule::new(
    "self == oldSelf",
    "the topic cannot change, for the consumer group's offsets belong to it: create a new EnrichmentMapping",
);
const GROUP_IMMUTABLE: CelRule = CelRule::new(
    "has(self.groupId) == has(oldSelf.groupId) && (!has(self.groupId) || self.groupId == oldSelf.groupId)",
    "the consumer group cannot change, for it would start over: create a new EnrichmentMapping",
)
.at(".groupId");
static START: TextRule = TextRule::new(
    concat!(
        r"^(Earliest|Latest|[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])",
        r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))$",
    ),
    "write Earliest, Latest, or a time such as 2026-01-31T00:00:00Z",
);
const ONE_AUTH: CelRule =
    CelRule::new("has(self.sasl)", "say how the client proves itself: give `sasl`, or leave `auth` out");

/// A Kafka topic to read, and as which consumer group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = GROUP_IMMUTABLE)]
pub struct KafkaSource {
    /// `host:port` of the brokers to start from; the others are found through them.
    #[schemars(length(min = 1, max = 16), inner(length(min = 1, max = 260)))]
    #[x_kube(validation = Each(&BROKER), merge_strategy = ListMerge::Set)]
    pub bootstrap_servers: Vec<String>,
    /// The topic that is read. It cannot change: the group's offsets belong to it.
    #[schemars(length(min = 1, max = 249))]
    #[x_kube(validation = &TOPIC, validation = TOPIC_IMMUTABLE)]
    pub topic: String,
    /// The consumer group. Default `weft.<namespace>.<name>`. It cannot change, for a new group would start over; nor
    /// may two mappings share one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub group_id: Option<String>,
    /// Where a group without offsets starts: `Earliest`, `Latest`, or the first event not older than a time in RFC 3339
    /// such as `2026-01-31T00:00:00Z`. Default `Latest`. Once the group has offsets it goes on from them.
    #[serde(default = "latest")]
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = &START)]
    pub start_from: String,
    /// How the client proves itself. Default: not at all, or by `tls.clientCertificate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<KafkaAuth>,
    /// Encryption. Default: none, everything is sent in the clear. `tls: {}` encrypts and trusts the system's authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<KafkaTls>,
}

fn latest() -> String {
    "Latest".to_owned()
}

impl KafkaSource {
    pub(crate) fn check(&self, old: Option<&Self>, place: &str, found: &mut Violations) {
        let topic = format!("{place}.topic");
        check_connection(&self.bootstrap_servers, self.auth.as_ref(), place, found);
        found.unless(old.is_none_or(|old| old.topic == self.topic), &topic, TOPIC_IMMUTABLE);
        found.unless(old.is_none_or(|old| old.group_id == self.group_id), place, GROUP_IMMUTABLE);
        found.text(&self.topic, topic, &TOPIC);
        found.text(&self.start_from, format!("{place}.startFrom"), &START);
    }
}

/// A Kafka topic to write to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct KafkaTopic {
    /// `host:port` of the brokers to start from; the others are found through them.
    #[schemars(length(min = 1, max = 16), inner(length(min = 1, max = 260)))]
    #[x_kube(validation = Each(&BROKER), merge_strategy = ListMerge::Set)]
    pub bootstrap_servers: Vec<String>,
    /// The topic that is written. It has to exist, unless the brokers create topics by themselves.
    #[schemars(length(min = 1, max = 249))]
    #[x_kube(validation = &TOPIC)]
    pub topic: String,
    /// How the client proves itself. Default: not at all, or by `tls.clientCertificate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<KafkaAuth>,
    /// Encryption. Default: none, everything is sent in the clear. `tls: {}` encrypts and trusts the system's authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<KafkaTls>,
}

impl KafkaTopic {
    pub(crate) fn check(&self, place: &str, found: &mut Violations) {
        check_connection(&self.bootstrap_servers, self.auth.as_ref(), place, found);
        found.text(&self.topic, format!("{place}.topic"), &TOPIC);
    }
}

fn check_connection(brokers: &[String], auth: Option<&KafkaAuth>, place: &str, found: &mut Violations) {
    found.each(brokers.iter().map(String::as_str), format!("{place}.bootstrapServers"), Each(&BROKER));
    found.unless(auth.is_none_or(|auth| auth.sasl.is_some()), &format!("{place}.auth"), ONE_AUTH);
}

/// How a Kafka client proves itself: exactly one of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ONE_AUTH)]
pub struct KafkaAuth {
    /// By a user and a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sasl: Option<Sasl>,
}

/// A user and a password, and how they are sent (SASL).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sasl {
    /// How the password is sent, as the brokers are configured: `PLAIN` (use it with `tls` only), `SCRAM-SHA-256` or
    /// `SCRAM-SHA-512`.
    pub mechanism: SaslMechanism,
    /// The user to log in as.
    #[schemars(length(min = 1, max = 255))]
    pub username: String,
    /// The password of that user.
    pub password: SecretValue,
}

/// A SASL mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum SaslMechanism {
    /// As it is.
    #[serde(rename = "PLAIN")]
    Plain,
    /// By challenge and response, SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// By challenge and response, SHA-512.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

impl SaslMechanism {
    /// The name brokers know it by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// Encryption of a Kafka connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct KafkaTls {
    /// Certificates of the authorities to trust, PEM. Default: those of the system. If the brokers' certificates were
    /// signed by another, the connection fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<SecretValue>,
    /// The client's own certificate (mutual TLS). Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<ClientCertificate>,
}
