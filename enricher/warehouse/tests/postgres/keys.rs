//! Random keys: the text that SQL makes is the one Rust makes, and it is equal exactly where the values are.

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use weft_store::key;
use weft_store::{Column, ColumnType, Value};
use weft_warehouse::postgres::Postgres;
use weft_warehouse::{Cells, Warehouse as _};

use crate::server::database;
use crate::values::json;

const ROWS: usize = 100;

/// The types that a key may have, each with what generates text that PostgreSQL reads as one of its values.
fn types() -> Vec<(&'static str, ColumnType, BoxedStrategy<String>)> {
    let pattern = |pattern: &str| prop::string::string_regex(pattern).unwrap().boxed();
    let years = "(0001|0044|1969|1970|2000|2024|9999|10000)";
    let years_bc = "(0001|0044|4000)";
    let day = "-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])";
    let time = " ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?";
    let dated = |rest: &str| {
        let common = pattern(&format!("{years}{day}{rest}"));
        prop_oneof![4 => common, 1 => pattern(&format!("{years_bc}{day}{rest} BC"))].boxed()
    };
    let or_infinity = |finite: BoxedStrategy<String>| prop_oneof![9 => finite, 1 => pattern("-?infinity")].boxed();
    let integer = prop_oneof![any::<i64>(), -3..4i64, Just(i64::MIN), Just(i64::MAX), Just((1 << 53) + 1)];
    let number = prop_oneof![
        4 => "-?[0-9]{1,3}(\\.[0-9]{1,3}0{0,2})?",
        2 => "-?0{0,3}[0-9]{1,50}(\\.[0-9]{1,40})?",
        2 => "-?[0-9]{30,45}\\.[0-9]{25,40}",
        1 => "-?0\\.0{60,75}[0-9]{1,3}",
        1 => "-?[1-9]e[0-9]{1,2}",
        1 => "(NaN|-?Infinity|0|-0\\.00)",
    ];
    let text = prop_oneof![
        4 => "[ab]{0,2} {0,3}",
        2 => "\\PC{0,9}",
        1 => "[ -~\n\t]{0,6}",
        1 => "x{1020,1030}",
        1 => "ü{508,514}",
    ];
    let text = || text.clone().prop_map(|text| text.replace('\0', "")).boxed();
    let bytes = prop_oneof![
        3 => prop::collection::vec(any::<u8>(), 0..3),
        1 => prop::collection::vec(any::<u8>(), 50..120),
        1 => prop::collection::vec(any::<u8>(), 764..772),
    ];
    let hexadecimal = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let offset = "[+-](0[0-9]|1[0-3]):[0-5][0-9]";
    vec![
        ("smallint", ColumnType::Integer, any::<i16>().prop_map(|number| number.to_string()).boxed()),
        ("bigint", ColumnType::Integer, integer.prop_map(|number| number.to_string()).boxed()),
        ("numeric", ColumnType::Decimal, number.boxed()),
        ("numeric(6, 2)", ColumnType::Decimal, pattern("-?[0-9]{1,3}(\\.[0-9]{1,3})?")),
        ("text", ColumnType::Text, text()),
        ("char(8)", ColumnType::FixedText, text()),
        ("char(1030)", ColumnType::FixedText, text()),
        ("boolean", ColumnType::Boolean, pattern("(true|false)")),
        ("uuid", ColumnType::Uuid, any::<[u8; 16]>().prop_map(move |bytes| hexadecimal(bytes.to_vec())).boxed()),
        ("bytea", ColumnType::Bytes, bytes.prop_map(move |bytes| format!("\\x{}", hexadecimal(bytes))).boxed()),
        ("date", ColumnType::Date, or_infinity(dated(""))),
        ("timestamp", ColumnType::Timestamp, or_infinity(dated(time))),
        ("timestamptz", ColumnType::TimestampTz, or_infinity(dated(&format!("{time}{offset}")))),
    ]
}

