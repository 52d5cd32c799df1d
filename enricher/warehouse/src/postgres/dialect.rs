use weft_store::key::{MAX_BYTES, MAX_DIGITS};
use weft_store::{Column, ColumnType};

use crate::Dialect;
use crate::dialect::is_key;

/// PostgreSQL's SQL.
pub(super) struct Postgres {
    /// The schema for bookkeeping.
    pub(super) bookkeeping: String,
}

/// The identifier in quotes.
pub(super) fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

impl Dialect for Postgres {
    fn quoted(&self, identifier: &str) -> String {
        quoted(identifier)
    }

    fn literal(&self, text: &str) -> String {
        // Read alike whatever standard_conforming_strings says.
        let quotes = text.replace('\'', "''");
        if text.contains('\\') { format!("E'{}'", quotes.replace('\\', "\\\\")) } else { format!("'{quotes}'") }
    }

    fn selected(&self, column: &Column) -> String {
        let name = self.quoted(&column.name);
        match column.kind {
            ColumnType::Text => TEXT.replace('$', &name),
            // The text of json and jsonb as it is; arrays and composite types become JSON.
            ColumnType::Json => format!("to_json({name})::text"),
            _ => name,
        }
    }

    fn key_part(&self, column: &Column) -> Option<String> {
        let name = self.quoted(&column.name);
        let sql = match column.kind {
            kind if !is_key(kind) => return None,
            ColumnType::Text => TEXT.to_owned(),
            ColumnType::Decimal => DECIMAL.replace("{digits}", &MAX_DIGITS.to_string()),
            ColumnType::FixedText => "rtrim($::text, ' ')".to_owned(),
            // Lines of 76 characters, as PostgreSQL writes base64.
            ColumnType::Bytes => "replace(encode($, 'base64'), chr(10), '')".to_owned(),
            ColumnType::Date => in_years("$", "date", ""),
            ColumnType::Timestamp => in_years("$", "timestamp", TIME),
            ColumnType::TimestampTz => in_years("($ AT TIME ZONE 'UTC')", "timestamp", &format!("{TIME}\"Z\"")),
            _ => "$::text".to_owned(),
        };
        Some(sql.replace('$', &name))
    }

    fn key_text(&self, key: &[Column]) -> Option<String> {
        let parts: Vec<String> = key.iter().map(|column| self.key_part(column)).collect::<Option<_>>()?;
        if let ([part], [column]) = (&parts[..], key) {
            return Some(match column.kind {
                ColumnType::Text | ColumnType::FixedText | ColumnType::Bytes => {
                    format!("(CASE WHEN {} BETWEEN 1 AND {MAX_BYTES} THEN {part} END COLLATE \"C\")", bytes(part))
                }
                _ => format!("({part} COLLATE \"C\")"),
            });
        }
        let prefixed = |part: &String| format!("{}::text || ':' || {part}", bytes(part));
        let whole = parts.iter().map(prefixed).collect::<Vec<_>>().join(" || ");
        let filled = parts.iter().map(|part| format!("{} > 0 AND ", bytes(part))).collect::<String>();
        Some(format!(
            "(CASE WHEN {filled}{} <= {MAX_BYTES} THEN {whole} END COLLATE \"C\")",
            bytes(&format!("({whole})"))
        ))
    }

    fn key_order(&self, key_text: &str) -> String {
        md5(&format!("convert_to({key_text}, 'UTF8')"))
    }

    fn order_literal(&self, hex: &str) -> String {
        format!("decode({}, 'hex')", self.literal(hex))
    }

    fn bucket(&self, order: &str, buckets: u32) -> String {
        let bits = buckets.trailing_zeros();
        let bytes = bits.div_ceil(8);
        let shifted = |byte| format!("(get_byte({order}, {byte}) << {})", 8 * (bytes - 1 - byte));
        let leading: Vec<String> = (0..bytes).map(shifted).collect();
        if leading.is_empty() { "0".to_owned() } else { format!("(({}) >> {})", leading.join(" | "), 8 * bytes - bits) }
    }

