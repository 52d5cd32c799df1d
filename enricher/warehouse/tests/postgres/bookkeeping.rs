//! Tables that are written in the schema for bookkeeping.

use weft_store::{Column, ColumnType};
use weft_warehouse::postgres::{Options, Postgres};
use weft_warehouse::{Error, Warehouse as _};

use crate::server::{PASSWORD, database};
use crate::values::json;

fn text(name: &str) -> Column {
    Column { name: name.to_owned(), kind: ColumnType::Text }
}

async fn tables(warehouse: &Postgres, prefix: &str) -> Vec<String> {
    let sql = warehouse.dialect().state_tables(prefix);
    let rows = json(warehouse.query(sql, vec![text("name")]).await.unwrap()).await.unwrap();
    let mut names: Vec<String> = rows.into_iter().map(|row| row[0].clone()).collect();
    names.sort_unstable();
    names
}

async fn with_schema(name: &str, statements: &[&str]) -> (Options, Postgres) {
    let (options, _) = database(statements).await;
    let options = Options { bookkeeping: name.to_owned(), ..options };
    (options.clone(), Postgres::connect(options).await.unwrap())
}

#[tokio::test]
async fn a_schema_of_any_name_is_missed_then_made_and_its_tables_are_told_by_their_beginning() {
    for schema in ["weft_state", "a\"b.c", "'; DROP TABLE t; --", "Übergröße 😀", "back\\slash", &"x".repeat(63)] {
        let (_, warehouse) = with_schema(schema, &[]).await;
        let dialect = warehouse.dialect();
        let create = |name: &str| warehouse.execute(format!("CREATE TABLE {} (n int)", dialect.state_table(name)));
        let error = create("run_1").await.unwrap_err();
        assert!(matches!(error, Error::NoBookkeeping(_)) && error.is_transient(), "{error:?}");
        assert!(tables(&warehouse, "").await.is_empty());
        warehouse.execute(format!("DROP TABLE IF EXISTS {}", dialect.state_table("run_1"))).await.unwrap();
        let made_from = format!("CREATE TABLE {} AS SELECT 1 AS n", dialect.state_table("run_1"));
        assert!(matches!(warehouse.execute(made_from.clone()).await, Err(Error::NoBookkeeping(_))), "{schema}");
        let create_schema = dialect.create_state().unwrap();
        warehouse.execute(create_schema.clone()).await.unwrap();
        warehouse.execute(create_schema).await.unwrap();
        for name in ["run_1", "run_%2", "runx1", "RUN_1", schema] {
            create(name).await.unwrap();
        }
        assert!(matches!(create("run_1").await, Err(Error::Exists)));
        assert!(matches!(warehouse.execute(made_from).await, Err(Error::Exists)));
        assert_eq!(tables(&warehouse, "run_").await, ["\"run_%2\"", "\"run_1\""]);
        assert_eq!(tables(&warehouse, "run_%").await, ["\"run_%2\""]);
        assert_eq!(tables(&warehouse, "").await.len(), 5);
    }
}

#[tokio::test]
async fn a_table_in_bookkeeping_that_is_gone_is_told_apart_from_one_that_is_read() {
    let (_, warehouse) = with_schema("state", &["CREATE SCHEMA state", "CREATE SCHEMA \"upstate\""]).await;
    let gone = warehouse.dialect().state_table("weft_1");
    for sql in [
        format!("SELECT n FROM {gone}"),
        format!("CREATE TABLE {} AS SELECT * FROM {gone}", warehouse.dialect().state_table("weft_2")),
        format!("INSERT INTO {gone} VALUES (1)"),
        format!("DROP TABLE {gone}"),
    ] {
        let error = warehouse.execute(sql.clone()).await.unwrap_err();
        assert!(matches!(error, Error::Gone(_)) && error.is_transient(), "{sql}: {error:?}");
    }
    for sql in ["SELECT n FROM public.weft_1", "SELECT n FROM upstate.weft_1", "SELECT n FROM state_of.weft_1"] {
        let error = warehouse.execute(sql.to_owned()).await.unwrap_err();
        assert!(matches!(error, Error::Prepare(_)) && !error.is_transient(), "{sql}: {error:?}");
    }
}

#[tokio::test]
async fn of_many_that_create_one_table_at_once_one_does_and_the_others_learn_that_it_exists() {
    let (options, warehouse) = database(&[]).await;
    let mut connections = Vec::new();
    for _ in 0..8 {
        connections.push(Postgres::connect(options.clone()).await.unwrap());
    }
    let schema = warehouse.dialect().create_state().unwrap();
    for outcome in at_once(&connections, &schema).await {
        assert!(matches!(outcome, Ok(_) | Err(Error::Exists)), "{outcome:?}");
    }
    for round in 0..20 {
        let name = warehouse.dialect().state_table(&format!("weft_{round}_claim"));
        let outcomes = at_once(&connections, &format!("CREATE TABLE {name} (note char(1))")).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        let others = outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::Exists)));
        assert_eq!(others.count(), connections.len() - 1, "{outcomes:?}");
    }
}

async fn at_once(connections: &[Postgres], sql: &str) -> Vec<Result<u64, Error>> {
    let begun: Vec<_> = connections
        .iter()
        .map(|connection| {
            let (connection, sql) = (connection.clone(), sql.to_owned());
            tokio::spawn(async move { connection.execute(sql).await })
        })
        .collect();
    let mut outcomes = Vec::new();
    for one in begun {
        outcomes.push(one.await.unwrap());
    }
    outcomes
}

