use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, anyhow};

use super::{Args, Failure};
use crate::run::{CreateError, Output};

/// Where events come from.
pub(super) struct Events {
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
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        if is_stdio(path) {
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
    pub(super) fn name(&self) -> String {
        self.name.clone()
    }

    /// Whether events may arrive one by one, with someone waiting for each.
    pub(super) fn is_interactive(&self) -> bool {
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
pub(super) fn is_stdio(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Opens where events and dead letters go.
pub(super) fn outputs(args: &Args) -> Result<(Output, Output), Failure> {
    if let Some(other) = same_as_events(args) {
        let message = format!("{other} names the file of --events, which would be lost; name another file");
        return Err(Failure::Configuration(anyhow!(message)));
    }
    let create = |path: &Path| {
        Output::create(path, args.force).map_err(|error| match error {
            CreateError::Exists { .. } => Failure::Configuration(error.into()),
            CreateError::Open { .. } => Failure::Transient(error.into()),
        })
    };
    let output = if is_stdio(&args.output) { Output::stdout() } else { create(&args.output)? };
    let dead_letters = match &args.dead_letters {
        None => Output::stderr(),
        Some(path) if is_stdio(path) => Output::stdout(),
        Some(path) => create(path)?,
    };
    if args.dead_letters.as_deref().is_some_and(|path| is_same_file(path, &args.output)) {
        let message = "--output and --dead-letters name the same file; name two";
        return Err(Failure::Configuration(anyhow!(message)));
    }
    Ok((output, dead_letters))
}

fn same_as_events(args: &Args) -> Option<&'static str> {
    if is_same_file(&args.events, &args.output) {
        return Some("--output");
    }
    args.dead_letters.as_deref().is_some_and(|path| is_same_file(path, &args.events)).then_some("--dead-letters")
}

/// Whether two paths lead to one regular file, through links too.
fn is_same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other && one.is_file(),
        _ => false,
    }
}
