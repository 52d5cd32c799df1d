//! The tables of `docs/rule-language.md`: every condition comes out as the page says.

mod event;

use weft_language::Condition;

const PAGE: &str = include_str!("../../../docs/rule-language.md");

/// The rows of every table whose first heading is this one: what stands in back-ticks, cell by cell.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut wanted = false;
    for line in PAGE.lines() {
        let cells: Vec<_> = line.trim().trim_matches('|').split(" | ").map(str::trim).collect();
        match (line.starts_with('|'), cells.as_slice()) {
            (false, _) => wanted = false,
            (true, [first, ..]) if *first == heading => wanted = true,
            (true, cells) if wanted && !cells.iter().all(|cell| cell.starts_with('-')) => {
                rows.push(cells.iter().map(|cell| cell.trim_matches('`').trim().to_owned()).collect());
            }
            _ => {}
        }
    }
    rows
}

#[test]
fn every_example_comes_out_as_the_page_says() {
    let rows = rows("condition");
    assert!(rows.len() > 60, "{} examples", rows.len());
    for row in rows {
        let [condition, event, expected, ..] = row.as_slice() else { unreachable!("{row:?}") };
        assert_eq!(event::holds(condition, event).to_string(), *expected, "{condition} of {event}");
    }
}

#[test]
fn every_refused_condition_is_refused_with_the_hint_on_the_page() {
    let rows = rows("refused");
    assert!(rows.len() > 10, "{} examples", rows.len());
    for row in rows {
        let [condition, hint, ..] = row.as_slice() else { unreachable!("{row:?}") };
        let error = Condition::parse(condition).expect_err(condition);
        assert_eq!(error.message, *hint, "{condition}");
    }
}