#[tokio::test]
async fn a_user_who_may_not_write_is_told_what_to_run() {
    let (options, admin) = with_schema("the state", &["CREATE ROLE \"a writer\" LOGIN"]).await;
    let password = admin.dialect().literal(PASSWORD);
    admin.execute(format!("ALTER ROLE \"a writer\" PASSWORD {password}")).await.unwrap();
    let writer = Postgres::connect(Options { user: "a writer".to_owned(), ..options }).await.unwrap();
    let told = writer.execute(writer.dialect().create_state().unwrap()).await.unwrap_err().to_string();
    assert_eq!(
        told,
        "not permitted: the user \"a writer\" may not create the schema for bookkeeping; run as an administrator: CREATE \
         SCHEMA \"the state\" AUTHORIZATION \"a writer\""
    );
    admin.execute(admin.dialect().create_state().unwrap()).await.unwrap();
    let create = format!("CREATE TABLE {} (note char(1))", writer.dialect().state_table("weft_1"));
    let told = writer.execute(create.clone()).await.unwrap_err().to_string();
    let grant = "GRANT USAGE, CREATE ON SCHEMA \"the state\" TO \"a writer\"";
    let expected = format!("not permitted: the user \"a writer\" may not write in bookkeeping; run: {grant}");
    assert_eq!(told, expected);
    admin.execute(grant.to_owned()).await.unwrap();
    writer.execute(create).await.unwrap();
}

#[tokio::test]
async fn the_server_s_memory_for_a_sort_is_raised_but_never_lowered() {
    let (options, warehouse) = database(&[]).await;
    let memory = async |warehouse: &Postgres| {
        let sql = "SELECT current_setting('work_mem'), current_setting('jit')".to_owned();
        json(warehouse.query(sql, vec![text("work_mem"), text("jit")]).await.unwrap()).await.unwrap()
    };
    assert_eq!(memory(&warehouse).await, [["\"64MB\"", "\"off\""]]);
    let database = warehouse.dialect().quoted(&options.database);
    warehouse.execute(format!("ALTER DATABASE {database} SET work_mem = '1GB'")).await.unwrap();
    assert_eq!(memory(&Postgres::connect(options).await.unwrap()).await, [["\"1GB\"", "\"off\""]]);
}

#[tokio::test]
async fn a_table_is_compared_with_a_snapshot_by_hashing_both() {
    let (_, warehouse) = database(&[
        "CREATE TABLE t AS SELECT n, 'k' || n AS \"A\" FROM generate_series(1, 20000) n",
        "CREATE SCHEMA weft_state",
        "CREATE TABLE weft_state.b AS SELECT ('k' || n) COLLATE \"C\" AS k, decode(md5(n::text), 'hex') AS h FROM generate_series(1, 20000) n",
        "ANALYZE",
    ])
    .await;
    let dialect = warehouse.dialect();
    let columns = [Column { name: "n".to_owned(), kind: ColumnType::Integer }, text("A")];
    let key = dialect.key_text(&columns[1..]).unwrap();
    let (hash, fence) = (dialect.row_hash(&dialect.row_text(&columns)), dialect.fence());
    let rows = format!("SELECT {key} AS k, {hash} AS h FROM t {fence}");
    let base = format!("SELECT k, h FROM {} WHERE k IS NOT NULL", dialect.state_table("b"));
    let joined = dialect.full_join("s.k, b.k", &rows, &base, "s.h IS DISTINCT FROM b.h");
    let sql = format!("EXPLAIN (VERBOSE) {joined}");
    let lines = json(warehouse.query(sql, vec![text("plan")]).await.unwrap()).await.unwrap().concat();
    let plan = lines.join("\n");
    assert!(plan.contains("Hash Full Join"), "{plan}");
    // The hash is made where a row is read, above it only passed on.
    assert_eq!(plan.matches("->  Seq Scan on public.t").count(), 1, "{plan}");
}

#[tokio::test]
async fn a_key_is_taken_as_enforced_only_where_it_holds_for_every_row_that_is_read() {
    let (_, warehouse) = database(&[
        "CREATE TYPE mood AS ENUM ('sad', 'glad')",
        "CREATE TYPE half AS RANGE (subtype = float8)",
        "CREATE DOMAIN code AS text",
        "CREATE TABLE plain (id int, at timestamptz, mood mood, code code, PRIMARY KEY (id, at, mood, code))",
        "CREATE TABLE keyless (id int UNIQUE)",
        "CREATE TABLE parent (id int PRIMARY KEY)",
        "CREATE TABLE child () INHERITS (parent)",
        "CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE half_valid (id int NOT NULL) PARTITION BY RANGE (id)",
        "CREATE TABLE half_valid_part PARTITION OF half_valid FOR VALUES FROM (0) TO (10)",
        "ALTER TABLE ONLY half_valid ADD PRIMARY KEY (id)",
        "CREATE TABLE other (id half PRIMARY KEY)",
        "CREATE VIEW seen AS SELECT * FROM plain",
    ])
    .await;
    for (name, enforced) in [
        ("plain", true),
        ("keyless", false),
        ("parent", false),
        ("parted", true),
        ("part", true),
        ("half_valid", false),
        ("other", false),
        ("seen", false),
    ] {
        let table = warehouse.describe(&["public".to_owned(), name.to_owned()]).await.unwrap();
        assert_eq!(table.is_key_enforced, enforced, "{name}");
    }
}
