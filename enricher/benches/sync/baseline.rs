//! The least that a copy could cost on the same servers.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::time::Instant;

use futures_util::TryStreamExt as _;

use crate::redis_server::Server;
use crate::world::{BOOKKEEPING, World};

/// Key text and hash of every row, as a sync makes them.
const HASHED: &str = "SELECT id::text AS k, md5(ROW(id, sku, name, description, brand, category, price, stock, weight,
    active, created, day)::text)::uuid AS h";

/// Seconds of a copy of the table, sorted by the key's hash, that is then read out.
pub(crate) async fn copied(world: &World) -> f64 {
    let started = Instant::now();
    world.execute(&format!("CREATE TABLE copied AS {HASHED}, item.* FROM item ORDER BY md5(id::text)")).await;
    let mut rows = pin!(world.sql.copy_out("COPY copied TO STDOUT").await.unwrap());
    while rows.try_next().await.unwrap().is_some() {}
    let seconds = started.elapsed().as_secs_f64();
    world.execute("DROP TABLE copied").await;
    seconds
}

/// Seconds of `redis-cli --pipe` of the rows that the store has, to an empty server.
pub(crate) async fn piped(world: &World) -> f64 {
    let server = Server::start().await;
    let file = server.folder.path().join("rows");
    let mut out = BufWriter::new(File::create(&file).unwrap());
    for bucket in world.redis_keys("weft:*}").await {
        let rows: Vec<(Vec<u8>, Vec<u8>)> =
            redis::cmd("HGETALL").arg(&bucket).query_async(&mut world.redis()).await.unwrap();
        for (key, row) in rows {
            out.write_all(&redis::cmd("HSET").arg(&bucket).arg(key).arg(row).get_packed_command()).unwrap();
        }
    }
    out.flush().unwrap();
    let started = Instant::now();
    let port = server.port.to_string();
    let mut pipe = Command::new("redis-cli");
    pipe.args(["-p", &port, "--pipe"]).stdin(File::open(&file).unwrap()).stdout(Stdio::null());
    let status = tokio::task::spawn_blocking(move || pipe.status().unwrap()).await.unwrap();
    assert!(status.success(), "redis-cli fails");
    started.elapsed().as_secs_f64()
}

/// Seconds of the bare difference of table and snapshot, and, where rows differ, of writing the snapshot again.
pub(crate) async fn difference(world: &World, differs: bool) -> f64 {
    let sql = format!(
        "SELECT tablename FROM pg_tables WHERE schemaname = '{BOOKKEEPING}' AND tablename LIKE '%snap' ORDER BY 1 DESC"
    );
    let snapshot = format!("{BOOKKEEPING}.{}", world.query(&sql).await[0].get(0).unwrap());
    let started = Instant::now();
    let joined = format!("({HASHED} FROM item) AS a FULL JOIN {snapshot} AS b ON b.k = a.k");
    world.query(&format!("SELECT count(*) FROM {joined} WHERE a.h IS DISTINCT FROM b.h")).await;
    if differs {
        world.execute(&format!("CREATE TABLE again AS SELECT k, h FROM {snapshot}")).await;
    }
    let seconds = started.elapsed().as_secs_f64();
    world.execute("DROP TABLE IF EXISTS again").await;
    seconds
}
