//! `weft warehouse` on a real PostgreSQL: what is there, and that what it prints for an administrator is what is needed.

use std::process::Output;

use serde_json::{Value, json};

use crate::probe::stranger;
use crate::redis_server::Server;
use crate::world::{BOOKKEEPING, World, entity};

async fn weft_warehouse(world: &World, command: &str, arguments: &[&str]) -> Output {
    let mut weft = tokio::process::Command::new(env!("CARGO_BIN_EXE_weft"));
    weft.args(["warehouse", command, "-f"]).arg(world.path("")).args(arguments).output().await.unwrap()
}

/// What `weft warehouse grants` prints.
async fn grants(world: &World, arguments: &[&str]) -> String {
    let output = weft_warehouse(world, "grants", arguments).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The lines of `weft warehouse tables`, as JSON.
async fn tables(world: &World) -> Vec<Value> {
    let output = weft_warehouse(world, "tables", &["-o", "json"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const HOSTILE: &str = "a \"b\".c; --";

#[tokio::test]
async fn what_is_printed_lets_a_user_without_rights_sync_and_no_more_than_that() {
    let quoted = format!("\"{}\"", HOSTILE.replace('"', "\"\""));
    let statements = [
        "CREATE SCHEMA shop".to_owned(),
        "CREATE TABLE shop.product (id int PRIMARY KEY, name text, cost int)".to_owned(),
        "INSERT INTO shop.product VALUES (1, 'a', 7)".to_owned(),
        format!("CREATE SCHEMA {quoted}"),
        format!("CREATE TABLE {quoted}.{quoted} ({quoted} int PRIMARY KEY)"),
        "CREATE TABLE shop.other (id int)".to_owned(),
    ];
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    let part = format!("`{HOSTILE}`");
    let product = entity("product", "Shop.PRODUCT", &["ID"]).replace("primaryKey:", "columns: [name], primaryKey:");
    let entities = format!("{product}---\n{}", entity("hostile", &format!("{part}.{part}"), &[HOSTILE]));
    let world = World::with(&statements, Server::start().await, &entities).await;
    stranger(&world, "grants_stranger").await;

    assert_eq!(world.probe(&[]).await.code(), Some(2));
    let script = grants(&world, &[]).await;
    let expected = format!(
        "-- Warehouse prod: the user \"grants_stranger\" lacks this\n\
         CREATE SCHEMA IF NOT EXISTS \"{BOOKKEEPING}\";\n\
         GRANT USAGE, CREATE ON SCHEMA \"{BOOKKEEPING}\" TO \"grants_stranger\";\n\
         GRANT USAGE ON SCHEMA {quoted} TO \"grants_stranger\";\n\
         GRANT USAGE ON SCHEMA \"shop\" TO \"grants_stranger\";\n\
         GRANT SELECT ON TABLE {quoted}.{quoted} TO \"grants_stranger\";\n\
         GRANT SELECT (\"id\", \"name\") ON TABLE \"shop\".\"product\" TO \"grants_stranger\";\n"
    );
    assert_eq!(script, expected);

    world.execute(&script).await;
    world.probe(&[]).await.done();
    let run = world.sync().await;
    assert_eq!(run.reports.iter().map(|report| report["rows"]["total"].as_u64()).sum::<Option<u64>>(), Some(1));
    world.sync().await;
    let lacks_nothing = "-- Warehouse prod: the user \"grants_stranger\" has all that it needs\n";
    assert_eq!(grants(&world, &[]).await, lacks_nothing);
    let can = "SELECT has_column_privilege('grants_stranger', 'shop.product', 'cost', 'SELECT')::text, \
               has_table_privilege('grants_stranger', 'shop.other', 'SELECT')::text";
    let can = world.query(can).await;
    assert_eq!((can[0].get(0), can[0].get(1)), (Some("false"), Some("false")));

    // What is needed is the same, whoever has it; it can be run twice, and makes another server like this one.
    let all = grants(&world, &["--all"]).await;
    for line in expected.lines().skip(1) {
        assert!(all.contains(line), "{all}");
    }
    assert!(all.contains("GRANT CONNECT ON DATABASE \"test "), "{all}");
    world.execute(&all).await;
}

#[tokio::test]
async fn only_what_is_lacking_is_printed() {
    let world = World::new(&["CREATE TABLE product (id int PRIMARY KEY, name text)"]).await;
    stranger(&world, "grants_partly").await;
    // The schema `public` may be used by everybody.
    world.execute(&format!("CREATE SCHEMA {BOOKKEEPING}; GRANT USAGE ON SCHEMA {BOOKKEEPING} TO grants_partly")).await;
    world.execute("GRANT SELECT (id) ON product TO grants_partly").await;
    let printed = |statements: &[&str]| {
        let lines: String = statements.iter().map(|statement| format!("{statement} TO \"grants_partly\";\n")).collect();
        format!("-- Warehouse prod: the user \"grants_partly\" lacks this\n{lines}")
    };
    let books = format!("GRANT USAGE, CREATE ON SCHEMA \"{BOOKKEEPING}\"");
    let table = "GRANT SELECT ON TABLE \"public\".\"product\"";
    assert_eq!(grants(&world, &[]).await, printed(&[&books, table]));
    world.execute(&format!("GRANT CREATE ON SCHEMA {BOOKKEEPING} TO grants_partly")).await;
    assert_eq!(grants(&world, &[]).await, printed(&[table]));
    world.edit("entities.yaml", "primaryKey:", "columns: [name], primaryKey:");
    assert_eq!(grants(&world, &[]).await, printed(&["GRANT SELECT (\"name\") ON TABLE \"public\".\"product\""]));

    // One who may make the schema needs no other to do it.
    world.execute("GRANT SELECT ON product TO grants_partly").await;
    world.execute(&format!("DROP SCHEMA {BOOKKEEPING}")).await;
    assert!(grants(&world, &[]).await.contains("CREATE SCHEMA"));
    world
        .execute(
            "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO grants_partly', current_database()); END $$",
        )
        .await;
    assert!(grants(&world, &[]).await.ends_with("has all that it needs\n"));
}

#[tokio::test]
async fn an_entity_whose_table_or_column_is_not_there_is_named_and_the_others_get_their_grants() {
    let entities = [
        entity("product", "public.product", &["id"]),
        entity("typo", "public.prodct", &["id"]),
        entity("column", "public.product", &["idd"]).replace("primaryKey:", "columns: [id], primaryKey:"),
    ];
    let made = ["CREATE TABLE product (id int PRIMARY KEY)"];
    let world = World::with(&made, Server::start().await, &entities.join("---\n")).await;
    stranger(&world, "grants_typo").await;
    let output = weft_warehouse(&world, "grants", &[]).await;
    let (script, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(script.contains("GRANT SELECT ON TABLE \"public\".\"product\""), "{script}");
    assert!(errors.contains("entity typo: tableRef: ") && errors.contains("did you mean \"product\"?"), "{errors}");
    assert!(errors.contains("entity column: columns: ") && errors.contains("did you mean \"id\"?"), "{errors}");
}

#[tokio::test]
async fn the_tables_that_the_user_may_read_are_listed_and_those_that_are_entities_are_marked() {
    let world = World::with(
        &[
            "CREATE TABLE product (b int, a text, name text, PRIMARY KEY (a, b))",
            "INSERT INTO product SELECT n, n FROM generate_series(1, 1500) n",
            "CREATE TABLE hidden (id int PRIMARY KEY)",
            "CREATE VIEW cheap AS SELECT * FROM product",
            "CREATE MATERIALIZED VIEW dear AS SELECT * FROM product",
            "CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id)",
            "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (1000)",
            "INSERT INTO parts SELECT generate_series(1, 700)",
            "ANALYZE product, parts_1",
        ],
        Server::start().await,
        &format!("{}---\n{}", entity("product", "public.Product", &["a", "b"]), entity("view", "public.cheap", &["a"])),
    )
    .await;
    world.sync().await;
    stranger(&world, "tables_stranger").await;
    let script = "GRANT SELECT ON cheap, dear, parts, parts_1 TO tables_stranger; GRANT SELECT (name) ON product TO \
                  tables_stranger";
    world.execute(script).await;
    let line = |name: &str, kind: &str, key: Value, entities: Value| json!({"warehouse": "prod", "schema": "public", "name": name, "kind": kind, "primaryKey": key, "entities": entities});
    let estimated = |mut line: Value, rows: u64| {
        line["rows"] = rows.into();
        line
    };
    let expected = [
        line("cheap", "view", json!([]), json!(["view"])),
        line("dear", "materialized view", json!([]), json!([])),
        estimated(line("parts", "partitioned table", json!(["id"]), json!([])), 700),
        estimated(line("product", "table", json!(["a", "b"]), json!(["product"])), 1500),
    ];
    // Whether a view that nobody analysed has an estimate is the server's version to say.
    let mut found = tables(&world).await;
    found[1].as_object_mut().unwrap().remove("rows");
    assert_eq!(found, expected);

    // The administrator sees the other one too, and not what Weft keeps there.
    world.edit("graph.yaml", "user: tables_stranger", "user: admin");
    world.write("secret.yaml", &crate::world::secret("warehouse", crate::postgres::PASSWORD));
    let names: Vec<Value> = tables(&world).await.iter().map(|line| line["name"].clone()).collect();
    assert_eq!(names, ["cheap", "dear", "hidden", "parts", "product"]);

    let shown = String::from_utf8(weft_warehouse(&world, "tables", &[]).await.stdout).unwrap();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<_> = shown.lines().map(words).collect();
    assert_eq!(lines[0], ["schema", "name", "kind", "rows", "primary", "key", "entities"]);
    assert_eq!(lines[5], ["public", "product", "table", "~1,500", "a,", "b", "product"]);
}

#[tokio::test]
async fn a_file_lists_its_tables_and_needs_no_grants() {
    let world = World::with(&[], Server::start().await, &entity("product", "PRODUCT", &["id"])).await;
    let file = world.use_sqlite();
    let made = "CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO product VALUES (1, 'a'), (2, 'b'); \
                CREATE INDEX names ON product (name); ANALYZE; CREATE TABLE new (a, b); CREATE VIEW v AS SELECT 1 AS one";
    rusqlite::Connection::open(file).unwrap().execute_batch(made).unwrap();
    let expected = [
        json!({"warehouse": "prod", "name": "new", "kind": "table", "primaryKey": [], "entities": []}),
        json!({"warehouse": "prod", "name": "product", "kind": "table", "rows": 2, "primaryKey": ["id"], "entities": ["product"]}),
        json!({"warehouse": "prod", "name": "v", "kind": "view", "primaryKey": [], "entities": []}),
    ];
    assert_eq!(tables(&world).await, expected);
    let script = grants(&world, &["--all"]).await;
    assert_eq!(script, "-- Warehouse prod: a SQLite file has no users, and needs no grants\n");
    assert!(!world.path("shop.db.weft-state").exists(), "nothing is made beside it");

    let output = weft_warehouse(&world, "tables", &["--warehouse", "other"]).await;
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(error.contains("there is no Warehouse other (--warehouse); there is default/prod"), "{error}");
}
