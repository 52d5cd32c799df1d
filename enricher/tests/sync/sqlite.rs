//! A sync of a SQLite file is killed before and after each of its requests to Redis.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

use crate::oracle::stored;
use crate::proxy::When;
use crate::random::sample;
use crate::world::{World, are_only_kept, entity, kinds_and_runs};

/// Enough for two buckets.
const ROWS: u32 = 4200;

/// What a run has to do when it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Changes,
    FirstLoad,
}

fn execute(file: &Path, sql: &str) {
    Connection::open(file).unwrap().execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// Key text and JSON texts of each row, as a plain SELECT tells them.
fn selected(file: &Path) -> BTreeMap<Vec<u8>, [String; 2]> {
    let file = Connection::open(file).unwrap();
    let mut statement = file.prepare("SELECT id, name FROM product").unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        let (id, name): (i64, String) = (row.get(0)?, row.get(1)?);
        Ok((id.to_string().into_bytes(), [id.to_string(), serde_json::to_string(&name).unwrap()]))
    };
    statement.query_map([], row).unwrap().map(Result::unwrap).collect()
}

async fn is_equal(world: &World, file: &Path) {
    let text = |row: &weft_store::Row, at| String::from_utf8(row.fragment(at, 2).unwrap().to_vec()).unwrap();
    let stored = stored(&world.store(), "product").await;
    let stored: BTreeMap<_, _> = stored.into_iter().map(|(key, row)| (key, [text(&row, 0), text(&row, 1)])).collect();
    let selected = selected(file);
    let differing = selected.iter().filter(|(key, row)| stored.get(*key) != Some(row));
    assert_eq!(differing.collect::<Vec<_>>(), [], "they are in the table");
    assert_eq!(stored.len(), selected.len(), "the store has more rows than the table");
}

/// The tables in the file beside the table's.
fn keeps_only_what_is_needed(file: &Path) {
    let books = Connection::open(file.with_extension("db.weft-state")).unwrap();
    let mut statement = books.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
    let names: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    are_only_kept(&kinds_and_runs(names.iter().map(String::as_str)), 0);
}

async fn sweep(work: Work) {
    let world =
        World::with(&[], crate::redis_server::Server::start().await, &entity("product", "product", &["id"])).await;
    let file = world.use_sqlite();
    execute(
        &file,
        &format!(
            "CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
             WITH RECURSIVE n (id) AS (VALUES (1) UNION ALL SELECT id + 1 FROM n WHERE id < {ROWS})
             INSERT INTO product SELECT id, 'name ' || id FROM n"
        ),
    );
    world.sync().await;
    is_equal(&world, &file).await;
    change(&world, &file, work, 0).await;
    let most = world.sync().await.requests;
    is_made_good(&world, &file, 0).await;
    let (mut tried, mut killed) = (0, 0);
    for request in sample(most, 5) {
        for when in [When::Before, When::After] {
            println!("{work:?}: killed {when:?} request {request} of {most}");
            change(&world, &file, work, request).await;
            killed += u64::from(world.killed(request, when).await.is_none());
            tried += 1;
            is_made_good(&world, &file, request).await;
        }
    }
    println!("{work:?}: {killed} of {tried} runs were killed");
    assert!(killed * 10 >= tried * 8, "hardly any run was killed: {killed} of {tried}");
}

/// Changes, adds and deletes rows; for a first load everything but the table goes.
async fn change(world: &World, file: &Path, work: Work, request: u64) {
    execute(
        file,
        &format!(
            "UPDATE product SET name = 'killed {request}' WHERE id BETWEEN 1 AND 4;
             INSERT INTO product VALUES (1000000 + {request}, 'added');
             DELETE FROM product WHERE id = 4 + {request}"
        ),
    );
    if work == Work::FirstLoad {
        world.command_redis(&["FLUSHALL"]).await;
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(file.with_extension(format!("db.weft-state{end}")));
        }
    }
}

/// What was changed, what was deleted and what was added comes back, stays and goes; then one run makes all equal.
async fn is_made_good(world: &World, file: &Path, request: u64) {
    execute(
        file,
        &format!(
            "UPDATE product SET name = 'name ' || id WHERE id = 1;
             DELETE FROM product WHERE id IN (2, 1000000 + {request});
             UPDATE product SET id = 2000000 WHERE id = 3;
             INSERT INTO product VALUES (4 + {request}, 'back')"
        ),
    );
    world.sync().await;
    is_equal(world, file).await;
    keeps_only_what_is_needed(file);
    execute(file, "DELETE FROM product WHERE id = 2000000; INSERT INTO product VALUES (2, 'name 2'), (3, 'name 3')");
}

#[tokio::test]
async fn a_sync_of_a_file_may_be_killed_at_any_request_to_redis() {
    sweep(Work::Changes).await;
}

#[tokio::test]
async fn a_first_load_of_a_file_may_be_killed_at_any_request_to_redis() {
    sweep(Work::FirstLoad).await;
}
