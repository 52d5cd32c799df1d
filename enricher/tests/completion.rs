//! `weft completion`, with the shells that the machine has.
// Helpers of a test panic as the test does.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::process::{Command, Output};

fn weft(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weft")).args(arguments).output().unwrap()
}

#[test]
fn every_shell_gets_a_script_that_knows_the_commands_and_their_options() {
    for shell in ["bash", "zsh", "fish"] {
        let output = weft(&["completion", shell]);
        assert!(output.status.success());
        let script = String::from_utf8(output.stdout).unwrap();
        for word in ["validate", "dead-letters", "max-event-bytes"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn bash_completes_with_the_script() {
    let script = r#"source <("$WEFT" completion bash)
        COMP_WORDS=(weft val); COMP_CWORD=1; _weft weft val weft; echo "${COMPREPLY[@]}""#;
    let output = Command::new("bash").args(["-c", script]).env("WEFT", env!("CARGO_BIN_EXE_weft")).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "validate\n", "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn another_shell_is_refused_with_those_there_are() {
    let output = weft(&["completion", "csh"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("[possible values: bash, zsh, fish]"));
}
