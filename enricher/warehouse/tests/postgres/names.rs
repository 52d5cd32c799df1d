//! Tables, views and columns by their names.

use weft_store::ColumnType;
use weft_warehouse::postgres::{Options, Postgres};
use weft_warehouse::{Error, ForeignKey, Table, Warehouse as _};

use crate::server::{PASSWORD, database};
use crate::values::whole;

async fn describe(warehouse: &Postgres, name: &[&str]) -> Result<Table, Error> {
    warehouse.describe(&name.iter().map(ToString::to_string).collect::<Vec<_>>()).await
}

fn columns(table: &Table) -> Vec<&str> {
    table.columns.iter().map(|column| column.name.as_str()).collect()
}

#[tokio::test]
async fn everything_that_has_rows_is_found_and_read() {
    let (_, warehouse) = database(&[
        "CREATE TABLE t (id int PRIMARY KEY, gone text, name text)",
        "ALTER TABLE t DROP COLUMN gone",
        "INSERT INTO t VALUES (1, 'a'), (2, 'b')",
        "CREATE VIEW v AS SELECT id, name, id + 1 AS next FROM t",
        "CREATE MATERIALIZED VIEW m AS SELECT * FROM v",
        "CREATE TABLE p (id int, name text, PRIMARY KEY (name, id)) PARTITION BY RANGE (id)",
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)",
        "INSERT INTO p VALUES (1, 'a')",
    ])
    .await;
    assert_eq!(whole(&warehouse, "public", "v").await, [["1", "\"a\"", "2"], ["2", "\"b\"", "3"]]);
    assert_eq!(whole(&warehouse, "public", "m").await, whole(&warehouse, "public", "v").await);
    assert_eq!(whole(&warehouse, "public", "p").await, [["1", "\"a\""]]);
    assert_eq!(columns(&describe(&warehouse, &["public", "t"]).await.unwrap()), ["id", "name"]);
    assert_eq!(describe(&warehouse, &["public", "p"]).await.unwrap().primary_key, ["name", "id"]);
    assert!(describe(&warehouse, &["public", "v"]).await.unwrap().primary_key.is_empty());
}

#[tokio::test]
async fn a_foreign_table_is_described() {
    let (_, warehouse) = database(&[
        "CREATE FOREIGN DATA WRAPPER none",
        "CREATE SERVER elsewhere FOREIGN DATA WRAPPER none",
        "CREATE FOREIGN TABLE f (id bigint, name text) SERVER elsewhere",
    ])
    .await;
    assert_eq!(columns(&describe(&warehouse, &["public", "f"]).await.unwrap()), ["id", "name"]);
}

#[tokio::test]
async fn names_with_any_character_lead_to_their_rows() {
    let hostile = ["a\"b", "a.b", "'; DROP TABLE t; --", "Übergröße 😀", "$1", "back\\slash", " ", &"x".repeat(63)];
    let (_, warehouse) = database(&[]).await;
    for name in hostile {
        let quoted = warehouse.dialect().quoted(name);
        for sql in [
            format!("CREATE SCHEMA {quoted}"),
            format!("CREATE TABLE {quoted}.{quoted} ({quoted} text PRIMARY KEY, n int)"),
            format!("INSERT INTO {quoted}.{quoted} VALUES ({}, 1)", warehouse.dialect().literal(name)),
        ] {
            warehouse.execute(sql).await.unwrap();
        }
        let table = describe(&warehouse, &[name, name]).await.unwrap();
        assert_eq!(
            (table.name.as_slice(), columns(&table)),
            (&[name.to_owned(), name.to_owned()][..], vec![name, "n"])
        );
        assert_eq!(table.primary_key, [name]);
        let json = serde_json::to_string(name).unwrap();
        assert_eq!(whole(&warehouse, name, name).await, [[json.as_str(), "1"]]);
    }
}

#[tokio::test]
async fn another_case_is_taken_where_only_one_name_has_it() {
    let (options, warehouse) = database(&[
        "CREATE SCHEMA \"Shop\"",
        "CREATE TABLE \"Shop\".products (id int)",
        "CREATE TABLE \"Shop\".\"Ärmel\" (id int)",
        "CREATE TABLE \"Shop\".carts (id int)",
        "CREATE TABLE \"Shop\".\"CARTS\" (id int)",
    ])
    .await;
    let found = async |name: &[&str]| describe(&warehouse, name).await.map(|table| table.name);
    assert_eq!(found(&["SHOP", "PRODUCTS"]).await.unwrap(), ["Shop", "products"]);
    assert_eq!(found(&[&options.database.to_uppercase(), "shop", "ärmel"]).await.unwrap(), ["Shop", "Ärmel"]);
    assert_eq!(found(&["shop", "CARTS"]).await.unwrap(), ["Shop", "CARTS"]);
    let told = found(&["shop", "Carts"]).await.unwrap_err().to_string();
    assert_eq!(told, "failed to find the table: \"Carts\" may mean CARTS, carts; spell it exactly");
}

