use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{Postgres, Status};

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
    doc = "A database that holds tables. DataGraphs refer to it; Weft reads the tables of their entities from it."
)]
pub struct WarehouseSpec {
    /// A PostgreSQL server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<Postgres>,
    /// A SQLite file on the machine where `weft run` runs. A cluster has no such file: there the Warehouse turns
    /// Ready=False, reason LocalOnly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqlite: Option<Sqlite>,
}

/// A SQLite file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sqlite {
    /// The file's path, relative to the manifest that names it. The file is opened read-only and has to exist.
    #[schemars(length(min = 1, max = 4096))]
    pub path: String,
}
