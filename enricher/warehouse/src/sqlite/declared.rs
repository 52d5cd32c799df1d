use weft_store::ColumnType;

/// What a declared type means; `None` if SQLite's own rules leave it to the values.
pub(super) fn logical_type(declared: &str) -> Option<ColumnType> {
    let declared = declared.to_ascii_uppercase();
    let (name, _) = declared.split_once('(').unwrap_or((&declared, ""));
    let with_zone = declared.contains("WITH TIME ZONE") || declared.contains("WITH LOCAL TIME ZONE");
    Some(match name.split_whitespace().next()? {
        "BOOL" | "BOOLEAN" => ColumnType::Boolean,
        "UUID" | "GUID" | "UNIQUEIDENTIFIER" => ColumnType::Uuid,
        "JSON" | "JSONB" => ColumnType::Json,
        "DATE" => ColumnType::Date,
        "TIMESTAMPTZ" | "TIMESTAMP_TZ" | "TIMESTAMP_LTZ" | "DATETIMEOFFSET" => ColumnType::TimestampTz,
        "TIMESTAMP" if with_zone => ColumnType::TimestampTz,
        "DATETIME" | "DATETIME2" | "SMALLDATETIME" | "TIMESTAMP" | "TIMESTAMP_NTZ" => ColumnType::Timestamp,
        "DECIMAL" | "DEC" | "NUMERIC" | "NUMBER" | "BIGNUMERIC" | "BIGDECIMAL" | "MONEY" => ColumnType::Decimal,
        "BYTEA" | "BYTES" | "BINARY" | "VARBINARY" => ColumnType::Bytes,
        "CHAR" | "CHARACTER" | "NCHAR" | "BPCHAR" if !declared.contains("VARYING") => ColumnType::FixedText,
        _ => return affinity(&declared),
    })
}

/// SQLite's rules for what a column stores, in its order (<https://sqlite.org/datatype3.html>, section 3.1).
fn affinity(declared: &str) -> Option<ColumnType> {
    let has = |part: &str| declared.contains(part);
    if has("INT") {
        Some(ColumnType::Integer)
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        Some(ColumnType::Text)
    } else if has("BLOB") {
        Some(ColumnType::Bytes)
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        Some(ColumnType::Float)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_mean_what_other_databases_mean_by_them() {
        for (declared, kind) in [
            ("INTEGER", Some(ColumnType::Integer)),
            ("unsigned big int", Some(ColumnType::Integer)),
            ("DECIMAL(10,2)", Some(ColumnType::Decimal)),
            ("NUMBER(38, 0)", Some(ColumnType::Decimal)),
            ("double precision", Some(ColumnType::Float)),
            ("VARCHAR(20)", Some(ColumnType::Text)),
            ("character varying(20)", Some(ColumnType::Text)),
            ("CHAR(20)", Some(ColumnType::FixedText)),
            ("character (20)", Some(ColumnType::FixedText)),
            ("bool", Some(ColumnType::Boolean)),
            ("timestamp without time zone", Some(ColumnType::Timestamp)),
            ("timestamp(3) with time zone", Some(ColumnType::TimestampTz)),
            ("BLOB", Some(ColumnType::Bytes)),
            ("STRING", None),
            ("", None),
        ] {
            assert_eq!(logical_type(declared), kind, "{declared}");
        }
    }
}
