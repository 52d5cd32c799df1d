use std::fmt;

use kube::Resource;

use crate::Reason;

/// How grave a [`Diagnostic`] is; the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The object, or what depends on it, cannot run.
    Error,
    /// It runs, but probably does not do what was meant.
    Warning,
}

/// Names an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// `Warehouse`, `DataGraph`, `Entity` or `EnrichmentMapping`.
    pub kind: &'static str,
    /// Its namespace; `default` where the object names none.
    pub namespace: String,
    /// Its metadata.name.
    pub name: String,
}

/// Something that is wrong or odd about an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How grave it is.
    pub severity: Severity,
    /// What is wrong, in one documented word.
    pub reason: Reason,
    /// Whose field it is.
    pub object: ObjectRef,
    /// The field, such as `spec.rules[0].entities[1].entity`.
    pub field: String,
    /// What is wrong, with the names and values at hand: lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl ObjectRef {
    /// The reference to an object of a kind.
    pub(crate) fn of<K: Resource<DynamicType = ()>>(kind: &'static str, object: &K) -> Self {
        Self { kind, namespace: namespace(object).to_owned(), name: name(object).to_owned() }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

/// An object's namespace; `default` where it names none.
pub(crate) fn namespace<K: Resource<DynamicType = ()>>(object: &K) -> &str {
    object.meta().namespace.as_deref().unwrap_or("default")
}

/// An object's name; empty where it has none.
pub(crate) fn name<K: Resource<DynamicType = ()>>(object: &K) -> &str {
    object.meta().name.as_deref().unwrap_or_default()
}

/// The diagnostics of all objects, in the order they were found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    diagnostics: Vec<Diagnostic>,
}

impl Findings {
    /// A place to report what is found about one object.
    pub(crate) fn about(&mut self, object: ObjectRef) -> Report<'_> {
        Report { object, findings: self, errors: 0 }
    }

    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }
}

/// What is found about one object.
pub(crate) struct Report<'a> {
    object: ObjectRef,
    findings: &'a mut Findings,
    errors: usize,
}

impl Report<'_> {
    pub(crate) fn error(
        &mut self,
        reason: Reason,
        field: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.errors += 1;
        self.push(Severity::Error, reason, field.into(), message.into(), help.into());
    }

    pub(crate) fn warning(
        &mut self,
        reason: Reason,
        field: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Severity::Warning, reason, field.into(), message.into(), help.into());
    }

    /// Whether no error was reported.
    pub(crate) fn is_sound(&self) -> bool {
        self.errors == 0
    }

    pub(crate) fn object(&self) -> &ObjectRef {
        &self.object
    }

    fn push(&mut self, severity: Severity, reason: Reason, field: String, message: String, help: String) {
        let object = self.object.clone();
        self.findings.diagnostics.push(Diagnostic { severity, reason, object, field, message, help });
    }
}
