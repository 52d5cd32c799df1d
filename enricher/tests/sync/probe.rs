//! `weft probe` on a real PostgreSQL: what it finds missing, and that what it says helps does help.

use serde_json::{Value, json};

use crate::postgres::PASSWORD;
use crate::redis_server::Server;
use crate::world::{BOOKKEEPING, Run, World, secret};

/// The password of the users that the tests make.
const LOGIN: &str = "canary-login";

const WAREHOUSE: &[&str] = &["--warehouse", "prod"];
const STORE: &[&str] = &["--data-graph", "main"];

async fn world() -> World {
    World::with(&[], Server::start().await, "").await
}

/// Lets a new user without any right log in from now on.
pub(crate) async fn stranger(world: &World, name: &str) {
    world.execute(&format!("CREATE ROLE {name} LOGIN PASSWORD '{LOGIN}'")).await;
    world.edit("graph.yaml", "user: admin", &format!("user: {name}"));
    world.write("secret.yaml", &secret("warehouse", LOGIN));
}

/// Each step and how it ended.
fn steps(run: &Run) -> Vec<(String, String)> {
    let text = |step: &Value, name: &str| step[name].as_str().unwrap().to_owned();
    let steps = run.report()["steps"].as_array().unwrap();
    steps.iter().map(|step| (text(step, "step"), text(step, "outcome"))).collect()
}

