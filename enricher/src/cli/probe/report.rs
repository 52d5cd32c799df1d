//! How a probe ended, for people and for machines.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use weft_plan_types::ProbePlan;

use super::{Exit, Failure};
use crate::cli::result_file;
use crate::probe::{Probed, Step, object};

/// An error is cut to so many characters in a result, and further where they take too much room.
const ERROR_CHARACTERS: usize = 1000;

/// The exit code of a probe.
pub(super) fn exit(probed: &Probed) -> Exit {
    let troubles = || probed.steps.iter().filter_map(|step| step.trouble.as_ref());
    match troubles().count() {
        0 => Exit::Done,
        _ if troubles().all(|trouble| trouble.is_transient) => Exit::TryAgain,
        _ => Exit::Misconfigured,
    }
}

/// The result for people: the steps, one a line.
pub(super) fn text(plan: &ProbePlan, probed: &Probed) -> String {
    let (kind, name) = object(plan);
    let mut text = format!("{kind} {name}: {}", outcome(probed));
    if let Some(server) = &probed.server {
        let _ = write!(text, ", {server}");
    }
    text.push('\n');
    for Step { name, trouble } in &probed.steps {
        let _ = match trouble {
            None => writeln!(text, "  {name}: ok"),
            Some(trouble) => writeln!(text, "  {name}: failed: {}", trouble.text),
        };
    }
    text
}

fn outcome(probed: &Probed) -> &'static str {
    if exit(probed) == Exit::Done { "connected" } else { "failed" }
}

/// The result as JSON.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    kind: &'static str,
    namespace: &'a str,
    name: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'a str>,
    steps: Vec<StepLine>,
    seconds: f64,
}

#[derive(Serialize)]
struct StepLine {
    step: &'static str,
    outcome: &'static str,
    #[serde(flatten)]
    failed: Option<Failed>,
}

#[derive(Serialize)]
struct Failed {
    error: String,
    transient: bool,
}

impl<'a> Line<'a> {
    pub(super) fn new(plan: &'a ProbePlan, probed: &'a Probed, took: Duration) -> Self {
        Self::cut(plan, probed, took, ERROR_CHARACTERS)
    }

    /// With errors of at most so many characters.
    fn cut(plan: &'a ProbePlan, probed: &'a Probed, took: Duration, characters: usize) -> Self {
        let (kind, name) = object(plan);
        let line = |step: &Step| StepLine {
            step: step.name,
            outcome: if step.trouble.is_none() { "ok" } else { "failed" },
            failed: step.trouble.as_ref().map(|trouble| Failed {
                error: trouble.text.chars().take(characters).collect(),
                transient: trouble.is_transient,
            }),
        };
        Self {
            kind,
            namespace: &plan.namespace,
            name,
            outcome: outcome(probed),
            server: probed.server.as_deref(),
            steps: probed.steps.iter().map(line).collect(),
            seconds: (took.as_secs_f64() * 1000.0).round() / 1000.0,
        }
    }

    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).expect("a result is texts and numbers")
    }
}

/// Writes the result to a file, with errors as long as there is room for.
pub(super) fn write_to(path: &Path, plan: &ProbePlan, probed: &Probed, took: Duration) -> Result<(), Failure> {
    result_file::write(path, &fitting(plan, probed, took))
}

fn fitting(plan: &ProbePlan, probed: &Probed, took: Duration) -> String {
    let mut characters = ERROR_CHARACTERS;
    loop {
        let json = Line::cut(plan, probed, took, characters).json();
        if json.len() <= result_file::BYTES || characters == 0 {
            return json;
        }
        characters /= 2;
    }
}

#[cfg(test)]
mod tests {
    use weft_plan_types::{PLAN_VERSION, ProbeTarget, WarehouseConnection, WarehousePlan};

    use super::*;
    use crate::probe::Trouble;

    fn plan() -> ProbePlan {
        let connection = WarehouseConnection::Sqlite { path: "a".into(), bookkeeping: "b".into() };
        let (statement_timeout_seconds, max_concurrent_syncs) = (1, 1);
        let warehouse =
            WarehousePlan { name: "prod".into(), connection, statement_timeout_seconds, max_concurrent_syncs };
        ProbePlan { version: PLAN_VERSION, namespace: "shop".into(), target: ProbeTarget::Warehouse(warehouse) }
    }

    fn failed(text: &str, transient: &[bool]) -> Probed {
        let trouble = |&is_transient| Trouble { text: text.to_owned(), is_transient };
        let step = |transient| Step { name: "log in", trouble: Some(trouble(transient)) };
        Probed { steps: transient.iter().map(step).collect(), server: None }
    }

    #[test]
    fn a_result_fits_what_kubernetes_keeps_of_a_pod_whatever_its_errors_are() {
        let probed = failed(&"\u{1}".repeat(5000), &[true; 8]);
        let json = fitting(&plan(), &probed, Duration::ZERO);
        assert!(json.len() <= 4096, "{}", json.len());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["outcome"], "failed");
    }

    #[test]
    fn what_trying_again_does_not_help_is_told_before_what_may_pass() {
        assert_eq!(exit(&failed("", &[])), Exit::Done);
        assert_eq!(exit(&failed("", &[true])), Exit::TryAgain);
        assert_eq!(exit(&failed("", &[true, false])), Exit::Misconfigured);
    }
}
