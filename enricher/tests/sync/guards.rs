//! What a run holds, what it rejects, and what it must not take for the same.

use crate::oracle::{differences, is_equal, stored};
use crate::products::world;
use crate::proxy::When;
use crate::redis_server::Server;
use crate::world::{Run, World, entity};

async fn has_rows(world: &World, rows: usize) {
    assert_eq!(stored(&world.store(), "product").await.len(), rows);
}

fn held_run(run: &Run) -> String {
    assert_eq!((run.code(), run.outcome()), (Some(4), "held"), "{run:?}");
    run.number("/held/run").to_string()
}

#[tokio::test]
async fn an_emptied_table_empties_nothing_however_often_runs_are_killed() {
    let world = world(200).await;
    world.sync().await;
    world.execute("DELETE FROM product").await;
    let dry = world.run(&["--dry-run"]).await.done();
    assert_eq!(dry.report()["held"], serde_json::json!({"reason": "HeldEmptySource"}), "there is no run to approve");
    world.is_quiet().await;
    // Killed wherever it can be, between stage and check too.
    let mut killed = 0;
    for request in 1.. {
        if world.killed(request, When::After).await.is_some() {
            break;
        }
        killed += 1;
        has_rows(&world, 200).await;
    }
    assert!(killed >= 5, "{killed}");

    let held = held_run(&world.run(&[]).await);
    has_rows(&world, 200).await;
    world.keeps_only(1).await;
    for _ in 0..3 {
        assert_eq!(held_run(&world.run(&[]).await), held, "it keeps its number");
        world.keeps_only(1).await;
    }
    let other = (held.parse::<u64>().unwrap() + 1).to_string();
    let refused = world.run(&["--approve", &other]).await;
    assert!(!matches!(refused.code(), Some(0)), "{refused:?}");
    has_rows(&world, 200).await;
    let applied = world.run(&["--approve", &held]).await.done();
    assert_eq!(applied.number("/rows/removed"), 200);
    has_rows(&world, 0).await;
    let again = world.run(&["--approve", &held]).await.done();
    assert_eq!((again.outcome(), again.number("/run").to_string()), ("unchanged", held), "it was applied before");
    world.sync().await;
    world.keeps_only(0).await;
}

#[tokio::test]
async fn an_approved_run_may_be_killed_at_any_request_and_is_applied_once() {
    let world = world(200).await;
    world.sync().await;
    let mut killed = 0;
    for request in 1.. {
        let mut has_struck = false;
        for when in [When::Before, When::After] {
            world.execute("DELETE FROM product").await;
            let held = held_run(&world.run(&[]).await);
            let approved = world.killed_with(&["--approve", &held], request, when).await;
            has_struck |= approved.is_none();
            killed += u64::from(approved.is_none());
            let next = world.run(&[]).await;
            if next.code() != Some(0) {
                assert_eq!(held_run(&next), held, "{when:?} request {request}");
                has_rows(&world, 200).await;
                world.run(&["--approve", &held]).await.done();
            }
            has_rows(&world, 0).await;
            let again = world.run(&["--approve", &held]).await.done();
            assert_eq!(again.outcome(), "unchanged", "{when:?} request {request}");
            world.execute(&crate::products::insert(1, 200)).await;
            world.sync().await;
            is_equal(&world, "product", "product").await;
            world.keeps_only(0).await;
        }
        if !has_struck {
            break;
        }
    }
    assert!(killed > 40, "{killed}");
}

#[tokio::test]
async fn mass_changes_are_held_and_forgotten_once_they_are_undone() {
    let world = world(1000).await;
    world.sync().await;
    world.execute("DELETE FROM product WHERE id <= 300").await;
    held_run(&world.run(&[]).await);
    has_rows(&world, 1000).await;
    world.execute(&crate::products::insert(1, 300)).await;
    assert_eq!(world.sync().await.outcome(), "unchanged");
    world.keeps_only(0).await;

    world.execute("UPDATE product SET name = 'all' WHERE id <= 900").await;
    let held = held_run(&world.run(&[]).await);
    // What was approved is what was held, not what the table has by now.
    world.execute("UPDATE product SET name = 'later' WHERE id = 1").await;
    assert_eq!(held_run(&world.run(&[]).await), held);
    world.run(&["--approve", &held]).await.done();
    let found = differences(&world, "product", "product", "true").await;
    assert_eq!(found.len(), 1, "{found:?}");
    world.sync().await;
    is_equal(&world, "product", "product").await;
    world.keeps_only(0).await;
}

