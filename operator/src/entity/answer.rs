//! What the pod of a sync or a clean-up answered, judged: a pod may be broken, of another version or not ours, and the API server
//! refuses a whole status for one value that is out of its bounds.

use serde::Deserialize;
use weft_api::SyncRows;
use weft_plan_types::HoldReason;

use crate::reason::Reason;

/// The longest answer: what Kubernetes keeps of a termination message.
const LONGEST: usize = 4096;
/// An error is cut to so many characters.
const ERROR_CHARACTERS: usize = 1000;
/// The words of `mode`.
const MODES: [&str; 3] = ["incremental", "full", "approved"];

/// How a sync ended, as far as it can be believed.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    /// `synced`, `unchanged`, `held`, `failed` or `refused`.
    pub(super) outcome: &'static str,
    pub(super) error: Option<String>,
    pub(super) run: Option<i64>,
    pub(super) mode: Option<&'static str>,
    /// Unix seconds.
    pub(super) snapshot_time: Option<i64>,
    pub(super) verified_time: Option<i64>,
    pub(super) rows: Option<SyncRows>,
    /// Why it waits for approval.
    pub(super) held_reason: Option<&'static str>,
    /// The run that waits for approval.
    pub(super) held_run: Option<i64>,
}

/// The JSON of `weft sync --result`. Fields that a newer version adds are passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    outcome: String,
    error: Option<String>,
    run: Option<i64>,
    mode: Option<String>,
    snapshot_time: Option<i64>,
    verified_time: Option<i64>,
    rows: Option<SyncRows>,
    held: Option<RawHeld>,
}

#[derive(Deserialize)]
struct RawHeld {
    run: Option<i64>,
    reason: String,
}

impl Answer {
    /// Reads a termination message; `None` if it is no answer of a sync. `ended` is when the pod did, in Unix seconds:
    /// it cannot have read rows later.
    pub(super) fn read(message: &str, ended: Option<i64>) -> Option<Self> {
        if message.len() > LONGEST {
            return None;
        }
        let raw: Raw = serde_json::from_str(message).ok()?;
        let counted = |number: Option<i64>| number.filter(|number| *number >= 0);
        let time = |second: Option<i64>| counted(second).map(|second| ended.map_or(second, |ended| second.min(ended)));
        let (snapshot_time, verified_time) = (time(raw.snapshot_time), time(raw.verified_time));
        let (run, rows) = (counted(raw.run), raw.rows.filter(are_counts));
        let is_told = rows.is_some() && run.is_some();
        let outcome = match raw.outcome.as_str() {
            "synced" if is_told && snapshot_time.or(verified_time).is_some() => "synced",
            "unchanged" if is_told && snapshot_time.or(verified_time).is_some() => "unchanged",
            "held" if raw.held.is_some() => "held",
            "failed" => "failed",
            "refused" => "refused",
            _ => return None,
        };
        let held_run = raw.held.as_ref().and_then(|held| counted(held.run));
        Some(Self {
            outcome,
            error: raw.error.map(|error| plain(&error)),
            run,
            mode: raw.mode.and_then(|mode| one_of(&MODES, &mode)),
            snapshot_time,
            verified_time,
            rows,
            held_reason: raw.held.map(|held| held_reason(&held.reason)),
            held_run,
        })
    }
}

/// How a clean-up ended, as far as it can be believed.
#[derive(Debug, PartialEq)]
pub(super) enum CleanupAnswer {
    /// Nothing is left.
    Removed,
    /// The copy is another owner's: there is nothing of ours.
    Refused(String),
    /// It could not be removed.
    Failed(String),
}

/// The JSON of `weft cleanup --result`.
#[derive(Deserialize)]
struct RawCleanup {
    outcome: String,
    error: Option<String>,
}

