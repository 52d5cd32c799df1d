use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{
    ConnectionStatus, PodTemplate, Postgres, Validate, Violation,
    duration::{self, TIMEOUT},
    metadata::{self, NAME_LENGTH},
    violation::{CelRule, TextRule, Violations},
};

const ONE_KIND: CelRule =
    CelRule::new("has(self.postgres) != has(self.sqlite)", "give exactly one of `postgres` and `sqlite`");
const SCHEMA_IS_OF_POSTGRES: CelRule = CelRule::new(
    "!has(self.bookkeeping) || !has(self.bookkeeping.schema) || has(self.postgres)",
    "SQLite has no schemas: give `bookkeeping.path`, or leave it out",
)
.at(".bookkeeping.schema");
const PATH_IS_OF_SQLITE: CelRule = CelRule::new(
    "!has(self.bookkeeping) || !has(self.bookkeeping.path) || has(self.sqlite)",
    "a server has no use for a file: give `bookkeeping.schema`, or leave it out",
)
.at(".bookkeeping.path");
const PATH_IS_ANOTHER: CelRule = CelRule::new(
    "!has(self.bookkeeping) || !has(self.bookkeeping.path) || !has(self.sqlite) || self.bookkeeping.path != self.sqlite.path",
    "this is the file that holds the tables, into which Weft never writes: give another path",
)
.at(".bookkeeping.path");
/// PostgreSQL cuts longer names off without a word.
const SCHEMA_LENGTH: CelRule = CelRule::new("size(bytes(self)) <= 63", "use at most 63 bytes");
static SCHEMA: TextRule = TextRule::new(
    r"^([^p\x00-\x1f\x7f]|p[^g\x00-\x1f\x7f]|p$|pg$|pg[^_\x00-\x1f\x7f])[^\x00-\x1f\x7f]*$",
    "write the name of a schema without control characters; names that begin with pg_ are PostgreSQL's own",
);

/// A database that holds tables: what kind it is and how to reach it. Exactly one of `postgres` and `sqlite`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "weft.dev",
    version = "v1alpha1",
    kind = "Warehouse",
    namespaced,
    shortname = "wh",
    category = "weft",
    status = "ConnectionStatus",
    derive = "PartialEq",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Host", type_ = "string", json_path = ".spec.postgres.host"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].message", priority = "1"),
    validation = NAME_LENGTH,
    doc = "A database that holds tables. DataGraphs refer to it; Weft reads the tables of their entities from it."
)]
#[x_kube(
    validation = ONE_KIND,
    validation = SCHEMA_IS_OF_POSTGRES,
    validation = PATH_IS_OF_SQLITE,
    validation = PATH_IS_ANOTHER
)]
pub struct WarehouseSpec {
    /// A PostgreSQL server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<Postgres>,
    /// A SQLite file on the machine where `weft run` runs. A cluster has no such file: there the Warehouse turns
    /// Ready=False, reason LocalOnly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqlite: Option<Sqlite>,
    /// The only place Weft writes in the warehouse: what it copied last, by hash, so that only what changed is read.
    /// Default: the schema `weft_state`; of a SQLite file, a second file beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bookkeeping: Option<Bookkeeping>,
    /// How much Weft may ask of the warehouse. Default: 4 syncs at once, 15 minutes for a statement.
    #[serde(default)]
    pub limits: Limits,
    /// What the pods are given that read from the warehouse: syncs, tests of the connection and the removal of copies. A
    /// change applies from the next pod on and starts none. `weft run` does without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_template: Option<PodTemplate>,
}

impl Validate for Warehouse {
    fn violations(&self, _old: Option<&Self>) -> Vec<Violation> {
        let mut found = Violations::default();
        metadata::check(&self.metadata, &mut found);
        found.unless(self.spec.postgres.is_some() != self.spec.sqlite.is_some(), "spec", ONE_KIND);
        if let Some(postgres) = &self.spec.postgres {
            postgres.check("spec.postgres", &mut found);
        }
        let bookkeeping = self.spec.bookkeeping.as_ref();
        let path = bookkeeping.and_then(|it| it.path.as_ref());
        if let Some(schema) = bookkeeping.and_then(|it| it.schema.as_ref()) {
            found.unless(self.spec.postgres.is_some(), "spec", SCHEMA_IS_OF_POSTGRES);
            found.unless(schema.len() <= 63, "spec.bookkeeping.schema", SCHEMA_LENGTH);
            found.text(schema, "spec.bookkeeping.schema".to_owned(), &SCHEMA);
        }
        found.unless(path.is_none() || self.spec.sqlite.is_some(), "spec", PATH_IS_OF_SQLITE);
        let is_source = path.is_some_and(|path| self.spec.sqlite.as_ref().is_some_and(|file| file.path == *path));
        found.unless(!is_source, "spec", PATH_IS_ANOTHER);
        let timeout = &self.spec.limits.statement_timeout;
        found.unless(duration::is_timeout(timeout), "spec.limits.statementTimeout", TIMEOUT);
        if let Some(template) = &self.spec.pod_template {
            template.check("spec.podTemplate", &mut found);
        }
        found.sorted()
    }
}

/// A SQLite file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sqlite {
    /// The file's path, relative to the manifest that names it. The file is opened read-only and has to exist.
    #[schemars(length(min = 1, max = 4096))]
    pub path: String,
}

/// Where Weft keeps what it copied last: `schema` in a server, `path` beside a SQLite file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bookkeeping {
    /// The schema in the connection's database, spelled exactly so. Default `weft_state`. The user needs the rights to
    /// create and drop tables in it; if it is not there and the user may not create it, the sync says what to grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = &SCHEMA, validation = SCHEMA_LENGTH)]
    pub schema: Option<String>,
    /// The file, relative to the manifest that names it; it is made if it is not there. Default: the path of the SQLite
    /// file with `.weft-state` added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4096))]
    pub path: Option<String>,
}

/// How much Weft may ask of a warehouse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// How many entities are copied from this warehouse at the same time; others wait. Default 4.
    #[serde(default = "default_syncs")]
    #[schemars(range(min = 1, max = 64))]
    pub max_concurrent_syncs: i32,
    /// How long the warehouse may take for one statement, from `1s` to `24h`. Default `15m`. A statement that takes
    /// longer is ended at the server and its sync fails; the next one tries again.
    #[serde(default = "default_timeout")]
    #[schemars(length(min = 1, max = 32))]
    #[x_kube(validation = TIMEOUT)]
    pub statement_timeout: String,
}

fn default_syncs() -> i32 {
    4
}

fn default_timeout() -> String {
    "15m".to_owned()
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_concurrent_syncs: default_syncs(), statement_timeout: default_timeout() }
    }
}