#[tokio::test]
async fn a_name_that_is_not_there_is_answered_with_those_that_are() {
    let (options, warehouse) =
        database(&["CREATE TABLE products (id int)", "CREATE VIEW carts AS SELECT 1 AS id"]).await;
    let told = async |name: &[&str]| describe(&warehouse, name).await.unwrap_err().to_string();
    assert_eq!(
        told(&["public", "prodcuts"]).await,
        "failed to find the table: there is no \"prodcuts\", did you mean \"products\"? There is carts, products"
    );
    assert_eq!(
        told(&["publik", "products"]).await,
        "failed to find the table: there is no \"publik\", did you mean \"public\"? There is public"
    );
    assert_eq!(
        told(&["products"]).await,
        "the table name \"products\" must have a schema and a table, as in public.products"
    );
    assert_eq!(
        told(&["other", "public", "products"]).await,
        format!(
            "the table name \"other.public.products\" leads to another database than {:?}, which the connection is to",
            options.database
        )
    );
}

#[tokio::test]
async fn declared_keys_are_told_in_their_order() {
    let (_, warehouse) = database(&[
        "CREATE TABLE carts (id int PRIMARY KEY)",
        "CREATE TABLE products (sku text, size text, PRIMARY KEY (sku, size)) PARTITION BY LIST (size)",
        "CREATE TABLE small PARTITION OF products FOR VALUES IN ('s')",
        "CREATE TABLE lines (line int, cart int REFERENCES carts, size text, sku text, PRIMARY KEY (cart, line), \
         FOREIGN KEY (sku, size) REFERENCES products)",
    ])
    .await;
    let table = describe(&warehouse, &["public", "lines"]).await.unwrap();
    assert_eq!(table.primary_key, ["cart", "line"]);
    let key = |columns: &[&str], table: &str, references: &[&str]| ForeignKey {
        columns: columns.iter().map(ToString::to_string).collect(),
        table: table.to_owned(),
        references: references.iter().map(ToString::to_string).collect(),
    };
    let expected = [key(&["cart"], "carts", &["id"]), key(&["sku", "size"], "products", &["sku", "size"])];
    assert_eq!(table.foreign_keys, expected);
}

#[tokio::test]
async fn a_missing_grant_is_named_and_a_column_s_keeps_the_others_readable() {
    let (options, admin) = database(&[
        "CREATE SCHEMA closed",
        "CREATE TABLE closed.t (id int)",
        "CREATE TABLE secret (id int)",
        "CREATE TABLE people (id int, email text, name text)",
        "INSERT INTO people VALUES (1, 'e', 'n')",
        "CREATE ROLE \"the reader\" LOGIN",
        "GRANT SELECT (id, name) ON people TO \"the reader\"",
    ])
    .await;
    let password = admin.dialect().literal(PASSWORD);
    admin.execute(format!("ALTER ROLE \"the reader\" PASSWORD {password}")).await.unwrap();
    let reader = Postgres::connect(Options { user: "the reader".to_owned(), ..options }).await.unwrap();
    let told = async |name: &[&str]| describe(&reader, name).await.unwrap_err().to_string();
    assert_eq!(
        told(&["public", "secret"]).await,
        "not permitted: the user \"the reader\" may not read public.secret; run: GRANT SELECT ON \"public\".\"secret\" TO \
         \"the reader\""
    );
    assert_eq!(
        told(&["closed", "t"]).await,
        "not permitted: the user \"the reader\" may not read closed; run: GRANT USAGE ON SCHEMA \"closed\" TO \"the reader\""
    );
    let people = describe(&reader, &["public", "people"]).await.unwrap();
    assert_eq!((columns(&people), people.unreadable.as_slice()), (vec!["id", "name"], &["email".to_owned()][..]));
    assert_eq!(whole(&reader, "public", "people").await, [["1", "\"n\""]]);
    let kind = ColumnType::Text;
    let column = weft_store::Column { name: "email".to_owned(), kind };
    let mut batches = reader.query("SELECT email FROM people".to_owned(), vec![column]).await.unwrap();
    let told = batches.next().await.unwrap().unwrap_err().to_string();
    assert_eq!(told, "not permitted: permission denied for table people; grant it to the user \"the reader\"");
}
