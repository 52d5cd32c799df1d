use std::path::{Path, PathBuf};

use rusqlite::Connection;
use weft_plan_types::{
    EntityPlan, GuardPlan, Owner, PLAN_VERSION, RedisConnection, SyncPlan, WarehouseConnection, WarehousePlan,
};
use weft_store::{Answer, MemoryStore, Reader as _};

use super::{LoadError, LoadReport, load_all};
use crate::connect::{SecretManifests, Secrets};

/// A SQLite file of its own, filled by a script.
struct File {
    directory: tempfile::TempDir,
}

impl File {
    fn new(script: &str) -> Self {
        let file = Self { directory: tempfile::tempdir().unwrap() };
        Connection::open(file.path()).unwrap().execute_batch(script).unwrap();
        file
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("shop.db")
    }

    fn plan(&self, table: &str, key: &[&str], columns: Option<&[&str]>) -> SyncPlan {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        SyncPlan {
            version: PLAN_VERSION,
            owner: Owner { installation: "local".into(), namespace: "default".into(), graph: "main".into() },
            warehouse: WarehousePlan {
                name: "prod".into(),
                connection: WarehouseConnection::Sqlite {
                    path: self.path().display().to_string(),
                    bookkeeping: self.path().with_extension("state").display().to_string(),
                },
                statement_timeout_seconds: 60,
                max_concurrent_syncs: 1,
            },
            store: RedisConnection { url: "redis://localhost".into(), user: None, ca: None },
            entity: EntityPlan {
                slug: "product".into(),
                table: vec!["PROD".into(), table.into()],
                primary_key: owned(key),
                columns: columns.map(owned),
            },
            guard: GuardPlan { max_deleted_percent: 20, max_changed_percent: 80, min_rows: 100 },
        }
    }
}

fn load(plan: &SyncPlan) -> Result<(MemoryStore, LoadReport), LoadError> {
    let mut store = MemoryStore::default();
    let secrets = Secrets::new(Path::new("/nowhere"), SecretManifests::default());
    let reports = block_on(load_all(&[plan], &secrets, &mut store, |_| ()))?;
    Ok((store, reports.into_iter().next().unwrap()))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// The row as one JSON text per column; `None` if there is none.
fn row(store: &MemoryStore, key: &str) -> Option<Vec<String>> {
    block_on(async {
        let columns = store.meta("product").await.unwrap().columns.len();
        let mut answers = Vec::new();
        store.fetch("product", &[key.as_bytes()], &mut answers).await;
        let Answer::Found(row) = &answers[0] else { return None };
        let text = |position| String::from_utf8(row.fragment(position, columns).unwrap().to_vec()).unwrap();
        Some((0..columns).map(text).collect())
    })
}

#[test]
fn every_type_keeps_all_its_digits() {
    let file = File::new(
        r#"CREATE TABLE products (sku TEXT PRIMARY KEY, big BIGINT, price DECIMAL(10,2), weight REAL, sold BOOLEAN,
             born DATE, seen DATETIME, at TIMESTAMPTZ, raw BLOB, more JSON, id UUID, code CHAR(4));
           INSERT INTO products VALUES ('a', 9007199254740993, 19.90, 0.1, 1, '2026-01-31', '2026-01-31 23:59:59.120',
             '2026-01-31T23:59:59+02:00', x'deadbeef', '{"a": [1,
             1.10]}', '6F9619FF-8B86-D011-B42D-00C04FC964FF', 'é"' || char(10));
           INSERT INTO products (sku, weight) VALUES ('b', 9e999);"#,
    );
    let (store, report) = load(&file.plan("products", &["sku"], None)).unwrap();
    let expected = [
        "\"a\"",
        "9007199254740993",
        "19.9",
        "0.1",
        "true",
        "\"2026-01-31\"",
        "\"2026-01-31T23:59:59.12\"",
        "\"2026-01-31T21:59:59Z\"",
        "\"3q2+7w==\"",
        "{\"a\": [1,             1.10]}",
        "\"6f9619ff-8b86-d011-b42d-00c04fc964ff\"",
        "\"é\\\"\\n\"",
    ];
    assert_eq!(row(&store, "a").unwrap(), expected);
    let mut nulls = vec!["null"; 12];
    (nulls[0], nulls[3]) = ("\"b\"", "\"Infinity\"");
    assert_eq!(row(&store, "b").unwrap(), nulls);
    assert_eq!((report.read, report.rows, report.rejected()), (2, 2, 0));
}

#[test]
fn a_cell_that_has_not_its_columns_type_stays_what_it_is() {
    let file = File::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, b BOOLEAN, d DATE, j JSON, x TEXT, r DECIMAL);
         INSERT INTO t VALUES (1, 'many', 2, 'soon', '{no json', x'00ff', 'n/a'), (2, 1.5, 'TRUE', 20260131, 7, 'x', 1e20);",
    );
    let (store, _) = load(&file.plan("t", &["id"], None)).unwrap();
    let expected = ["1", "\"many\"", "2", "\"soon\"", "\"{no json\"", "\"AP8=\"", "\"n/a\""];
    assert_eq!(row(&store, "1").unwrap(), expected);
    assert_eq!(row(&store, "2").unwrap(), ["2", "1.5", "true", "20260131", "7", "\"x\"", "100000000000000000000"]);
}

