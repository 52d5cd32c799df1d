//! The least that a copy could cost on the same servers.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::pin::pin;
use std::process::{Command, Stdio};

use futures_util::TryStreamExt as _;

use crate::redis_server::Server;
use crate::world::{BOOKKEEPING, World};

/// Key text and hash of every row, as a sync makes them.
const HASHED: &str = "SELECT id::text AS k, decode(md5(ROW(id, sku, name, description, brand, category, price, stock, \
                      weight, active, created, day)::text), 'hex') AS h";

/// A copy of the table, sorted by the key's hash, that is then read out.
pub(crate) async fn copy(world: &World) {
    world.execute(&format!("CREATE TABLE copied AS {HASHED}, item.* FROM item ORDER BY md5(id::text)")).await;
    let mut rows = pin!(world.sql.copy_out("COPY copied TO STDOUT").await.unwrap());
    while rows.try_next().await.unwrap().is_some() {}
    world.execute("DROP TABLE copied").await;
}

/// The rows that the store has, as commands for a server of their own.
pub(crate) struct Pipe {
    server: Server,
    file: PathBuf,
}

impl Pipe {
    pub(crate) async fn new(world: &World) -> Self {
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
        Self { server, file }
    }

    /// `redis-cli --pipe` of them to the server, which is empty.
    pub(crate) async fn run(&self) {
        let mut pipe = Command::new("redis-cli");
        pipe.args(["-p", &self.server.port.to_string(), "--pipe"]);
        pipe.stdin(File::open(&self.file).unwrap()).stdout(Stdio::null());
        let status = tokio::task::spawn_blocking(move || pipe.status().unwrap()).await.unwrap();
        assert!(status.success(), "redis-cli fails");
    }

    /// Empties the server again.
    pub(crate) async fn empty(&self) {
        let () = redis::cmd("FLUSHALL").query_async(&mut self.server.connect().await).await.unwrap();
    }
}

/// The bare difference of table and snapshot, and, where rows differ, the snapshot written again.
pub(crate) async fn difference(world: &World, differs: bool) {
    let sql = format!(
        "SELECT tablename FROM pg_tables WHERE schemaname = '{BOOKKEEPING}' AND tablename LIKE '%snap' ORDER BY 1 DESC"
    );
    let snapshot = format!("{BOOKKEEPING}.{}", world.query(&sql).await[0].get(0).unwrap());
    let joined = format!("({HASHED} FROM item) AS a FULL JOIN {snapshot} AS b ON b.k = a.k");
    world.query(&format!("SELECT count(*) FROM {joined} WHERE a.h IS DISTINCT FROM b.h")).await;
    if differs {
        world.execute(&format!("CREATE TABLE again AS SELECT k, h FROM {snapshot}")).await;
        world.execute("DROP TABLE again").await;
    }
}
