//! Writes the custom resource definitions.
//!
//! `crdgen [DIR]` writes `crds/` and the templates of `charts/weft-crds` into DIR (default: the current folder);
//! `crdgen --check [DIR]` writes nothing and exits with 1 if a file there is not what it would write.

use std::{error::Error, fs, io::Write, path::Path, process::ExitCode};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let (flags, folders): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    let check = match flags.as_slice() {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err("usage: crdgen [--check] [DIR]".into()),
    };
    let folder = Path::new(folders.first().map_or(".", String::as_str));
    if check { check_drift(folder) } else { write(folder) }
}

fn write(folder: &Path) -> Result<ExitCode, Box<dyn Error>> {
    for (path, wanted) in weft_api::generated()? {
        let path = folder.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(&path, wanted).map_err(|error| format!("failed to write {}: {error}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn check_drift(folder: &Path) -> Result<ExitCode, Box<dyn Error>> {
    let mut code = ExitCode::SUCCESS;
    for (path, wanted) in weft_api::generated()? {
        let path = folder.join(path);
        let found = fs::read_to_string(&path).unwrap_or_default();
        if let Some(line) = first_difference(&found, &wanted) {
            writeln!(
                std::io::stderr(),
                "{}:{line}: not what the types in operator/api say; run `make crds` and commit the result",
                path.display()
            )?;
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

/// The first line, counted from 1, in which two texts differ.
fn first_difference(found: &str, wanted: &str) -> Option<usize> {
    let (mut found, mut wanted) = (found.split('\n'), wanted.split('\n'));
    (1..).find_map(|line| match (found.next(), wanted.next()) {
        (None, None) => Some(None),
        (one, other) if one == other => None,
        _ => Some(Some(line)),
    })?
}
