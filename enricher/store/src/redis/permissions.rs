//! Which of its permissions a user lacks: each is tried, on keys of which nothing stays.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use redis::aio::ConnectionManager;
use redis::{Cmd, RedisError};

use super::error::code;
use super::{READER_PERMISSIONS, StoreError, WRITER_PERMISSIONS};

const ACT: &str = "try the user's permissions";

/// What a user lacks of [`WRITER_PERMISSIONS`], as `ACL SETUSER` takes it.
pub async fn missing_for_writer(
    connection: &ConnectionManager,
    namespace: &str,
    graph: &str,
) -> Result<Vec<&'static str>, StoreError> {
    missing(connection, WRITER_PERMISSIONS, namespace, graph).await
}

/// What a user lacks of [`READER_PERMISSIONS`], as `ACL SETUSER` takes it.
pub async fn missing_for_reader(
    connection: &ConnectionManager,
    namespace: &str,
    graph: &str,
) -> Result<Vec<&'static str>, StoreError> {
    missing(connection, READER_PERMISSIONS, namespace, graph).await
}

async fn missing(
    connection: &ConnectionManager,
    permissions: &'static str,
    namespace: &str,
    graph: &str,
) -> Result<Vec<&'static str>, StoreError> {
    let mut connection = connection.clone();
    let keys = Keys::new(namespace, graph);
    let (mut keys_refused, mut lacking, mut trouble) = (false, Vec::new(), None);
    for permission in permissions.split_whitespace() {
        let Some(command) = keys.command(permission) else { continue };
        match command.exec_async(&mut connection).await {
            Err(error) if code(&error) == "NOPERM" => match is_of_key(&error) {
                true => keys_refused = true,
                false => lacking.push(permission),
            },
            // There is no such script or key, which was to be.
            Err(error) if !matches!(code(&error), "NOSCRIPT" | "ERR") => {
                trouble = Some(StoreError::new(ACT, &error));
                break;
            }
            _ => {}
        }
    }
    // Nothing is left but where neither is allowed.
    for command in keys.removal() {
        drop(command.exec_async(&mut connection).await);
    }
    // Who may run no command that has a key was not asked about the keys.
    let is_keys = |permission: &&str| permission.starts_with('~');
    let with_keys =
        permissions.split_whitespace().filter(|it| !is_keys(it) && !matches!(*it, "+evalsha" | "+script|load"));
    let untold = with_keys.into_iter().all(|permission| lacking.contains(&permission));
    let of_keys = permissions.split_whitespace().filter(|permission| (keys_refused || untold) && is_keys(permission));
    trouble.map_or_else(|| Ok(of_keys.chain(lacking).collect()), Err)
}

/// Whether it is the key that a user may not touch, and not the command that the user may not run.
fn is_of_key(error: &RedisError) -> bool {
    error.detail().is_some_and(|text| text.contains("access a key") || text.contains("one of the keys"))
}

/// Two keys of one place that nobody else uses.
struct Keys(String, String);

impl Keys {
    fn new(namespace: &str, graph: &str) -> Self {
        let number = RandomState::new().build_hasher().finish();
        let key = format!("weft:{namespace}/{graph}:probe:{{{number:016x}}}");
        Self(key.clone(), format!("{key}:copy"))
    }

    /// What needs a permission, and in the order of the permissions does no more than to write a field and remove it.
    fn command(&self, permission: &str) -> Option<Cmd> {
        let (key, copy) = (self.0.as_str(), self.1.as_str());
        let words: &[&str] = match permission {
            "+evalsha" => &["EVALSHA", "0000000000000000000000000000000000000000", "0"],
            "+script|load" => &["SCRIPT", "LOAD", "return 1"],
            "+hget" => &["HGET", key, "field"],
            "+hgetall" => &["HGETALL", key],
            "+hlen" => &["HLEN", key],
            "+hmget" => &["HMGET", key, "field"],
            "+hset" => &["HSET", key, "field", ""],
            "+hdel" => &["HDEL", key, "field"],
            "+exists" => &["EXISTS", key],
            "+unlink" => &["UNLINK", key],
            "+copy" => &["COPY", key, copy],
            "+rename" => &["RENAME", key, copy],
            "+pexpire" => &["PEXPIRE", key, "1000"],
            "+persist" => &["PERSIST", key],
            "+xadd" => &["XADD", key, "NOMKSTREAM", "*", "field", ""],
            "+xrange" => &["XRANGE", key, "-", "+", "COUNT", "1"],
            "+xrevrange" => &["XREVRANGE", key, "+", "-", "COUNT", "1"],
            _ => return None,
        };
        Some(command(words))
    }

    fn removal(&self) -> [Cmd; 4] {
        let (key, copy) = (self.0.as_str(), self.1.as_str());
        [&["PEXPIRE", key, "1000"][..], &["PEXPIRE", copy, "1000"], &["UNLINK", key], &["UNLINK", copy]].map(command)
    }
}

fn command(words: &[&str]) -> Cmd {
    let mut command = Cmd::new();
    command.arg(words);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_that_is_documented_is_tried() {
        let keys = Keys::new("shop", "main");
        for permission in WRITER_PERMISSIONS.split_whitespace().chain(READER_PERMISSIONS.split_whitespace()) {
            assert!(permission.starts_with('~') || keys.command(permission).is_some(), "{permission}");
        }
    }
}
