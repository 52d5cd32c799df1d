//! Conditions on random texts and values: the printer and the parser agree, and so do the evaluator and a naive one.

mod cases;
mod naive;

use naive::{COLUMNS, FIELDS, conditions, values};
use proptest::prelude::*;
use weft_language::Condition;

/// What the fields and columns of a condition hold, by the places the condition gives them.
struct Inputs<'a> {
    condition: Condition,
    fields: &'a [Option<String>],
    columns: &'a [Option<String>],
}

impl Inputs<'_> {
    fn field(&self, place: usize) -> Option<&[u8]> {
        let path = self.condition.paths()[place].to_string();
        let known = FIELDS.iter().position(|(_, known)| *known == path).expect("only known fields are written");
        self.fields[known].as_deref().map(str::as_bytes)
    }

    fn column(&self, place: usize) -> Option<&[u8]> {
        let column = self.condition.columns()[place].to_string();
        let known = COLUMNS.iter().position(|known| *known == column).expect("only known columns are written");
        self.columns[known].as_deref().map(str::as_bytes)
    }

    fn matches(&self) -> bool {
        self.condition.matches(|place| self.field(place), |place| self.column(place))
    }
}

fn parsed(text: &str) -> Result<Condition, TestCaseError> {
    Condition::parse(text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))
}

#[test]
fn a_condition_is_judged_and_explained_as_a_naive_evaluator_judges_it() {
    let inputs = (conditions(), values(FIELDS.len()), values(COLUMNS.len()));
    cases::runner(1)
        .run(&inputs, |(tree, fields, columns)| {
            let text = tree.written();
            let inputs = Inputs { condition: parsed(&text)?, fields: &fields, columns: &columns };
            let expected = tree.holds(&fields, &columns);
            prop_assert_eq!(inputs.matches(), expected, "{}", text);
            let explanation = inputs.condition.explain(|place| inputs.field(place), |place| inputs.column(place));
            prop_assert_eq!(explanation.held, Some(expected));
            prop_assert!(!explanation.deciding().is_empty());
            prop_assert!(explanation.deciding().iter().all(|leaf| leaf.held.is_some()));
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_the_event_decides_no_row_changes() {
    let inputs = (conditions(), values(FIELDS.len()), values(COLUMNS.len()));
    cases::runner(1)
        .run(&inputs, |(tree, fields, columns)| {
            let inputs = Inputs { condition: parsed(&tree.written())?, fields: &fields, columns: &columns };
            match inputs.condition.decided(|place| inputs.field(place)) {
                Some(decided) => prop_assert_eq!(inputs.matches(), decided),
                None => prop_assert!(!inputs.condition.columns().is_empty()),
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_canonical_spelling_parses_back_to_the_same_condition() {
    cases::runner(1)
        .run(&conditions(), |tree| {
            let condition = parsed(&tree.written())?;
            prop_assert_eq!(Condition::parse(&condition.to_string()), Ok(condition));
            Ok(())
        })
        .unwrap();
}

#[test]
fn no_mutated_text_makes_the_parser_panic_and_every_fault_lies_in_the_text() {
    let pieces = r#"( ) ! = < > ' " \ . [ ] , 0 e - + a é 😀 * ? ^ and or not in null entities. $ contains( match( length( \u 1e9"#;
    let pieces: Vec<_> = pieces.split(' ').chain([" ", "\n"]).collect();
    let edits =
        prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(prop::sample::select(pieces))), 0..4);
    let inputs = (conditions(), edits, values(1), values(1));
    cases::runner(1)
        .run(&inputs, |(tree, edits, field, column)| {
            let mut letters: Vec<String> = tree.written().chars().map(String::from).collect();
            for (place, piece) in edits {
                let place = place.index(letters.len() + 1);
                match piece {
                    Some(piece) => letters.insert(place, piece.to_owned()),
                    None if place < letters.len() => drop(letters.remove(place)),
                    None => {}
                }
            }
            let text = letters.concat();
            match Condition::parse(&text) {
                Ok(condition) => {
                    let field = |_| field[0].as_deref().map(str::as_bytes);
                    let column = |_| column[0].as_deref().map(str::as_bytes);
                    let held = condition.matches(field, column);
                    prop_assert_eq!(condition.explain(field, column).held, Some(held));
                    prop_assert_eq!(Condition::parse(&condition.to_string()), Ok(condition));
                }
                Err(error) => {
                    prop_assert!(error.start <= error.end && text.get(error.start..error.end).is_some(), "{:?}", error)
                }
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn values_that_are_no_json_make_nothing_panic() {
    let texts = prop::collection::vec(
        prop::sample::select(vec![
            "[", "]", "{", "}", "\"", "\\", "\\u", "d83d", ",", ":", "1", "e", "-", ".", " ", "é", "null",
        ]),
        0..8,
    );
    cases::runner(1)
        .run(&(conditions(), texts), |(tree, pieces)| {
            let (condition, raw) = (parsed(&tree.written())?, pieces.concat());
            let half = raw.as_bytes().get(..raw.len().saturating_sub(1));
            for raw in [Some(raw.as_bytes()), half] {
                condition.explain(|_| raw, |_| raw);
            }
            Ok(())
        })
        .unwrap();
}
