//! Consent, as Segment documents it in "Consent in Segment Connections".

use super::*;

/// Whether an event with this consent and these integrations is sent by a rule that asks for these categories.
fn is_sent(categories: &[&str], context: &str, integrations: &str) -> bool {
    let mut asks = rule("r", None, vec![], vec![], "Forward");
    asks["consent"] = json!(categories);
    let event = format!(r#"{{"context":{context},"integrations":{integrations}}}"#);
    match one(asks, &event).as_str() {
        "Filtered(Consent)" => false,
        sent if sent == format!("Enriched: {event}") => true,
        other => panic!("{other}"),
    }
}

fn preferences(of: &str) -> String {
    format!(r#"{{"consent":{{"categoryPreferences":{of}}}}}"#)
}

/// Context, integrations, and whether an event goes to a destination of the category `ad`, of `analytics`, of both,
/// and of none: the combinations of the documentation's table, without what the integrations object itself refuses,
/// which is a matter of the destination.
const DOCUMENTED: [(&str, &str, [bool; 4]); 11] = [
    ("{}", "{}", [true, true, true, true]),
    (r#"{"consent":{}}"#, "{}", [true, true, true, true]),
    (r#"{"consent":{"categoryPreferences":{}}}"#, "{}", [false, false, false, true]),
    ("{}", r#"{"facebook":true,"amplitude":false}"#, [true, true, true, true]),
    (r#"{"consent":{}}"#, r#"{"facebook":true,"amplitude":false}"#, [false, false, false, true]),
    (
        r#"{"consent":{"categoryPreferences":{}}}"#,
        r#"{"facebook":true,"amplitude":false}"#,
        [false, false, false, true],
    ),
    (AD_ONLY, "{}", [true, false, false, true]),
    (AD_ONLY, r#"{"facebook":true,"amplitude":false}"#, [true, false, false, true]),
    (AD_ONLY, r#"{"facebook":false,"amplitude":false}"#, [true, false, false, true]),
    (
        r#"{"consent":{"categoryPreferences":{"ad":true,"analytics":true}}}"#,
        r#"{"facebook":true,"amplitude":false}"#,
        [true, true, true, true],
    ),
    (
        r#"{"consent":{"categoryPreferences":{"ad":false,"analytics":true}}}"#,
        r#"{"facebook":true,"amplitude":false}"#,
        [false, true, false, true],
    ),
];

const AD_ONLY: &str = r#"{"consent":{"categoryPreferences":{"ad":true,"analytics":false}}}"#;

#[test]
fn each_documented_combination_of_consent_and_integrations_comes_out_as_documented() {
    for (context, integrations, expected) in DOCUMENTED {
        let sent = [&["ad"][..], &["analytics"], &["ad", "analytics"], &[]]
            .map(|categories| is_sent(categories, context, integrations));
        assert_eq!(sent, expected, "context {context}, integrations {integrations}");
    }
}

#[test]
fn a_category_that_the_event_does_not_name_is_not_allowed() {
    assert!(!is_sent(&["functional"], AD_ONLY, "{}"));
    assert!(!is_sent(&["Ad"], AD_ONLY, "{}"));
}

#[test]
fn what_is_no_consent_object_and_no_true_allows_nothing() {
    for context in [r#"{"consent":true}"#, r#"{"consent":"all"}"#, r#"{"consent":[]}"#, r#"{"consent":{"other":1}}"#] {
        assert!(!is_sent(&["ad"], context, "null"), "{context}");
    }
    for value in [r#"{"ad":"true"}"#, r#"{"ad":1}"#, r#"{"ad":null}"#, r#"{"ad":{}}"#, "null", "true", r#"["ad"]"#] {
        assert!(!is_sent(&["ad"], &preferences(value), "null"), "{value}");
    }
    for context in [r#"{"consent":null}"#, "null", "3"] {
        assert!(is_sent(&["ad"], context, "null"), "{context}");
    }
}

#[test]
fn an_event_that_says_twice_what_it_allows_is_a_dead_letter() {
    let mut asks = rule("r", None, vec![], vec![], "Forward");
    asks["consent"] = json!(["ad"]);
    let event = format!(r#"{{"context":{}}}"#, preferences(r#"{"ad":false,"ad":true}"#));
    let message =
        "duplicate_key: the key at $.context.consent.categoryPreferences.ad occurs more than once in its object";
    assert_eq!(one(asks, &event), message);
}