#[test]
fn rows_that_cannot_be_looked_up_are_left_out_counted_and_named() {
    let file = File::new(
        "CREATE TABLE t (id INTEGER, v TEXT);
         INSERT INTO t VALUES (1, 'a'), (NULL, 'b'), (2, 'c'), (2, 'd'), (2, 'e'), ('x', 'f'), (3, printf('%70000s', '')),
           (4, CAST(x'ff' AS TEXT)), (5, 'g');",
    );
    let (store, report) = load(&file.plan("t", &["id"], None)).unwrap();
    assert_eq!((report.read, report.rows, report.rejected()), (9, 2, 7));
    assert_eq!(row(&store, "5").unwrap(), ["5", "\"g\""]);
    assert_eq!(row(&store, "2"), None);
    let told: Vec<String> = report.rejections().collect();
    assert_eq!(
        told,
        [
            "rejected 1 row: NULL or empty key (id = null)",
            "rejected 1 row: key longer than 1 KiB or not of its column's type (id = \"x\")",
            "rejected 3 rows: key shared with another row (id = 2, …)",
            "rejected 1 row: more than 64 KiB; name fewer `columns` (id = 3)",
            "rejected 1 row: text that is not UTF-8 (id = 4)",
        ]
    );
}

#[test]
fn only_the_named_columns_are_copied_in_the_tables_order_whatever_their_case() {
    let file = File::new(
        "CREATE TABLE base (Id INTEGER, \"na\"\"me\" TEXT, Price INTEGER);
         INSERT INTO base VALUES (1, 'a', 5);
         CREATE VIEW \"my view\" AS SELECT Price, \"na\"\"me\", Id, Price * 2 AS twice FROM base;",
    );
    let (store, _) = load(&file.plan("My View", &["TWICE", "id"], Some(&["na\"me"]))).unwrap();
    assert_eq!(row(&store, "2:101:1").unwrap(), ["\"a\"", "1", "10"]);
    let meta = block_on(store.meta("product")).unwrap();
    let names: Vec<&str> = meta.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["na\"me", "Id", "twice"]);
}

/// The whole message of a plan that cannot be loaded.
fn error(plan: &SyncPlan) -> String {
    let Err(error) = load(plan) else { panic!("it loads") };
    assert!(!error.is_transient());
    format!("{:#}", anyhow::Error::from(error))
}

#[test]
fn a_missing_table_or_column_is_answered_with_what_there_is() {
    let file = File::new("CREATE TABLE products (sku TEXT, name TEXT); CREATE TABLE carts (id INTEGER)");
    assert_eq!(
        error(&file.plan("product", &["sku"], None)),
        "entity product: warehouse prod: failed to find the table: there is no \"product\", did you mean \"products\"? \
         There is carts, products"
    );
    assert_eq!(
        error(&file.plan("products", &["SKUS"], None)),
        "entity product: table products in warehouse prod: primaryKey: there is no \"SKUS\", did you \
         mean \"sku\"? There is name, sku"
    );
}

#[test]
fn a_key_of_a_type_that_is_no_key_is_refused_by_name() {
    let file = File::new("CREATE TABLE t (a REAL, b, c JSON); INSERT INTO t VALUES (1, 1, 1), (1, 'x', 1)");
    for (column, why) in [("a", "binary floating point"), ("b", "CAST it to one in a view"), ("c", "many spellings")] {
        let told = error(&file.plan("t", &[column], None));
        assert!(told.contains(&format!("primaryKey: column {column} of table t")) && told.contains(why), "{told}");
    }
}

#[test]
fn a_file_that_is_no_database_is_named_with_what_is_wrong() {
    let file = File::new("CREATE TABLE t (a)");
    let plan = file.plan("t", &["a"], None);
    let path = file.path();
    let told = |problem: &str| format!("entity product: warehouse prod: failed to open {}: {problem}", path.display());
    std::fs::write(&path, "id,name\n1,x\n".repeat(100)).unwrap();
    assert_eq!(error(&plan), told("it is not a SQLite database, or it is encrypted"));
    std::fs::write(&path, "").unwrap();
    assert_eq!(error(&plan), told("the file is empty; was it copied whole?"));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(error(&plan), told("there is no such file"));
    std::fs::create_dir(&path).unwrap();
    assert_eq!(error(&plan), told("it is a directory; name the SQLite file in it"));
}

#[cfg(not(feature = "postgres"))]
#[test]
fn a_warehouse_elsewhere_asks_for_a_file_that_stands_in_for_it() {
    let mut plan = File::new("").plan("t", &["a"], None);
    let tls = weft_plan_types::TlsMode::Disable;
    let secret = weft_plan_types::SecretFile { name: "s".into(), key: "k".into() };
    plan.warehouse.connection = WarehouseConnection::Postgres(weft_plan_types::PostgresConnection {
        host: "db".into(),
        port: 5432,
        database: "shop".into(),
        user: "weft".into(),
        auth: weft_plan_types::PostgresAuth::Password(secret),
        tls,
        ca: None,
        bookkeeping: "weft_state".into(),
    });
    assert!(error(&plan).ends_with("stands in for it with --warehouse prod=sqlite:PATH"), "{}", error(&plan));
}
