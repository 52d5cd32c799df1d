use serde::{Deserialize, Serialize};

/// What a store says of one entity: what its keys are made of and where each column stands in a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntityMeta {
    /// The key columns, in the order of the key text.
    pub key: Vec<Column>,
    /// Every column of a row, in the order of a row's fragments; the key columns are among them.
    pub columns: Vec<Column>,
}

/// A column: its name as the warehouse spells it, and its type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Column {
    /// The name, as the warehouse spells it.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub kind: ColumnType,
}

/// What a column's values are, whatever the warehouse calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ColumnType {
    /// Whole numbers of any size.
    Integer,
    /// Exact decimal numbers.
    Decimal,
    /// Binary floating point; never a key.
    Float,
    /// Text of varying length.
    Text,
    /// Text padded with blanks to a fixed length (`CHAR(n)`).
    FixedText,
    /// True or false.
    Boolean,
    /// A UUID.
    Uuid,
    /// Bytes.
    Bytes,
    /// A day.
    Date,
    /// A day and a time without a zone.
    Timestamp,
    /// An instant.
    TimestampTz,
    /// JSON; never a key.
    Json,
    /// Values of several types in one column (SQLite allows it); never a key.
    Mixed,
}
