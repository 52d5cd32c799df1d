use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{KafkaTopic, Owner, RedisConnection};

/// How one stream is joined with its entities and delivered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnrichPlan {
    /// See [`crate::PLAN_VERSION`].
    pub version: u32,
    /// Whose entities are looked up.
    pub owner: Owner,
    /// The mapping's name, as it stands in dead letters and metrics.
    pub mapping: String,
    /// Where rows are looked up, with the reader's credentials.
    pub store: RedisConnection,
    /// Where events come from.
    pub source: ConsumerPlan,
    /// Where enriched events go.
    pub destination: KafkaTopic,
    /// Where events go that cannot be delivered.
    pub dead_letter: KafkaTopic,
    /// What becomes of events while the store cannot tell their rows.
    #[serde(default, skip_serializing_if = "OnUnavailable::is_pause")]
    pub on_unavailable: OnUnavailable,
    /// Rows that were neither read nor found unchanged for so many seconds count as those that the store cannot tell;
    /// `None`: rows of any age will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_staleness_seconds: Option<u32>,
    /// The entities the rules use, by slug, each once.
    pub entities: Vec<EntityKeys>,
    /// In the order the user gave; every rule that matches an event sends it once.
    pub rules: Vec<RulePlan>,
}

impl EnrichPlan {
    /// How old rows may be; `None` if any age will do.
    pub fn max_staleness(&self) -> Option<Duration> {
        self.max_staleness_seconds.map(|seconds| Duration::from_secs(u64::from(seconds)))
    }
}

/// What becomes of events while the store cannot tell their rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnUnavailable {
    /// They wait.
    #[default]
    Pause,
    /// They are sent as they came, with a header that says so.
    Forward,
}

impl OnUnavailable {
    /// Where a plan does not say it.
    fn is_pause(&self) -> bool {
        *self == Self::Pause
    }
}

/// The topic that is read, and as whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsumerPlan {
    /// The brokers, the topic and the credentials.
    #[serde(flatten)]
    pub topic: KafkaTopic,
    /// The consumer group.
    pub group_id: String,
    /// Where a group without offsets starts.
    pub start_from: StartFrom,
}

/// Where a consumer group without offsets starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StartFrom {
    /// At the oldest record.
    Earliest,
    /// At the next record.
    Latest,
    /// At the first record not older than this (RFC 3339).
    Timestamp(String),
}

/// What the join has to know of an entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntityKeys {
    /// The entity's slug.
    pub slug: String,
    /// Its key columns, in the order of the key text.
    pub primary_key: Vec<String>,
    /// The columns that rules read, sorted.
    pub columns: Vec<String>,
}

/// One rule: which events, joined with what, written where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RulePlan {
    /// The rule's name, unique in its mapping.
    pub name: String,
    /// The condition in the filter query language; `None` matches every event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The consent categories an event must allow, all of them; empty: consent is not asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consent: Vec<String>,
    /// The rows that are looked up.
    pub entities: Vec<AliasPlan>,
    /// What is written into the event.
    pub enrichments: Vec<EnrichmentPlan>,
    /// What happens when an alias that is not optional has no row.
    pub on_missing: OnMissing,
}

/// One row that is looked up for an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AliasPlan {
    /// The name the rule refers to it by (`as` in the manifest).
    pub alias: String,
    /// The entity's slug.
    pub entity: String,
    /// Where the key comes from.
    #[serde(flatten)]
    pub key: KeyPlan,
    /// The path of an array, each of whose items is looked up; a hop from such an alias is per item too, without
    /// saying so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_each: Option<String>,
    /// A missing row does not count for `on_missing`.
    pub optional: bool,
}

/// Where the key of a row comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum KeyPlan {
    /// From the event: exactly the primary key's columns, in the primary key's order.
    Match(Vec<MatchPlan>),
    /// From another row.
    Hop(HopPlan),
}

/// A step along a relationship from one row to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HopPlan {
    /// The alias whose row is left, anywhere in the same rule.
    pub from: String,
    /// The relationship's slug.
    pub via: String,
    /// The columns of the row that is left, in the order of the primary key of the one that is reached.
    pub columns: Vec<String>,
}

/// One part of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchPlan {
    /// The key column.
    pub column: String,
    /// The path in the event, such as `$.properties.product_id`, or in the item, such as `@.product_id`.
    pub path: String,
}

/// One value that is written into the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnrichmentPlan {
    /// The alias the value comes from.
    pub alias: String,
    /// The column the value comes from.
    pub column: String,
    /// The path it is written to, in the event (`$`) or in the alias's item (`@`); member names only.
    pub to: String,
    /// What is written when the alias has no row.
    pub if_missing: IfMissing,
}

/// What an enrichment writes when its alias has no row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum IfMissing {
    /// Nothing: a value already there stays.
    Omit,
    /// `null`.
    Null,
    /// This value.
    Default(Value),
}

/// What happens to an event when an alias that is not optional has no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnMissing {
    /// It is sent all the same.
    Forward,
    /// It is not sent, and counted as dropped.
    Drop,
    /// It becomes a dead letter.
    DeadLetter,
}
