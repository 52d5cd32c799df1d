//! A PostgreSQL database with tables, a Redis server, manifests that name both through proxies, and `weft sync` on them.

use std::fs;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, SimpleQueryRow};
use weft_store::redis::{ConnectionManager, Keys, RedisStore};

use crate::frames::Protocol;
use crate::postgres::{self, PASSWORD};
use crate::proxy::{Blow, Line, When, listen};
use crate::redis_server::Server;

pub(crate) const NAMESPACE: &str = "default";
pub(crate) const GRAPH: &str = "main";
pub(crate) const OWNER: &str = "local/default/main";
pub(crate) const BOOKKEEPING: &str = "weft_state";

/// No run of a test takes so long.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct World {
    pub(crate) redis: Server,
    pub(crate) line: Line,
    connection: ConnectionManager,
    pub(crate) sql: Client,
    folder: TempDir,
    database: String,
    postgres_port: u16,
    redis_port: u16,
}

/// A `weft sync` that has ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: ExitStatus,
    /// The line of each entity.
    pub(crate) reports: Vec<Value>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// How many requests it made.
    pub(crate) requests: u64,
}

impl Run {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The only entity's line.
    pub(crate) fn report(&self) -> &Value {
        assert_eq!(self.reports.len(), 1, "{self:?}");
        &self.reports[0]
    }

    /// A number of the only entity's line.
    pub(crate) fn number(&self, path: &str) -> u64 {
        let number = self.report().pointer(path).and_then(Value::as_u64);
        number.unwrap_or_else(|| panic!("there is no number {path}: {self:?}"))
    }

    pub(crate) fn outcome(&self) -> &str {
        self.report()["outcome"].as_str().unwrap_or_default()
    }

    /// Ends the test unless the run did what it should.
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code(), Some(0), "{self:?}");
        self
    }
}

impl World {
    /// With tables that the statements make, and the entity `product` of the table `public.product` with the key `id`.
    pub(crate) async fn new(statements: &[&str]) -> Self {
        Self::with(statements, Server::start().await, &entity("product", "public.product", &["id"])).await
    }

    /// With entities, and a Redis server that may be special.
    pub(crate) async fn with(statements: &[&str], redis: Server, entities: &str) -> Self {
        let (options, _) = postgres::database(statements).await;
        let line = Line::default();
        let postgres_port = listen(&line, Protocol::Postgres, options.port).await;
        let redis_port = listen(&line, Protocol::Redis, redis.port).await;
        let sql = log_in(options.port, &options.database).await;
        let connection = redis.connect().await;
        let folder = tempfile::tempdir().unwrap();
        let database = options.database;
        let world = Self { redis, line, connection, sql, folder, database, postgres_port, redis_port };
        world.write("secret.yaml", &secret("warehouse", PASSWORD));
        world.write_graph("");
        world.write("entities.yaml", entities);
        world
    }

    /// Warehouse and graph anew, with `more` about the store, such as who writes.
    pub(crate) fn write_graph(&self, more: &str) {
        let warehouse = postgres_spec(&self.database, self.postgres_port);
        self.write("graph.yaml", &graph(&warehouse, self.redis_port, more));
    }

    /// Reads tables from a SQLite file of its folder from now on; gives its path.
    #[allow(dead_code, reason = "the benchmark has no use for it")]
    pub(crate) fn use_sqlite(&self) -> PathBuf {
        self.write("graph.yaml", &graph("  sqlite: {path: shop.db}", self.redis_port, ""));
        self.folder.path().join("shop.db")
    }

    /// Lets runs reach the servers themselves from now on.
    #[allow(dead_code, reason = "the benchmark is what needs it")]
    pub(crate) fn without_proxies(&mut self) {
        (self.postgres_port, self.redis_port) = (postgres::server().port, self.redis.port);
        self.write_graph("");
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        fs::write(self.folder.path().join(name), content).unwrap();
    }

