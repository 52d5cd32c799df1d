//! The file of `--result`: in a pod its termination message, by which the operator learns how it ended.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::Failure;

/// The longest result that Kubernetes keeps of a pod.
pub(super) const BYTES: usize = 4096;

/// Refuses a file that cannot be written, before there is anything to write to it.
pub(super) fn try_file(path: &Path) -> Result<(), Failure> {
    let opened = fs::OpenOptions::new().create(true).append(true).open(path);
    let tried = opened.with_context(|| format!("--result: {} cannot be written", path.display()));
    tried.map(|_| ()).map_err(Failure::Configuration)
}

/// Writes a result to the file.
pub(super) fn write(path: &Path, json: &str) -> Result<(), Failure> {
    let written = fs::write(path, json);
    written.with_context(|| format!("--result: failed to write {}", path.display())).map_err(Failure::Transient)
}
