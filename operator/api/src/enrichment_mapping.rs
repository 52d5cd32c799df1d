use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ConnectionTest, EnrichmentRule, KafkaSource, KafkaTopic, LocalRef, PodTemplate, Validate, Violation,
    duration::{self, AGE},
    kafka::TOPIC,
    metadata::{self, NAME_LENGTH},
    status::conditions,
    violation::{CelRule, Violations},
};

const ONE_SOURCE: CelRule = CelRule::new("has(self.kafka)", "say where events come from: give `kafka`");
const ONE_DESTINATION: CelRule = CelRule::new("has(self.kafka)", "say where enriched events go: give `kafka`");
const ONE_DEAD_LETTER: CelRule = CelRule::new("has(self.kafka)", "say where dead letters go: give `kafka`");
const DEAD_LETTER_REQUIRED: CelRule = CelRule::new(
    "!has(self.source.kafka) || has(self.deadLetter)",
    "a Kafka source needs `deadLetter.kafka.topic`: without it an event that cannot be delivered would stop its partition",
)
.at(".deadLetter");
const DEAD_LETTER_LOOP: CelRule = CelRule::new(
    "!has(self.source.kafka) || !has(self.deadLetter) || !has(self.deadLetter.kafka) || \
     self.deadLetter.kafka.topic != self.source.kafka.topic",
    "dead letters must not go to the topic that is read, for they would be read again: give another topic",
)
.at(".deadLetter");
const DESTINATION_LOOP: CelRule = CelRule::new(
    "!has(self.source.kafka) || !has(self.destination.kafka) || \
     self.destination.kafka.topic != self.source.kafka.topic || \
     self.destination.kafka.bootstrapServers != self.source.kafka.bootstrapServers",
    "enriched events must not go to the topic that is read, for they would be read again: give another topic",
)
.at(".destination");

/// One event stream, the rules by which its events are joined with entities, and where they go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "weft.dev",
    version = "v1alpha1",
    kind = "EnrichmentMapping",
    namespaced,
    shortname = "em",
    category = "weft",
    status = "EnrichmentMappingStatus",
    derive = "PartialEq",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Graph", type_ = "string", json_path = ".spec.dataGraphRef.name"),
    printcolumn(name = "Replicas", type_ = "integer", json_path = ".spec.replicas"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].message", priority = "1"),
    validation = NAME_LENGTH,
    doc = "One event stream to one destination: the rules by which events are joined with the entities of a DataGraph.",
    scale(
        spec_replicas_path = ".spec.replicas",
        status_replicas_path = ".status.replicas",
        label_selector_path = ".status.selector"
    )
)]
#[x_kube(validation = DEAD_LETTER_REQUIRED, validation = DEAD_LETTER_LOOP, validation = DESTINATION_LOOP)]
pub struct EnrichmentMappingSpec {
    /// The DataGraph whose entities the rules use.
    pub data_graph_ref: LocalRef,
    /// If true, no event is read; the consumer group keeps its place. Default false.
    #[serde(default)]
    pub suspend: bool,
    /// Where events come from: exactly one of its fields.
    pub source: Source,
    /// Where enriched events go: exactly one of its fields.
    pub destination: Destination,
    /// Where events go that cannot be read, enriched or delivered, with the reason in their headers. Required with a
    /// Kafka source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter: Option<DeadLetter>,
    /// What becomes of events while the store cannot tell their rows: `Pause` (default) holds them until it can, so that
    /// nothing goes out without a row that exists. `Forward` sends them as they came, with the header `weft-unavailable`
    /// that names the aliases without an answer; an outage of two seconds or less is waited for all the same.
    #[serde(default)]
    pub on_unavailable: OnUnavailable,
    /// How old rows may be, such as `6h`: an entity whose rows were neither read nor found unchanged for longer counts as
    /// one that the store cannot tell, and `onUnavailable` applies. Default: any age. Give it more than twice the time
    /// between two syncs of the slowest entity, or events wait for each sync.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 18))]
    #[x_kube(validation = AGE)]
    pub max_staleness: Option<String>,
    /// How many enrichers share the stream. Default 1; 0 stops them. More than the topic has partitions stand idle.
    /// `kubectl scale` and autoscalers write it.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1000))]
    pub replicas: i32,
    /// What the enrichers are given. A change replaces them one by one; no event is lost. `weft run` does without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_template: Option<PodTemplate>,
    /// The rules. Every rule that matches an event sends it once; an event that no rule matches is not sent.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub rules: Vec<EnrichmentRule>,
}

