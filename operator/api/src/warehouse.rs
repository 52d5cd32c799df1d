use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{
    Postgres, Status, Validate, Violation,
    metadata::{self, NAME_LENGTH},
    violation::{CelRule, Violations},
};

const ONE_KIND: CelRule =
    CelRule::new("has(self.postgres) != has(self.sqlite)", "give exactly one of `postgres` and `sqlite`");

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
    status = "Status",
    derive = "PartialEq",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Host", type_ = "string", json_path = ".spec.postgres.host"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].message", priority = "1"),
    validation = NAME_LENGTH,
    doc = "A database that holds tables. DataGraphs refer to it; Weft reads the tables of their entities from it."
)]
#[x_kube(validation = ONE_KIND)]
pub struct WarehouseSpec {
    /// A PostgreSQL server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<Postgres>,
    /// A SQLite file on the machine where `weft run` runs. A cluster has no such file: there the Warehouse turns
    /// Ready=False, reason LocalOnly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqlite: Option<Sqlite>,
}

impl Validate for Warehouse {
    fn violations(&self, _old: Option<&Self>) -> Vec<Violation> {
        let mut found = Violations::default();
        metadata::check(&self.metadata, &mut found);
        found.unless(self.spec.postgres.is_some() != self.spec.sqlite.is_some(), "spec", ONE_KIND);
        if let Some(postgres) = &self.spec.postgres {
            postgres.check("spec.postgres", &mut found);
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
