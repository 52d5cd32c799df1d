use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, BinaryArray, BooleanArray, Date32Array, FixedSizeBinaryArray, Float64Array, Int64Array, StringArray,
    TimestampMicrosecondArray, UnionArray,
};
use arrow_schema::{DataType, Field};
use weft_store::{ColumnType, Value};

use crate::types::{NOT_TEXT, TYPE, kind_of};

/// At most so many characters of a key are shown.
const SHOWN_CHARACTERS: usize = 80;

/// A value that should be text and is not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotText;

/// One column of a batch, read value by value.
#[derive(Debug)]
pub struct Cells<'a>(Column<'a>);

#[derive(Debug)]
enum Column<'a> {
    Nulls,
    Integers(&'a Int64Array),
    Decimals(&'a StringArray),
    Floats(&'a Float64Array),
    Texts(&'a StringArray),
    Jsons(&'a StringArray),
    Booleans(&'a BooleanArray),
    Uuids(&'a FixedSizeBinaryArray),
    Blobs(&'a BinaryArray),
    NotTexts(&'a BinaryArray),
    Dates(&'a Date32Array),
    Timestamps(&'a TimestampMicrosecondArray),
    Instants(&'a TimestampMicrosecondArray),
    Union(&'a UnionArray, Vec<(i8, Cells<'a>)>),
}

impl<'a> Cells<'a> {
    /// The cells of a column; `None` if the Arrow type is not one that [`crate::types`] lists for the field's meaning.
    pub fn new(array: &'a dyn Array, field: &Field) -> Option<Self> {
        let text = || array.as_string_opt::<i32>();
        if let (Some(union), DataType::Union(fields, _)) = (array.as_union_opt(), field.data_type()) {
            let children = fields
                .iter()
                .map(|(id, field)| Some((id, Cells::new(union.child(id).as_ref(), field)?)))
                .collect::<Option<_>>()?;
            return Some(Cells(Column::Union(union, children)));
        }
        if field.metadata().get(TYPE).is_some_and(|tag| tag == NOT_TEXT) {
            return Some(Cells(Column::NotTexts(array.as_binary_opt()?)));
        }
        Some(Cells(match kind_of(field)? {
            ColumnType::Mixed => Column::Nulls,
            ColumnType::Integer if array.data_type() == &DataType::Int64 => {
                Column::Integers(array.as_primitive_opt::<Int64Type>()?)
            }
            ColumnType::Integer | ColumnType::Decimal => Column::Decimals(text()?),
            ColumnType::Float => Column::Floats(array.as_primitive_opt::<Float64Type>()?),
            ColumnType::Text | ColumnType::FixedText => Column::Texts(text()?),
            ColumnType::Json => Column::Jsons(text()?),
            ColumnType::Boolean => Column::Booleans(array.as_boolean_opt()?),
            ColumnType::Uuid => Column::Uuids(array.as_fixed_size_binary_opt()?),
            ColumnType::Bytes => Column::Blobs(array.as_binary_opt()?),
            ColumnType::Date => Column::Dates(array.as_primitive_opt::<Date32Type>()?),
            ColumnType::Timestamp => Column::Timestamps(array.as_primitive_opt::<TimestampMicrosecondType>()?),
            ColumnType::TimestampTz => Column::Instants(array.as_primitive_opt::<TimestampMicrosecondType>()?),
        }))
    }

    /// The value in `row`, which the batch must have.
    pub fn get(&self, row: usize) -> Result<Value<'a>, NotText> {
        if let Column::Union(union, children) = &self.0 {
            let id = union.type_id(row);
            let child = children.iter().find(|(child, _)| *child == id);
            return child.map_or(Ok(Value::Null), |(_, cells)| cells.get(union.value_offset(row)));
        }
        if self.is_null(row) {
            return Ok(Value::Null);
        }
        Ok(match &self.0 {
            Column::Nulls | Column::Union(..) => Value::Null,
            Column::Integers(array) => Value::Integer(array.value(row)),
            Column::Decimals(array) => Value::Decimal(array.value(row)),
            Column::Floats(array) => Value::Float(array.value(row)),
            Column::Texts(array) => Value::Text(array.value(row)),
            Column::Jsons(array) => Value::Json(array.value(row)),
            Column::Booleans(array) => Value::Boolean(array.value(row)),
            Column::Uuids(array) => Value::Uuid(array.value(row).try_into().expect("a UUID's column has 16 bytes")),
            Column::Blobs(array) => Value::Bytes(array.value(row)),
            Column::NotTexts(_) => return Err(NotText),
            Column::Dates(array) => Value::Date(array.value(row)),
            Column::Timestamps(array) => Value::Timestamp(array.value(row)),
            Column::Instants(array) => Value::TimestampTz(array.value(row)),
        })
    }

    fn is_null(&self, row: usize) -> bool {
        match &self.0 {
            Column::Nulls => true,
            Column::Union(..) => false,
            Column::Integers(array) => array.is_null(row),
            Column::Decimals(array) | Column::Texts(array) | Column::Jsons(array) => array.is_null(row),
            Column::Floats(array) => array.is_null(row),
            Column::Booleans(array) => array.is_null(row),
            Column::Uuids(array) => array.is_null(row),
            Column::Blobs(array) | Column::NotTexts(array) => array.is_null(row),
            Column::Dates(array) => array.is_null(row),
            Column::Timestamps(array) | Column::Instants(array) => array.is_null(row),
        }
    }
}

/// The key columns of a row by their names, for a person who looks for the row; cut if they are long.
pub fn shown_key<'a>(parts: impl Iterator<Item = (&'a str, &'a Cells<'a>)>, row: usize) -> String {
    let mut shown = Vec::new();
    for (name, cells) in parts {
        if !shown.is_empty() {
            shown.extend_from_slice(b", ");
        }
        shown.extend_from_slice(name.as_bytes());
        shown.extend_from_slice(b" = ");
        match cells.get(row) {
            Ok(value) => value.append_json(&mut shown),
            Err(NotText) => shown.extend_from_slice(b"(not UTF-8)"),
        }
    }
    let text = String::from_utf8_lossy(&shown);
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}
