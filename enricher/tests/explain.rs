//! `weft explain` as a user runs it: the built binary, its output and exit code.
#![cfg(feature = "manifests")]
#![allow(clippy::unwrap_used)] // also in what the tests share

use std::process::Command;

/// The exit code, standard output and standard error.
fn explain(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_weft")).arg("explain").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_reason_is_explained_without_colour_in_a_pipe() {
    let (code, stdout, stderr) = explain(&["hopcycle"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout.starts_with("HopCycle\n\nAliases of a rule hop from each other in a circle"), "{stdout}");
}

#[test]
fn what_only_a_cluster_or_an_enricher_tells_is_explained_too() {
    for (reason, says) in [("EntityNotSynced", "Synced"), ("OffsetsLost", "--resume"), ("StoreOwned", "--installation")]
    {
        let (code, stdout, _) = explain(&[reason]);
        assert!(code == Some(0) && stdout.contains(says), "{stdout}");
    }
}

#[test]
fn an_unknown_reason_is_told_with_the_one_that_was_meant() {
    let expected = "error: there is no reason \"HopCircle\"; did you mean HopCycle?\n";
    assert_eq!(explain(&["HopCircle"]), (Some(2), String::new(), expected.to_owned()));
}

#[test]
fn json_has_reason_meaning_and_cure() {
    let json = |arguments: &[&str]| serde_json::from_str::<serde_json::Value>(&explain(arguments).1).unwrap();
    let all = json(&["-o", "json"]);
    let one = json(&["UnknownField", "-o", "json"]);
    assert!(all["reasons"].as_array().unwrap().contains(&one));
    for field in ["reason", "toldBy", "meaning", "cure"] {
        assert!(one[field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
    }
}
