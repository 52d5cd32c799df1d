use weft_store::key::MAX_BYTES;
use weft_store::{Column, ColumnType};

use super::functions::{BASE64, BUCKET, DECIMAL, MD5, ROW};
use crate::Dialect;
use crate::dialect::is_key;

/// The name that the file for bookkeeping is attached by.
pub(super) const BOOKKEEPING: &str = "weft_state";

/// So many arguments a function may have in any build of SQLite.
const MAX_ARGUMENTS: usize = 100;

/// SQLite's SQL.
pub(super) struct Sqlite;

impl Dialect for Sqlite {
    fn quoted(&self, identifier: &str) -> String {
        format!("\"{}\"", identifier.replace('"', "\"\""))
    }

    fn literal(&self, text: &str) -> String {
        // A NUL would end the statement.
        format!("'{}'", text.replace('\'', "''").replace('\0', "'||char(0)||'"))
    }

    fn selected(&self, column: &Column) -> String {
        let name = self.quoted(&column.name);
        match column.kind {
            ColumnType::Json => {
                format!("CASE WHEN typeof({name}) = 'blob' AND json_valid({name}, 8) THEN json({name}) ELSE {name} END")
            }
            _ => name,
        }
    }

    fn key_part(&self, column: &Column) -> Option<String> {
        let name = self.quoted(&column.name);
        let text_where = |condition: &str, text: &str| {
            format!("CASE WHEN typeof($) = 'text' AND {condition} THEN {text} END").replace('$', &name)
        };
        is_key(column.kind).then(|| match column.kind {
            ColumnType::Decimal => format!(
                "CASE typeof({name}) WHEN 'integer' THEN CAST({name} AS TEXT) WHEN 'real' THEN {DECIMAL}({name}) END"
            ),
            ColumnType::Text => format!("CASE typeof({name}) WHEN 'text' THEN {name} END"),
            ColumnType::FixedText => format!("CASE typeof({name}) WHEN 'text' THEN rtrim({name}, ' ') END"),
            ColumnType::Boolean => format!(
                "CASE typeof({name}) WHEN 'integer' THEN CASE {name} WHEN 0 THEN 'false' WHEN 1 THEN 'true' END \
                 WHEN 'text' THEN CASE lower({name}) WHEN 'false' THEN 'false' WHEN 'true' THEN 'true' END END"
            ),
            ColumnType::Uuid => uuid(&name),
            ColumnType::Bytes => format!("{BASE64}({name})"),
            ColumnType::Date => text_where(&format!("$ GLOB '{DAY}' AND date($) = $"), "$"),
            ColumnType::Timestamp => text_where(&timestamp_is_valid("substr($, 20)"), &timestamp("substr($, 20)", "")),
            ColumnType::TimestampTz => instant(&name),
            _ => format!("CASE typeof({name}) WHEN 'integer' THEN CAST({name} AS TEXT) END"),
        })
    }

    fn key_text(&self, key: &[Column]) -> Option<String> {
        let parts: Vec<String> = key.iter().map(|column| self.key_part(column)).collect::<Option<_>>()?;
        if let [part] = &parts[..] {
            return Some(format!(
                "(SELECT k FROM (SELECT {part} AS k LIMIT 1) WHERE octet_length(k) BETWEEN 1 AND {MAX_BYTES})"
            ));
        }
        let names = || (0..parts.len()).map(|position| format!("k{position}"));
        let parts: Vec<String> = parts.iter().zip(names()).map(|(part, name)| format!("{part} AS {name}")).collect();
        let whole: Vec<String> = names().map(|name| format!("octet_length({name}) || ':' || {name}")).collect();
        let filled: Vec<String> = names().map(|name| format!("octet_length({name}) > 0 AND ")).collect();
        let (parts, whole, filled) = (parts.join(", "), whole.join(" || "), filled.concat());
        Some(format!(
            "(SELECT {whole} FROM (SELECT {parts} LIMIT 1) WHERE {filled}octet_length({whole}) <= {MAX_BYTES})"
        ))
    }

    fn key_order(&self, key_text: &str) -> String {
        format!("{MD5}({key_text})")
    }

    fn order_literal(&self, hex: &str) -> String {
        self.literal(hex)
    }

    fn bucket(&self, order: &str, buckets: u32) -> String {
        format!("{BUCKET}({order}, {buckets})")
    }

    fn row_text(&self, columns: &[Column]) -> String {
        let cells: Vec<String> = columns
            .iter()
            .map(|column| match column.kind {
                // SQLite's own JSONB as it will be read: its texts need not be UTF-8.
                ColumnType::Json => self.selected(column),
                _ => self.quoted(&column.name),
            })
            .collect();
        let parts: Vec<String> =
            cells.chunks(MAX_ARGUMENTS).map(|cells| format!("{ROW}({})", cells.join(", "))).collect();
        format!("({})", parts.join(" || "))
    }

    fn row_hash(&self, row_text: &str) -> String {
        format!("{MD5}({row_text})")
    }

