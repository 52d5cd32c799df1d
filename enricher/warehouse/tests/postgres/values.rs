//! Values of every type, as the JSON that is spliced into events.

use weft_store::{Column, ColumnType};
use weft_warehouse::postgres::Postgres;
use weft_warehouse::{Batches, Cells, Error, Warehouse as _};

use crate::server::database;

/// The JSON of each cell, row by row.
pub(crate) async fn json(mut batches: Batches) -> Result<Vec<Vec<String>>, Error> {
    let mut rows = Vec::new();
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let schema = batch.schema();
        let cells: Vec<Cells<'_>> = batch
            .columns()
            .iter()
            .zip(schema.fields())
            .map(|(array, field)| Cells::new(array, field).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let text = |cells: &Cells<'_>| {
                let mut out = Vec::new();
                cells.get(row).unwrap().append_json(&mut out);
                String::from_utf8(out).unwrap()
            };
            rows.push(cells.iter().map(text).collect());
        }
    }
    Ok(rows)
}

/// The JSON of a whole table, in the order of its first column.
pub(crate) async fn whole(warehouse: &Postgres, schema: &str, table: &str) -> Vec<Vec<String>> {
    let table = warehouse.describe(&[schema.to_owned(), table.to_owned()]).await.unwrap();
    let dialect = warehouse.dialect();
    let selected: Vec<String> = table.columns.iter().map(|column| dialect.selected(column)).collect();
    let sql = format!("SELECT {} FROM {} ORDER BY 1", selected.join(", "), dialect.table(&table.name));
    json(warehouse.query(sql, table.columns).await.unwrap()).await.unwrap()
}

const FORTY_DIGITS: &str = "1234567890123456789012345678901234567890.5000";
const FORTY_PLACES: &str = "-0.0000000000000000000000000000000000000001";

/// A type, what it means, and values of it as SQL and as JSON.
type Case = (&'static str, ColumnType, &'static [(&'static str, &'static str)]);

/// What the type means, and the JSON of values of it that are given as SQL.
async fn told(warehouse: &Postgres, declared: &str, values: &[&str]) -> (ColumnType, Vec<String>) {
    let execute = async |sql: String| warehouse.execute(sql).await.unwrap();
    execute("DROP TABLE IF EXISTS one".to_owned()).await;
    execute(format!("CREATE TABLE one (n serial, v {declared})")).await;
    for value in values {
        execute(format!("INSERT INTO one (v) VALUES ({value})")).await;
    }
    execute("INSERT INTO one (v) VALUES (NULL)".to_owned()).await;
    let table = warehouse.describe(&["public".to_owned(), "one".to_owned()]).await.unwrap();
    let mut cells: Vec<String> =
        whole(warehouse, "public", "one").await.into_iter().map(|row| row[1].clone()).collect();
    assert_eq!(cells.pop().unwrap(), "null", "{declared}");
    (table.columns[1].kind, cells)
}

