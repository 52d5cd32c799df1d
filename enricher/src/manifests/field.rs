use std::fmt;

/// A place inside an object, written as `spec.rules[0].when`; the empty one is the object itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldPath {
    steps: Vec<Step>,
}

/// One step of a [`FieldPath`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A member of a mapping.
    Name(String),
    /// An item of a sequence, counted from 0.
    Index(usize),
}

impl FieldPath {
    /// Reads what [`fmt::Display`] writes. Total: text that follows no rule becomes a name that no object has.
    pub(crate) fn parse(text: &str) -> Self {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(quoted) = rest.strip_prefix("['") {
                let end = quoted.find("']").unwrap_or(quoted.len());
                steps.push(Step::Name(quoted[..end].to_owned()));
                rest = quoted.get(end + 2..).unwrap_or_default();
            } else if let Some(bracketed) = rest.strip_prefix('[') {
                let end = bracketed.find(']').unwrap_or(bracketed.len());
                let inner = &bracketed[..end];
                steps.push(inner.parse().map_or_else(|_| Step::Name(inner.to_owned()), Step::Index));
                rest = bracketed.get(end + 1..).unwrap_or_default();
            } else {
                let name = rest.strip_prefix('.').unwrap_or(rest);
                let end = name.find(['.', '[']).unwrap_or(name.len());
                steps.push(Step::Name(name[..end].to_owned()));
                rest = &name[end..];
            }
        }
        Self { steps }
    }

    /// The steps, outermost first.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Goes one member down; [`FieldPath::pop`] comes back.
    pub(crate) fn push_name(&mut self, name: &str) {
        self.steps.push(Step::Name(name.to_owned()));
    }

    /// Goes one item down; [`FieldPath::pop`] comes back.
    pub(crate) fn push_index(&mut self, index: usize) {
        self.steps.push(Step::Index(index));
    }

    /// Goes one step up.
    pub(crate) fn pop(&mut self) {
        self.steps.pop();
    }

    /// The other path, seen from where this one starts.
    pub(crate) fn join(&self, other: &Self) -> Self {
        Self { steps: self.steps.iter().chain(&other.steps).cloned().collect() }
    }

    /// This place's item at that position.
    pub(crate) fn item(&self, index: usize) -> Self {
        let mut item = self.clone();
        item.push_index(index);
        item
    }

    /// This place's member of that name.
    pub(crate) fn member(&self, name: &str) -> Self {
        let mut member = self.clone();
        member.push_name(name);
        member
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Name(name) if name.is_empty() || name.contains(['.', '[', ']', '\'']) => write!(f, "['{name}']")?,
                Step::Name(name) if position == 0 => f.write_str(name)?,
                Step::Name(name) => write!(f, ".{name}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_back_as_it_is_written() {
        for text in
            ["", "spec", "spec.rules[0].when", "spec[1][2].x", "metadata.labels['app.kubernetes.io/name']", "spec['']"]
        {
            assert_eq!(FieldPath::parse(text).to_string(), text);
        }
    }

    #[test]
    fn text_that_is_no_path_becomes_names_and_never_panics() {
        for text in ["[", "['", "a.", "..", "[x]", "a[1", "['é", "é[é]"] {
            FieldPath::parse(text);
        }
        assert_eq!(FieldPath::parse("[x]").steps(), [Step::Name("x".to_owned())]);
    }
}