    fn row_bytes(&self, row_text: &str) -> String {
        format!("octet_length({row_text})")
    }

    fn fence(&self) -> &'static str {
        "LIMIT -1 OFFSET 0"
    }

    fn full_join(&self, columns: &str, s: &str, b: &str, filter: &str) -> String {
        // SQLite makes no index for a FULL JOIN by itself: 100,000 rows beside 100,000 would take hours.
        // For the two LEFT JOINs it does, where neither `k` is declared or CAST to a type.
        format!(
            "SELECT * FROM (WITH s AS MATERIALIZED ({s}), b AS MATERIALIZED ({b}) SELECT {columns} FROM s LEFT JOIN b ON \
             s.k = b.k WHERE {filter} UNION ALL SELECT {columns} FROM b LEFT JOIN s ON s.k = b.k WHERE s.k IS NULL AND \
             ({filter}))"
        )
    }

    fn version(&self) -> &'static str {
        "SELECT 'SQLite ' || sqlite_version()"
    }

    fn state_table(&self, name: &str) -> String {
        format!("{BOOKKEEPING}.{}", self.quoted(name))
    }

    fn state_tables(&self, prefix: &str) -> String {
        format!(
            "SELECT name FROM pragma_table_list WHERE schema = '{BOOKKEEPING}' AND type = 'table' AND instr(name, {}) = 1 \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
            self.literal(prefix)
        )
    }

    fn create_state(&self) -> Option<String> {
        None
    }
}

const DAY: &str = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]";
const TIME: &str = "[0-9][0-9]:[0-9][0-9]:[0-9][0-9]";

/// The text to the second, as SQLite writes it.
const TO_SECOND: &str = "substr($, 1, 10) || 'T' || substr($, 12, 8)";

/// Whether `$` is a time that a clock shows, and `fraction` is empty or has no digit other than 0 beyond the sixth.
fn timestamp_is_valid(fraction: &str) -> String {
    format!(
        "substr($, 1, 10) GLOB '{DAY}' AND substr($, 11, 1) IN ('T', 't', ' ') AND substr($, 12, 8) GLOB '{TIME}' \
         AND strftime('%Y-%m-%dT%H:%M:%S', {TO_SECOND}) = {TO_SECOND} AND ({fraction} = '' OR ({fraction} GLOB '.[0-9]*' \
         AND substr({fraction}, 2) NOT GLOB '*[^0-9]*' AND rtrim(substr({fraction}, 8), '0') = ''))"
    )
}

/// The text of a valid time, moved by the modifier `shift` (with its comma; may be empty).
fn timestamp(fraction: &str, shift: &str) -> String {
    format!(
        "strftime('%Y-%m-%dT%H:%M:%S', {TO_SECOND}{shift}) || '.' || substr(substr({fraction}, 2) || '000000', 1, 6)"
    )
}

fn instant(name: &str) -> String {
    // The offset is the last character or the last six; what is between it and the second is the fraction.
    let utc = "substr($, 20, length($) - 20)";
    let local = "substr($, 20, length($) - 25)";
    let utc_valid = timestamp_is_valid(utc);
    let local_valid = timestamp_is_valid(local);
    let seconds =
        "(CASE substr($, -6, 1) WHEN '-' THEN 1 ELSE -1 END) * (substr($, -5, 2) * 3600 + substr($, -2) * 60)";
    let shift = format!(", ({seconds}) || ' seconds'");
    let (utc, local) = (timestamp(utc, ""), timestamp(local, &shift));
    format!(
        "CASE WHEN typeof($) <> 'text' THEN NULL WHEN substr($, -1) IN ('Z', 'z') AND length($) >= 20 AND {utc_valid} \
         THEN {utc} || 'Z' WHEN length($) >= 25 AND substr($, -6) GLOB '[+-][0-2][0-9]:[0-5][0-9]' \
         AND substr($, -5, 2) <= '23' AND {local_valid} AND {local} GLOB '{DAY}T*' THEN {local} || 'Z' END"
    )
    .replace('$', name)
}

/// Text of 32 hexadecimal digits, the four hyphens among them or none, or a blob of 16 bytes.
fn uuid(name: &str) -> String {
    let digits = |count: usize| "[0-9a-f]".repeat(count);
    let with_hyphens = [8, 4, 4, 4, 12].map(digits).join("-");
    let without = digits(32);
    let hyphenated = |text: &str| {
        [(1, 8), (9, 4), (13, 4), (17, 4), (21, 12)]
            .map(|(start, count)| format!("substr({text}, {start}, {count})"))
            .join(" || '-' || ")
    };
    format!(
        "CASE WHEN typeof($) = 'blob' AND length($) = 16 THEN {} WHEN typeof($) <> 'text' THEN NULL \
         WHEN lower($) GLOB '{with_hyphens}' THEN lower($) WHEN lower($) GLOB '{without}' THEN {} END",
        hyphenated("lower(hex($))"),
        hyphenated("lower($)"),
    )
    .replace('$', name)
}
