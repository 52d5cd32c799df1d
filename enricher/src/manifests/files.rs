//! What `-f` names: files, folders and standard input, as text.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{
    Diagnostic,
    source::{SourceFile, Span},
};

/// Manifests are written by hand or by a template; what is larger is something else.
const MAX_FILE_BYTES: u64 = 32 << 20;

/// The endings a file needs in a folder; a file that is named itself may have any.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Reads what was named, in the order given, folders by file name; a file that is named twice is read once.
pub(super) fn read(paths: &[PathBuf], recursive: bool, stdin: &mut dyn Read) -> (Vec<SourceFile>, Vec<Diagnostic>) {
    let mut reading = Reading { recursive, files: Vec::new(), diagnostics: Vec::new(), seen: BTreeSet::new() };
    for path in paths {
        if path.as_os_str() == "-" {
            if reading.seen.insert(path.clone()) {
                reading.text("<stdin>".to_owned(), PathBuf::new(), stdin);
            }
        } else if path.is_dir() {
            reading.folder(path);
        } else {
            reading.file(path);
        }
    }
    (reading.files, reading.diagnostics)
}

struct Reading {
    recursive: bool,
    files: Vec<SourceFile>,
    diagnostics: Vec<Diagnostic>,
    /// The real paths of what was read.
    seen: BTreeSet<PathBuf>,
}

impl Reading {
    fn folder(&mut self, folder: &Path) {
        if folder.canonicalize().is_ok_and(|real| self.seen.contains(&real)) {
            return;
        }
        let mut files = Vec::new();
        let mut folders_passed = false;
        if let Err(error) = self.list(folder, &mut files, &mut folders_passed) {
            return self.unreadable(folder, &error);
        }
        if files.is_empty() {
            let help = if folders_passed { "add --recursive to read the folders in it" } else { "name another folder" };
            let message = format!("{} holds no .yaml, .yml or .json file", folder.display());
            let fault = Diagnostic::error("NoManifests", message).help(help);
            let file = SourceFile::new(folder.display().to_string(), PathBuf::new(), String::new());
            self.add(file, Some((fault, None)));
        }
        for file in files {
            self.file(&file);
        }
    }

    fn list(&mut self, folder: &Path, files: &mut Vec<PathBuf>, folders_passed: &mut bool) -> io::Result<()> {
        // Links can make a folder contain itself.
        if !self.seen.insert(folder.canonicalize()?) {
            return Ok(());
        }
        let mut entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        entries.sort();
        for entry in entries {
            if entry.is_dir() {
                let hidden = entry.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
                if self.recursive && !hidden {
                    self.list(&entry, files, folders_passed)?;
                } else {
                    *folders_passed |= !hidden;
                }
            } else if entry.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known)) {
                files.push(entry);
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) {
        let mut file = match fs::File::open(path) {
            Ok(file) => file,
            Err(error) => return self.unreadable(path, &error),
        };
        // A pipe has no real path and no folder of its own.
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if self.seen.insert(real) {
            let folder = path.parent().filter(|_| path.is_file()).map(Path::to_owned).unwrap_or_default();
            self.text(path.display().to_string(), folder, &mut file);
        }
    }

    fn text(&mut self, name: String, folder: PathBuf, source: &mut dyn Read) {
        let mut bytes = Vec::new();
        if let Err(error) = source.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes) {
            return self.unreadable(Path::new(&name), &error);
        }
        let (text, fault) = if bytes.len() as u64 > MAX_FILE_BYTES {
            let message = format!("{name} is larger than the {} MiB that are read", MAX_FILE_BYTES >> 20);
            let fault = Diagnostic::error("FileTooLarge", message).help("split it into several files");
            (String::new(), Some((fault, None)))
        } else {
            decode(bytes)
        };
        self.add(SourceFile::new(name, folder, text), fault);
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        let message = format!("failed to read {}: {error}", path.display());
        let fault = Diagnostic::error("FileUnreadable", message)
            .help("name an existing file or folder that may be read, or `-` for standard input");
        let file = SourceFile::new(path.display().to_string(), PathBuf::new(), String::new());
        self.add(file, Some((fault, None)));
    }

    fn add(&mut self, mut file: SourceFile, fault: Option<Fault>) {
        file.readable = fault.is_none();
        self.diagnostics.extend(fault.map(|(fault, span)| fault.in_file(self.files.len(), span)));
        self.files.push(file);
    }
}

/// Why a file's text cannot be read, and the place in it.
type Fault = (Diagnostic, Option<Span>);