    /// Changes a text in a manifest.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.folder.path().join(name)).unwrap();
        assert!(text.contains(from), "{name} has no {from}");
        self.write(name, &text.replace(from, to));
    }

    /// Runs SQL; the test ends if that fails.
    pub(crate) async fn execute(&self, sql: &str) {
        self.sql.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// Another connection to the database.
    #[allow(dead_code, reason = "the benchmark has no use for it")]
    pub(crate) async fn connect(&self) -> Client {
        log_in(postgres::server().port, &self.database).await
    }

    /// The rows of a query, as texts.
    pub(crate) async fn query(&self, sql: &str) -> Vec<SimpleQueryRow> {
        let messages = self.sql.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let row = |message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        };
        messages.into_iter().filter_map(row).collect()
    }

    /// A connection to Redis that no proxy sees.
    pub(crate) fn redis(&self) -> ConnectionManager {
        self.connection.clone()
    }

    /// A reader that begins now.
    pub(crate) fn store(&self) -> RedisStore {
        RedisStore::new(self.redis(), NAMESPACE, GRAPH, OWNER, None)
    }

    pub(crate) fn keys(&self, slug: &str) -> Keys {
        Keys::new(NAMESPACE, GRAPH, slug)
    }

    /// Starts `weft sync`.
    pub(crate) fn spawn(&self, arguments: &[&str], blow: Option<Blow>) -> Child {
        self.line.begin(blow);
        let child = self.command("sync", arguments).spawn().unwrap();
        self.line.is_of(child.id().unwrap());
        child
    }

    /// Runs `weft probe` to its end.
    #[allow(dead_code, reason = "the benchmark has no use for it")]
    pub(crate) async fn probe(&self, arguments: &[&str]) -> Run {
        self.line.begin(None);
        let child = self.command("probe", arguments).spawn().unwrap();
        self.end(child).await
    }

    /// What leads to the database past the proxies.
    #[allow(dead_code, reason = "the benchmark has no use for it")]
    pub(crate) fn options(&self) -> weft_warehouse::postgres::Options {
        postgres::server().options(&self.database)
    }

    /// A file of its folder.
    #[allow(dead_code, reason = "the benchmark has no use for it")]
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = self.weft(name);
        command.args(["-o", "json"]).args(arguments);
        command
    }

    /// A command of `weft` on the manifests.
    pub(crate) fn weft(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command.arg(name).arg("-f").arg(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Waits for a run to end.
    pub(crate) async fn end(&self, child: Child) -> Run {
        let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("weft sync does not end");
        let output = output.unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        let reports = stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")));
        Run { status: output.status, reports: reports.collect(), requests: self.line.requests(), stdout, stderr }
    }

    /// Runs `weft sync` to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Run {
        let child = self.spawn(arguments, None);
        self.end(child).await
    }

    /// A run that has to do its work.
    pub(crate) async fn sync(&self) -> Run {
        self.run(&[]).await.done()
    }

    /// A run that is killed at one of its requests; gives it if it had fewer.
    pub(crate) async fn killed(&self, request: u64, when: When) -> Option<Run> {
        self.killed_with(&[], request, when).await
    }

    pub(crate) async fn killed_with(&self, arguments: &[&str], request: u64, when: When) -> Option<Run> {
        let child = self.spawn(arguments, Some(Blow { request, when, signal: Signal::SIGKILL }));
        let run = self.end(child).await;
        if !self.line.has_struck() {
            return Some(run);
        }
        self.is_quiet().await;
        self.forget_leases().await;
        None
    }

    /// Waits until the server has done what a dead process had asked it for.
    pub(crate) async fn is_quiet(&self) {
        let sql = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'weft' AND datname = current_database()";
        let started = Instant::now();
        while !self.query(sql).await.is_empty() {
            assert!(started.elapsed() < PATIENCE, "a dead process' statement does not end");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Removes the leases of a dead process, which would end by themselves.
    pub(crate) async fn forget_leases(&self) {
        for pattern in ["weft:*:lease", "weft:*:slot:*"] {
            for key in self.redis_keys(pattern).await {
                self.command_redis(&["DEL", &key]).await;
            }
        }
    }

    pub(crate) async fn redis_keys(&self, pattern: &str) -> Vec<String> {
        redis::cmd("KEYS").arg(pattern).query_async(&mut self.redis()).await.unwrap()
    }

    pub(crate) async fn command_redis(&self, words: &[&str]) {
        crate::redis_server::run::command(&self.connection, words).await;
    }

    /// The tables in bookkeeping, as `<kind> <run>`, sorted.
    pub(crate) async fn bookkeeping(&self) -> Vec<(String, u64)> {
        let sql = format!("SELECT tablename FROM pg_tables WHERE schemaname = '{BOOKKEEPING}'");
        let rows = self.query(&sql).await;
        kinds_and_runs(rows.iter().map(|row| row.get(0).unwrap()))
    }

    /// Ends the test unless the bookkeeping has what it is meant to keep after a run.
    pub(crate) async fn keeps_only(&self, held: usize) {
        are_only_kept(&self.bookkeeping().await, held);
    }
}

/// Tables in bookkeeping by their names, as `<kind> <run>`, sorted.
pub(crate) fn kinds_and_runs<'name>(names: impl Iterator<Item = &'name str>) -> Vec<(String, u64)> {
    let mut tables: Vec<(String, u64)> = Vec::new();
    for name in names {
        let mut words = name.rsplit('_');
        let kind = words.next().unwrap().to_owned();
        let run = words.next().and_then(|run| run.parse().ok());
        tables.push((kind, run.unwrap_or_else(|| panic!("{name} is no name of a table in bookkeeping"))));
    }
    tables.sort();
    tables
}

/// Ends the test unless these tables are what is kept after a run: the newest claim, one stage and two snapshots at
/// most, and `held` stages besides.
pub(crate) fn are_only_kept(tables: &[(String, u64)], held: usize) {
    let count = |kind: &str| tables.iter().filter(|(other, _)| other == kind).count();
    let is_kept = count("claim") == 1 && count("stage") <= 1 + held && (1..=2).contains(&count("snap"));
    assert!(is_kept && tables.len() == count("claim") + count("stage") + count("snap"), "{tables:?}");
}

async fn log_in(port: u16, database: &str) -> Client {
    let mut config = Config::new();
    config.host("127.0.0.1").port(port).dbname(database).user("admin").password(PASSWORD);
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("SET TimeZone = 'UTC'").await.unwrap();
    client
}

/// The manifest of a Secret with a password.
pub(crate) fn secret(name: &str, password: &str) -> String {
    let password = serde_json::to_string(password).unwrap();
    format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\nstringData: {{password: {password}}}\n")
}

fn postgres_spec(database: &str, port: u16) -> String {
    format!(
        "  postgres:
    host: 127.0.0.1
    port: {port}
    database: {database}
    user: admin
    auth: {{password: {{secretRef: {{name: warehouse, key: password}}}}}}
    tls: {{mode: Disable}}"
    )
}

fn graph(warehouse: &str, redis_port: u16, more: &str) -> String {
    format!(
        "apiVersion: weft.dev/v1alpha1
kind: Warehouse
metadata: {{name: prod}}
spec:
{warehouse}
---
apiVersion: weft.dev/v1alpha1
kind: DataGraph
metadata: {{name: {GRAPH}}}
spec:
  warehouseRef: {{name: prod}}
  store: {{redis: {{url: \"redis://127.0.0.1:{redis_port}/0\"{more}}}}}
"
    )
}

/// The manifest of an entity.
pub(crate) fn entity(slug: &str, table: &str, key: &[&str]) -> String {
    let (table, key) = (serde_json::to_string(table).unwrap(), serde_json::to_string(key).unwrap());
    format!(
        "apiVersion: weft.dev/v1alpha1
kind: Entity
metadata: {{name: {slug}}}
spec: {{dataGraphRef: {{name: {GRAPH}}}, tableRef: {table}, primaryKey: {key}}}
"
    )
}
