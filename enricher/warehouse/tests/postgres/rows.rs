//! Row texts, their hashes, and the way of a value through a stage.

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use weft_store::redis::bucket_of;
use weft_store::{Column, ColumnType};
use weft_warehouse::Warehouse as _;

use crate::server::database;
use crate::values::{json, whole};

fn column(name: &str, kind: ColumnType) -> Column {
    Column { name: name.to_owned(), kind }
}

/// Column definitions, and rows of which each differs from every other in what it says.
const DISTINCT: [(&str, &[&str]); 12] = [
    ("a text, b text", &["'a', 'bc'", "'ab', 'c'", "'abc', ''", "'', 'abc'", "'abc', NULL", "NULL, 'abc'"]),
    ("a text, b text", &["'a,b', 'c'", "'a', 'b,c'", "'a\",\"b', 'c'", "'a', '\"b\",c'", "'(a', 'b)'", "'\"a', 'b\"'"]),
    (
        "a text",
        &["''", "NULL", "' '", "'  '", "'NULL'", "'null'", "'()'", "'\"\"'", "'\\'", "'\\\\'", "E'\\t'", "E'\\n'"],
    ),
    ("a text", &["'é'", "E'e\\u0301'", "'E'", "'e'", "'e '", "'😀'"]),
    ("a text, b text, c text", &["NULL, 'x', NULL", "'x', NULL, NULL", "NULL, NULL, 'x'", "NULL, NULL, NULL"]),
    ("a bigint, b bigint", &["1, 23", "12, 3", "-1, 23", "1, -23", "9007199254740992, 0", "9007199254740993, 0"]),
    (
        "a numeric, b double precision",
        &["1, 0.1", "1.0, 0.1", "1, 0.10000000000000002", "'NaN', 0.1", "1, 'NaN'", "1, '-0'", "1, 0"],
    ),
    ("a real", &["0.1", "0.10000001", "1e-45", "0"]),
    ("a bytea", &["''", "NULL", "'\\x00'", "'\\x0000'", "'\\x5c783030'"]),
    (
        "a timestamptz, b date",
        &[
            "'2024-01-01 00:00:00.000001Z', NULL",
            "'2024-01-01 00:00:00Z', NULL",
            "'infinity', NULL",
            "NULL, 'infinity'",
            "NULL, '-infinity'",
            "NULL, '0044-03-15 BC'",
            "NULL, '0044-03-15'",
        ],
    ),
    (
        "a jsonb, b json",
        &[
            "'1', NULL",
            "'\"1\"', NULL",
            "'null', NULL",
            "NULL, 'null'",
            "NULL, '{\"a\":1}'",
            "NULL, '{\"a\": 1}'",
            "NULL, NULL",
        ],
    ),
    (
        "a text[], b boolean",
        &[
            "'{a,b}', NULL",
            "'{\"a,b\"}', NULL",
            "'{NULL}', NULL",
            "'{\"NULL\"}', NULL",
            "'{}', NULL",
            "NULL, true",
            "NULL, false",
        ],
    ),
];