/// The text without a byte order mark.
fn decode(mut bytes: Vec<u8>) -> (String, Option<Fault>) {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let fault =
            Diagnostic::error("FileUnreadable", "this file is in UTF-16, not in UTF-8").help("save the file as UTF-8");
        return (String::new(), Some((fault, None)));
    }
    if bytes.starts_with("\u{feff}".as_bytes()) {
        bytes.drain(..3);
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let message = format!("the byte 0x{:02x} here is not UTF-8", error.as_bytes()[at]);
            let fault = Diagnostic::error("FileUnreadable", message).help("save the file as UTF-8");
            return (text, Some((fault, Some(at..at))));
        }
    };
    let control = text.char_indices().find(|(_, character)| !allowed(*character));
    let fault = control.map(|(at, character)| {
        let message = format!("the control character U+{:04X} may not stand in a manifest", u32::from(character));
        let help = "remove it; in double quotes it can be written as an escape";
        (Diagnostic::error("InvalidYaml", message).help(help), Some(at..at + character.len_utf8()))
    });
    (text, fault)
}

/// YAML 1.2, 5.1: the characters a file may hold.
fn allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{85}' | ' '..='~' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    fn names(files: &[SourceFile], folder: &Path) -> Vec<String> {
        let strip = |file: &SourceFile| file.name.replace(&format!("{}/", folder.display()), "");
        files.iter().map(strip).collect()
    }

    #[test]
    fn a_folder_gives_its_manifests_by_name_and_not_its_folders() {
        let folder = folder(&[("b.yml", b""), ("a.yaml", b""), ("c.json", b""), ("d.txt", b""), ("sub/e.yaml", b"")]);
        let (files, faults) = read(&[folder.path().to_owned()], false, &mut io::empty());
        assert_eq!(names(&files, folder.path()), ["a.yaml", "b.yml", "c.json"]);
        assert!(faults.is_empty());
    }

    #[test]
    fn recursive_reads_folders_but_no_hidden_ones() {
        let folder = folder(&[("a.yaml", b""), ("sub/deep/e.yaml", b""), (".git/f.yaml", b"")]);
        let (files, _) = read(&[folder.path().to_owned()], true, &mut io::empty());
        assert_eq!(names(&files, folder.path()), ["a.yaml", "sub/deep/e.yaml"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_links_to_itself_ends() {
        let folder = folder(&[("a.yaml", b"")]);
        std::os::unix::fs::symlink(folder.path(), folder.path().join("again")).unwrap();
        let (files, _) = read(&[folder.path().to_owned()], true, &mut io::empty());
        assert_eq!(names(&files, folder.path()), ["a.yaml"]);
    }

    #[test]
    fn what_is_named_twice_is_read_once() {
        let folder = folder(&[("a.yaml", b"")]);
        let (file, folder) = (folder.path().join("a.yaml"), folder.path().to_owned());
        let (files, faults) = read(&[file, folder.clone(), folder.join("."), folder], false, &mut io::empty());
        assert_eq!((files.len(), faults.len()), (1, 0));
    }

    #[test]
    fn standard_input_is_a_file() {
        let (files, _) = read(&["-".into()], false, &mut "a: 1".as_bytes());
        assert_eq!((files[0].name.as_str(), files[0].text.as_str()), ("<stdin>", "a: 1"));
    }

    #[test]
    fn a_missing_file_and_an_empty_folder_are_named() {
        let folder = folder(&[("sub/a.yaml", b"")]);
        let paths = [folder.path().to_owned(), folder.path().join("none.yaml")];
        let (_, faults) = read(&paths, false, &mut io::empty());
        let reasons: Vec<_> = faults.iter().map(|fault| &*fault.reason).collect();
        assert_eq!(reasons, ["NoManifests", "FileUnreadable"]);
        assert!(faults[0].help.as_deref().unwrap().contains("--recursive"));
    }

    #[test]
    fn a_byte_order_mark_is_left_out_and_other_encodings_are_refused() {
        assert_eq!(decode(b"\xef\xbb\xbfa: 1".to_vec()).0, "a: 1");
        for (bytes, reason, span) in [
            (&b"\xff\xfea\0"[..], "FileUnreadable", None),
            (b"a: \xff", "FileUnreadable", Some(3..3)),
            (b"a: \0", "InvalidYaml", Some(3..4)),
        ] {
            let (fault, found) = decode(bytes.to_vec()).1.unwrap();
            assert_eq!((&*fault.reason, found), (reason, span));
        }
    }
}
