use serde::Serialize;

/// A row may have at most so many bytes: of its row text where the warehouse measures it, of its JSON where Weft does.
pub const MAX_ROW_BYTES: usize = 64 * 1024;

/// Why a row of a table cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// A key column is NULL or empty.
    NullKey,
    /// A key is longer than 1 KiB, or no value of its column's type.
    BadKey,
    /// Several rows have the same key; all of them are left out.
    DuplicateKey,
    /// The row takes more than [`MAX_ROW_BYTES`].
    RowTooLarge,
    /// A text is not UTF-8.
    NotUtf8,
}

impl Rejection {
    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Self::NullKey => "NULL or empty key",
            Self::BadKey => "key longer than 1 KiB or not of its column's type",
            Self::DuplicateKey => "key shared with another row",
            Self::RowTooLarge => "more than 64 KiB; name fewer `columns`",
            Self::NotUtf8 => "text that is not UTF-8",
        }
    }
}
