#[cfg(any(feature = "redis", feature = "postgres"))]
use super::secrets::SecretError;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// A secret cannot be had.
    #[cfg(any(feature = "redis", feature = "postgres"))]
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The warehouse cannot be opened or reached.
    #[error("warehouse {name}")]
    Warehouse {
        /// The Warehouse's name.
        name: String,
        /// Why.
        source: weft_warehouse::Error,
    },
    /// The warehouse does not take the password.
    #[cfg(feature = "postgres")]
    #[error("Warehouse {name}: {field}: the key `{}` of the Secret `{}`", secret.key, secret.name)]
    Password {
        /// The Warehouse's name.
        name: String,
        /// The field that names the Secret.
        field: &'static str,
        /// The Secret.
        secret: weft_plan_types::SecretFile,
        /// What the warehouse says.
        source: weft_warehouse::Error,
    },
    /// This weft was built without PostgreSQL.
    #[cfg(not(feature = "postgres"))]
    #[error(
        "warehouse {name} is a PostgreSQL server, and this weft was built without PostgreSQL; build it with `make \
         install`, or name a SQLite file that stands in for it with --warehouse {name}=sqlite:PATH"
    )]
    NotBuiltIn {
        /// The Warehouse's name.
        name: String,
    },
    /// The store does not take the password.
    #[cfg(feature = "redis")]
    #[error("DataGraph {graph}: {field}: the key `{}` of the Secret `{}`", secret.key, secret.name)]
    StorePassword {
        /// The DataGraph's name.
        graph: String,
        /// The field that names the Secret.
        field: &'static str,
        /// The Secret.
        secret: weft_plan_types::SecretFile,
        /// What the store says.
        source: weft_store::redis::ConnectError,
    },
    /// The store cannot be reached.
    #[cfg(feature = "redis")]
    #[error("DataGraph {graph}")]
    Store {
        /// The DataGraph's name.
        graph: String,
        /// Why.
        source: weft_store::redis::ConnectError,
    },
}

impl ConnectError {
    /// Whether trying again may help.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Warehouse { source, .. } => source.is_transient(),
            #[cfg(feature = "redis")]
            Self::Store { source: weft_store::redis::ConnectError::Refused { transient, .. }, .. } => *transient,
            #[cfg(feature = "redis")]
            Self::Store { .. } | Self::StorePassword { .. } => false,
            #[cfg(any(feature = "redis", feature = "postgres"))]
            Self::Secret(_) => false,
            #[cfg(feature = "postgres")]
            Self::Password { .. } => false,
            #[cfg(not(feature = "postgres"))]
            Self::NotBuiltIn { .. } => false,
        }
    }
}
