use weft_store::{Column, ColumnType};

#[cfg(doc)]
use crate::Error;

/// The form of [`Dialect::row_text`] and [`Dialect::row_hash`]. Hashes of another version cannot be compared.
pub const ROW_HASH_VERSION: u32 = 1;

/// How a warehouse spells SQL.
pub trait Dialect {
    /// The identifier in quotes, whatever characters it has.
    fn quoted(&self, identifier: &str) -> String;

    /// A text as a literal, whatever characters it has.
    fn literal(&self, text: &str) -> String;

    /// What to select for a column so that its values arrive with full fidelity.
    fn selected(&self, column: &Column) -> String {
        self.quoted(&column.name)
    }

    /// The key text of one column's value as [`weft_store::key`] defines it, in any length; NULL or empty where the
    /// value is no key. `None` if values of this type are no keys at all.
    fn key_part(&self, column: &Column) -> Option<String>;

    /// The key text of a row: NULL where a value is NULL, is no key or the text is too long. `None` if a column's type
    /// is refused as a key.
    fn key_text(&self, key: &[Column]) -> Option<String>;

    /// What to order by so that rows come bucket by bucket: the MD5 of the key text as UTF-8, of a type that sorts and
    /// compares like its hexadecimal digits.
    fn key_order(&self, key_text: &str) -> String;

    /// 32 hexadecimal digits as what a `key_order` can be compared with.
    fn order_literal(&self, hex: &str) -> String;

    /// The bucket of a `key_order`, of `buckets` in all (a power of two up to 2^24), as `weft_store::redis::bucket_of`
    /// finds it: an integer.
    fn bucket(&self, order: &str, buckets: u32) -> String;

    /// A text of a row's columns that no row has which differs in a value; NULL where a value should be text and is
    /// not UTF-8. Its form is that of [`ROW_HASH_VERSION`].
    fn row_text(&self, columns: &[Column]) -> String;

    /// The MD5 of a row's text.
    fn row_hash(&self, row_text: &str) -> String;

    /// The length in bytes of a row's text.
    fn row_bytes(&self, row_text: &str) -> String;

    /// What to put behind a subquery so that its columns are evaluated once for each row, before anything around it.
    fn fence(&self) -> &'static str;

    /// A query for `columns` of the rows of the query `s` beside those of the query `b` with the same `k`, and of what
    /// either has without the other, as far as `filter` holds. Each of the two is read once; `b` has no NULL as `k`.
    fn full_join(&self, columns: &str, s: &str, b: &str, filter: &str) -> String {
        format!("SELECT {columns} FROM ({s}) s FULL OUTER JOIN ({b}) b ON s.k = b.k WHERE {filter}")
    }

    /// A query for what the warehouse calls itself, with its version, as one text.
    fn version(&self) -> &'static str;

    /// The full name, in quotes, of a table in bookkeeping.
    fn state_table(&self, name: &str) -> String;

    /// Removes a table in bookkeeping if it is there. Where others read it the statement fails with [`Error::Locked`] within
    /// seconds: those who come after it would wait behind it.
    fn drop_state(&self, name: &str) -> String {
        format!("DROP TABLE IF EXISTS {}", self.state_table(name))
    }

    /// A query for the names of the tables in bookkeeping that begin with `prefix`, as one column of texts. It has no
    /// rows where there is no bookkeeping.
    fn state_tables(&self, prefix: &str) -> String;

    /// The statement that makes the schema for bookkeeping, to be run after [`Error::NoBookkeeping`]; it fails with
    /// [`Error::Exists`] where somebody else makes it at the same moment. `None` if there is nothing to make.
    fn create_state(&self) -> Option<String>;

    /// The table's name in quotes, with all its parts.
    fn table(&self, name: &[String]) -> String {
        name.iter().map(|part| self.quoted(part)).collect::<Vec<_>>().join(".")
    }
}

/// Whether a column of this type may be (part of) a key.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) fn is_key(kind: ColumnType) -> bool {
    why_no_key(kind).is_none()
}

/// Why a column of this type cannot be (part of) a key, for people; `None` if it can.
fn why_no_key(kind: ColumnType) -> Option<&'static str> {
    match kind {
        ColumnType::Float => Some("its values are binary floating point and not exact"),
        ColumnType::Json => Some("its values are JSON, arrays or composite, which have many spellings"),
        ColumnType::Mixed => Some("its values are of several types; CAST it to one in a view"),
        _ => None,
    }
}

/// The first of the columns that cannot be part of a key, and why, for people: what to say where
/// [`Dialect::key_text`] is `None`.
pub fn refused_key(key: &[Column]) -> (&str, &'static str) {
    let refused = key.iter().find_map(|column| Some((column.name.as_str(), why_no_key(column.kind)?)));
    refused.unwrap_or(("", "the warehouse has no key text for it"))
}

/// The columns of a key with their types, for people.
pub fn shown_columns(key: &[Column]) -> String {
    key.iter().map(|column| format!("{} {:?}", column.name, column.kind)).collect::<Vec<_>>().join(", ")
}
