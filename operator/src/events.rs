//! What a user wants to read in `kubectl describe`: that an object became ready, or is not any more, and why.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use serde::Deserialize as _;
use serde_json::Value;

use crate::reason::Reason;

/// The longest note that the API server takes.
const NOTE_BYTES: usize = 1024;

/// What is told of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    is_warning: bool,
    pub(crate) reason: String,
    action: &'static str,
    note: String,
}

impl Told {
    pub(crate) fn normal(reason: impl Into<String>, action: &'static str, note: impl Into<String>) -> Self {
        Self { is_warning: false, reason: reason.into(), action, note: note.into() }
    }

    pub(crate) fn warning(reason: impl Into<String>, action: &'static str, note: impl Into<String>) -> Self {
        Self { is_warning: true, ..Self::normal(reason, action, note) }
    }

    pub(crate) fn event(&self) -> Event {
        let cut = self.note.floor_char_boundary(NOTE_BYTES);
        Event {
            type_: if self.is_warning { EventType::Warning } else { EventType::Normal },
            reason: self.reason.clone(),
            note: Some(self.note.get(..cut).unwrap_or_default().to_owned()),
            action: self.action.to_owned(),
            secondary: None,
        }
    }
}

/// Tells events; those that repeat become one with a count.
pub(crate) fn recorder(client: Client, instance: &str) -> Recorder {
    Recorder::new(client, Reporter { controller: "weft-operator".into(), instance: Some(instance.to_owned()) })
}

/// What a change of status is worth telling: that Ready became true, or that something else than time stands in its way.
pub(crate) fn turned(before: Option<&Value>, after: &Value) -> Option<Told> {
    let is = ready(Some(after))?;
    let was = ready(before);
    let is_same = was.as_ref().is_some_and(|was| was.status == is.status && was.reason == is.reason);
    let waits = [Reason::FirstSync, Reason::Progressing, Reason::CleaningUp, Reason::EntityNotSynced];
    if is_same || waits.iter().any(|reason| reason.to_string() == is.reason) {
        return None;
    }
    match is.status.as_str() {
        "True" => Some(Told::normal(is.reason, "Reconcile", is.message)),
        "False" => Some(Told::warning(is.reason, "Reconcile", is.message)),
        _ => None,
    }
}

fn ready(status: Option<&Value>) -> Option<Condition> {
    let conditions = status?.get("conditions")?.as_array()?;
    let ready = conditions.iter().find(|it| it["type"] == "Ready")?;
    Condition::deserialize(ready).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(is: &str, reason: &str) -> Value {
        json!({ "conditions": [{
            "type": "Ready", "status": is, "reason": reason, "message": "m", "lastTransitionTime": "2026-01-01T00:00:00Z",
        }] })
    }

    fn told(before: Option<(&str, &str)>, after: (&str, &str)) -> Option<(bool, String)> {
        let before = before.map(|(is, reason)| status(is, reason));
        turned(before.as_ref(), &status(after.0, after.1)).map(|told| (told.is_warning, told.reason))
    }

    #[test]
    fn what_turns_is_told_once_and_what_only_takes_time_is_not() {
        assert_eq!(told(None, ("False", "FirstSync")), None);
        assert_eq!(told(None, ("False", "UnknownDataGraph")), Some((true, "UnknownDataGraph".into())));
        assert_eq!(told(Some(("False", "FirstSync")), ("True", "Synced")), Some((false, "Synced".into())));
        assert_eq!(told(Some(("True", "Synced")), ("True", "Synced")), None);
        assert_eq!(told(Some(("True", "Synced")), ("False", "SyncFailed")), Some((true, "SyncFailed".into())));
        let held = (true, "HeldMassDeletion".into());
        assert_eq!(told(Some(("False", "SyncFailed")), ("False", "HeldMassDeletion")), Some(held));
        assert_eq!(told(Some(("True", "Running")), ("False", "Progressing")), None);
    }

    #[test]
    fn a_long_note_is_cut_to_what_the_api_server_takes() {
        let note = Told::normal("A", "B", "é".repeat(2000)).event().note.unwrap();
        assert_eq!(note.len(), NOTE_BYTES);
    }
}
