use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::SecretValue;

/// A certificate that a client shows to prove who it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientCertificate {
    /// The certificate and the intermediates that lead to its authority, PEM, leaf first.
    pub certificate: SecretValue,
    /// The certificate's private key, PEM, not encrypted.
    pub private_key: SecretValue,
}