    fn row_text(&self, columns: &[Column]) -> String {
        // Quotes what needs it; NULL is nothing, an empty text is two quotes.
        let names: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
        format!("ROW({})::text", names.join(", "))
    }

    fn row_hash(&self, row_text: &str) -> String {
        md5(row_text)
    }

    fn row_bytes(&self, row_text: &str) -> String {
        format!("octet_length({row_text})")
    }

    fn fence(&self) -> &'static str {
        "OFFSET 0"
    }

    fn version(&self) -> &'static str {
        "SELECT 'PostgreSQL ' || pg_catalog.current_setting('server_version')"
    }

    fn state_table(&self, name: &str) -> String {
        format!("{}.{}", quoted(&self.bookkeeping), quoted(name))
    }

    fn drop_state(&self, name: &str) -> String {
        let drop = format!("DROP TABLE IF EXISTS {}", self.state_table(name));
        // A block is a transaction of its own, so that the limit ends with it.
        let block = format!("BEGIN SET LOCAL lock_timeout = '{DROP_WAITS}'; {drop}; END");
        format!("DO {}", self.literal(&block))
    }

    fn state_tables(&self, prefix: &str) -> String {
        format!(
            "SELECT c.relname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {} AND c.relkind IN ('r', 'p') AND starts_with(c.relname::text, {})",
            self.literal(&self.bookkeeping),
            self.literal(prefix)
        )
    }

    fn create_state(&self) -> Option<String> {
        Some(format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(&self.bookkeeping)))
    }
}

/// How long a table that is to be dropped may be in use: a backup reads all of them for as long as it takes.
const DROP_WAITS: &str = "1s";

/// What the type's output function writes. A cast may write something else: an inet's puts `/32` behind an address.
const TEXT: &str = "CASE WHEN $ IS NOT NULL THEN concat($) END";

/// A numeric without the zeros that say nothing; NULL for NaN and infinities, and with too many digits.
const DECIMAL: &str = "CASE WHEN translate($::text, '0123456789.-', '') = '' AND length(replace(ltrim(CASE WHEN \
                       $::text LIKE '%.%' THEN rtrim(rtrim($::text, '0'), '.') ELSE $::text END, '-0'), '.', '')) <= \
                       {digits} THEN CASE WHEN $::text LIKE '%.%' THEN rtrim(rtrim($::text, '0'), '.') ELSE $::text \
                       END END";

const TIME: &str = "\"T\"HH24:MI:SS.US";

/// The 16 bytes of an MD5. (As a bytea: to make a uuid of its digits takes PostgreSQL longer than to hash a row.)
fn md5(text: &str) -> String {
    format!("decode(md5({text}), 'hex')")
}

/// The length of a text as UTF-8, whatever the encoding of the database.
fn bytes(text: &str) -> String {
    format!("octet_length(convert_to({text}, 'UTF8'))")
}

/// A day or time as text where its year is 0 to 9999, else NULL; PostgreSQL calls the year 0 that of 1 BC.
fn in_years(value: &str, kind: &str, rest: &str) -> String {
    format!(
        "CASE WHEN {value} >= {kind} '0001-01-01' AND {value} < {kind} '10000-01-01' \
         THEN to_char({value}, 'YYYY-MM-DD{rest}') WHEN {value} >= {kind} '0001-01-01 BC' AND {value} < {kind} \
         '0001-01-01' THEN '0000' || to_char({value}, '-MM-DD{rest}') END"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_names_stay_what_they_are_in_quotes() {
        let dialect = Postgres { bookkeeping: "a \"state\"".to_owned() };
        assert_eq!(dialect.quoted("a\"b.c"), "\"a\"\"b.c\"");
        assert_eq!(dialect.literal("it's"), "'it''s'");
        assert_eq!(dialect.literal("\\'; DROP"), "E'\\\\''; DROP'");
        assert_eq!(dialect.state_table("t"), "\"a \"\"state\"\"\".\"t\"");
        assert_eq!(dialect.table(&["S".to_owned(), "t".to_owned()]), "\"S\".\"t\"");
    }
}
