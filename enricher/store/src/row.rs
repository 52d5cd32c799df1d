use bytes::{BufMut, Bytes, BytesMut};

/// One row: per column a JSON text ready to be spliced into an event, in the order of [`crate::EntityMeta::columns`].
///
/// Layout: per column the length of its text as LEB128, then the texts one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row(Bytes);

impl Row {
    /// The row with these bytes, as [`Row::as_bytes`] gave them.
    pub fn from_bytes(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// The stored form.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The JSON text of the column at `position` of a row of `columns` columns; `None` if the bytes end before it.
    pub fn fragment(&self, position: usize, columns: usize) -> Option<&[u8]> {
        let mut rest: &[u8] = &self.0;
        let (mut skip, mut wanted) = (0usize, None);
        for column in 0..columns {
            let length = take_length(&mut rest)?;
            if column < position {
                skip = skip.checked_add(length)?;
            } else if column == position {
                wanted = Some(length);
            }
        }
        rest.get(skip..skip.checked_add(wanted?)?)
    }
}

/// Builds a [`Row`] column by column.
#[derive(Debug, Default)]
pub struct RowBuilder {
    lengths: BytesMut,
    texts: BytesMut,
}

impl RowBuilder {
    /// Appends the next column's JSON text.
    pub fn push(&mut self, json: &[u8]) {
        put_length(&mut self.lengths, json.len());
        self.texts.put_slice(json);
    }

    /// The row, and an empty builder.
    pub fn finish(&mut self) -> Row {
        let mut bytes = self.lengths.split();
        bytes.unsplit(self.texts.split());
        Row(bytes.freeze())
    }
}

fn put_length(out: &mut BytesMut, mut length: usize) {
    while length >= 0x80 {
        out.put_u8(length as u8 | 0x80);
        length >>= 7;
    }
    out.put_u8(length as u8);
}

fn take_length(bytes: &mut &[u8]) -> Option<usize> {
    let mut length = 0usize;
    for (at, &byte) in bytes.iter().enumerate().take(9) {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            *bytes = &bytes[at + 1..];
            return Some(length);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(fragments: &[&[u8]]) -> Row {
        let mut builder = RowBuilder::default();
        fragments.iter().for_each(|fragment| builder.push(fragment));
        builder.finish()
    }

    #[test]
    fn every_fragment_comes_back_whatever_its_length() {
        let long = vec![b'x'; 70_000];
        let fragments: [&[u8]; 6] = [b"", b"1", &long[..127], &long[..128], &long, b"null"];
        let row = row(&fragments);
        let stored = Row::from_bytes(Bytes::copy_from_slice(row.as_bytes()));
        for (position, fragment) in fragments.iter().enumerate() {
            assert_eq!(stored.fragment(position, fragments.len()), Some(*fragment));
        }
        assert_eq!(stored.fragment(6, 6), None);
    }

    #[test]
    fn a_builder_starts_anew_after_each_row() {
        let mut builder = RowBuilder::default();
        builder.push(b"1");
        builder.finish();
        builder.push(b"22");
        assert_eq!(builder.finish(), row(&[b"22"]));
    }

    #[test]
    fn a_row_that_was_cut_off_has_no_fragment_behind_the_cut() {
        let bytes = row(&[b"12", b"345"]).as_bytes().to_vec();
        for end in 0..bytes.len() {
            let cut = Row::from_bytes(Bytes::copy_from_slice(&bytes[..end]));
            assert_eq!(cut.fragment(1, 2), None, "cut at {end}");
        }
        let endless = Row::from_bytes(Bytes::from_static(&[0xff; 12]));
        assert_eq!(endless.fragment(0, 1), None);
    }
}