#[tokio::test]
async fn rows_that_differ_in_a_value_have_other_hashes_and_equal_ones_the_same_on_every_connection() {
    let (options, warehouse) = database(&[]).await;
    let other = weft_warehouse::postgres::Postgres::connect(options).await.unwrap();
    for (declared, rows) in DISTINCT {
        warehouse.execute("DROP TABLE IF EXISTS t".to_owned()).await.unwrap();
        warehouse.execute(format!("CREATE TABLE t ({declared})")).await.unwrap();
        // Each of them twice, and in no order.
        warehouse.execute(format!("INSERT INTO t VALUES ({})", rows.join("), ("))).await.unwrap();
        warehouse.execute("INSERT INTO t SELECT * FROM t ORDER BY random()".to_owned()).await.unwrap();
        let table = warehouse.describe(&["public".to_owned(), "t".to_owned()]).await.unwrap();
        let dialect = warehouse.dialect();
        let text = dialect.row_text(&table.columns);
        let (hash, bytes) = (dialect.row_hash(&text), dialect.row_bytes(&text));
        let sql = format!(
            "SELECT count(*), count(DISTINCT {hash}), count(DISTINCT {text}), count(*) FILTER (WHERE {bytes} <= 1 OR {hash} \
             IS NULL) FROM t"
        );
        let counts = ["rows", "hashes", "texts", "bad"].map(|name| column(name, ColumnType::Integer)).to_vec();
        let seen = json(warehouse.query(sql, counts).await.unwrap()).await.unwrap();
        let distinct = rows.len().to_string();
        assert_eq!(seen, [[(2 * rows.len()).to_string(), distinct.clone(), distinct, "0".to_owned()]], "{declared}");
        let hashes = format!("SELECT {hash} FROM t ORDER BY 1");
        let bytes = vec![column("hash", ColumnType::Bytes)];
        let here = json(warehouse.query(hashes.clone(), bytes.clone()).await.unwrap()).await.unwrap();
        assert_eq!(here, json(other.query(hashes, bytes).await.unwrap()).await.unwrap(), "{declared}");
    }
}

#[tokio::test]
async fn a_row_of_as_many_columns_as_a_table_can_have_has_a_text() {
    let names: Vec<String> = (0..1_500).map(|at| format!("c{at} int")).collect();
    let (_, warehouse) =
        database(&[&format!("CREATE TABLE t ({})", names.join(", ")), "INSERT INTO t DEFAULT VALUES"]).await;
    let table = warehouse.describe(&["public".to_owned(), "t".to_owned()]).await.unwrap();
    let bytes = warehouse.dialect().row_bytes(&warehouse.dialect().row_text(&table.columns));
    let sql = format!("SELECT {bytes} FROM t");
    let seen = json(warehouse.query(sql, vec![column("bytes", ColumnType::Integer)]).await.unwrap()).await.unwrap();
    assert_eq!(seen, [["1501"]]);
}

#[tokio::test]
async fn values_are_the_same_when_they_are_read_from_a_stage() {
    let columns = [
        ("smallint", "-7"),
        ("bigint", "9007199254740993"),
        ("numeric", "123456789012345678901234567890.100"),
        ("numeric(6, 2)", "'NaN'"),
        ("real", "0.1"),
        ("double precision", "'-Infinity'"),
        ("text", "E'a\\n\"\\\\ ü😀'"),
        ("varchar(5)", "'ab '"),
        ("char(5)", "'ab'"),
        ("boolean", "true"),
        ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"),
        ("bytea", "'\\x00ff'"),
        ("date", "'0044-03-15 BC'"),
        ("timestamp", "'2024-02-29 23:59:59.000001'"),
        ("timestamptz", "'2024-02-29 23:59:59.5+05:30'"),
        ("json", "'{\"b\":1.0,  \"a\":[]}'"),
        ("jsonb", "'{\"b\":1.0,  \"a\":[]}'"),
        ("text[]", "'{a,NULL,\"b\\\"\"}'"),
        ("mood", "'gl\"ad'"),
        ("price", "1.5"),
        ("inet", "'::1'"),
        ("interval", "'1 mon 2 days'"),
    ];
    let quoted = |at: usize| format!("\"C $\"\"{at}\"");
    let declared: Vec<String> = (0..columns.len()).map(|at| format!("{} {}", quoted(at), columns[at].0)).collect();
    let values: Vec<&str> = columns.iter().map(|(_, value)| *value).collect();
    let nulls = vec!["NULL"; columns.len()].join(", ");
    let (_, warehouse) = database(&[
        "CREATE TYPE mood AS ENUM ('sad', 'gl\"ad')",
        "CREATE DOMAIN price AS numeric(12, 2) CHECK (value >= 0)",
        &format!("CREATE TABLE t ({})", declared.join(", ")),
        &format!("INSERT INTO t VALUES ({}), ({nulls})", values.join(", ")),
        "CREATE SCHEMA weft_state",
    ])
    .await;
    let table = warehouse.describe(&["public".to_owned(), "t".to_owned()]).await.unwrap();
    let dialect = warehouse.dialect();
    let stage = dialect.state_table("stage");
    let taken: Vec<String> = (0..columns.len()).map(|at| format!("{} AS c{at}", quoted(at))).collect();
    let none: Vec<String> = (0..columns.len()).map(|at| format!("NULL AS c{at}")).collect();
    let sql = format!(
        "CREATE TABLE {stage} AS SELECT 'header' AS op, {} UNION ALL SELECT 'added', {} FROM public.t",
        none.join(", "),
        taken.join(", ")
    );
    assert_eq!(warehouse.execute(sql).await.unwrap(), 3);
    let staged: Vec<Column> =
        table.columns.iter().enumerate().map(|(at, read)| column(&format!("c{at}"), read.kind)).collect();
    let selected: Vec<String> = staged.iter().map(|column| dialect.selected(column)).collect();
    let sql = format!("SELECT {} FROM {stage} WHERE op = 'added' ORDER BY 1", selected.join(", "));
    let from_stage = json(warehouse.query(sql, staged).await.unwrap()).await.unwrap();
    assert_eq!(from_stage, whole(&warehouse, "public", "t").await);
    let kinds: std::collections::HashSet<String> =
        table.columns.iter().map(|column| format!("{:?}", column.kind)).collect();
    assert_eq!(kinds.len(), 12, "all logical types but Mixed: {kinds:?}");
}

