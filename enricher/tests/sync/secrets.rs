//! No credential and no value of a row gets into what a run prints.

use crate::postgres::PASSWORD;
use crate::products::insert;
use crate::world::{Run, World, secret};

fn says_nothing(run: &Run) {
    for text in [&run.stdout, &run.stderr] {
        assert!(!text.contains("canary"), "{run:?}");
        assert!(!text.contains(PASSWORD) && !text.contains("w\\\\ord"), "{run:?}");
    }
}

#[tokio::test]
async fn neither_a_password_nor_a_value_is_ever_printed() {
    let world = World::new(&[
        "CREATE TABLE product (id text, name text)",
        "INSERT INTO product SELECT 'canary ' || id, 'canary ' || id FROM generate_series(1, 300) AS id",
    ])
    .await;
    says_nothing(&world.run(&["--dry-run"]).await.done());
    says_nothing(&world.sync().await);
    says_nothing(&world.sync().await);

    world.execute("INSERT INTO product VALUES ('canary 1', 'canary'), (NULL, 'canary')").await;
    world.execute("INSERT INTO product VALUES ('canary large', repeat('canary', 20000))").await;
    let rejected = world.run(&[]).await;
    assert_eq!(rejected.code(), Some(3), "{rejected:?}");
    says_nothing(&rejected);
    says_nothing(&world.run(&["--dry-run"]).await);

    world.execute("DELETE FROM product WHERE id > 'canary 2'").await;
    let held = world.run(&[]).await;
    assert_eq!(held.code(), Some(4), "{held:?}");
    says_nothing(&held);
    says_nothing(&world.run(&["--approve", "1"]).await);

    // A view that fails on a value.
    world.execute("CREATE TABLE before AS SELECT * FROM product; DROP TABLE product").await;
    world.execute("CREATE VIEW product AS SELECT id, (name::int)::text AS name FROM before").await;
    let failed = world.run(&[]).await;
    assert!(!matches!(failed.code(), Some(0)), "{failed:?}");
    says_nothing(&failed);

    world.execute("DROP VIEW product; CREATE TABLE product (id bigint, name text, price numeric)").await;
    world.execute(&insert(1, 10)).await;
    world.command_redis(&["CONFIG", "SET", "requirepass", "canary-right"]).await;
    world.write_graph(", writer: {password: {secretRef: {name: redis, key: password}}}");
    // In the end it is let in, and finds a key of another type.
    for (redis, warehouse, code) in
        [("canary-wrong", PASSWORD, 2), ("canary-right", "canary-wrong", 2), ("canary-right", PASSWORD, 4)]
    {
        world.write("redis.yaml", &secret("redis", redis));
        world.write("secret.yaml", &secret("warehouse", warehouse));
        let run = world.run(&["--full"]).await;
        assert_eq!(run.code(), Some(code), "{run:?}");
        says_nothing(&run);
    }
}