#[tokio::test]
async fn every_type_is_told_with_all_that_is_in_it() {
    let types = [
        "CREATE TYPE mood AS ENUM ('sad', 'gl\"ad')",
        "CREATE TYPE pair AS (a int8, b text)",
        "CREATE DOMAIN price AS numeric(12, 2) CHECK (value >= 0)",
        "CREATE DOMAIN net_price AS price",
        "CREATE DOMAIN tags AS text[]",
    ];
    let (_, warehouse) = database(&types).await;
    let cases: [Case; 36] = [
        ("smallint", ColumnType::Integer, &[("-32768", "-32768"), ("32767", "32767")]),
        ("integer", ColumnType::Integer, &[("-2147483648", "-2147483648"), ("2147483647", "2147483647")]),
        (
            "bigint",
            ColumnType::Integer,
            &[
                ("9007199254740993", "9007199254740993"),
                ("9223372036854775807", "9223372036854775807"),
                ("'-9223372036854775808'", "-9223372036854775808"),
            ],
        ),
        (
            "numeric",
            ColumnType::Decimal,
            &[
                (FORTY_DIGITS, FORTY_DIGITS),
                (FORTY_PLACES, FORTY_PLACES),
                ("0", "0"),
                ("0.00", "0.00"),
                ("10000", "10000"),
                ("100000000.00010000", "100000000.00010000"),
                ("1e20", "100000000000000000000"),
                ("'NaN'", "\"NaN\""),
                ("'Infinity'", "\"Infinity\""),
                ("'-Infinity'", "\"-Infinity\""),
            ],
        ),
        ("numeric(6, 3)", ColumnType::Decimal, &[("1.5", "1.500"), ("-999.999", "-999.999")]),
        (
            "real",
            ColumnType::Float,
            &[("0.1", "0.1"), ("3.4028235e38", "3.4028235e38"), ("1e-45", "1e-45"), ("'NaN'", "\"NaN\"")],
        ),
        (
            "double precision",
            ColumnType::Float,
            &[("0.1", "0.1"), ("1.7976931348623157e308", "1.7976931348623157e308"), ("'-Infinity'", "\"-Infinity\"")],
        ),
        ("text", ColumnType::Text, &[("''", "\"\""), ("E'a\\n\"\\\\ ü😀\\u0001'", "\"a\\n\\\"\\\\ ü😀\\u0001\"")]),
        ("varchar(3)", ColumnType::Text, &[("'ab '", "\"ab \"")]),
        ("char(3)", ColumnType::FixedText, &[("'a'", "\"a  \""), ("''", "\"   \"")]),
        ("name", ColumnType::Text, &[("'n'", "\"n\"")]),
        ("boolean", ColumnType::Boolean, &[("true", "true"), ("false", "false")]),
        (
            "uuid",
            ColumnType::Uuid,
            &[("'A0EEBC999C0B4EF8BB6D6BB9BD380A11'", "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"")],
        ),
        ("bytea", ColumnType::Bytes, &[("''", "\"\""), ("'\\x00ff10'", "\"AP8Q\"")]),
        (
            "date",
            ColumnType::Date,
            &[
                ("'2024-02-29'", "\"2024-02-29\""),
                ("'0001-01-01'", "\"0001-01-01\""),
                ("'0001-12-31 BC'", "\"0000-12-31\""),
                ("'9999-12-31'", "\"9999-12-31\""),
                ("'10000-01-01'", "\"+10000-01-01\""),
                ("'5874897-12-31'", "\"+5874897-12-31\""),
                ("'4713-01-01 BC'", "\"-4712-01-01\""),
                ("'infinity'", "\"infinity\""),
                ("'-infinity'", "\"-infinity\""),
            ],
        ),
        (
            "timestamp",
            ColumnType::Timestamp,
            &[
                ("'2024-02-29 23:59:59.000001'", "\"2024-02-29T23:59:59.000001\""),
                ("'1969-12-31 23:59:59.5'", "\"1969-12-31T23:59:59.5\""),
                ("'294247-01-10 04:00:54.775807'", "\"+294247-01-10T04:00:54.775807\""),
                ("'4713-01-01 BC'", "\"-4712-01-01T00:00:00\""),
                ("'infinity'", "\"infinity\""),
            ],
        ),
        (
            "timestamp with time zone",
            ColumnType::TimestampTz,
            &[
                ("'2024-03-01 00:30:00.123456+05:30'", "\"2024-02-29T19:00:00.123456Z\""),
                ("'2024-03-01 00:30:00'", "\"2024-03-01T00:30:00Z\""),
                ("'-infinity'", "\"-infinity\""),
            ],
        ),
        (
            "json",
            ColumnType::Json,
            &[
                ("E'{\"b\":1.0,\\n\"a\":  9007199254740993}'", "{\"b\":1.0,\"a\":  9007199254740993}"),
                ("'null'", "null"),
            ],
        ),
        ("jsonb", ColumnType::Json, &[("'{\"b\":1.0,\"a\":[]}'", "{\"a\": [], \"b\": 1.0}"), ("'\"x\"'", "\"x\"")]),
        ("bigint[]", ColumnType::Json, &[("'{9007199254740993,NULL}'", "[9007199254740993,null]")]),
        ("text[][]", ColumnType::Json, &[("'{{a,\"b\\\"\"},{c,d}}'", "[[\"a\",\"b\\\"\"],[\"c\",\"d\"]]")]),
        ("tags", ColumnType::Json, &[("'{a}'", "[\"a\"]")]),
        ("pair", ColumnType::Json, &[("'(9007199254740993,x)'", "{\"a\":9007199254740993,\"b\":\"x\"}")]),
        ("price", ColumnType::Decimal, &[("1.5", "1.50")]),
        ("net_price", ColumnType::Decimal, &[("1.5", "1.50")]),
        ("mood", ColumnType::Text, &[("'gl\"ad'", "\"gl\\\"ad\"")]),
        ("interval", ColumnType::Text, &[("'1 mon 2 days 03:04:05.6'", "\"1 mon 2 days 03:04:05.6\"")]),
        ("time", ColumnType::Text, &[("'24:00'", "\"24:00:00\"")]),
        ("time with time zone", ColumnType::Text, &[("'01:02:03+05:30'", "\"01:02:03+05:30\"")]),
        ("inet", ColumnType::Text, &[("'::1'", "\"::1\""), ("'10.0.0.0/8'", "\"10.0.0.0/8\"")]),
        ("int4range", ColumnType::Text, &[("'[1,3)'", "\"[1,3)\"")]),
        ("money", ColumnType::Text, &[("1.5", "\"$1.50\"")]),
        ("bit(3)", ColumnType::Text, &[("B'101'", "\"101\"")]),
        ("\"char\"", ColumnType::Text, &[("'x'", "\"x\"")]),
        ("oid", ColumnType::Text, &[("4294967295", "\"4294967295\"")]),
        ("xml", ColumnType::Text, &[("'<a>&amp;</a>'::xml", "\"<a>&amp;</a>\"")]),
    ];
    for (declared, kind, values) in cases {
        let (sql, expected): (Vec<&str>, Vec<&str>) = values.iter().copied().unzip();
        assert_eq!(
            told(&warehouse, declared, &sql).await,
            (kind, expected.iter().map(ToString::to_string).collect()),
            "{declared}"
        );
    }
}

#[tokio::test]
async fn texts_of_a_database_in_another_encoding_arrive_as_utf_8() {
    let (options, maintenance) = database(&[]).await;
    let name = format!("{} latin", options.database);
    let sql = format!("CREATE DATABASE \"{name}\" ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
    maintenance.execute(sql).await.unwrap();
    let warehouse = Postgres::connect(weft_warehouse::postgres::Options { database: name, ..options }).await.unwrap();
    warehouse.execute("CREATE TABLE t (v text)".to_owned()).await.unwrap();
    warehouse.execute("INSERT INTO t VALUES (repeat('ü', 512)), (repeat('ü', 513))".to_owned()).await.unwrap();
    let key = warehouse.dialect().key_text(&[Column { name: "v".to_owned(), kind: ColumnType::Text }]).unwrap();
    let column = |name: &str| Column { name: name.to_owned(), kind: ColumnType::Text };
    let sql = format!("SELECT {key}, encode({}, 'hex') FROM t ORDER BY v", warehouse.dialect().key_order(&key));
    let rows = json(warehouse.query(sql, vec![column("key"), column("order")]).await.unwrap()).await.unwrap();
    assert_eq!(rows[0][0], format!("{:?}", "ü".repeat(512)));
    // By md5sum of the 1024 bytes.
    assert_eq!(rows[0][1], "\"97a1660ff42c4839363f19e1427a3add\"");
    assert_eq!(rows[1][0], "null", "it has more than 1,024 bytes as UTF-8");
}

#[tokio::test]
async fn a_column_that_comes_as_another_type_is_named() {
    let (_, warehouse) = database(&[]).await;
    let column = Column { name: "n".to_owned(), kind: ColumnType::Integer };
    let batches = warehouse.query("SELECT 'secret'::text".to_owned(), vec![column]).await.unwrap();
    let error = json(batches).await.unwrap_err().to_string();
    assert_eq!(error, "failed to run the statement: column \"n\" comes as text, not as Integer");
}
