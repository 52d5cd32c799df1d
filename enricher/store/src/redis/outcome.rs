//! What the scripts of a store answer.

/// What became of a step of a run. A refusal is no error: the run ends, or does another step instead.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// The bucket or the meta already is at the run, or at this newer one: there is nothing to do.
    Already(u64),
    /// The bucket is not at the run to be patched, or what is being applied is not the run to be committed: it is at
    /// this one, or at none. The bucket has to be replaced.
    Elsewhere(Option<u64>),
    /// The bucket is at the run to be patched, and its rows have other columns: it has to be replaced.
    OtherColumns,
    /// A newer run, whose token this is, took the meta; or the meta is gone, or went back to before the run was started
    /// (`None`): this run has to end.
    Fenced(Option<u64>),
    /// The entity belongs to this installation and data graph, not to the writer's: nothing may be written.
    Owned(String),
    /// Meta or bucket are of this layout, which this version does not know: nothing may be written.
    OtherLayout(u32),
    /// Chunks written before are gone: the bucket has to be written again from its first row.
    Torn,
    /// The set of buckets is in use: it has to stay.
    InUse,
}

impl Outcome {
    /// Reads a script's answer; `None` if it is none that is known.
    pub(super) fn parse(words: &[String]) -> Option<Self> {
        let mut words = words.iter().map(String::as_str);
        let name = words.next()?;
        let argument = words.next().unwrap_or_default();
        Some(match name {
            "done" => Self::Done,
            "already" => Self::Already(argument.parse().ok()?),
            "elsewhere" => Self::Elsewhere(argument.parse().ok()),
            "columns" => Self::OtherColumns,
            "fenced" => Self::Fenced(argument.parse().ok()),
            "owned" => Self::Owned(argument.to_owned()),
            "layout" => Self::OtherLayout(argument.parse().ok()?),
            "torn" => Self::Torn,
            "in use" => Self::InUse,
            _ => return None,
        })
    }
}
