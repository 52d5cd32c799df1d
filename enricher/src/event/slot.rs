/// Where a value stands in an event, and what it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slot {
    /// Byte offset of its first byte.
    pub(crate) start: u32,
    /// Byte offset after its last byte.
    pub(crate) end: u32,
    /// What it is.
    pub(crate) kind: Kind,
    /// The member's key occurs more than once in its object.
    pub(crate) repeated: bool,
}

/// What stands at a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing.
    #[default]
    Absent,
    /// An object with at least one member.
    Object,
    /// `{}`.
    EmptyObject,
    /// An array.
    Array,
    /// A string.
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// `null`.
    Null,
}

impl Slot {
    /// The value's bytes; `None` where there is nothing.
    pub(crate) fn of<'event>(&self, event: &'event [u8]) -> Option<&'event [u8]> {
        match self.kind {
            Kind::Absent => None,
            _ => event.get(self.start as usize..self.end as usize),
        }
    }
}
