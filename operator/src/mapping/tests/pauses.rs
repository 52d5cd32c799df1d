//! What enrichers wait for.

use super::*;
use crate::enrichers::{Heard, Wait, Word};

/// A pod of the mapping that runs.
fn pod(name: &str, is_ready: bool) -> DynamicObject {
    let mut pod = DynamicObject::new(name, &resource("v1", "Pod")).within("shop");
    pod.data = json!({ "status": {
        "phase": "Running", "conditions": [{ "type": "Ready", "status": if is_ready { "True" } else { "False" } }],
    } });
    pod
}

fn word(waits: &[(&str, &str)]) -> Word {
    let wait = |(reason, message): &(&str, &str)| Wait { reason: (*reason).into(), message: (*message).into() };
    Word { waits: waits.iter().map(wait).collect() }
}

/// What pods said.
fn said(words: &[(&str, Word)]) -> Said {
    let heard = |word: &Word| {
        let mut heard = Heard::default();
        heard.take(Ok(word.clone()));
        heard
    };
    let heard = words.iter().map(|(pod, word)| ((*pod).to_owned(), heard(word))).collect();
    Said { heard, misses: None }
}

fn lost() -> Word {
    word(&[("OffsetsLost", "partition 0: up to 5 records from offset 7 on are gone")])
}

#[test]
fn what_an_enricher_waits_for_is_the_reason_and_what_only_a_person_can_end_comes_first() {
    let running = deployment(&decide(&mapping(), whole(), Vec::new()), 1);
    let children = || vec![running.clone(), pod("a", false), pod("b", true)];
    let unavailable = word(&[("StoreUnavailable", "entity product: nobody answers")]);
    for (word, reason, names) in [
        (unavailable.clone(), "StoreUnavailable", "nobody answers"),
        (lost(), "OffsetsLost", "from offset 7 on are gone"),
    ] {
        let decision = decide_hearing(&mapping(), whole(), children(), said(&[("a", word)]));
        let (status, found, message) = condition(&decision, "Ready").unwrap();
        assert_eq!((status, found), ("False", reason));
        assert!(message.starts_with("1 of 2 enrichers run") && message.contains(names), "{message}");
    }
    // The one that only a person can end comes first.
    let two = said(&[("a", word(&[("BreakerOpen", "1"), ("AThing", "2")]))]);
    assert_eq!(condition(&decide_hearing(&mapping(), whole(), children(), two), "Ready").unwrap().1, "BreakerOpen");
    // What a pod said that is ready by now is over.
    let over = said(&[("b", unavailable)]);
    assert_eq!(condition(&decide_hearing(&mapping(), whole(), children(), over), "Ready").unwrap().1, "Progressing");
}
