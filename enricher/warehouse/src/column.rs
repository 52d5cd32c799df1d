//! Cells of one column on their way into Arrow: a dense union of the column's own type and what cells are instead: one
//! of SQLite's storage classes, or PostgreSQL's `NaN` and `infinity`.

use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Date32Builder, FixedSizeBinaryBuilder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, NullArray, UnionArray};
use arrow_schema::{ArrowError, DataType, Field, UnionFields, UnionMode};
use weft_store::{Column, ColumnType, Value};

use crate::types;

/// Fills one column of a batch.
pub(crate) struct ColumnBuilder {
    fields: UnionFields,
    ids: Vec<i8>,
    offsets: Vec<i32>,
    own: Own,
    integers: Int64Builder,
    reals: Float64Builder,
    texts: StringBuilder,
    blobs: BinaryBuilder,
    not_texts: BinaryBuilder,
}

/// The union's first child: what has the column's own type, and the nulls.
enum Own {
    Nulls(usize),
    Integers(Int64Builder),
    Decimals(StringBuilder),
    Floats(Float64Builder),
    Texts(StringBuilder),
    Jsons(StringBuilder),
    Booleans(BooleanBuilder),
    Uuids(FixedSizeBinaryBuilder),
    Blobs(BinaryBuilder),
    Dates(Date32Builder),
    Timestamps(TimestampMicrosecondBuilder),
    Instants(TimestampMicrosecondBuilder),
}

/// The Arrow field of a column's batches.
pub(crate) fn field(column: &Column) -> Field {
    types::field(&column.name, DataType::Union(union_fields(column.kind), UnionMode::Dense), column.kind)
}

fn union_fields(kind: ColumnType) -> UnionFields {
    UnionFields::from_fields([
        types::field("own", types::arrow_type(kind), kind),
        types::field("integer", DataType::Int64, ColumnType::Integer),
        types::field("real", DataType::Float64, ColumnType::Float),
        types::field("text", DataType::Utf8, ColumnType::Text),
        types::field("blob", DataType::Binary, ColumnType::Bytes),
        types::tagged("not_text", DataType::Binary, types::NOT_TEXT),
    ])
}

impl ColumnBuilder {
    pub(crate) fn new(column: &Column) -> Self {
        Self {
            fields: union_fields(column.kind),
            ids: Vec::new(),
            offsets: Vec::new(),
            own: Own::new(column.kind),
            integers: Int64Builder::new(),
            reals: Float64Builder::new(),
            texts: StringBuilder::new(),
            blobs: BinaryBuilder::new(),
            not_texts: BinaryBuilder::new(),
        }
    }

    pub(crate) fn push(&mut self, value: Value<'_>) {
        if let Some(offset) = self.own.push(value) {
            return self.place(0, offset);
        }
        match value {
            Value::Integer(number) => {
                self.place(1, self.integers.len_before());
                self.integers.append_value(number);
            }
            Value::Float(number) => {
                self.place(2, self.reals.len_before());
                self.reals.append_value(number);
            }
            Value::Text(text) => {
                self.place(3, self.texts.len_before());
                self.texts.append_value(text);
            }
            Value::Bytes(bytes) => {
                self.place(4, self.blobs.len_before());
                self.blobs.append_value(bytes);
            }
            _ => unreachable!("a cell has its column's type or is of a storage class"),
        }
    }

    /// Takes text that is not UTF-8.
    pub(crate) fn push_not_text(&mut self, bytes: &[u8]) {
        self.place(5, self.not_texts.len_before());
        self.not_texts.append_value(bytes);
    }

    fn place(&mut self, id: i8, offset: usize) {
        self.ids.push(id);
        self.offsets.push(offset as i32);
    }

    /// The column, and an empty builder.
    pub(crate) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let children: Vec<ArrayRef> = vec![
            self.own.finish(),
            Arc::new(self.integers.finish()),
            Arc::new(self.reals.finish()),
            Arc::new(self.texts.finish()),
            Arc::new(self.blobs.finish()),
            Arc::new(self.not_texts.finish()),
        ];
        let (ids, offsets) = (std::mem::take(&mut self.ids), std::mem::take(&mut self.offsets));
        Ok(Arc::new(UnionArray::try_new(self.fields.clone(), ids.into(), Some(offsets.into()), children)?))
    }
}

/// How many values a builder holds.
trait LenBefore {
    fn len_before(&self) -> usize;
}