#[tokio::test]
async fn rows_that_the_store_has_are_missed_though_no_snapshot_has_them() {
    let world = world(1000).await;
    world.sync().await;
    world.execute("DROP SCHEMA weft_state CASCADE").await;
    world.execute("DELETE FROM product WHERE id > 3").await;
    let held = held_run(&world.run(&[]).await);
    has_rows(&world, 1000).await;
    world.run(&["--approve", &held]).await.done();
    has_rows(&world, 3).await;
    world.sync().await;
    world.keeps_only(0).await;
}

#[tokio::test]
async fn a_key_that_was_given_back_is_compared_with_what_the_store_has() {
    let world = World::new(&[
        "CREATE TABLE product (id integer, kind integer, name text)",
        "INSERT INTO product SELECT id, id % 2, 'name ' || id FROM generate_series(1, 1000) AS id",
    ])
    .await;
    let with_key = |key| world.write("entities.yaml", &entity("product", "public.product", &[key]));
    with_key("id");
    world.sync().await;
    // No kind is that of one row alone: nothing can be copied.
    with_key("kind");
    let held = held_run(&world.run(&[]).await);
    assert_eq!(world.run(&["--approve", &held]).await.code(), Some(3));
    has_rows(&world, 0).await;
    with_key("id");
    world.sync().await;
    has_rows(&world, 1000).await;
    with_key("kind");
    held_run(&world.run(&[]).await);
    has_rows(&world, 1000).await;
}

#[tokio::test]
async fn what_is_held_is_told_apart_from_what_the_table_has_by_now() {
    let world = world(1000).await;
    world.sync().await;
    world.execute("DELETE FROM product WHERE id <= 300").await;
    let first = world.run(&[]).await;
    let held = held_run(&first);
    assert_eq!(first.report()["held"].get("rows"), None, "it is this one");
    world.execute("DELETE FROM product WHERE id <= 500").await;
    let second = world.run(&[]).await;
    assert_eq!(held_run(&second), held);
    assert_eq!((second.number("/rows/removed"), second.number("/held/rows/removed")), (500, 300));
}

#[tokio::test]
async fn duplicate_and_null_keys_are_rejected_and_do_not_flip() {
    let world = World::new(&[
        "CREATE TABLE product (id text, name text)",
        "INSERT INTO product SELECT id, 'name ' || id FROM generate_series(1, 500) AS id",
    ])
    .await;
    world.sync().await;
    has_rows(&world, 500).await;
    // One of the two is what the store has; a second key is there three times, none of them known.
    world
        .execute(
            "INSERT INTO product VALUES ('7', 'other'), ('new', 'a'), ('new', 'b'), ('new', 'b'), (NULL, 'a'), \
             (NULL, 'b'), ('', 'empty')",
        )
        .await;
    let mut rows = 499;
    for round in 0..3 {
        let run = world.run(&[]).await;
        assert_eq!(run.code(), Some(3), "{run:?}");
        assert_eq!(run.number("/rejected/duplicate_key"), 5);
        assert_eq!(run.number("/rows/removed"), u64::from(round == 0));
        assert_eq!((run.number("/rows/added"), run.number("/rows/changed")), (0, 0));
        assert_eq!(run.number("/rows/rejected"), 8, "{run:?}");
        has_rows(&world, rows).await;
    }
    let found = differences(&world, "product", "product", "id ~ '^[0-9]+$' AND id <> '7'").await;
    assert!(found.is_empty(), "{found:?}");
    world.execute("DELETE FROM product WHERE name = 'other'").await;
    assert_eq!(world.run(&[]).await.number("/rows/added"), 1);
    rows += 1;
    has_rows(&world, rows).await;
}

