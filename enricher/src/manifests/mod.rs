//! The manifests that a cluster would get, read from files: what they say, where they say it, what is wrong with it.
//!
//! Reading goes on after every fault it can, so that one run tells them all: [`files`] -> [`document`]s (YAML, with
//! the positions of everything in an [`index`]) -> [`object`]s -> the schema ([`walk`]) and the types ([`typed`]) ->
//! the plan ([`load`]).

mod args;
mod diagnostic;
mod document;
mod events;
mod field;
mod files;
mod index;
mod load;
mod metadata;
mod object;
mod part;
mod reasons;
mod schema;
mod secret;
mod source;
mod typed;
mod walk;

use std::{collections::BTreeMap, io::Read, path::PathBuf};

pub(crate) use args::ManifestArgs;
#[cfg(feature = "redis")]
pub(crate) use args::{LOCAL, LocalWarehouse};
pub(crate) use diagnostic::{Diagnostic, ObjectRef, Place, Severity};
pub(crate) use field::FieldPath;
pub(crate) use load::{Loaded, load};
pub(crate) use object::Object;
pub(crate) use reasons::REASONS;
pub(crate) use source::SourceFile;

use crate::connect::SecretManifests;
use index::Index;
use object::Content;

/// What was read, as it was written.
#[derive(Debug, Default)]
pub(crate) struct Manifests {
    /// Every file that was named, also those that could not be read.
    pub(crate) files: Vec<SourceFile>,
    /// Weft's objects, each name once, in the order of the files.
    pub(crate) objects: Vec<Object>,
    /// The Secrets among them.
    pub(crate) secrets: SecretManifests,
    /// What is wrong, unsorted.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The file and the positions of each document.
    documents: Vec<(usize, Index)>,
}

/// Reads files, folders and `-` (standard input).
pub(crate) fn read(paths: &[PathBuf], recursive: bool, stdin: &mut dyn Read) -> Manifests {
    let (files, diagnostics) = files::read(paths, recursive, stdin);
    let mut manifests = Manifests { files, diagnostics, ..Manifests::default() };
    let mut names = BTreeMap::new();
    for file in 0..manifests.files.len() {
        if manifests.files[file].readable {
            manifests.read_file(file, &mut names);
        }
    }
    manifests
}

impl Manifests {
    fn read_file(&mut self, file: usize, names: &mut BTreeMap<ObjectRef, Place>) {
        let (documents, mut faults) = document::documents(&self.files[file], file);
        self.diagnostics.append(&mut faults);
        let mut foreign = Vec::new();
        for document in documents {
            self.documents.push((file, document.index));
            let mut pending = vec![(document.value, FieldPath::default())];
            while let Some((value, root)) = pending.pop() {
                match object::recognise(value) {
                    Content::Weft(reference, value) => self.add(reference, value, root, names),
                    Content::Secret(reference, value) => self.add_secret(reference, &value, root, names),
                    Content::Foreign(what) => foreign.push((what, self.documents.len() - 1, root)),
                    Content::List(items) => {
                        let items = items.into_iter().enumerate().rev();
                        pending.extend(items.map(|(at, item)| (item, root.member("items").item(at))));
                    }
                    Content::Faulty(fault) => {
                        let at = self.place(self.documents.len() - 1, &root.join(&fault.field), false);
                        self.diagnostics.push(Diagnostic { place: Some(at), ..*fault });
                    }
                }
            }
        }
        self.diagnostics.extend(self.passed_over(&foreign));
    }

    fn add(
        &mut self,
        reference: ObjectRef,
        value: serde_json::Value,
        root: FieldPath,
        names: &mut BTreeMap<ObjectRef, Place>,
    ) {
        let object = Object { reference, value, document: self.documents.len() - 1, root };
        if self.is_first(&object, names) {
            self.objects.push(object);
        }
    }

    fn add_secret(
        &mut self,
        reference: ObjectRef,
        value: &serde_json::Value,
        root: FieldPath,
        names: &mut BTreeMap<ObjectRef, Place>,
    ) {
        // Without its values, so that none can be told.
        let value_free = serde_json::Value::Null;
        let object = Object { reference, value: value_free, document: self.documents.len() - 1, root };
        if self.is_first(&object, names) {
            let (values, faults) = secret::values(value);
            let placed: Vec<_> = faults.into_iter().map(|fault| self.placed(fault, &object)).collect();
            self.diagnostics.extend(placed);
            self.secrets.insert((object.reference.namespace, object.reference.name), values);
        }
    }

    /// Whether an object is the first of its name; says so if not.
    fn is_first(&mut self, object: &Object, names: &mut BTreeMap<ObjectRef, Place>) -> bool {
        let field = FieldPath::parse("metadata.name");
        let place = self.place_of(object, &field, false);
        if let Some(first) = names.get(&object.reference) {
            let fault =
                Diagnostic::error("DuplicateObject", "there is another object of this kind, namespace and name")
                    .help("rename or remove one of the two")
                    .of(&object.reference)
                    .field(field)
                    .related(first.clone(), "the other one");
            self.diagnostics.push(Diagnostic { place: Some(place), ..fault });
            return false;
        }
        names.insert(object.reference.clone(), place);
        true
    }

    /// One note per file for what is not Weft's.
    fn passed_over(&self, foreign: &[(String, usize, FieldPath)]) -> Option<Diagnostic> {
        /// More names than this tell nobody anything.
        const NAMED: usize = 5;
        let (_, document, root) = foreign.first()?;
        let mut names: Vec<&str> = foreign.iter().take(NAMED).map(|(what, ..)| what.as_str()).collect();
        let rest = format!("{} more", foreign.len().saturating_sub(NAMED));
        if foreign.len() > NAMED {
            names.push(&rest);
        }
        let note = Diagnostic::note("PassedOver", format!("passed over what is not Weft's: {}", names.join(", ")));
        Some(Diagnostic { place: Some(self.place(*document, root, false)), ..note })
    }

    /// Where a field of an object stands, or the innermost part of it that there is; `key`: its name, not its value.
    pub(crate) fn place_of(&self, object: &Object, field: &FieldPath, key: bool) -> Place {
        self.place(object.document, &object.in_document(field), key)
    }

    fn place(&self, document: usize, field: &FieldPath, key: bool) -> Place {
        let (file, index) = &self.documents[document];
        let span = index
            .find(field)
            .map(|found| if key || !found.exact { found.key.unwrap_or(found.value) } else { found.value });
        Place { file: *file, span }
    }
}
