//! The Lua scripts, and how they are called.

use std::sync::LazyLock;

use redis::aio::ConnectionLike;
use redis::{Cmd, ErrorKind, Pipeline, RedisError, Script, ServerErrorKind};

use super::{Outcome, StoreError};

macro_rules! scripts {
    ($($name:ident = $($file:literal)+;)+) => {
        $(pub(super) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(concat!($(include_str!(concat!("lua/", $file)), "\n"),+)));)+

        fn all() -> [&'static Script; [$(stringify!($name)),+].len()] {
            [$(&$name),+]
        }
    };
}

scripts! {
    WRITE = "bucket.lua" "write.lua";
    CHUNK = "bucket.lua" "chunk.lua";
    SWAP = "bucket.lua" "swap.lua";
    TAKE = "take.lua";
    START = "start.lua";
    COMMIT = "commit.lua";
    VERIFY = "verify.lua";
    UNLINK = "unlink.lua";
    LEASE = "lease.lua";
    RENEW = "renew.lua";
    RELEASE = "release.lua";
    RETIRE = "retire.lua";
    FORGET = "forget.lua";
}

/// A call of a script: its keys, and then its arguments, are to be added.
pub(super) fn call(script: &Script, keys: &[String]) -> Cmd {
    let mut command = redis::cmd("EVALSHA");
    command.arg(script.get_hash()).arg(keys.len()).arg(keys);
    command
}

/// Runs one call of a script.
pub(super) async fn run(
    connection: &mut impl ConnectionLike,
    act: &'static str,
    call: &Cmd,
) -> Result<Outcome, StoreError> {
    outcome(act, &answer(connection, act, call).await?)
}

/// The words that one call of a script answers.
pub(super) async fn answer(
    connection: &mut impl ConnectionLike,
    act: &'static str,
    call: &Cmd,
) -> Result<Vec<String>, StoreError> {
    let answer = match call.query_async(connection).await {
        Err(error) if is_unknown_script(&error) => {
            load(connection, act).await?;
            call.query_async(connection).await
        }
        answered => answered,
    };
    answer.map_err(|error| StoreError::new(act, &error))
}

/// Runs many calls at once, none of which matters to another.
pub(super) async fn run_all(
    connection: &mut impl ConnectionLike,
    act: &'static str,
    calls: &Pipeline,
) -> Result<Vec<Outcome>, StoreError> {
    let answers: Result<Vec<Vec<String>>, _> = match calls.query_async(connection).await {
        Err(error) if is_unknown_script(&error) => {
            load(connection, act).await?;
            calls.query_async(connection).await
        }
        answered => answered,
    };
    let answers = answers.map_err(|error| StoreError::new(act, &error))?;
    answers.iter().map(|answer| outcome(act, answer)).collect()
}

/// Redis forgets scripts when it starts anew.
async fn load(connection: &mut impl ConnectionLike, act: &'static str) -> Result<(), StoreError> {
    for script in all() {
        script.load_async(connection).await.map_err(|error| StoreError::new(act, &error))?;
    }
    Ok(())
}

fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

fn outcome(act: &'static str, words: &[String]) -> Result<Outcome, StoreError> {
    Outcome::parse(words).ok_or(StoreError::Foreign { act, what: "answer" })
}