/// The step that failed, which is the last but for what is cleaned up, and why.
fn failed(run: &Run) -> (String, String) {
    assert_eq!(run.outcome(), "failed", "{run:?}");
    let steps = run.report()["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["outcome"] == "failed").unwrap();
    (step["step"].as_str().unwrap().to_owned(), step["error"].as_str().unwrap().to_owned())
}

/// The statement that a message says to run.
fn cure(message: &str) -> &str {
    message.split_once("run: ").or_else(|| message.split_once("run as an administrator: ")).unwrap().1
}

#[tokio::test]
async fn a_warehouse_that_can_be_used_is_connected_and_keeps_nothing_of_it() {
    let world = world().await;
    let run = world.probe(WAREHOUSE).await.done();
    assert_eq!(run.outcome(), "connected");
    assert!(run.report()["server"].as_str().unwrap().starts_with("PostgreSQL "), "{run:?}");
    let all = ["log in", "list the tables in bookkeeping", "write a table in bookkeeping", "read it", "drop it"];
    assert_eq!(steps(&run), all.map(|step| (step.to_owned(), "ok".to_owned())));
    assert_eq!(world.bookkeeping().await, []);
}

#[tokio::test]
async fn a_user_without_rights_is_told_statement_by_statement_what_to_grant() {
    let world = world().await;
    stranger(&world, "probe_stranger").await;
    let run = world.probe(WAREHOUSE).await;
    assert_eq!(run.code(), Some(2), "{run:?}");
    let (step, message) = failed(&run);
    assert_eq!(step, "write a table in bookkeeping");
    assert!(cure(&message).starts_with("CREATE SCHEMA"), "{message}");

    // Somebody makes the schema, but not for this user.
    world.execute(&format!("CREATE SCHEMA {BOOKKEEPING}")).await;
    let (step, message) = failed(&world.probe(WAREHOUSE).await);
    assert_eq!(step, "write a table in bookkeeping");
    world.execute(cure(&message)).await;
    assert_eq!(world.probe(WAREHOUSE).await.done().outcome(), "connected");

    // And the first way.
    world.execute(&format!("DROP SCHEMA {BOOKKEEPING}")).await;
    let (_, message) = failed(&world.probe(WAREHOUSE).await);
    world.execute(cure(&message)).await;
    assert_eq!(world.probe(WAREHOUSE).await.done().outcome(), "connected");
}

#[tokio::test]
async fn whatever_keeps_it_from_logging_in_is_named_and_told_from_what_may_pass() {
    let world = world().await;
    let graph = std::fs::read_to_string(world.path("graph.yaml")).unwrap();
    for (from, to, code, named) in [
        ("host: 127.0.0.1", "host: no-such-host.invalid", 1, "the host name is not known"),
        ("port: ", "port: 1 # ", 1, "nothing listens there"),
        ("database: test", "database: no", 2, "there is no database"),
        ("user: admin", "user: nobody-here", 2, "the password of user \"nobody-here\" is wrong"),
        (
            "key: password",
            "key: pass",
            2,
            "spec.postgres.auth.password: there is no key `pass` of a Secret `warehouse`",
        ),
    ] {
        assert!(graph.contains(from), "{from}");
        world.write("graph.yaml", &graph.replace(from, to));
        let run = world.probe(WAREHOUSE).await;
        let (step, message) = failed(&run);
        assert_eq!((step.as_str(), run.code()), ("log in", Some(code)), "{run:?}");
        assert!(message.contains(named), "{message}");
        assert_eq!(steps(&run).len(), 1, "nothing is tried behind it: {run:?}");
        assert_eq!(run.report()["steps"][0]["transient"], code == 1);
    }
}

#[tokio::test]
async fn what_a_killed_probe_left_is_dropped_by_a_later_one_and_that_of_one_at_work_is_not() {
    let world = world().await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    world.execute(&format!("CREATE SCHEMA {BOOKKEEPING}")).await;
    let (old, young) = (format!("weft_probe_{}_0", now - 7200), format!("weft_probe_{now}_0"));
    for table in [&old, &young, &"weft_probe_mine".to_owned()] {
        world.execute(&format!("CREATE TABLE {BOOKKEEPING}.{table} (note text)")).await;
    }
    world.probe(WAREHOUSE).await.done();
    let names = world.query(&format!("SELECT tablename FROM pg_tables WHERE schemaname = '{BOOKKEEPING}'")).await;
    let mut names: Vec<_> = names.iter().map(|row| row.get(0).unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, [young, "weft_probe_mine".to_owned()]);
}

#[tokio::test]
async fn the_result_of_a_plan_is_in_its_file_and_no_secret_is_in_it() {
    let world = world().await;
    let options = world.options();
    let plan = json!({
        "version": 1, "namespace": "shop",
        "target": { "warehouse": {
            "name": "prod", "statementTimeoutSeconds": 60, "maxConcurrentSyncs": 4,
            "connection": { "postgres": {
                "host": "127.0.0.1", "port": options.port, "database": options.database, "user": options.user,
                "auth": { "password": { "name": "warehouse", "key": "password" } }, "tls": "Disable",
                "bookkeeping": BOOKKEEPING,
            } },
        } },
    });
    world.write("plan.json", &plan.to_string());
    std::fs::create_dir(world.path("warehouse")).unwrap();
    let (plan, result) = (world.path("plan.json"), world.path("result"));
    for (password, code, outcome) in [("canary-wrong", 2, "failed"), (PASSWORD, 0, "connected")] {
        world.write("warehouse/password", password);
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_weft"));
        command.arg("probe").arg("--plan").arg(&plan).arg("--result").arg(&result);
        let output = command.arg("--secrets-dir").arg(world.path("")).output().await.unwrap();
        let written = std::fs::read_to_string(&result).unwrap();
        let answer: Value = serde_json::from_str(&written).unwrap();
        assert_eq!((output.status.code(), answer["outcome"].as_str()), (Some(code), Some(outcome)), "{written}");
        assert_eq!((answer["kind"].as_str(), answer["name"].as_str()), (Some("Warehouse"), Some("prod")));
        let printed = [output.stdout, output.stderr, written.into_bytes()].concat();
        let printed = String::from_utf8(printed).unwrap();
        assert!(!printed.contains(password), "{printed}");
        assert_eq!(printed.contains("  log in: ok"), code == 0, "{printed}");
    }
}

#[tokio::test]
async fn a_file_is_probed_like_a_server_and_one_that_is_not_there_is_named() {
    let world = world().await;
    let file = world.use_sqlite();
    let run = world.probe(&["--warehouse", "prod"]).await;
    assert_eq!((run.code(), failed(&run).0.as_str()), (Some(2), "log in"), "{run:?}");
    rusqlite::Connection::open(file).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
    let run = world.probe(&["--warehouse", "default/prod"]).await.done();
    assert!(run.report()["server"].as_str().unwrap().starts_with("SQLite "), "{run:?}");
    let run = world.probe(&["--warehouse", "other"]).await;
    assert_eq!(run.code(), Some(2));
    assert!(run.stderr.contains("there is no Warehouse other (--warehouse); there is prod"), "{run:?}");
}

#[tokio::test]
async fn a_store_is_tried_as_writer_and_as_reader_and_what_they_lack_is_named_with_what_helps() {
    let world = world().await;
    assert_eq!(world.probe(STORE).await.done().outcome(), "connected", "anybody may do everything");

    let users = ["writer", "reader"]
        .map(|user| format!("{user}: {{username: {user}, password: {{secretRef: {{name: store, key: password}}}}}}"));
    world.write_graph(&format!(", {}", users.join(", ")));
    world.write("store.yaml", &secret("store", LOGIN));
    let run = world.probe(STORE).await;
    assert_eq!((run.code(), failed(&run).0.as_str()), (Some(2), "log in as the writer"), "{run:?}");
    assert!(failed(&run).1.contains("spec.store.redis.writer.password"), "{run:?}");

    for user in ["writer", "reader"] {
        world.command_redis(&["ACL", "SETUSER", user, "on", &format!(">{LOGIN}"), "~other:*", "+hget"]).await;
    }
    for step in ["do what a writer does", "do what a reader does"] {
        let run = world.probe(STORE).await;
        let (failed, message) = failed(&run);
        assert_eq!((run.code(), failed.as_str()), (Some(2), step), "{run:?}");
        assert!(!message.contains("+hget "), "it has that: {message}");
        world.command_redis(&cure(&message).split(' ').collect::<Vec<_>>()).await;
    }
    let run = world.probe(STORE).await.done();
    assert_eq!(steps(&run).len(), 4);
    assert_eq!(world.redis_keys("*").await, [""; 0], "nothing stays");

    // All of the manifests, the graph behind its warehouse.
    let run = world.probe(&[]).await;
    let kinds: Vec<_> = run.reports.iter().map(|report| report["kind"].as_str().unwrap()).collect();
    assert_eq!((run.code(), kinds), (Some(0), vec!["Warehouse", "DataGraph"]));
}