#[test]
fn sql_and_rust_put_a_key_in_one_bucket_and_in_one_order() {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seed = number("WEFT_SEED").unwrap_or_else(|| {
        use std::hash::{BuildHasher as _, RandomState};
        RandomState::new().hash_one(0)
    });
    println!("WEFT_SEED={seed}");
    const KEYS: usize = 100;
    let cases = (number("WEFT_CASES").unwrap_or(5_000) as usize).div_ceil(KEYS) as u32;
    let config =
        ProptestConfig { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Default::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (_, warehouse) = runtime.block_on(database(&[]));
    let dialect = warehouse.dialect();
    let case = (prop::collection::vec("\\PC{1,9}", KEYS), 0..=24u32);
    let outcome = TestRunner::new(config).run(&case, |(keys, bits)| {
        let keys: Vec<String> = keys.into_iter().map(|key| key.replace('\0', "")).collect();
        let rows: Vec<String> = keys.iter().map(|key| format!("({} COLLATE \"C\")", dialect.literal(key))).collect();
        let (order, middle) = (dialect.key_order("k"), dialect.order_literal(&format!("8{}", "0".repeat(31))));
        let sql = format!(
            "SELECT k, {}, encode({order}, 'hex'), {order} >= {middle} FROM (VALUES {}) v(k) ORDER BY {order}",
            dialect.bucket(&order, 1 << bits),
            rows.join(", ")
        );
        let columns = [
            ("k", ColumnType::Text),
            ("bucket", ColumnType::Integer),
            ("order", ColumnType::Text),
            ("upper", ColumnType::Boolean),
        ];
        let columns = columns.map(|(name, kind)| column(name, kind)).to_vec();
        let seen = runtime.block_on(async { json(warehouse.query(sql, columns).await.unwrap()).await.unwrap() });
        prop_assert!(seen.iter().map(|row| &row[2]).is_sorted());
        for row in &seen {
            let key: String = serde_json::from_str(&row[0]).unwrap();
            prop_assert_eq!(&row[1], &bucket_of(key.as_bytes(), 1 << bits).to_string(), "{:?} of 2^{}", key, bits);
            prop_assert_eq!(row[3] == "true", bucket_of(key.as_bytes(), 2) == 1);
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("WEFT_SEED={seed}: {error}");
    }
}
