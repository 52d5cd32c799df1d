//! What an Arrow column means: its logical type, in the field's metadata.
//!
//! | logical type | Arrow |
//! |---|---|
//! | Integer | Int64, or Utf8 beyond 64 bits |
//! | Decimal | Utf8: an optional minus sign, digits, an optional fraction |
//! | Float | Float64 |
//! | Text, FixedText, Json | Utf8 |
//! | Boolean | Boolean |
//! | Uuid | FixedSizeBinary(16) |
//! | Bytes | Binary |
//! | Date | Date32 |
//! | Timestamp, TimestampTz | Timestamp in microseconds, the latter in UTC |
//!
//! A warehouse whose cells need not have their column's type (SQLite; PostgreSQL's `NaN` and `infinity`) gives a dense
//! union of these: its first child has the column's type and the nulls, the others are what cells are instead. Text that is not UTF-8 is Binary with
//! [`NOT_TEXT`] in the metadata.

use std::collections::HashMap;

use arrow_schema::{DataType, Field, TimeUnit};
use weft_store::ColumnType;

/// The metadata key that holds the logical type.
pub const TYPE: &str = "weft.type";

/// The logical type of bytes that should be text and are not UTF-8.
pub const NOT_TEXT: &str = "NotText";

/// A field of this Arrow type that means `kind`.
pub fn field(name: &str, data_type: DataType, kind: ColumnType) -> Field {
    tagged(name, data_type, name_of(kind))
}

/// A field with the text `tag` as its logical type.
pub(crate) fn tagged(name: &str, data_type: DataType, tag: &str) -> Field {
    Field::new(name, data_type, true).with_metadata(HashMap::from([(TYPE.to_owned(), tag.to_owned())]))
}

/// What a field means; `None` without or with unknown metadata.
pub fn kind_of(field: &Field) -> Option<ColumnType> {
    let name = field.metadata().get(TYPE)?;
    KINDS.into_iter().find(|&kind| name_of(kind) == name)
}

/// The Arrow type that holds every value of `kind` (Mixed has none of its own: its cells are all something else).
pub fn arrow_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Integer => DataType::Int64,
        ColumnType::Float => DataType::Float64,
        ColumnType::Decimal | ColumnType::Text | ColumnType::FixedText | ColumnType::Json => DataType::Utf8,
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Uuid => DataType::FixedSizeBinary(16),
        ColumnType::Bytes => DataType::Binary,
        ColumnType::Date => DataType::Date32,
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        ColumnType::TimestampTz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnType::Mixed => DataType::Null,
    }
}

const KINDS: [ColumnType; 13] = [
    ColumnType::Integer,
    ColumnType::Decimal,
    ColumnType::Float,
    ColumnType::Text,
    ColumnType::FixedText,
    ColumnType::Boolean,
    ColumnType::Uuid,
    ColumnType::Bytes,
    ColumnType::Date,
    ColumnType::Timestamp,
    ColumnType::TimestampTz,
    ColumnType::Json,
    ColumnType::Mixed,
];

fn name_of(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Integer => "Integer",
        ColumnType::Decimal => "Decimal",
        ColumnType::Float => "Float",
        ColumnType::Text => "Text",
        ColumnType::FixedText => "FixedText",
        ColumnType::Boolean => "Boolean",
        ColumnType::Uuid => "Uuid",
        ColumnType::Bytes => "Bytes",
        ColumnType::Date => "Date",
        ColumnType::Timestamp => "Timestamp",
        ColumnType::TimestampTz => "TimestampTz",
        ColumnType::Json => "Json",
        ColumnType::Mixed => "Mixed",
    }
}