#[derive(Clone, Debug)]
struct Case {
    columns: Vec<(&'static str, Column)>,
    rows: Vec<Vec<Option<String>>>,
}

fn case() -> impl Strategy<Value = Case> {
    prop::collection::vec(prop::sample::select((0..types().len()).collect::<Vec<_>>()), 1..4).prop_flat_map(|picked| {
        let types = types();
        let (mut columns, mut cells) = (Vec::new(), Vec::new());
        for (position, &at) in picked.iter().enumerate() {
            let (declared, kind, values) = &types[at];
            columns.push((*declared, Column { name: format!("c $\"{position}"), kind: *kind }));
            cells.push(prop::option::weighted(0.97, values.clone()));
        }
        // Rows are taken from fewer, so that some are equal.
        let distinct = prop::collection::vec(cells, ROWS / 2);
        let taken = prop::collection::vec(any::<prop::sample::Index>(), ROWS);
        (distinct, taken).prop_map(move |(distinct, taken)| Case {
            columns: columns.clone(),
            rows: taken.iter().map(|index| index.get(&distinct).clone()).collect(),
        })
    })
}

#[test]
fn sql_and_rust_make_one_key_text_that_is_equal_where_the_values_are() {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seed = number("WEFT_SEED").unwrap_or_else(|| {
        use std::hash::{BuildHasher as _, RandomState};
        RandomState::new().hash_one(0)
    });
    println!("WEFT_SEED={seed}");
    let cases = (number("WEFT_CASES").unwrap_or(20_000) as u32 / ROWS as u32).max(1);
    let config =
        ProptestConfig { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Default::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (_, warehouse) = runtime.block_on(database(&[]));
    let outcome = TestRunner::new(config).run(&case(), |case| runtime.block_on(check(&warehouse, &case)));
    if let Err(error) = outcome {
        // The failing rows are many; the message names the one.
        let proptest::test_runner::TestError::Fail(reason, _) = error else { panic!("WEFT_SEED={seed}: {error}") };
        panic!("WEFT_SEED={seed}: {reason}");
    }
}

async fn check(warehouse: &Postgres, case: &Case) -> Result<(), TestCaseError> {
    let dialect = warehouse.dialect();
    let key: Vec<Column> = case.columns.iter().map(|(_, column)| column.clone()).collect();
    let typed = case.columns.iter().enumerate().map(|(position, (declared, column))| {
        format!("column{}::{declared} AS {}", position + 1, dialect.quoted(&column.name))
    });
    let literal = |cell: &Option<String>| {
        format!("{}::text", cell.as_ref().map_or_else(|| "NULL".to_owned(), |text| dialect.literal(text)))
    };
    let rows: Vec<String> =
        case.rows.iter().map(|row| format!("({})", row.iter().map(literal).collect::<Vec<_>>().join(", "))).collect();
    let table = format!("(SELECT {} FROM (VALUES {}) v) t", typed.collect::<Vec<_>>().join(", "), rows.join(", "));
    let text = dialect.key_text(&key).unwrap();
    let selected: Vec<String> = key.iter().map(|column| dialect.selected(column)).collect();
    let mut columns = vec![Column { name: "key".to_owned(), kind: ColumnType::Text }];
    columns.extend(key.iter().cloned());
    let sql = format!("SELECT {text}, {} FROM {table}", selected.join(", "));
    let mut batches = warehouse.query(sql, columns).await.unwrap();
    let mut seen = 0;
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(|error| TestCaseError::fail(format!("{error} {:?}", case.columns)))?;
        let schema = batch.schema();
        let cells: Vec<Cells<'_>> = batch
            .columns()
            .iter()
            .zip(schema.fields())
            .map(|(array, field)| Cells::new(array, field).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let by_sql = match cells[0].get(row).unwrap() {
                Value::Null => None,
                Value::Text(text) => Some(text.to_owned()),
                other => panic!("{other:?}"),
            };
            let values: Vec<Value<'_>> = cells[1..].iter().map(|cells| cells.get(row).unwrap()).collect();
            let mut out = Vec::new();
            let by_rust = key::append_from_values(&key, &values, &mut out).map(|()| String::from_utf8(out).unwrap());
            prop_assert_eq!(by_sql.as_ref(), by_rust.as_ref().ok(), "{:?} {:?}", case.columns, case.rows[seen]);
            seen += 1;
        }
    }
    prop_assert_eq!(seen, ROWS);
    let pair = |side: &str| {
        let names = key.iter().map(|column| format!("{side}.{}", dialect.quoted(&column.name)));
        format!("ROW({})", names.collect::<Vec<_>>().join(", "))
    };
    let sql = format!(
        "WITH k AS MATERIALIZED (SELECT *, {text} AS k FROM {table}) SELECT count(*) FROM k a JOIN k b ON a.k IS NOT NULL \
         AND b.k IS NOT NULL WHERE (a.k = b.k) <> ({} = {})",
        pair("a"),
        pair("b")
    );
    let count = vec![Column { name: "count".to_owned(), kind: ColumnType::Integer }];
    let wrong = json(warehouse.query(sql, count).await.unwrap()).await.unwrap();
    prop_assert_eq!(&wrong[0][0], "0", "{:?}", case);
    Ok(())
}
