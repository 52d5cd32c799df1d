//! A bucket's control field: which run its rows are of, and how they are laid out.

use std::fmt;

use md5::{Digest as _, Md5};

use super::LAYOUT;
use crate::EntityMeta;

/// The name of the field: no row's, for a key text is never empty.
pub(super) const FIELD: &[u8] = b"";

/// Which columns a row has, and in which order: the leading bits of the MD5 of the [`EntityMeta`] as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Columns(u64);

impl Columns {
    /// The columns of an entity's rows.
    pub fn of(entity: &EntityMeta) -> Self {
        let json = serde_json::to_vec(entity).expect("names and types are JSON");
        let leading = Md5::digest(json).into_iter().take(8);
        Self(leading.fold(0, |number, byte| number << 8 | u64::from(byte)))
    }
}

/// What a bucket says of itself. Stored as `<layout> <run> <columns>`; the two numbers stay in front in every layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control {
    /// The version of the format the bucket is written in.
    pub layout: u32,
    /// The run whose snapshot the bucket's rows are.
    pub run: u64,
    /// The columns of its rows; none that is known if the layout is a newer one.
    pub columns: Option<Columns>,
}

impl Control {
    /// What a bucket that is written now says.
    pub(super) fn new(run: u64, columns: Columns) -> Self {
        Self { layout: LAYOUT, run, columns: Some(columns) }
    }

    /// Reads the field; `None` if it is none.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let mut words = str::from_utf8(text).ok()?.splitn(3, ' ');
        let (layout, run) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let columns = words.next().and_then(|word| u64::from_str_radix(word, 16).ok()).map(Columns);
        Some(Self { layout, run, columns })
    }
}

impl fmt::Display for Control {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.layout, self.run)?;
        self.columns.map_or(Ok(()), |Columns(columns)| write!(out, " {columns:016x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, ColumnType};

    fn entity(columns: &[(&str, ColumnType)]) -> EntityMeta {
        let columns: Vec<Column> = columns.iter().map(|&(name, kind)| Column { name: name.to_owned(), kind }).collect();
        EntityMeta { key: columns[..1].to_vec(), columns }
    }

    #[test]
    fn a_control_field_reads_back_and_of_a_newer_layout_its_numbers() {
        let control = Control::new(1_790_000_001, Columns::of(&entity(&[("SKU", ColumnType::Text)])));
        assert_eq!(Control::parse(control.to_string().as_bytes()), Some(control));
        assert_eq!(Control::parse(b"7 12 what comes"), Some(Control { layout: 7, run: 12, columns: None }));
        for text in ["", "1", "1 x", "1  2"] {
            assert_eq!(Control::parse(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn columns_differ_in_name_type_and_order() {
        let (a, b) = (("A", ColumnType::Text), ("B", ColumnType::Integer));
        let all = [&[a, b][..], &[a], &[a, ("B", ColumnType::Text)], &[a, ("C", ColumnType::Integer)], &[b, a]];
        for (at, one) in all.iter().enumerate() {
            for (other_at, other) in all.iter().enumerate() {
                assert_eq!(Columns::of(&entity(one)) == Columns::of(&entity(other)), at == other_at);
            }
        }
    }
}
