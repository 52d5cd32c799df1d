//! What Redis says of itself.

use weft_store::Reader as _;

use crate::machine;
use crate::world::{BOOKKEEPING, World};

/// How many keys one batch of events asks for.
const BATCH: usize = 400;
const BATCHES: u64 = 1000;

/// The number that `INFO` has under a name.
async fn told(world: &World, name: &str) -> f64 {
    let text: String = redis::cmd("INFO").query_async(&mut world.redis()).await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap().trim().parse().unwrap()
}

/// Has Redis count every command beyond 10 ms, and, where that is allowed, run before others: it has a machine of its
/// own in earnest.
pub(crate) async fn prepare(world: &World) {
    world.command_redis(&["CONFIG", "SET", "slowlog-log-slower-than", "10000", "slowlog-max-len", "1000000"]).await;
    machine::first_at_the_processor(&told(world, "process_id").await.to_string());
}

/// The bytes that the rows take.
pub(crate) async fn bytes(world: &World) -> f64 {
    told(world, "used_memory").await - told(world, "used_memory_startup").await
}

/// Makes the next run a first load.
pub(crate) async fn forget(world: &World) {
    world.command_redis(&["FLUSHALL", "ASYNC"]).await;
    world.execute(&format!("DROP SCHEMA {BOOKKEEPING} CASCADE")).await;
}

/// An entry of Redis' log: its number, when, microseconds, the words of the command, whose it was.
type SlowCommand = (u64, u64, u64, Vec<String>, String, String);

/// The commands that took more than 10 ms, each with its milliseconds.
pub(crate) async fn slow_commands(world: &World) -> Vec<String> {
    let entries: Vec<SlowCommand> =
        redis::cmd("SLOWLOG").arg("GET").arg(-1).query_async(&mut world.redis()).await.unwrap();
    let told = |(_, _, microseconds, words, ..): &SlowCommand| {
        format!("{} of {} words: {} ms", words[0], words.len(), microseconds / 1000)
    };
    entries.iter().map(told).collect()
}

/// Microseconds of Redis' time for a key, all of them there, in batches as events come in.
pub(crate) async fn cpu_per_key(world: &World, rows: u64) -> f64 {
    let store = world.store();
    let cpu = async || told(world, "used_cpu_user_main_thread").await + told(world, "used_cpu_sys_main_thread").await;
    let before = cpu().await;
    let mut number = 0;
    for _ in 0..BATCHES {
        let keys: Vec<String> = std::iter::repeat_with(|| {
            number = (number + 7919) % rows;
            (number + 1).to_string()
        })
        .take(BATCH)
        .collect();
        let keys: Vec<&[u8]> = keys.iter().map(|key| key.as_bytes()).collect();
        let mut answers = Vec::new();
        store.fetch("item", &keys, &mut answers).await;
    }
    (cpu().await - before) * 1e6 / (BATCHES as f64 * BATCH as f64)
}
