//! From `-f` to plans: everything that can be told about manifests without opening what they name.

use std::{collections::BTreeSet, io::Read};

use super::{
    Diagnostic, ManifestArgs, Manifests, Severity, read,
    suggestion::listed,
    typed::{self, Typed},
};

/// Manifests with everything that is wrong with them.
pub(crate) struct Loaded {
    /// What was read; its diagnostics are complete and sorted by file and line.
    pub(crate) manifests: Manifests,
}

impl Loaded {
    /// Nothing is wrong that keeps the manifests from being used.
    pub(crate) fn is_valid(&self) -> bool {
        self.manifests.is_valid()
    }
}

/// Reads what the arguments name, checks it.
pub(crate) fn load(args: &ManifestArgs, stdin: &mut dyn Read) -> Loaded {
    let mut manifests = read(&args.filename, args.recursive, stdin);
    typed::check(&mut manifests);
    let typed = typed::typed(&mut manifests);
    manifests.find_local_warehouses(args, &typed);
    if manifests.objects.is_empty() && manifests.is_valid() {
        let message = format!("there is no object of {} in what was named", weft_api::API_VERSION);
        let fault = Diagnostic::error("NoObjects", message).help("name the folder with your manifests");
        manifests.diagnostics.push(fault.in_file(0, None));
    }
    manifests.diagnostics.sort_by_key(|diagnostic| {
        let place = diagnostic.place.as_ref();
        let offset = place.and_then(|place| place.span.as_ref()).map(|span| span.start);
        (place.map(|place| place.file), offset, diagnostic.severity)
    });
    Loaded { manifests }
}

impl Manifests {
    fn is_valid(&self) -> bool {
        self.diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error)
    }

    /// Each `--warehouse` has to stand in for a Warehouse that there is.
    fn find_local_warehouses(&mut self, args: &ManifestArgs, typed: &Typed) {
        let names: BTreeSet<&str> =
            typed.warehouses.iter().filter_map(|warehouse| warehouse.metadata.name.as_deref()).collect();
        for local in &args.warehouse {
            if !names.contains(local.name.as_str()) && !typed.is_incomplete("Warehouse") {
                let names: Vec<&str> = names.iter().copied().collect();
                let message = format!("--warehouse names `{}`, but there is no Warehouse of that name", local.name);
                let help =
                    if names.is_empty() { "add its manifest".to_owned() } else { format!("write {}", listed(&names)) };
                self.diagnostics.push(Diagnostic::error("UnknownWarehouse", message).help(help));
            }
        }
    }
}
