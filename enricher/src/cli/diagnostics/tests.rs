use proptest::{prelude::*, sample::Index as Pick};

use super::*;
use crate::cases;

/// A Warehouse, a DataGraph, an Entity and an EnrichmentMapping with something of all that they can hold.
const MANIFESTS: &str = include_str!("manifests.yaml");

/// Everything that is told of a text on standard input.
fn told(text: &str, output: Format) -> (Loaded, String) {
    let args = ManifestArgs::of(vec!["-".into()]);
    let loaded = manifests::load(&args, &mut text.as_bytes());
    let report = report(&loaded, output);
    (loaded, report)
}

#[test]
fn the_manifests_that_are_mutated_are_valid() {
    assert_eq!(told(MANIFESTS, Format::Text).1, "4 objects in 1 file: valid\n");
}

#[test]
fn mutated_manifests_never_panic_and_every_error_is_told() {
    let pieces = [
        "",
        " ",
        "\n",
        "\r\n",
        "\t",
        "- ",
        ": ",
        "{",
        "}",
        "[",
        "]",
        "'",
        "\"",
        "|",
        "&a ",
        "*a",
        "!!str ",
        "#",
        "---\n",
        ",",
        "é",
        "\u{2028}",
        "0",
        "-1",
        "99999999999999999999",
        "null",
        "yes",
        "[]",
        "{}",
        "$",
        ".",
        "\u{1b}[31m",
        "= \"",
    ];
    let edits = prop::collection::vec((any::<Pick>(), 0..12_usize, any::<Pick>()), 1..4);
    let mutated = edits.prop_map(move |edits| {
        let mut text: Vec<char> = MANIFESTS.chars().collect();
        for (at, removed, piece) in edits {
            let start = at.index(text.len());
            let end = (start + removed).min(text.len());
            text.splice(start..end, pieces[piece.index(pieces.len())].chars());
        }
        text.into_iter().collect::<String>()
    });
    // A case takes about a millisecond.
    cases::runner(10)
        .run(&mutated, |text| {
            let (loaded, shown) = told(&text, Format::Text);
            let (_, json) = told(&text, Format::Json);
            let json: serde_json::Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(json["summary"]["errors"] == 0, loaded.is_valid());
            for diagnostic in &loaded.manifests.diagnostics {
                prop_assert!(shown.contains(&format!("[{}]", diagnostic.reason)), "{}", shown);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn control_characters_of_a_manifest_do_not_reach_the_terminal() {
    let text = "apiVersion: weft.dev/v1alpha1\nkind: \"\\e[2J\"\nmetadata: {name: x, \"\\e[2J\": 1}\n";
    let (_, shown) = told(text, Format::Text);
    assert!(shown.contains("UnknownKind") && !shown.contains("\u{1b}[2J"), "{shown:?}");
}

#[test]
fn of_a_line_without_end_the_place_is_told_and_not_the_line() {
    let columns: String = (0..5_000).map(|n| format!("\"c{n}\", ")).collect();
    let text = format!(
        "{{\"apiVersion\": \"weft.dev/v1alpha1\", \"kind\": \"Entity\", \"metadata\": {{\"name\": \"x\"}}, \"spec\": {{\"columns\": [{columns} 5]}}}}"
    );
    let (_, shown) = told(&text, Format::Text);
    assert!(shown.contains("<stdin>:1:43994"), "{shown}");
    assert!(shown.len() < 10_000, "{} bytes", shown.len());
}

#[test]
fn a_hundred_thousand_faults_of_one_mapping_are_told_without_delay() {
    let labels: String = (0..100_000).map(|n| format!("    l{n}: {n}\n")).collect();
    let text = format!(
        "apiVersion: weft.dev/v1alpha1\nkind: Warehouse\nmetadata:\n  name: x\n  labels:\n{labels}spec: {{sqlite: {{path: a}}}}\n"
    );
    assert!(told(&text, Format::Json).1.contains("\"errors\": 100000"));
}

#[test]
fn counts_are_in_words() {
    let summary = |objects, files, errors, warnings| Summary { objects, files, errors, warnings }.to_string();
    assert_eq!(summary(1, 1, 0, 0), "1 object in 1 file: valid");
    assert_eq!(summary(4, 4, 1, 2), "4 objects in 4 files: 1 error, 2 warnings");
    assert_eq!(summary(0, 2, 0, 1), "0 objects in 2 files: valid, 1 warning");
}
