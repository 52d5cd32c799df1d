use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::interrupt;

/// How much is gathered before it is written, in bytes.
const CHUNK: usize = 1 << 20;

/// Where whole lines go: a file or a standard stream.
///
/// What reaches it ends with a line feed, also when the disk is full half-way: a file is cut back to its last whole
/// line.
#[derive(Debug)]
pub(crate) struct Output {
    name: String,
    target: Target,
    buffer: Vec<u8>,
    /// How many bytes were written.
    reached: u64,
    /// How many of them are whole lines: a line that is too long for memory is written in parts.
    whole: u64,
}

#[derive(Debug)]
enum Target {
    File(File),
    Stdout,
    Stderr,
}

/// A line that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("failed to write to {name}")]
pub(crate) struct WriteError {
    name: String,
    #[source]
    source: io::Error,
}

impl Output {
    /// The process's standard output.
    pub(crate) fn stdout() -> Self {
        Self::new("stdout".to_owned(), Target::Stdout)
    }

    /// The process's standard error.
    pub(crate) fn stderr() -> Self {
        Self::new("stderr".to_owned(), Target::Stderr)
    }

    /// The file at `path`; one that is there already and holds anything is only replaced if told so.
    pub(crate) fn create(path: &Path, replace: bool) -> Result<Self, CreateError> {
        let error = |source| CreateError::Open { path: path.to_owned(), source };
        let is_new = !path.exists();
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path).map_err(error)?;
        let metadata = file.metadata().map_err(error)?;
        if metadata.is_file() && !is_new {
            if metadata.len() > 0 && !replace {
                return Err(CreateError::Exists { path: path.to_owned() });
            }
            file.set_len(0).map_err(error)?;
        }
        Ok(Self::new(path.display().to_string(), Target::File(file)))
    }

    fn new(name: String, target: Target) -> Self {
        Self { name, target, buffer: Vec::new(), reached: 0, whole: 0 }
    }

    /// What was not written yet: append to it, then call [`Output::flush_if_full`].
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Writes if there is enough to be worth it.
    pub(crate) fn flush_if_full(&mut self) -> Result<(), WriteError> {
        if self.buffer.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    /// Writes what there is.
    pub(crate) fn flush(&mut self) -> Result<(), WriteError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let result = interrupt::not_during(|| match &mut self.target {
            Target::File(file) => file.write_all(&self.buffer).inspect_err(|_| {
                // Nothing can be done about a file that cannot be cut back (a pipe, a device).
                let _ = file.set_len(last_whole_line(file, self.reached, &self.buffer).unwrap_or(self.whole));
            }),
            Target::Stdout => io::stdout().lock().write_all(&self.buffer).and_then(|()| io::stdout().flush()),
            Target::Stderr => io::stderr().lock().write_all(&self.buffer),
        });
        result.map_err(|source| WriteError { name: self.name.clone(), source })?;
        if let Some(feed) = memchr::memrchr(b'\n', &self.buffer) {
            self.whole = self.reached + feed as u64 + 1;
        }
        self.reached += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

/// Where the last line ends that reached a file whole with the bytes of `buffer` after the first `before` ones.
fn last_whole_line(file: &File, before: u64, buffer: &[u8]) -> Option<u64> {
    let length = file.metadata().ok()?.len().saturating_sub(before);
    let reached = buffer.get(..usize::try_from(length).ok()?)?;
    memchr::memrchr(b'\n', reached).map(|feed| before + feed as u64 + 1)
}

/// A file that cannot be written to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CreateError {
    /// There is something in it.
    #[error("{} exists already; name another file, or add --force to replace it", path.display())]
    Exists { path: PathBuf },
    /// It cannot be opened.
    #[error("failed to open {} for writing", path.display())]
    Open {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl CreateError {
    /// Whether trying again may help; a path that leads nowhere, or to what may not be written, stays so.
    pub(crate) fn may_pass(&self) -> bool {
        use io::ErrorKind::{IsADirectory, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem};
        match self {
            Self::Exists { .. } => false,
            Self::Open { source, .. } => !matches!(
                source.kind(),
                IsADirectory | NotADirectory | NotFound | PermissionDenied | ReadOnlyFilesystem
            ),
        }
    }
}
