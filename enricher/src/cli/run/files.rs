use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, anyhow};
use weft_plan_types::WarehouseConnection;

use super::{Args, Failure};
use crate::manifests::Loaded;
use crate::run::Output;

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

/// Refuses outputs that would write over what is read: the events, the manifests' files and the SQLite files.
pub(super) fn refuse_losing_inputs(args: &Args, loaded: &Loaded) -> Result<(), Failure> {
    let manifests = loaded.manifests.files.iter().map(|file| (file.name.as_str(), "a file of the manifests"));
    let tables = loaded.planned.syncs.iter().filter_map(|sync| match &sync.plan.warehouse.connection {
        WarehouseConnection::Sqlite { path } => Some((path.as_str(), "the SQLite file of a warehouse")),
        WarehouseConnection::Postgres(_) => None,
    });
    let inputs = manifests.chain(tables).map(|(path, what)| (FileId::of(Path::new(path)), what));
    let inputs: Vec<_> = [(FileId::of_stream(&args.events, &io::stdin()), "the file of --events")]
        .into_iter()
        .chain(inputs)
        .filter_map(|(id, what)| Some((id?, what)))
        .collect();
    for (flag, id) in [("--output", output_id(args)), ("--dead-letters", dead_letters_id(args))] {
        let lost = inputs.iter().find(|(input, _)| Some(input) == id.as_ref());
        if let Some((_, what)) = lost {
            let message = format!("{flag} names {what}, which would be lost; name another file");
            return Err(Failure::Configuration(anyhow!(message)));
        }
    }
    refuse_one_file_for_both(args)
}

/// Opens where events and dead letters go.
pub(super) fn outputs(args: &Args) -> Result<(Output, Output), Failure> {
    let output = if is_stdio(&args.output) { Output::stdout() } else { create(args, "--output", &args.output)? };
    // Two names of a file that was not there before can only be told now.
    refuse_one_file_for_both(args)?;
    let dead_letters = match &args.dead_letters {
        None => Output::stderr(),
        Some(path) if is_stdio(path) => Output::stdout(),
        Some(path) => create(args, "--dead-letters", path)?,
    };
    Ok((output, dead_letters))
}

fn create(args: &Args, flag: &'static str, path: &Path) -> Result<Output, Failure> {
    Output::create(path, args.force).map_err(|error| {
        let may_pass = error.may_pass();
        let error = anyhow::Error::new(error).context(flag);
        if may_pass { Failure::Transient(error) } else { Failure::Configuration(error) }
    })
}

fn refuse_one_file_for_both(args: &Args) -> Result<(), Failure> {
    let both_stdout = is_stdio(&args.output) && args.dead_letters.as_deref().is_some_and(is_stdio);
    if !both_stdout && dead_letters_id(args).is_some_and(|id| output_id(args) == Some(id)) {
        let message = "--output and --dead-letters name the same file; name two";
        return Err(Failure::Configuration(anyhow!(message)));
    }
    Ok(())
}

fn output_id(args: &Args) -> Option<FileId> {
    FileId::of_stream(&args.output, &io::stdout())
}

fn dead_letters_id(args: &Args) -> Option<FileId> {
    FileId::of_stream(args.dead_letters.as_deref()?, &io::stdout())
}

/// A regular file, whichever of its names leads to it: symbolic links and hard links too.
#[derive(PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// The file at a path, if there is one.
    fn of(path: &Path) -> Option<Self> {
        Self::of_metadata(&path.metadata().ok()?)
    }

    /// The same, where `-` means what a standard stream was redirected to.
    fn of_stream(path: &Path, stream: &impl AsFd) -> Option<Self> {
        if !is_stdio(path) {
            return Self::of(path);
        }
        let redirected = File::from(stream.as_fd().try_clone_to_owned().ok()?);
        Self::of_metadata(&redirected.metadata().ok()?)
    }

    fn of_metadata(metadata: &Metadata) -> Option<Self> {
        metadata.is_file().then(|| Self { device: metadata.dev(), inode: metadata.ino() })
    }
}
