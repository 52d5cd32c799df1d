use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::{
    SecretValue,
    violation::{CelRule, TextRule, Violations},
};

/// User info is let through: [`USER_INFO`] refuses it with a better word.
static URL: TextRule = TextRule::new(
    r"^rediss?://([^/?#]*@)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[0-9]{0,5})?$",
    "write redis://host:port/database, or rediss:// for TLS, and nothing after the database's number",
);
const USER_INFO: CelRule = CelRule::new(
    "!self.matches(r'^[^/?#]*//[^/?#]*@')",
    "the URL must not hold a user or a password: give them in `writer` and `reader`",
);
const TLS_NEEDS_REDISS: CelRule = CelRule::new(
    "!has(self.tls) || self.url.startsWith('rediss://')",
    "`tls` has no use with a redis:// URL: write rediss:// or leave `tls` out",
)
.at(".tls");

/// A Redis server (7 or newer) and the two users Weft is on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = TLS_NEEDS_REDISS)]
pub struct Redis {
    /// `redis://host:port/database`, or `rediss://…` for TLS; port 6379 and database 0 unless given. User and password
    /// go to `writer` and `reader`, never into the URL.
    #[schemars(length(min = 1, max = 512))]
    #[x_kube(validation = &URL, validation = USER_INFO)]
    pub url: String,
    /// Whom syncs log in as; it needs write access to the keys `weft:*`. Default: the server's default user, without
    /// a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer: Option<RedisUser>,
    /// Whom enrichers log in as; read access to the keys `weft:*` is enough. Default: the server's default user,
    /// without a password. Enrichers never get the writer's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<RedisUser>,
    /// What to trust when the URL is `rediss://`. Default: the system's authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<RedisTls>,
}

impl Redis {
    pub(crate) fn check(&self, place: &str, found: &mut Violations) {
        let url = format!("{place}.url");
        found.unless(!holds_user_info(&self.url), &url, USER_INFO);
        found.unless(self.tls.is_none() || self.url.starts_with("rediss://"), place, TLS_NEEDS_REDISS);
        found.text(&self.url, url, &URL);
    }
}

/// Whether there is an `@` in the part between `//` and the path.
fn holds_user_info(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("//") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !scheme.contains(['/', '?', '#']) && authority.contains('@')
}

/// A Redis user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct RedisUser {
    /// The ACL user. Default: `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub username: Option<String>,
    /// The password of that user.
    pub password: SecretValue,
}

/// Encryption of a Redis connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct RedisTls {
    /// Certificates of the authorities to trust, PEM. Default: those of the system. If the server's certificate was
    /// signed by another, the connection fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<SecretValue>,
}
