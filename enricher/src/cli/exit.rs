//! How a command ends: the exit codes, and the one place an error is printed.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

/// How a command that did its work ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All done.
    Done,
    /// Finished, but some events became dead letters or some rows were rejected.
    Incomplete,
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Trying again may help: the disk is full, the network is down.
    Transient(anyhow::Error),
    /// Trying again does not help: a wrong argument, manifest, table or column.
    Configuration(anyhow::Error),
    /// The manifests are not valid, and everything that is wrong with them has been printed.
    #[cfg(feature = "manifests")]
    Invalid,
}

/// The exit code; an error goes to stderr with its causes.
pub(crate) fn report(outcome: Result<Exit, Failure>) -> ExitCode {
    let (code, error) = match outcome {
        Ok(Exit::Done) => return ExitCode::SUCCESS,
        Ok(Exit::Incomplete) => return ExitCode::from(3),
        Err(Failure::Transient(error)) => (1, error),
        Err(Failure::Configuration(error)) => (2, error),
        #[cfg(feature = "manifests")]
        Err(Failure::Invalid) => return ExitCode::from(2),
    };
    tell(format_args!("{}: {error:#}", console_style()));
    ExitCode::from(code)
}

/// Writes what a command is asked for to standard output. A reader that has seen enough, as `head` has, is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    match anstream::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Transient(anyhow::Error::new(error).context("failed to write to standard output")))
        }
        _ => Ok(()),
    }
}

/// Writes a line to standard error. Where that is full or closed nobody is left to tell: the exit code has to do.
pub(crate) fn tell(line: fmt::Arguments<'_>) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

fn console_style() -> impl std::fmt::Display {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    format!("{style}error{style:#}")
}
