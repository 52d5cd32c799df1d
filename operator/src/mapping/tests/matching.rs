//! Keys without rows.

use std::collections::BTreeSet;

use super::*;
use crate::enrichers::Alias;

fn said(misses: Option<&[(&str, &str)]>) -> Said {
    let alias = |(rule, alias): &(&str, &str)| Alias { rule: (*rule).into(), alias: (*alias).into() };
    Said { misses: misses.map(|misses| misses.iter().map(alias).collect::<BTreeSet<_>>()), ..Said::default() }
}

#[test]
fn keys_that_mostly_have_no_row_turn_matching_and_nothing_else() {
    let running = || vec![deployment(&decide(&mapping(), whole(), Vec::new()), 2)];
    let mut mapping = mapping();
    let mut look = |misses: Option<&[(&str, &str)]>| {
        let decision = decide_hearing(&mapping, whole(), running(), said(misses));
        mapping.status = serde_json::from_value(decision.status.clone()).unwrap();
        let told = decision.events.iter().map(|it| it.reason.clone()).collect::<Vec<_>>();
        let matching = condition(&decision, "Matching").map(|it| (it.0.to_owned(), it.1.to_owned(), it.2.to_owned()));
        assert_eq!(condition(&decision, "Ready").unwrap().0, "True");
        (matching, told)
    };
    let (unknown, told) = look(None);
    assert_eq!(unknown.clone().map(|it| it.0), Some("True".to_owned()), "as long as nothing else is known");
    assert_eq!(told, [""; 0]);
    assert_eq!(look(Some(&[])), (unknown, vec![]), "what is quiet writes nothing");
    let (missing, told) = look(Some(&[("all", "product")]));
    let (status, reason, message) = missing.clone().unwrap();
    assert_eq!((status.as_str(), reason.as_str()), ("False", "KeysMissing"));
    assert!(message.contains("`product` of rule `all`") && message.contains("weft lookup"), "{message}");
    assert_eq!(told, ["KeysMissing"]);
    assert_eq!(look(Some(&[("all", "product")])), (missing.clone(), vec![]));
    assert_eq!(look(None), (missing, vec![]), "an operator that has just started knows nothing");
    let (matching, told) = look(Some(&[]));
    assert_eq!((matching.map(|it| it.1), told), (Some("KeysFound".to_owned()), vec!["KeysFound".to_owned()]));
}
