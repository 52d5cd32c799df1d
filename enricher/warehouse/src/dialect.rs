use weft_store::Column;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
use weft_store::ColumnType;

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

    /// What to order by so that rows come bucket by bucket: the MD5 of the key text that `key_text` makes, in
    /// hexadecimal. `None` if this warehouse has no MD5.
    fn key_order(&self, key_text: &str) -> Option<String> {
        let _ = key_text;
        None
    }

    /// The table's name in quotes, with all its parts.
    fn table(&self, name: &[String]) -> String {
        name.iter().map(|part| self.quoted(part)).collect::<Vec<_>>().join(".")
    }
}

/// Whether a column of this type may be (part of) a key.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) fn is_key(kind: ColumnType) -> bool {
    !matches!(kind, ColumnType::Float | ColumnType::Json | ColumnType::Mixed)
}
