//! `weft explain`: what a reason means and how to cure it.

use std::fmt::Write as _;

use anyhow::anyhow;
use serde::Serialize;
use weft_plan::{ConditionReason, Reason, closest};
use weft_plan_types::{HoldReason, Pause, Refusal};

use super::{Exit, Failure, Format, FormatArg, print};
use crate::manifests::REASONS;

const EXAMPLES: &str = "\
Examples:
  # What a reason that `weft validate` shows means, and what to do
  weft explain HopNeedsIndex

  # The same of what `kubectl get weft` shows, or of an enricher's pause
  weft explain EntityNotSynced

  # Every reason there is
  weft explain

Exit codes:
  0  explained
  2  there is no such reason";

/// Arguments of `weft explain`.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The reason, in upper or lower case [default: list all]
    #[arg(value_name = "REASON")]
    reason: Option<String>,

    #[command(flatten)]
    format: FormatArg,
}

/// What there is to know of a reason; as JSON, the names do not change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Explanation {
    reason: &'static str,
    told_by: Teller,
    meaning: String,
    cure: String,
}

/// Where a reason is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Teller {
    Objects,
    Files,
    Conditions,
    Pauses,
    HeldSyncs,
    Refusals,
}

impl Teller {
    const ALL: [Self; 6] =
        [Self::Objects, Self::Files, Self::Conditions, Self::Pauses, Self::HeldSyncs, Self::Refusals];

    /// The head of its reasons.
    fn title(self) -> &'static str {
        match self {
            Self::Objects => "What is wrong with objects",
            Self::Files => "What is wrong with files",
            Self::Conditions => "Conditions on a cluster",
            Self::Pauses => "What enrichers wait for",
            Self::HeldSyncs => "Why syncs wait for approval",
            Self::Refusals => "What is refused",
        }
    }

    /// Each reason with its meaning and cure.
    fn reasons(self) -> Vec<(&'static str, &'static str, &'static str)> {
        let explained = |reason, explanation: &'static str| {
            let (meaning, cure) = explanation.split_once("\n\n").unwrap_or((explanation, ""));
            (reason, meaning, cure)
        };
        macro_rules! all {
            ($reasons:ident) => {
                $reasons::ALL.iter().map(|reason| explained(reason.as_str(), reason.explanation())).collect()
            };
        }
        match self {
            Self::Objects => all!(Reason),
            Self::Files => REASONS.to_vec(),
            Self::Conditions => all!(ConditionReason),
            Self::Pauses => all!(Pause),
            Self::HeldSyncs => all!(HoldReason),
            Self::Refusals => all!(Refusal),
        }
    }
}

/// Prints one explanation, or the list of all.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let all = explanations();
    let printed = match (&args.reason, args.format.format) {
        (None, Format::Text) => list(&all),
        (None, Format::Json) => json(&serde_json::json!({"reasons": all})),
        (Some(reason), format) => {
            let explanation = find(&all, reason)?;
            if format == Format::Text { text(explanation) } else { json(explanation) }
        }
    };
    print(&printed).map(|()| Exit::Done)
}

/// Those that are met first come first.
fn explanations() -> Vec<Explanation> {
    let of = |told_by: Teller| {
        let all = told_by.reasons().into_iter();
        all.map(move |(reason, meaning, cure)| Explanation {
            reason,
            told_by,
            meaning: one_line(meaning),
            cure: one_line(cure),
        })
    };
    Teller::ALL.into_iter().flat_map(of).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn find<'a>(all: &'a [Explanation], written: &str) -> Result<&'a Explanation, Failure> {
    let found = all.iter().find(|explanation| explanation.reason.eq_ignore_ascii_case(written));
    found.ok_or_else(|| {
        let names = all.iter().map(|explanation| explanation.reason);
        let help = match closest(written, names) {
            Some(reason) => format!("did you mean {reason}?"),
            None => "`weft explain` lists all".to_owned(),
        };
        Failure::Configuration(anyhow!("there is no reason {written:?}; {help}"))
    })
}

fn json(value: &impl Serialize) -> String {
    format!("{}\n", serde_json::to_string_pretty(value).expect("an explanation is texts"))
}

fn text(explanation: &Explanation) -> String {
    let bold = anstyle::Style::new().bold();
    let (meaning, cure) = (wrapped(&explanation.meaning, 0), wrapped(&explanation.cure, 0));
    format!("{bold}{}{bold:#}\n\n{meaning}\n\n{cure}\n", explanation.reason)
}

