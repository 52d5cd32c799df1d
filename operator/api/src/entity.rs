use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{
    EntityStatus, LocalRef, Validate, Violation,
    metadata::{self, NAME_LENGTH},
    schedule::SCHEDULE,
    violation::{CelRule, TextRule, Violations},
};

pub(crate) static SLUG: TextRule = TextRule::new(
    r"^[a-z0-9][a-z0-9_-]*$",
    "a slug has lower case letters, digits, `-` and `_`, and starts with a letter or a digit",
);
const NAME_IS_NO_SLUG: CelRule = CelRule::new(
    "has(self.spec.slug) || self.metadata.name.matches(r'^[a-z0-9][a-z0-9_-]*$')",
    "metadata.name has a dot, which a slug cannot have: give `spec.slug`",
)
.at(".spec.slug");
const SLUG_RESERVED: CelRule = CelRule::new(
    "(has(self.spec.slug) ? self.spec.slug : self.metadata.name) != 'profile'",
    "the slug `profile` is reserved: give another `spec.slug`",
)
.at(".spec.slug");
/// Also where one of the two slugs is the name.
const SLUG_IMMUTABLE: CelRule = CelRule::new(
    "(has(self.spec.slug) ? self.spec.slug : self.metadata.name) == \
     (has(oldSelf.spec.slug) ? oldSelf.spec.slug : oldSelf.metadata.name)",
    "the slug cannot change, for consumers depend on it: create a new Entity and delete this one",
)
.at(".spec.slug");
/// Up to three parts; a part in quotes may hold anything but control characters, its own quote doubled.
static TABLE_REF: TextRule = TextRule::new(
    concat!(
        r#"^([^.\x22\x60\x00-\x20\x7f]+|\x22([^\x22\x00-\x1f]|\x22\x22)+\x22|\x60([^\x60\x00-\x1f]|\x60\x60)+\x60)"#,
        r#"(\.([^.\x22\x60\x00-\x20\x7f]+|\x22([^\x22\x00-\x1f]|\x22\x22)+\x22|\x60([^\x60\x00-\x1f]|\x60\x60)+\x60)){0,2}$"#,
    ),
    "write 1 to 3 parts separated by dots, such as shop.orders; quote a part with a dot or a blank with \" or back-ticks, doubled inside",
);

/// A table of the warehouse whose rows events can be joined with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "weft.dev",
    version = "v1alpha1",
    kind = "Entity",
    namespaced,
    plural = "entities",
    shortname = "ent",
    category = "weft",
    status = "EntityStatus",
    derive = "PartialEq",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Graph", type_ = "string", json_path = ".spec.dataGraphRef.name"),
    printcolumn(name = "Table", type_ = "string", json_path = ".spec.tableRef"),
    printcolumn(name = "Rows", type_ = "integer", json_path = ".status.lastSync.rows.total"),
    printcolumn(name = "Synced", type_ = "date", json_path = ".status.lastSync.completionTime"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].message", priority = "1"),
    validation = NAME_LENGTH,
    validation = NAME_IS_NO_SLUG,
    validation = SLUG_RESERVED,
    validation = SLUG_IMMUTABLE,
    doc = "A table (or view) of a DataGraph's warehouse whose rows events can be joined with."
)]
pub struct EntitySpec {
    /// The DataGraph the entity belongs to.
    pub data_graph_ref: LocalRef,
    /// The name by which mappings refer to the entity: lower case letters, digits, `-` and `_`. Default: metadata.name.
    /// It cannot change: consumers depend on it. `profile` is reserved. Unique in its graph; of two entities with one
    /// slug the older stays valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = &SLUG)]
    pub slug: Option<String>,
    /// A name for people. Default: the slug. It may change at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub display_name: Option<String>,
    /// The table, view or materialised view, as the warehouse names it: 1 to 3 parts separated by dots, such as
    /// `PRODUCTION.PROD.PRODUCT_SKUS` (SQLite 1 part, PostgreSQL 2). A part with a dot or a blank is quoted with `"` or
    /// back-ticks, doubled inside. If there is no such table, the sync fails and lists those with a similar name.
    #[schemars(length(min = 1, max = 1024))]
    #[x_kube(validation = &TABLE_REF)]
    pub table_ref: String,
    /// The columns that together identify a row; an event is joined by giving a value for each. Rows in which one is
    /// NULL, and rows that share a key, are rejected and counted. Floating point, JSON and array columns cannot be
    /// keys.
    #[schemars(length(min = 1, max = 16), inner(length(min = 1, max = 300)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub primary_key: Vec<String>,
    /// Whether the table is copied to the store, so that mappings can use it. Default true. When false, a mapping that
    /// uses the entity turns Ready=False, reason EnrichmentNotEnabled.
    #[serde(default = "enabled")]
    pub enrichment_enabled: bool,
    /// The columns to copy; the primary key always is. Default: all. A mapping that uses another column turns
    /// Ready=False, reason ColumnNotSynced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1000), inner(length(min = 1, max = 300)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub columns: Option<Vec<String>>,
    /// When the table is copied: five cron fields, or `@hourly`, `@daily`, `@weekly`, `@monthly` or `@yearly`, in the
    /// graph's time zone. Default: the graph's schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    #[x_kube(validation = &SCHEDULE)]
    pub schedule: Option<String>,
    /// Do not copy the table on a schedule. Default false. Enrichers go on with the rows that were copied.
    #[serde(default)]
    pub suspend: bool,
}

fn enabled() -> bool {
    true
}

impl Entity {
    /// The name everything refers to the entity by: `spec.slug`, or metadata.name where it is absent.
    pub fn slug(&self) -> &str {
        self.spec.slug.as_deref().or(self.metadata.name.as_deref()).unwrap_or_default()
    }
}

impl Validate for Entity {
    fn violations(&self, old: Option<&Self>) -> Vec<Violation> {
        let mut found = Violations::default();
        metadata::check(&self.metadata, &mut found);
        match &self.spec.slug {
            Some(slug) => found.text(slug, "spec.slug".to_owned(), &SLUG),
            None => found.unless(SLUG.matches(self.slug()), "", NAME_IS_NO_SLUG),
        }
        found.unless(self.slug() != "profile", "", SLUG_RESERVED);
        found.unless(old.is_none_or(|old| old.slug() == self.slug()), "", SLUG_IMMUTABLE);
        found.text(&self.spec.table_ref, "spec.tableRef".to_owned(), &TABLE_REF);
        if let Some(schedule) = &self.spec.schedule {
            found.text(schedule, "spec.schedule".to_owned(), &SCHEDULE);
        }
        found.sorted()
    }
}
