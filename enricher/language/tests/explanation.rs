//! Why a condition holds or not, as a preview shows it.

mod event;

use weft_language::{Condition, Explanation, Shape};

fn explained(condition: &str, event: &str) -> Explanation {
    let condition = Condition::parse(condition).expect(condition);
    let fields: Vec<_> = condition.paths().iter().map(|path| event::at(event, path)).collect();
    condition.explain(|place| fields[place].map(str::as_bytes), |_| Some(br#""gold""#.as_slice()))
}

/// The leaves that decided, each with its outcome and values.
fn deciding(condition: &str, event: &str) -> Vec<String> {
    let explanation = explained(condition, event);
    assert_eq!(explanation.held, Some(event::holds(condition, event)));
    let leaf = |leaf: &Explanation| {
        let values = leaf.values.iter().map(|read| format!("{}: {}", read.text, read.value.as_deref().unwrap_or("-")));
        format!(
            "{} {:?} {}",
            leaf.text,
            leaf.held.expect("a part that decides was judged"),
            values.collect::<Vec<_>>().join(", ")
        )
    };
    explanation.deciding().into_iter().map(leaf).collect()
}

const EVENT: &str = r#"{"type":"track","event":"Order \u00e9","total":"48","tags":["a"],"paid":true}"#;

#[test]
fn the_first_false_part_of_an_and_decides() {
    assert_eq!(deciding("type = 'track' and total > 20 and paid", EVENT), [r#"total > 20 false total: "48""#]);
    let explanation = explained("type = 'track' and total > 20 and paid", EVENT);
    let reached: Vec<_> = explanation.parts.iter().map(|part| part.held).collect();
    assert_eq!(reached, [Some(true), Some(false), None]);
    assert!(explanation.parts[2].values.is_empty(), "what is not reached reads nothing");
}

#[test]
fn all_parts_of_a_false_or_and_of_a_true_and_decide() {
    assert_eq!(
        deciding("type = 'page' or missing = 1", EVENT),
        [r#"type = "page" false type: "track""#, "missing = 1 false missing: -"]
    );
    assert_eq!(
        deciding("type = 'track' and paid", EVENT),
        [r#"type = "track" true type: "track""#, "paid true paid: true"]
    );
}

#[test]
fn the_true_part_of_an_or_decides_also_under_not() {
    assert_eq!(deciding("not (type = 'page' or 'a' in tags or paid)", EVENT), [r#""a" in tags true tags: ["a"]"#]);
    let explanation = explained("not (type = 'page' or paid)", EVENT);
    assert_eq!((explanation.shape, explanation.held), (Shape::Not, Some(false)));
    assert_eq!(explanation.parts[0].shape, Shape::Or);
}

#[test]
fn columns_and_what_functions_gave_are_shown_beside_the_fields() {
    assert_eq!(
        deciding("contains(lowercase(event), entities.product.TIER) and paid", EVENT),
        [concat!(
            r#"contains(lowercase(event), entities.product.TIER) false contains(lowercase(event), entities.product.TIER): false, "#,
            r#"lowercase(event): "order é", event: "Order \u00e9", entities.product.TIER: "gold""#
        )]
    );
    assert_eq!(deciding("number(total) = 48", EVENT), [r#"number(total) = 48 true number(total): 48, total: "48""#]);
    assert_eq!(
        deciding(r"number('1e99') > \total", EVENT)[0].split(" false ").last(),
        Some(r#"number("1e99"): 1e99, total: "48""#)
    );
}