#[tokio::test]
async fn a_key_of_another_type_is_held() {
    let world = world(200).await;
    world.sync().await;
    world.execute("ALTER TABLE product ALTER COLUMN id TYPE text").await;
    let held = held_run(&world.run(&[]).await);
    has_rows(&world, 200).await;
    assert_eq!(held_run(&world.run(&[]).await), held);
    world.run(&["--approve", &held]).await.done();
    is_equal(&world, "product", "product").await;
    world.sync().await;
    world.keeps_only(0).await;
}

#[tokio::test]
async fn an_oversized_row_is_rejected_and_harms_no_other() {
    let world = world(200).await;
    world.sync().await;
    world.execute("UPDATE product SET name = repeat('x', 70000) WHERE id = 7").await;
    for removed in [1, 0] {
        let run = world.run(&[]).await;
        assert_eq!(run.code(), Some(3), "{run:?}");
        assert_eq!((run.number("/rejected/row_too_large"), run.number("/rows/removed")), (1, removed));
        let found = differences(&world, "product", "product", "id <> 7").await;
        assert!(found.is_empty(), "{found:?}");
    }
    world.execute("UPDATE product SET name = repeat('x', 60000) WHERE id = 7").await;
    world.sync().await;
    is_equal(&world, "product", "product").await;
}

/// Rows that differ, and that a careless hash takes for the same.
const ALIKE: [(&str, &str); 12] = [
    ("'a', 'bc'", "'ab', 'c'"),
    ("NULL, 'a'", "'', 'a'"),
    ("NULL, 'a'", "'a', NULL"),
    ("NULL, ''", "'', NULL"),
    ("'NULL', 'a'", "NULL, 'a'"),
    ("'a,b', 'c'", "'a', 'b,c'"),
    ("'a\"', 'b'", "'a', '\"b'"),
    ("'a\\', 'b'", "'a\\\\', 'b'"),
    ("'a ', 'b'", "'a', 'b'"),
    ("'(a)', 'b'", "'a', '(b)'"),
    (r"E'a\u0001b', 'c'", r"'a', E'b\u0001c'"),
    ("'\"a\"', ''", "'a', ''"),
];

#[tokio::test]
async fn rows_that_look_alike_are_not_the_same() {
    let world = World::new(&["CREATE TABLE product (id int PRIMARY KEY, a text, b text)"]).await;
    for (id, (before, _)) in ALIKE.iter().enumerate() {
        world.execute(&format!("INSERT INTO product VALUES ({id}, {before})")).await;
    }
    world.sync().await;
    is_equal(&world, "product", "product").await;
    for (id, (_, after)) in ALIKE.iter().enumerate() {
        world.execute(&format!("UPDATE product SET (a, b) = ROW({after}) WHERE id = {id}")).await;
    }
    assert_eq!(world.sync().await.number("/rows/changed"), ALIKE.len() as u64);
    is_equal(&world, "product", "product").await;
}

#[tokio::test]
async fn one_entity_that_is_held_holds_up_no_other() {
    let entities =
        format!("{}---\n{}", entity("product", "public.product", &["id"]), entity("brand", "public.brand", &["id"]));
    let statements = crate::products::table(200);
    let mut statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    statements.push("CREATE TABLE brand AS SELECT id::int, 'brand ' || id AS name FROM generate_series(1, 10) AS id");
    let world = World::with(&statements, Server::start().await, &entities).await;
    world.run(&[]).await.done();
    world.execute("DELETE FROM product; UPDATE brand SET name = 'new' WHERE id = 1").await;
    let run = world.run(&[]).await;
    assert_eq!(run.code(), Some(4), "{run:?}");
    let outcome = |slug: &str| {
        let report = run.reports.iter().find(|report| report["entity"] == slug).unwrap();
        report["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!((outcome("product"), outcome("brand")), ("held".to_owned(), "synced".to_owned()));
    is_equal(&world, "brand", "brand").await;
    has_rows(&world, 200).await;
}