fn one() -> i32 {
    1
}

/// What becomes of an event while the store cannot tell its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum OnUnavailable {
    /// It waits.
    #[default]
    Pause,
    /// It is sent as it came, with a header that says so.
    Forward,
}

/// Where events come from: exactly one of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ONE_SOURCE)]
pub struct Source {
    /// A Kafka topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kafka: Option<KafkaSource>,
}

/// Where enriched events go: exactly one of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ONE_DESTINATION)]
pub struct Destination {
    /// A Kafka topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kafka: Option<KafkaTopic>,
}

/// Where dead letters go: exactly one of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ONE_DEAD_LETTER)]
pub struct DeadLetter {
    /// A topic on the source's brokers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kafka: Option<DeadLetterTopic>,
}

/// A topic on the source's brokers, reached with the source's credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterTopic {
    /// The topic that is written. It has to exist, unless the brokers create topics by themselves.
    #[schemars(length(min = 1, max = 249))]
    #[x_kube(validation = &TOPIC)]
    pub topic: String,
}

/// What the operator observed of a mapping.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrichmentMappingStatus {
    /// What is the case, by type: `Connected` tells whether the topics can be used, and if not at which step it fails and
    /// what helps; `Available` whether events are enriched; `Matching` whether at least half of the keys of each alias have
    /// had a row in the last ten minutes; `Ready` whether all enrichers run as the mapping says: its reason and message say
    /// what unblocks it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
    /// How many enrichers run. Read by `kubectl scale` and autoscalers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub replicas: Option<i32>,
    /// The label selector of the enrichers' pods. Read by autoscalers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub selector: Option<String>,
    /// When the last test of the topics ended. Topics that can be used are not tested again until what names them changes or
    /// somebody asks for it; others are tested again after 30 s, then each minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_test_time: Option<Time>,
    /// The value of the annotation `weft.dev/probe` that a test was last started for. Another value starts one at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub last_handled_probe: Option<String>,
    /// The test that is under way, or that ended last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<ConnectionTest>,
}

impl Validate for EnrichmentMapping {
    fn violations(&self, old: Option<&Self>) -> Vec<Violation> {
        let mut found = Violations::default();
        metadata::check(&self.metadata, &mut found);
        self.spec.check(old.map(|old| &old.spec), &mut found);
        for (at, rule) in self.spec.rules.iter().enumerate() {
            rule.check(&format!("spec.rules[{at}]"), &mut found);
        }
        found.sorted()
    }
}

impl EnrichmentMappingSpec {
    fn check(&self, old: Option<&Self>, found: &mut Violations) {
        let (source, destination) = (self.source.kafka.as_ref(), self.destination.kafka.as_ref());
        let dead_letter = self.dead_letter.as_ref().map(|dead_letter| dead_letter.kafka.as_ref());

        found.unless(source.is_some(), "spec.source", ONE_SOURCE);
        found.unless(destination.is_some(), "spec.destination", ONE_DESTINATION);
        found.unless(dead_letter.is_none_or(|kafka| kafka.is_some()), "spec.deadLetter", ONE_DEAD_LETTER);
        found.unless(source.is_none() || dead_letter.is_some(), "spec", DEAD_LETTER_REQUIRED);

        let staleness = self.max_staleness.as_deref();
        found.unless(staleness.is_none_or(duration::is_age), "spec.maxStaleness", AGE);
        if let Some(source) = source {
            let old = old.and_then(|old| old.source.kafka.as_ref());
            source.check(old, "spec.source.kafka", found);
        }
        if let Some(topic) = dead_letter.flatten() {
            let is_source = source.is_some_and(|source| source.topic == topic.topic);
            found.unless(!is_source, "spec", DEAD_LETTER_LOOP);
            found.text(&topic.topic, "spec.deadLetter.kafka.topic".to_owned(), &TOPIC);
        }
        if let Some(destination) = destination {
            let is_source = source.is_some_and(|source| {
                source.topic == destination.topic && source.bootstrap_servers == destination.bootstrap_servers
            });
            found.unless(!is_source, "spec", DESTINATION_LOOP);
            destination.check("spec.destination.kafka", found);
        }
        if let Some(template) = &self.pod_template {
            template.check("spec.podTemplate", found);
        }
    }
}
