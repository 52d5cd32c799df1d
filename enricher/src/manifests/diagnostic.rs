use std::borrow::Cow;

use super::{FieldPath, source::Span};

/// How grave a [`Diagnostic`] is; the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// The manifests cannot be used.
    Error,
    /// They can, but probably do not mean what they say.
    Warning,
    /// Worth knowing.
    Note,
}

/// Something to tell about the manifests: what is wrong, where, and what to do.
#[derive(Clone, Debug)]
pub(crate) struct Diagnostic {
    /// How grave it is.
    pub(crate) severity: Severity,
    /// What is wrong, as a stable word for machines and for looking it up.
    pub(crate) reason: Cow<'static, str>,
    /// Where; `None` where no file is at fault.
    pub(crate) place: Option<Place>,
    /// Whose fault it is, where an object is.
    pub(crate) object: Option<ObjectRef>,
    /// The field at fault; empty for the object or file as a whole.
    pub(crate) field: FieldPath,
    /// Names the object or field and the cause: lower case, no full stop.
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: Option<String>,
    /// Other places that matter, and why.
    pub(crate) related: Vec<(Place, String)>,
}

/// A place in one of the files that were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file's position in [`super::Manifests::files`].
    pub(crate) file: usize,
    /// Where in it; `None` for the file as a whole.
    pub(crate) span: Option<Span>,
}

/// Names an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ObjectRef {
    /// `Warehouse`, `DataGraph`, `Entity`, `EnrichmentMapping`.
    pub(crate) kind: String,
    /// `default` where the manifest names none.
    pub(crate) namespace: String,
    /// `metadata.name`.
    pub(crate) name: String,
}

impl std::fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

impl Diagnostic {
    /// An error that no object or field is named for yet.
    pub(crate) fn error(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, reason, message)
    }

    /// A warning that no object or field is named for yet.
    pub(crate) fn warning(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, reason, message)
    }

    /// A note that no object or field is named for yet.
    pub(crate) fn note(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, reason, message)
    }

    fn new(severity: Severity, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity,
            reason: Cow::Borrowed(reason),
            place: None,
            object: None,
            field: FieldPath::default(),
            message: message.into(),
            help: None,
            related: Vec::new(),
        }
    }

    /// The same with what to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with what to do, if anything is known.
    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// The same in that file.
    pub(crate) fn in_file(mut self, file: usize, span: impl Into<Option<Span>>) -> Self {
        self.place = Some(Place { file, span: span.into() });
        self
    }

    /// The same for that object.
    pub(crate) fn of(mut self, object: &ObjectRef) -> Self {
        self.object = Some(object.clone());
        self
    }

    /// The same for that field.
    pub(crate) fn field(mut self, field: FieldPath) -> Self {
        self.field = field;
        self
    }

    /// The same with another place that matters.
    pub(crate) fn related(mut self, place: Place, label: impl Into<String>) -> Self {
        self.related.push((place, label.into()));
        self
    }
}
