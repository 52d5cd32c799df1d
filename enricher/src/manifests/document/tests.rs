use std::path::PathBuf;

use proptest::{prelude::*, sample::Index as Pick};
use serde_json::json;

use super::*;
use crate::cases;

fn file(text: &str) -> SourceFile {
    SourceFile::new("a.yaml".to_owned(), PathBuf::new(), text.to_owned())
}

fn values(text: &str) -> Vec<Value> {
    let (documents, faults) = documents(&file(text), 0);
    assert!(faults.is_empty(), "{faults:?}");
    documents.into_iter().map(|document| document.value).collect()
}

/// The reason and the line and column of each fault.
fn faults(text: &str) -> Vec<(String, usize, usize)> {
    let file = file(text);
    let (_, faults) = documents(&file, 0);
    let place = |fault: &Diagnostic| file.position(fault.place.clone().unwrap().span.unwrap().start);
    faults.iter().map(|fault| (fault.reason.to_string(), place(fault).0, place(fault).1)).collect()
}

fn one(reason: &str, line: usize, column: usize) -> Vec<(String, usize, usize)> {
    vec![(reason.to_owned(), line, column)]
}

#[test]
fn documents_come_in_order_and_empty_ones_are_left_out() {
    assert_eq!(values("---\n---\n# nothing\n---\na: 1\n--- {b: 2}\n---\n"), [json!({"a": 1}), json!({"b": 2})]);
    assert_eq!(values(""), [json!(null); 0]);
    assert_eq!(values("# nothing\n"), [json!(null); 0]);
}

#[test]
fn json_with_tabs_is_read() {
    assert_eq!(
        values("{\n\t\"a\": [1,\n\t2.5, \"x\\u00e9\"],\r\n\t\"b\": null}\n"),
        [json!({"a": [1, 2.5, "xé"], "b": null})]
    );
}

#[test]
fn merge_keys_bring_in_what_the_mapping_does_not_name() {
    let text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz: {<<: [*x, *y], a: 0}\nw: {<<: *y}\n";
    assert_eq!(values(text)[0]["z"], json!({"a": 0, "b": 2, "c": 4}));
    assert_eq!(values(text)[0]["w"], json!({"b": 3, "c": 4}));
    assert_eq!(faults("z: {a: 1, <<: 5}\n"), one("InvalidMerge", 1, 15));
}

#[test]
fn integers_keep_all_digits_and_keys_become_texts() {
    assert_eq!(
        values("a: 9007199254740993\n1: x\ntrue: y\n"),
        [json!({"a": 9_007_199_254_740_993_i64, "1": "x", "true": "y"})]
    );
}

#[test]
fn a_key_that_is_given_twice_is_refused_where_it_is_given_again() {
    assert_eq!(
        faults("a: 1\nb: {c: 1, 'c': 2}\na: 3\n"),
        [one("DuplicateKey", 2, 11), one("DuplicateKey", 3, 1)].concat()
    );
}

#[test]
fn the_documents_around_a_refused_one_are_read() {
    let (documents, faults) = documents(&file("a: 1\n---\nb: 1\nb: 2\n---\nc: 3\n"), 0);
    assert_eq!(faults.len(), 1);
    assert_eq!(documents.iter().map(|it| it.value.clone()).collect::<Vec<_>>(), [json!({"a": 1}), json!({"c": 3})]);
}

#[test]
fn the_documents_before_a_syntax_error_are_read() {
    let (documents, faults) = documents(&file("a: 1\n---\nb: [\n"), 0);
    assert_eq!(faults.len(), 1);
    assert_eq!(documents.len(), 1);
}

#[test]
fn what_json_cannot_say_is_refused_where_it_stands() {
    assert_eq!(faults("a: .nan\n"), one("NotJson", 1, 4));
    assert_eq!(faults("a: !secret x\n"), one("UnknownTag", 1, 4));
    assert_eq!(faults("? [a]\n: b\n"), one("KeyNotText", 1, 3));
    assert_eq!(faults("a:\n  ~: b\n"), one("KeyNotText", 1, 1));
}

