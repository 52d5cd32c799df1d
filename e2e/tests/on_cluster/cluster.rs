//! A cluster with a node that pods run on: what a user does to it with kubectl and Helm.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::installation::SYSTEM;

/// The address of what listens on this machine, as pods see it.
pub(crate) const HOST: &str = "10.244.0.1";

/// No step takes so long, not even on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(120);

/// Makes a namespace that takes no pod but restricted ones, if it is not there.
pub(crate) fn namespace(name: &str) {
    let labels = r#"{"pod-security.kubernetes.io/enforce":"restricted"}"#;
    apply(&format!(r#"{{"apiVersion":"v1","kind":"Namespace","metadata":{{"name":"{name}","labels":{labels}}}}}"#));
}

/// Applies manifests.
pub(crate) fn apply(manifests: &str) {
    run(Command::new("kubectl").args(["apply", "-f", "-"]), manifests).unwrap();
}

/// Runs kubectl and gives what it prints.
pub(crate) fn kubectl(arguments: &[&str]) -> String {
    ask(arguments).unwrap_or_else(|error| panic!("kubectl {arguments:?}: {error}"))
}

/// Runs kubectl, which may fail.
pub(crate) fn ask(arguments: &[&str]) -> Result<String, String> {
    run(Command::new("kubectl").args(arguments), "")
}

/// Runs Helm where the charts are, and gives what it prints.
pub(crate) fn helm(arguments: &[&str]) -> String {
    run(Command::new("helm").args(arguments).current_dir(root()), "")
        .unwrap_or_else(|error| panic!("helm {arguments:?}: {error}"))
}

/// Runs the commands of a page of the documentation that is for a cluster, with servers at other ports than it shows.
pub(crate) fn follow(page: &str, ports: &[(u16, u16)]) {
    let mut command = Command::new("python3");
    // It lies in the folder above that of the tests.
    let weft = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("weft");
    command.args(["e2e/docs", "--cluster", "--weft"]).arg(weft);
    for (shown, real) in ports {
        command.args(["--port", &format!("{shown}={real}")]);
    }
    if std::env::var_os("WEFT_WRITE_DOCS").is_some() {
        command.arg("--write");
    }
    run(command.arg(page).env("KAFKA_HOST", HOST).current_dir(root()), "").unwrap_or_else(|fault| panic!("{fault}"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Waits until something is so; else the test ends with what is in a namespace.
pub(crate) fn wait_until(namespace: &str, what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "waited for {PATIENCE:?} until {what}\n{}", story(namespace));
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// What there is to see in a namespace, and what the operator says.
fn story(namespace: &str) -> String {
    let questions: [&[&str]; 4] = [
        &["get", "weft,deployments,jobs,pods", "-o", "wide", "-n", namespace],
        &["get", "events", "-n", namespace],
        &["logs", "-n", namespace, "-l", "app.kubernetes.io/name=weft", "--prefix", "--tail=20"],
        &["logs", "-n", SYSTEM, "-l", "app.kubernetes.io/name=weft-operator", "--tail=20"],
    ];
    questions.iter().map(|question| ask(question).unwrap_or_else(|error| error) + "\n").collect()
}

fn run(command: &mut Command, input: &str) -> Result<String, String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kubectl and helm are on the PATH; e2e/test-cluster.sh puts them there");
    // A command that fails may not read it.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(text) } else { Err(text + &String::from_utf8_lossy(&output.stderr)) }
}
