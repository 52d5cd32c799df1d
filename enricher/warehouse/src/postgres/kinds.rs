//! PostgreSQL's types: what they mean, and how their values are sent.

use tokio_postgres::types::Type;
use weft_store::ColumnType;

/// What a column's type means; `oid` is that of the base type where it is a domain.
///
/// `category` and `class` are `typcategory` and `typtype` of `pg_type`.
pub(super) fn logical_type(oid: u32, category: i8, class: i8) -> ColumnType {
    let known = Type::from_oid(oid).and_then(|kind| {
        Some(match kind {
            Type::INT2 | Type::INT4 | Type::INT8 => ColumnType::Integer,
            Type::NUMERIC => ColumnType::Decimal,
            Type::FLOAT4 | Type::FLOAT8 => ColumnType::Float,
            Type::BPCHAR => ColumnType::FixedText,
            Type::BOOL => ColumnType::Boolean,
            Type::UUID => ColumnType::Uuid,
            Type::BYTEA => ColumnType::Bytes,
            Type::DATE => ColumnType::Date,
            Type::TIMESTAMP => ColumnType::Timestamp,
            Type::TIMESTAMPTZ => ColumnType::TimestampTz,
            Type::JSON | Type::JSONB => ColumnType::Json,
            _ => return None,
        })
    });
    let (array, composite) = (category == b'A' as i8, class == b'c' as i8);
    known.unwrap_or(if array || composite { ColumnType::Json } else { ColumnType::Text })
}

/// How the server sends the values of a result's column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Int2,
    Int4,
    Int8,
    Numeric,
    Float4,
    Float8,
    Text,
    Json,
    Jsonb,
    Bool,
    Uuid,
    Bytea,
    Date,
    Timestamp,
    TimestampTz,
}

/// How values come of a result's column that should be of type `wanted`; `None` if it is of another.
pub(super) fn wire(wanted: ColumnType, sent: &Type) -> Option<Wire> {
    let text = [Type::TEXT, Type::VARCHAR, Type::BPCHAR, Type::NAME].contains(sent);
    Some(match (wanted, sent) {
        (ColumnType::Integer | ColumnType::Decimal, &Type::INT2) => Wire::Int2,
        (ColumnType::Integer | ColumnType::Decimal, &Type::INT4) => Wire::Int4,
        (ColumnType::Integer | ColumnType::Decimal, &Type::INT8) => Wire::Int8,
        (ColumnType::Decimal, &Type::NUMERIC) => Wire::Numeric,
        (ColumnType::Float, &Type::FLOAT4) => Wire::Float4,
        (ColumnType::Float, &Type::FLOAT8) => Wire::Float8,
        (ColumnType::Text | ColumnType::FixedText, _) if text => Wire::Text,
        (ColumnType::Json, _) if text || sent == &Type::JSON => Wire::Json,
        (ColumnType::Json, &Type::JSONB) => Wire::Jsonb,
        (ColumnType::Boolean, &Type::BOOL) => Wire::Bool,
        (ColumnType::Uuid, &Type::UUID) => Wire::Uuid,
        (ColumnType::Bytes, &Type::BYTEA) => Wire::Bytea,
        (ColumnType::Date, &Type::DATE) => Wire::Date,
        (ColumnType::Timestamp, &Type::TIMESTAMP) => Wire::Timestamp,
        (ColumnType::TimestampTz, &Type::TIMESTAMPTZ) => Wire::TimestampTz,
        _ => return None,
    })
}