#[test]
fn syntax_errors_tell_where_and_what_to_do() {
    for (text, line, column, help) in [
        ("a:\n\tb: 1\n", 2, 2, "spaces"),
        ("a: b: c\n", 1, 5, "quotes"),
        ("a: @b\n", 1, 4, "quotes"),
        ("a: [1\nb: 2\n", 2, 2, "brackets"),
        ("é: 'x\nb: y\n", 1, 4, "quotes"),
        ("a: {{ .Values.b }}{{ c }}\n", 1, 19, "render it first"),
    ] {
        let file = file(text);
        let (_, faults) = documents(&file, 0);
        let fault = &faults[faults.len() - 1];
        let at = file.position(fault.place.clone().unwrap().span.unwrap().start);
        assert_eq!((&*fault.reason, at), ("InvalidYaml", (line, column)), "{text}");
        assert!(fault.help.as_deref().unwrap().contains(help), "{text}: {fault:?}");
    }
}

#[test]
fn a_nest_that_is_too_deep_is_refused() {
    let nest =
        |open: &str, levels| format!("{}{}", open.repeat(levels), "]".repeat(if open == "[" { levels } else { 0 }));
    assert_eq!(values(&nest("[", 100)).len(), 1);
    assert_eq!(faults(&nest("[", 101)), one("TooDeep", 1, 101));
    assert_eq!(faults(&nest("- ", 101)), one("TooDeep", 1, 201));
}

#[test]
fn a_nest_of_a_million_brackets_is_refused_at_once() {
    assert_eq!(faults(&"[".repeat(1_000_000)).len(), 1);
    assert_eq!(faults(&"- ".repeat(1_000_000)).len(), 1);
    assert_eq!(faults(&"{a: ".repeat(1_000_000)).len(), 1);
}

#[test]
fn aliases_that_multiply_are_refused() {
    let mut bomb = "a0: &a0 [xxxxxxxxxx, xxxxxxxxxx]\n".to_owned();
    for n in 1..40 {
        bomb += &format!("a{n}: &a{n} [*a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}]\n", n - 1);
    }
    assert_eq!(faults(&bomb)[0].0, "AliasesTooLarge");
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(100));
    assert_eq!(faults(&long)[0].0, "AliasesTooLarge");
}

#[test]
fn an_alias_inside_what_it_repeats_is_refused() {
    assert_eq!(faults("a: &a [*a]\n"), one("EndlessAlias", 1, 8));
}

#[test]
fn an_anchor_does_not_reach_the_next_document() {
    assert_eq!(faults("a: &a 1\n---\nb: *a\n").len(), 1);
}

/// A manifest with something of all that YAML has.
const MANIFEST: &str = "\
%YAML 1.1
---
apiVersion: weft.dev/v1alpha1 # comment
kind: Entity
metadata: {name: 'a b', labels: {\"x.y/z\": \"\\u00e9\\n\"}}
spec: &spec
  list:
  - &one {a: [1, -2.5e3, 0x1F, ~], b: yes}
  - <<: *one
    c: !!str 5
  text: |+
    line ä

    - line
  folded: >-
    x
  ? key
  : - *one
...
---
{\"json\": [true, null, {\"k\": \"v\"}]}
--- # end
";

#[test]
fn mutated_yaml_never_panics_and_every_fault_has_a_place_in_the_file() {
    let pieces = [
        "", " ", "\n", "\r\n", "\t", "- ", ": ", "? ", "{", "}", "[", "]", "'", "\"", "|", ">", "&a ", "*a", "<<: ",
        "!", "#", "%", "---", "...", ",", "\\", "é", "\u{2028}", "\u{85}", "0", "@", "~", "&one", "*one",
    ];
    let edits = prop::collection::vec((any::<Pick>(), 0..6_usize, any::<Pick>()), 1..6);
    let mutated = edits.prop_map(move |edits| {
        let mut text: Vec<char> = MANIFEST.chars().collect();
        for (at, removed, piece) in edits {
            let start = at.index(text.len());
            let end = (start + removed).min(text.len() - 1);
            text.splice(start..end.max(start), pieces[piece.index(pieces.len())].chars());
        }
        text.into_iter().collect::<String>()
    });
    cases::runner(1)
        .run(&mutated, |text| {
            let file = file(&text);
            let (_, faults) = documents(&file, 0);
            for fault in faults {
                let place = fault.place.expect("every fault has a place");
                if let Some(span) = place.span {
                    prop_assert!(file.text.get(span.clone()).is_some(), "{span:?} is no part of {text:?}");
                }
            }
            Ok(())
        })
        .unwrap();
}
