//! Writing several files or none, and the paths between them.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, anyhow};

/// The path that leads from the folder `from` (which need not exist yet) to the file `to`; as it is from the root on
/// where they have nothing but the root in common.
pub(crate) fn relative_to(from: &Path, to: &Path) -> io::Result<PathBuf> {
    let to_folder = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let to = fs::canonicalize(to_folder)?.join(to.file_name().unwrap_or_default());
    let from = canonical(from)?;
    let common = from.components().zip(to.components()).take_while(|(one, other)| one == other).count();
    if common <= 1 {
        return Ok(to);
    }
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    Ok(up.chain(to.components().skip(common)).collect())
}

/// The folder without symbolic links, also where its last parts are yet to be made.
fn canonical(folder: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(folder)?;
    for there in absolute.ancestors() {
        if let Ok(found) = fs::canonicalize(there) {
            return Ok(absolute.strip_prefix(there).map(|rest| found.join(rest)).unwrap_or(found));
        }
    }
    Ok(absolute)
}

/// Refuses files that are there, unless they may be replaced.
pub(crate) fn refuse_existing(folder: &Path, names: &[&str], replace: bool) -> anyhow::Result<()> {
    if folder.exists() && !folder.is_dir() {
        return Err(anyhow!("{} is a file; name a folder with --dir", folder.display()));
    }
    let paths = || names.iter().map(|name| folder.join(name));
    if let Some(odd) = paths().find(|path| path.symlink_metadata().is_ok() && !path.is_file()) {
        return Err(anyhow!("{} is there and is no file; name another folder with --dir", odd.display()));
    }
    let there: Vec<String> = paths().filter(|path| path.exists()).map(|path| path.display().to_string()).collect();
    if there.is_empty() || replace {
        return Ok(());
    }
    Err(anyhow!("{} would be overwritten; name another folder with --dir, or add --force", there.join(", ")))
}

/// Writes all files into the folder, which is made if it is not there; on an error, none is left half-written and none
/// that was there is changed.
pub(crate) fn write_all(folder: &Path, files: &[(&str, String)], replace: bool) -> anyhow::Result<()> {
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    refuse_existing(folder, &names, replace)?;
    let was_there = folder.exists();
    fs::create_dir_all(folder).with_context(|| format!("failed to make the folder {}", folder.display()))?;
    let temporary = |name: &str| folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let outcome = files
        .iter()
        .try_for_each(|(name, text)| {
            let path = temporary(name);
            write(&path, text).with_context(|| format!("failed to write {}", folder.join(name).display()))
        })
        .and_then(|()| {
            files.iter().try_for_each(|(name, _)| {
                let to = folder.join(name);
                fs::rename(temporary(name), &to).with_context(|| format!("failed to write {}", to.display()))
            })
        });
    if outcome.is_err() {
        // What is left over is removed as far as that works; the error is what there is to tell.
        for (name, _) in files {
            let _ = fs::remove_file(temporary(name));
        }
        if !was_there {
            let _ = fs::remove_dir(folder);
        }
    }
    outcome
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_from_one_folder_to_a_file_in_another_is_found_through_links_too() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        fs::create_dir_all(root.join("data")).unwrap();
        fs::create_dir_all(root.join("deep/er")).unwrap();
        fs::write(root.join("data/shop.db"), "").unwrap();
        std::os::unix::fs::symlink("deep/er", root.join("link")).unwrap();
        let from = |folder: &str| relative_to(&root.join(folder), &root.join("data/shop.db")).unwrap();
        assert_eq!(from("weft"), Path::new("../data/shop.db"));
        assert_eq!(from("data"), Path::new("shop.db"));
        assert_eq!(from("link/weft"), Path::new("../../../data/shop.db"));
        assert_eq!(from("data/new/weft"), Path::new("../../shop.db"));
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("weft");
        let files = [("a.yaml", "1".to_owned()), ("none/b.yaml", "2".to_owned())];
        assert!(write_all(&folder, &files, false).is_err());
        assert!(!folder.exists());
    }
}