fn list(all: &[Explanation]) -> String {
    let bold = anstyle::Style::new().bold();
    let width = all.iter().map(|explanation| explanation.reason.len()).max().unwrap_or_default() + 2;
    let mut before = None;
    all.iter().fold(String::new(), |mut list, Explanation { reason, told_by, meaning, .. }| {
        if before.replace(*told_by) != Some(*told_by) {
            let space = if list.is_empty() { "" } else { "\n" };
            let _ = writeln!(list, "{space}{bold}{}{bold:#}", told_by.title());
        }
        let sentence = meaning.split_once(". ").map_or(meaning.as_str(), |(first, _)| first).trim_end_matches('.');
        let _ = writeln!(list, "  {bold}{reason:width$}{bold:#}{}", wrapped(sentence, width + 2));
        list
    })
}

/// Breaks a text into lines as wide as a terminal; those after the first are indented.
fn wrapped(text: &str, indent: usize) -> String {
    const WIDTH: usize = 100;
    let mut lines = String::new();
    let mut column = indent;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > indent && column + 1 + length > WIDTH {
            let _ = write!(lines, "\n{:indent$}", "");
            column = indent;
        } else if column > indent {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += length;
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn a_reason_is_found_in_any_case_and_a_slip_is_told_with_what_was_meant() {
        let all = explanations();
        assert_eq!(find(&all, "hopneedsindex").unwrap().reason, "HopNeedsIndex");
        let said = |written| match find(&all, written) {
            Err(Failure::Configuration(error)) => error.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(said("HopNeedIndex"), "there is no reason \"HopNeedIndex\"; did you mean HopNeedsIndex?");
        assert_eq!(said("xyz"), "there is no reason \"xyz\"; `weft explain` lists all");
    }

    #[test]
    fn every_reason_stands_once_and_has_a_meaning_and_a_cure() {
        let all = explanations();
        for (place, one) in all.iter().enumerate() {
            assert!(!one.meaning.is_empty() && one.cure.ends_with(['.', '`', '!', '?']), "{one:?}");
            assert!(all[..place].iter().all(|other| other.reason != one.reason), "{one:?}");
        }
    }

    #[test]
    fn lines_are_as_wide_as_a_terminal_and_no_word_is_lost() {
        for line in list(&explanations()).lines().map(anstream::adapter::strip_str).map(|line| line.to_string()) {
            assert!(line.chars().count() <= 100, "{line}");
        }
        let text = "a ".repeat(300);
        assert_eq!(one_line(&wrapped(text.trim(), 4)), text.trim());
    }

    /// Who gives them.
    fn given_by(teller: Teller) -> &'static str {
        match teller {
            Teller::Objects => {
                "`weft validate` and every command that reads manifests tell them with the field, and the operator in the \
                 conditions of the object."
            }
            Teller::Files => "`weft validate` and every command that reads manifests tell them with file and line.",
            Teller::Conditions => {
                "The operator sets them in `status.conditions`; `kubectl get weft` shows that of Ready, and `kubectl \
                 describe` those of all with what is the case."
            }
            Teller::Pauses => {
                "`weft enrich` tells them in its log (`paused`), at `/readyz` and `/v1/lag`, and in the metric \
                 `weft_enricher_paused`."
            }
            Teller::HeldSyncs => "`weft sync` ends with exit code 4, and the Entity's condition Synced is False.",
            Teller::Refusals => "`weft sync` and `weft cleanup` name them in their messages, and end with exit code 5.",
        }
    }

    /// The page that lists every reason.
    fn page() -> String {
        let mut page = String::from(
            "# Reasons\n\nEvery reason that Weft gives, what it means and how to cure it. `weft explain REASON` prints the \
             same.\n",
        );
        let mut before = None;
        for Explanation { reason, told_by, meaning, cure } in explanations() {
            if before.replace(told_by) != Some(told_by) {
                let _ = write!(page, "\n## {}\n\n{}\n", told_by.title(), wrapped(&one_line(given_by(told_by)), 0));
            }
            let _ = write!(page, "\n### {reason}\n\n{}\n\n{}\n", wrapped(&meaning, 0), wrapped(&cure, 0));
        }
        page
    }

    #[test]
    fn the_page_of_reasons_is_what_the_command_knows() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reasons.md");
        if std::env::var_os("WEFT_WRITE").is_some() {
            fs::write(&path, page()).unwrap();
        }
        let found = fs::read_to_string(path).unwrap_or_default();
        assert!(found == page(), "docs/reasons.md is out of date: run this test with WEFT_WRITE=1");
    }
}
