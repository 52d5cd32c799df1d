//! Where a rule's values are written: the `to` of its enrichments.

use weft_language::{Path, Segment};

use super::rule::Scope;
use crate::Reason;
use crate::diagnostic::Report;

pub(super) fn can_be_written(scope: &Scope<'_>, report: &mut Report<'_>) {
    let consent = Path::new(["context", "consent"].map(|name| Segment::Name(name.to_owned())).to_vec());
    for (place, enrichment) in scope.rule.enrichments.iter().enumerate() {
        let (field, to) = (|| scope.field(format_args!("enrichments[{place}].to")), &enrichment.to);
        let path = match Path::parse(to) {
            Ok(path) => path,
            Err(error) => {
                let message = format!("`{to}` is no path, from byte {} on", error.at + 1);
                report.error(Reason::InvalidPath, field(), message, error.message);
                continue;
            }
        };
        if path.segments().is_empty() {
            let message = "the whole event cannot be replaced";
            report.error(Reason::NotWritable, field(), message, "name a member, such as $.properties.product_name");
        } else if !path.has_names_only() {
            let message = format!("`{to}` leads into an array");
            report.error(Reason::NotWritable, field(), message, "write to member names only, without [ ] indexes");
        } else if path.starts_with(&consent) || consent.starts_with(&path) {
            let message = format!("`{to}` would change the event's consent");
            report.error(Reason::ConsentIsReadOnly, field(), message, "write outside $.context.consent");
        }
    }
}

pub(super) fn do_not_overlap(scope: &Scope<'_>, report: &mut Report<'_>) {
    let targets = scope.rule.enrichments.iter().enumerate();
    let mut targets: Vec<_> = targets.filter_map(|(place, one)| Some((Path::parse(&one.to).ok()?, place))).collect();
    targets.sort();
    // Sorted by steps, everything inside a path follows it directly.
    let mut outer: Option<&(Path, usize)> = None;
    for target in &targets {
        match outer {
            Some((path, first)) if target.0.starts_with(path) => {
                let message = if target.0 == *path {
                    format!("enrichments[{first}] writes to `{path}` too")
                } else {
                    format!("`{}` lies inside `{path}`, which enrichments[{first}] writes to", target.0)
                };
                let field = scope.field(format_args!("enrichments[{}].to", target.1));
                report.error(Reason::ConflictingPaths, field, message, "write one of them elsewhere");
            }
            _ => outer = Some(target),
        }
    }
}
