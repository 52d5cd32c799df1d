//! How diagnostics of manifests are printed: with excerpts for people, as JSON for machines.

use std::{
    fmt,
    io::{self, Write},
};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str};
use serde::Serialize;

use super::{Failure, Format};
use crate::manifests::{self, Diagnostic, Loaded, ManifestArgs, Place, Severity, SourceFile};

/// The manifests, for a command that uses what they plan. Errors and warnings go to stderr; with an error the command
/// is over.
pub(crate) fn usable(args: &ManifestArgs, output: Format) -> Result<Loaded, Failure> {
    let mut loaded = manifests::load(args, &mut io::stdin().lock());
    loaded.manifests.diagnostics.retain(|diagnostic| diagnostic.severity != Severity::Note);
    if !loaded.manifests.diagnostics.is_empty() {
        // Where that is full or closed nobody is left to tell: the exit code has to do.
        let _ = anstream::stderr().write_all(report(&loaded, output).as_bytes());
    }
    if loaded.is_valid() { Ok(loaded) } else { Err(Failure::Invalid) }
}

/// Everything there is to tell about manifests, and a summary.
pub(crate) fn report(loaded: &Loaded, output: Format) -> String {
    let (files, found) = (&loaded.manifests.files, &loaded.manifests.diagnostics);
    let summary = Summary::new(loaded.manifests.objects.len(), files, found);
    match output {
        Format::Text => {
            let excerpts: String = found.iter().map(|diagnostic| text(diagnostic, files)).collect();
            let faulty = found.iter().any(|diagnostic| diagnostic.severity != Severity::Note);
            let hint = if faulty { "more on a reason: weft explain REASON\n" } else { "" };
            format!("{excerpts}{hint}{summary}\n")
        }
        Format::Json => {
            let report =
                Report { diagnostics: found.iter().map(|diagnostic| json(diagnostic, files)).collect(), summary };
            format!("{}\n", serde_json::to_string_pretty(&report).expect("a report is texts and numbers"))
        }
    }
}

/// The renderer leaves out what is not marked; of an excerpt larger than this, as of JSON without line breaks, it shows
/// the place alone. So it does where a line may hold a secret.
const SHOWN_BYTES: usize = 16 << 10;

/// One diagnostic with its excerpt, styled; ends with an empty line.
fn text(diagnostic: &Diagnostic, files: &[SourceFile]) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = match &diagnostic.object {
        Some(object) => format!("{object}: {}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let field = diagnostic.field.to_string();
    let mut group = level.primary_title(title).id(&*diagnostic.reason).elements(Vec::<Origin<'_>>::new());
    let mut marks: Vec<Mark<'_>> = Vec::new();
    if let Some(place) = &diagnostic.place {
        marks.push(Mark { place, kind: AnnotationKind::Primary, label: &field });
    } else if !field.is_empty() {
        group = group.element(Level::NOTE.message(format!("the field is {}", normalize_untrusted_str(&field))));
    }
    for (place, label) in &diagnostic.related {
        marks.push(Mark { place, kind: AnnotationKind::Context, label });
    }
    for marks in marks.chunk_by(|one, other| one.place.file == other.place.file) {
        group = excerpt(group, marks, files);
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
    }
    format!("{}\n\n", Renderer::styled().render(&[group]))
}

/// Something to underline.
struct Mark<'a> {
    place: &'a Place,
    kind: AnnotationKind,
    label: &'a str,
}

/// Adds the lines that places of one file lie in, or the file's name alone.
fn excerpt<'a>(group: Group<'a>, marks: &[Mark<'_>], files: &'a [SourceFile]) -> Group<'a> {
    let Some(file) = marks.first().and_then(|mark| files.get(mark.place.file)) else { return group };
    let spans: Vec<_> = marks.iter().filter_map(|mark| Some((mark, mark.place.span.clone()?))).collect();
    let lines = spans.iter().map(|(_, span)| file.line(span.start));
    let Some(lines) = lines.reduce(|one, other| one.start.min(other.start)..one.end.max(other.end)) else {
        return group.element(Origin::path(&file.name));
    };
    let (number, _) = file.position(lines.start);
    let may_be_shown = |text: &&str| text.len() <= SHOWN_BYTES && !file.may_hold_secrets(lines.clone());
    let Some(text) = file.text.get(lines.clone()).filter(may_be_shown) else {
        return spans.iter().fold(group, |group, (mark, span)| {
            let (number, column) = file.position(span.start);
            let group = group.element(Origin::path(&file.name).line(number).char_column(column));
            let label = normalize_untrusted_str(mark.label);
            if label.is_empty() { group } else { group.element(Level::NOTE.message(label)) }
        });
    };
    let annotations = spans.iter().map(|(mark, span)| {
        // What goes over several lines is shown by its first.
        let end = span.end.min(file.line(span.start).end).max(span.start);
        let annotation = mark.kind.span(span.start - lines.start..end - lines.start);
        if mark.label.is_empty() { annotation } else { annotation.label(normalize_untrusted_str(mark.label)) }
    });
    group.element(Snippet::source(text).line_start(number).path(&file.name).annotations(annotations))
}

/// A report as JSON; the names do not change.
#[derive(Serialize)]
struct Report<'a> {
    diagnostics: Vec<Json<'a>>,
    summary: Summary,
}

/// A diagnostic as JSON; the names do not change, and what is not known is null.
#[derive(Serialize)]
struct Json<'a> {
    severity: &'static str,
    reason: &'a str,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    kind: Option<&'a str>,
    namespace: Option<&'a str>,
    name: Option<&'a str>,
    field: Option<String>,
    message: &'a str,
    help: Option<&'a str>,
}

/// One diagnostic for machines.
fn json<'a>(diagnostic: &'a Diagnostic, files: &'a [SourceFile]) -> Json<'a> {
    let file = diagnostic.place.as_ref().and_then(|place| files.get(place.file));
    let span = diagnostic.place.as_ref().and_then(|place| place.span.as_ref());
    let position = file.zip(span).map(|(file, span)| file.position(span.start));
    let object = diagnostic.object.as_ref();
    let field = diagnostic.field.to_string();
    Json {
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        reason: &diagnostic.reason,
        file: file.map(|file| file.name.as_str()),
        line: position.map(|(line, _)| line),
        column: position.map(|(_, column)| column),
        kind: object.map(|object| object.kind.as_str()),
        namespace: object.map(|object| object.namespace.as_str()),
        name: object.map(|object| object.name.as_str()),
        field: (!field.is_empty()).then_some(field),
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
    }
}

/// How much was read and how much of it is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Summary {
    objects: usize,
    files: usize,
    errors: usize,
    warnings: usize,
}

impl Summary {
    /// Counts.
    fn new(objects: usize, files: &[SourceFile], diagnostics: &[Diagnostic]) -> Self {
        let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        Self { objects, files: files.len(), errors: count(Severity::Error), warnings: count(Severity::Warning) }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |n: usize, noun: &str| if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") };
        write!(f, "{} in {}: ", count(self.objects, "object"), count(self.files, "file"))?;
        match (self.errors, self.warnings) {
            (0, 0) => f.write_str("valid"),
            (0, warnings) => write!(f, "valid, {}", count(warnings, "warning")),
            (errors, 0) => f.write_str(&count(errors, "error")),
            (errors, warnings) => write!(f, "{}, {}", count(errors, "error"), count(warnings, "warning")),
        }
    }
}

#[cfg(test)]
mod tests;
