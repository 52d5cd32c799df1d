use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{EnrichmentRule, KafkaSource, KafkaTopic, LocalRef};

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
    doc = "One event stream to one destination: the rules by which events are joined with the entities of a DataGraph.",
    scale(
        spec_replicas_path = ".spec.replicas",
        status_replicas_path = ".status.replicas",
        label_selector_path = ".status.selector"
    )
)]
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
    /// How many enrichers share the stream. Default 1; 0 stops them. More than the topic has partitions stand idle.
    /// `kubectl scale` and autoscalers write it.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1000))]
    pub replicas: i32,
    /// The rules. Every rule that matches an event sends it once; an event that no rule matches is not sent.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub rules: Vec<EnrichmentRule>,
}

fn one() -> i32 {
    1
}

/// Where events come from: exactly one of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// A Kafka topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kafka: Option<KafkaSource>,
}

/// Where enriched events go: exactly one of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Destination {
    /// A Kafka topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kafka: Option<KafkaTopic>,
}

/// Where dead letters go: exactly one of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
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
    pub topic: String,
}

/// What the operator observed of a mapping.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrichmentMappingStatus {
    /// What is the case, by type: `Ready` sums the others up; its reason and message say what unblocks it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// How many enrichers run. Read by `kubectl scale` and autoscalers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub replicas: Option<i32>,
    /// The label selector of the enrichers' pods. Read by autoscalers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub selector: Option<String>,
}