impl<B: arrow_array::builder::ArrayBuilder> LenBefore for B {
    fn len_before(&self) -> usize {
        self.len()
    }
}

impl Own {
    fn new(kind: ColumnType) -> Self {
        match kind {
            ColumnType::Mixed => Own::Nulls(0),
            ColumnType::Integer => Own::Integers(Int64Builder::new()),
            ColumnType::Decimal => Own::Decimals(StringBuilder::new()),
            ColumnType::Float => Own::Floats(Float64Builder::new()),
            ColumnType::Text | ColumnType::FixedText => Own::Texts(StringBuilder::new()),
            ColumnType::Json => Own::Jsons(StringBuilder::new()),
            ColumnType::Boolean => Own::Booleans(BooleanBuilder::new()),
            ColumnType::Uuid => Own::Uuids(FixedSizeBinaryBuilder::new(16)),
            ColumnType::Bytes => Own::Blobs(BinaryBuilder::new()),
            ColumnType::Date => Own::Dates(Date32Builder::new()),
            ColumnType::Timestamp => Own::Timestamps(TimestampMicrosecondBuilder::new()),
            ColumnType::TimestampTz => Own::Instants(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
        }
    }

    /// Takes a value of the column's own type or a null, and says where it lies.
    fn push(&mut self, value: Value<'_>) -> Option<usize> {
        let offset = self.len();
        match (self, value) {
            (Own::Nulls(count), Value::Null) => *count += 1,
            (Own::Integers(builder), Value::Null) => builder.append_null(),
            (Own::Decimals(builder) | Own::Texts(builder) | Own::Jsons(builder), Value::Null) => builder.append_null(),
            (Own::Floats(builder), Value::Null) => builder.append_null(),
            (Own::Booleans(builder), Value::Null) => builder.append_null(),
            (Own::Uuids(builder), Value::Null) => builder.append_null(),
            (Own::Blobs(builder), Value::Null) => builder.append_null(),
            (Own::Dates(builder), Value::Null) => builder.append_null(),
            (Own::Timestamps(builder) | Own::Instants(builder), Value::Null) => builder.append_null(),
            (Own::Integers(builder), Value::Integer(number)) => builder.append_value(number),
            (Own::Decimals(builder), Value::Decimal(text)) => builder.append_value(text),
            (Own::Floats(builder), Value::Float(number)) => builder.append_value(number),
            (Own::Texts(builder), Value::Text(text)) => builder.append_value(text),
            (Own::Jsons(builder), Value::Json(text)) => builder.append_value(text),
            (Own::Booleans(builder), Value::Boolean(truth)) => builder.append_value(truth),
            (Own::Uuids(builder), Value::Uuid(bytes)) => builder.append_value(bytes).ok()?,
            (Own::Blobs(builder), Value::Bytes(bytes)) => builder.append_value(bytes),
            (Own::Dates(builder), Value::Date(days)) => builder.append_value(days),
            (Own::Timestamps(builder), Value::Timestamp(micros)) => builder.append_value(micros),
            (Own::Instants(builder), Value::TimestampTz(micros)) => builder.append_value(micros),
            _ => return None,
        }
        Some(offset)
    }

    fn len(&self) -> usize {
        match self {
            Own::Nulls(count) => *count,
            Own::Integers(builder) => builder.len_before(),
            Own::Decimals(builder) | Own::Texts(builder) | Own::Jsons(builder) => builder.len_before(),
            Own::Floats(builder) => builder.len_before(),
            Own::Booleans(builder) => builder.len_before(),
            Own::Uuids(builder) => builder.len_before(),
            Own::Blobs(builder) => builder.len_before(),
            Own::Dates(builder) => builder.len_before(),
            Own::Timestamps(builder) | Own::Instants(builder) => builder.len_before(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Own::Nulls(count) => Arc::new(NullArray::new(std::mem::take(count))),
            Own::Integers(builder) => Arc::new(builder.finish()),
            Own::Decimals(builder) | Own::Texts(builder) | Own::Jsons(builder) => Arc::new(builder.finish()),
            Own::Floats(builder) => Arc::new(builder.finish()),
            Own::Booleans(builder) => Arc::new(builder.finish()),
            Own::Uuids(builder) => Arc::new(builder.finish()),
            Own::Blobs(builder) => Arc::new(builder.finish()),
            Own::Dates(builder) => Arc::new(builder.finish()),
            Own::Timestamps(builder) | Own::Instants(builder) => Arc::new(builder.finish()),
        }
    }
}