impl CleanupAnswer {
    /// Reads a termination message; `None` if it is no answer of a clean-up.
    pub(super) fn read(message: &str) -> Option<Self> {
        if message.len() > LONGEST {
            return None;
        }
        let raw: RawCleanup = serde_json::from_str(message).ok()?;
        let error = plain(raw.error.as_deref().unwrap_or_default());
        match raw.outcome.as_str() {
            "removed" | "absent" => Some(Self::Removed),
            "refused" => Some(Self::Refused(error)),
            "failed" => Some(Self::Failed(error)),
            _ => None,
        }
    }
}

/// The word, if it is known.
fn held_reason(word: &str) -> &'static str {
    let known = HoldReason::ALL.iter().map(|reason| reason.as_str()).find(|known| *known == word);
    known.unwrap_or(Reason::Held.as_str())
}

fn are_counts(rows: &SyncRows) -> bool {
    let SyncRows { added, changed, removed, rejected, total } = *rows;
    [added, changed, removed, rejected, total].into_iter().all(|count| count >= 0)
}

fn one_of(words: &[&'static str], word: &str) -> Option<&'static str> {
    words.iter().find(|known| **known == word).copied()
}

/// Cut, and without characters that would move a terminal's cursor.
fn plain(text: &str) -> String {
    text.chars().take(ERROR_CHARACTERS).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = r#""rows":{"added":1,"changed":0,"removed":0,"rejected":0,"total":1}"#;

    fn read(text: &str) -> Option<Answer> {
        Answer::read(text, Some(1000))
    }

    #[test]
    fn what_a_newer_version_adds_is_passed_over() {
        let text = format!(
            r#"{{"outcome":"synced","run":7,"mode":"full","verifiedTime":900,{ROWS},"new":{{"of":[1,null]}}}}"#
        );
        let answer = read(&text).unwrap();
        assert_eq!((answer.outcome, answer.run, answer.mode), ("synced", Some(7), Some("full")));
        assert_eq!(answer.verified_time, Some(900));
    }

    #[test]
    fn garbage_is_no_answer_however_it_looks() {
        let long = format!(r#"{{"outcome":"failed","error":"{}"}}"#, "x".repeat(4096));
        let deep = "[".repeat(4096);
        let negative = r#"{"outcome":"synced","run":7,"verifiedTime":9,"rows":{"added":-1,"changed":0,"removed":0,"rejected":0,"total":1}}"#;
        for text in [
            "",
            "null",
            "7",
            "[]",
            "\u{0}\u{1}",
            long.as_str(),
            deep.as_str(),
            r#"{"outcome":"ready"}"#,
            r#"{"outcome":{"synced":1}}"#,
            r#"{"outcome":"synced"}"#,
            r#"{"outcome":"held"}"#,
            r#"{"outcome":"failed","error":7}"#,
            r#"{"outcome":"failed","run":9223372036854775808}"#,
            negative,
            &format!(r#"{{"outcome":"synced","run":-7,"verifiedTime":9,{ROWS}}}"#),
            &format!(r#"{{"outcome":"synced","run":7,"verifiedTime":-9,{ROWS}}}"#),
        ] {
            assert_eq!(read(text), None, "{text:.80}");
        }
    }

    #[test]
    fn a_word_that_is_not_known_never_becomes_a_reason_or_a_mode() {
        let text = r#"{"outcome":"held","mode":"<b>","held":{"run":-8,"reason":"no reason\n at all"}}"#;
        let answer = read(text).unwrap();
        assert_eq!((answer.held_reason, answer.held_run, answer.mode), (Some("Held"), None, None));
    }

    #[test]
    fn rows_are_never_fresher_than_the_end_of_the_pod_that_read_them() {
        let text = format!(r#"{{"outcome":"unchanged","run":7,"verifiedTime":253402207200,{ROWS}}}"#);
        assert_eq!(read(&text).unwrap().verified_time, Some(1000));
    }

    #[test]
    fn an_error_is_cut_and_moves_no_cursor() {
        let text = format!(r#"{{"outcome":"failed","error":"\u001b[2J{}"}}"#, "é".repeat(1500));
        let error = read(&text).unwrap().error.unwrap();
        assert_eq!(error.chars().count(), 1000);
        assert!(!error.contains('\u{1b}'));
    }
}
