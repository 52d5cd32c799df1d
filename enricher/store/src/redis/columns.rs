//! Rows whose columns are not those that the asker knows.

use bytes::Bytes;

use crate::{EntityMeta, Row, RowBuilder};

/// How rows with some columns are read as rows with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Translation {
    /// Where each wanted column stands.
    positions: Vec<usize>,
    columns: usize,
}

impl Translation {
    /// From the columns of a bucket to those that were asked for; `None` if one of these is gone or of another type, or
    /// if the key is another: then no answer can be made.
    pub(super) fn between(bucket: &EntityMeta, asked: &EntityMeta) -> Option<Self> {
        let position = |column| bucket.columns.iter().position(|other| other == column);
        let positions: Option<Vec<usize>> = asked.columns.iter().map(position).collect();
        (bucket.key == asked.key).then_some(Self { positions: positions?, columns: bucket.columns.len() })
    }

    /// The row as the asker knows it; `None` if its bytes are no such row.
    pub(super) fn apply(&self, row: Bytes) -> Option<Row> {
        let row = Row::from_bytes(row);
        let mut builder = RowBuilder::default();
        for &position in &self.positions {
            builder.push(row.fragment(position, self.columns)?);
        }
        Some(builder.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, ColumnType};

    fn entity(names: &[&str]) -> EntityMeta {
        let column = |name: &&str| Column { name: (*name).to_owned(), kind: ColumnType::Text };
        let columns: Vec<Column> = names.iter().map(column).collect();
        EntityMeta { key: columns[..1].to_vec(), columns }
    }

    fn row(fragments: &[&str]) -> Row {
        let mut builder = RowBuilder::default();
        fragments.iter().for_each(|fragment| builder.push(fragment.as_bytes()));
        builder.finish()
    }

    #[test]
    fn a_new_column_is_passed_over_wherever_it_stands() {
        let translation = Translation::between(&entity(&["ID", "NEW", "B", "A"]), &entity(&["ID", "A", "B"])).unwrap();
        let stored = Bytes::copy_from_slice(row(&["1", "\"new\"", "\"b\"", "\"a\""]).as_bytes());
        assert_eq!(translation.apply(stored.clone()), Some(row(&["1", "\"a\"", "\"b\""])));
        assert_eq!(translation.apply(stored.slice(..stored.len() - 1)), None);
    }

    #[test]
    fn a_column_that_is_gone_or_another_key_cannot_be_answered() {
        assert_eq!(Translation::between(&entity(&["ID", "A"]), &entity(&["ID", "A", "B"])), None);
        assert_eq!(Translation::between(&entity(&["A", "ID"]), &entity(&["ID", "A"])), None);
        let mut retyped = entity(&["ID", "A"]);
        retyped.columns[1].kind = ColumnType::Integer;
        assert_eq!(Translation::between(&retyped, &entity(&["ID", "A"])), None);
    }
}
