use std::fs::{File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::anyhow;
use weft_plan_types::WarehouseConnection;

use super::{Args, Failure};
use crate::cli::events::is_stdio;
use crate::manifests::Loaded;
use crate::run::Output;

/// Refuses outputs that would write over what is read: the events, the manifests' files and the SQLite files.
pub(super) fn refuse_losing_inputs(args: &Args, loaded: &Loaded) -> Result<(), Failure> {
    let manifests = loaded.manifests.files.iter().map(|file| (file.name.as_str(), "a file of the manifests"));
    let tables = loaded.planned.syncs.iter().filter_map(|sync| match &sync.plan.warehouse.connection {
        WarehouseConnection::Sqlite { path, .. } => Some((path.as_str(), "the SQLite file of a warehouse")),
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
