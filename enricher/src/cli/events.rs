//! The events that a command reads: a file, or standard input.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use anyhow::{Context, anyhow};

use super::{Failure, tell};

/// Where events come from.
pub(crate) struct Events {
    name: String,
    input: Input,
}

enum Input {
    /// With whether it is a regular file: one that never makes its reader wait.
    File(File, bool),
    Stdin(io::Stdin),
}

impl Events {
    /// Opens a file, or standard input where the path is `-`.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        if is_stdio(path) {
            if io::stdin().is_terminal() {
                tell(format_args!(
                    "reading events from the terminal, one a line; Ctrl-D ends them, --events names a file"
                ));
            }
            return Ok(Self { name: "-".to_owned(), input: Input::Stdin(io::stdin()) });
        }
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) = opened
            .with_context(|| format!("failed to open the events of {} (--events)", path.display()))
            .map_err(Failure::Configuration)?;
        if metadata.is_dir() {
            let message = format!("{} is a folder; --events wants a file of JSON Lines, or -", path.display());
            return Err(Failure::Configuration(anyhow!(message)));
        }
        Ok(Self { name: path.display().to_string(), input: Input::File(file, metadata.is_file()) })
    }

    /// The file's path, or `-`.
    pub(crate) fn name(&self) -> String {
        self.name.clone()
    }

    /// Whether events may arrive one by one, with someone waiting for each.
    pub(crate) fn is_interactive(&self) -> bool {
        !matches!(self.input, Input::File(_, true))
    }
}

impl Read for Events {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.input {
            Input::File(file, _) => file.read(buffer),
            // A lock per megabyte; the standard library's own buffer is passed by for reads this large.
            Input::Stdin(stdin) => stdin.lock().read(buffer),
        }
    }
}

/// Whether a path means a standard stream.
pub(crate) fn is_stdio(path: &Path) -> bool {
    path.as_os_str() == "-"
}
