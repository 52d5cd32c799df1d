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
    /// What was found waits for approval.
    #[cfg(feature = "redis")]
    Held,
    /// Something of it was stopped by what may pass; that was printed.
    #[cfg(feature = "redis")]
    TryAgain,
    /// Something of it cannot be done as it is asked for; that was printed.
    #[cfg(feature = "redis")]
    Misconfigured,
    /// Something of it is another run's, or another owner's; that was printed.
    #[cfg(feature = "redis")]
    Refused,
}

impl Exit {
    /// The exit code.
    fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Incomplete => 3,
            #[cfg(feature = "redis")]
            Exit::TryAgain => 1,
            #[cfg(feature = "redis")]
            Exit::Misconfigured => 2,
            #[cfg(feature = "redis")]
            Exit::Held => 4,
            #[cfg(feature = "redis")]
            Exit::Refused => 5,
        }
    }
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
        Ok(exit) => return ExitCode::from(exit.code()),
        Err(Failure::Transient(error)) => (1, error),
        Err(Failure::Configuration(error)) => (2, error),
        #[cfg(feature = "manifests")]
        Err(Failure::Invalid) => return ExitCode::from(2),
    };
    tell_error(format_args!("{error:#}"));
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

/// Writes a line that says what went wrong to standard error.
pub(crate) fn tell_error(text: fmt::Arguments<'_>) {
    tell(format_args!("{}: {text}", console_style()));
}

fn console_style() -> impl std::fmt::Display {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    format!("{style}error{style:#}")
}
