//! From `-f` to plans: everything that can be told about manifests without opening what they name.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

use weft_plan::{Options, Planned, Reason, Resources, either};

use super::{
    Diagnostic, FieldPath, ManifestArgs, Manifests, ObjectRef, Severity,
    field::Step,
    read,
    typed::{self, Typed},
};

/// Manifests with everything that is wrong with them, and what was planned from them.
pub(crate) struct Loaded {
    /// What was read; its diagnostics are complete and sorted by file and line.
    pub(crate) manifests: Manifests,
    /// What is sound; its diagnostics are among those of `manifests`.
    pub(crate) planned: Planned,
}

impl Loaded {
    /// Nothing is wrong that keeps the manifests from being used.
    pub(crate) fn is_valid(&self) -> bool {
        self.manifests.is_valid()
    }
}

/// Reads what the arguments name, checks it and plans it.
pub(crate) fn load(args: &ManifestArgs, stdin: &mut dyn Read) -> Loaded {
    let mut manifests = read(&args.filename, args.recursive, stdin);
    typed::check(&mut manifests);
    let mut typed = typed::typed(&mut manifests);
    manifests.find_local_warehouses(args, &typed);
    let local = args.warehouse.iter().map(|local| (local.name.clone(), local.path.clone()));
    let options = Options { local_warehouses: local.collect(), installation: args.installation.clone() };
    let mut planned = weft_plan::plan(&typed.resources(), &options);
    let found = std::mem::take(&mut planned.diagnostics);
    manifests.add_planned(found, &mut typed);
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
    Loaded { manifests, planned }
}

impl Typed {
    fn resources(&self) -> Resources<'_> {
        Resources {
            warehouses: self.warehouses.iter().collect(),
            data_graphs: self.data_graphs.iter().collect(),
            entities: self.entities.iter().collect(),
            mappings: self.mappings.iter().collect(),
        }
    }
}

impl Manifests {
    fn is_valid(&self) -> bool {
        self.diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error)
    }

    /// Each `--warehouse` has to stand in for a Warehouse that there is, and for one of its own.
    fn find_local_warehouses(&mut self, args: &ManifestArgs, typed: &Typed) {
        let names: BTreeSet<&str> =
            typed.warehouses.iter().filter_map(|warehouse| warehouse.metadata.name.as_deref()).collect();
        for (at, local) in args.warehouse.iter().enumerate() {
            if args.warehouse.iter().take(at).any(|earlier| earlier.name == local.name) {
                let message = format!("--warehouse names `{}` twice, which can be one file only", local.name);
                self.diagnostics
                    .push(Diagnostic::error("DuplicateWarehouse", message).help("leave one of the two out"));
            }
            if !names.contains(local.name.as_str()) && !typed.is_incomplete("Warehouse") {
                let message = format!("--warehouse names `{}`, but there is no Warehouse of that name", local.name);
                let help = match names.is_empty() {
                    true => "add its manifest".to_owned(),
                    false => format!("write {}", either(names.iter().copied())),
                };
                self.diagnostics.push(Diagnostic::error("UnknownWarehouse", message).help(help));
            }
        }
    }

    /// Adds what the planner found and the broken rules, without what only follows from faults that are known and
    /// without telling anything twice.
    fn add_planned(&mut self, found: Vec<weft_plan::Diagnostic>, typed: &mut Typed) {
        let known = self.faulty_fields();
        let lost = self.diagnostics.iter().any(|it| it.severity == Severity::Error && it.object.is_none());
        let objects: BTreeMap<_, _> = self.objects.iter().map(|object| (&object.reference, object)).collect();
        let mut added = Vec::new();
        for found in found {
            let referred = match found.reason {
                Reason::UnknownWarehouse => Some("Warehouse"),
                Reason::UnknownDataGraph => Some("DataGraph"),
                Reason::UnknownEntity => Some("Entity"),
                _ => None,
            };
            let follows = referred.is_some_and(|kind| lost || typed.is_incomplete(kind));
            // Both entities say so themselves.
            let is_reference = found.reason == Reason::DuplicateSlug && found.message.starts_with("several entities");
            let follows = follows || is_reference;
            let is_alias = found.reason == Reason::UnknownAlias;
            let (object, fault) = own(found);
            let follows =
                follows || (is_alias && known.get(&object).is_some_and(|fields| lacks_aliases(fields, &fault)));
            if follows || known.get(&object).is_some_and(|fields| fields.contains(&fault.field.to_string())) {
                continue;
            }
            added.push(match objects.get(&object) {
                Some(object) => self.placed(fault, object),
                None => fault.of(&object),
            });
        }
        let mut by_object: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for fault in &added {
            by_object.entry(&fault.object).or_default().push(fault);
        }
        typed.violations.retain(|violation| {
            let planned = by_object.get(&violation.object);
            !planned.into_iter().flatten().any(|planned| tells(planned, violation))
        });
        added.append(&mut typed.violations);
        self.diagnostics.append(&mut added);
    }
}

/// Whether the rule that a fault is in has a field that is none, which may hold the aliases that seem to be missing.
fn lacks_aliases(faulty: &BTreeSet<String>, fault: &Diagnostic) -> bool {
    let rule = fault.field.steps().get(..3).unwrap_or_default();
    let known = ["entities", "enrichments", "when", "consent", "name", "onMissing"];
    faulty.iter().map(|field| FieldPath::parse(field)).any(|field| match field.steps() {
        [within @ .., Step::Name(name)] => within == rule && !known.contains(&name.as_str()),
        _ => false,
    })
}

/// What the planner found as a diagnostic without a place.
fn own(found: weft_plan::Diagnostic) -> (ObjectRef, Diagnostic) {
    let object = found.object;
    let object = ObjectRef { kind: object.kind.to_owned(), namespace: object.namespace, name: object.name };
    let fault = Diagnostic {
        severity: match found.severity {
            weft_plan::Severity::Error => Severity::Error,
            weft_plan::Severity::Warning => Severity::Warning,
        },
        reason: Cow::Borrowed(found.reason.as_str()),
        place: None,
        object: None,
        field: FieldPath::parse(&found.field),
        message: found.message,
        help: Some(found.help).filter(|help| !help.is_empty()),
        related: Vec::new(),
    };
    (object, fault)
}

/// Whether what the planner found of an object tells of the same fault as a rule that it breaks, and more: it is about
/// the same field, or one in it, such as the path of an item of a list.
fn tells(planned: &Diagnostic, violation: &Diagnostic) -> bool {
    let (planned_at, violated_at) = (planned.field.steps(), violation.field.steps());
    let within = violated_at.len() > 1 && planned_at.len() <= violated_at.len() + 2;
    let same = planned_at == violated_at || (within && planned_at.starts_with(violated_at));
    // Without a slug the name is the slug.
    let same = same || (planned.reason == "InvalidSlug" && violation.field.to_string() == "spec.slug");
    same && planned.severity == Severity::Error
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use weft_plan_types::WarehouseConnection;

    use super::*;

    const GRAPH: &str = "\
apiVersion: weft.dev/v1alpha1
kind: Warehouse
metadata: {name: shop}
spec: {sqlite: {path: PATH}}
---
apiVersion: weft.dev/v1alpha1
kind: DataGraph
metadata: {name: main}
spec: {warehouseRef: {name: shop}, store: {redis: {url: 'redis://redis:6379/0'}}}
---
apiVersion: weft.dev/v1alpha1
kind: Entity
metadata: {name: product}
spec: {dataGraphRef: {name: main}, tableRef: product, primaryKey: [sku]}
";

    /// The path of the SQLite file that the plan opens when the manifests name `path`.
    fn planned_path(folder: &Path, path: &str, warehouse: &[&str]) -> String {
        fs::write(folder.join("shop.yaml"), GRAPH.replace("PATH", path)).unwrap();
        let warehouse = warehouse.iter().map(|text| text.parse().unwrap()).collect();
        let args = ManifestArgs { warehouse, ..ManifestArgs::of(vec![folder.to_owned()]) };
        let loaded = load(&args, &mut std::io::empty());
        assert!(loaded.is_valid(), "{:?}", loaded.manifests.diagnostics);
        match &loaded.planned.syncs[0].plan.warehouse.connection {
            WarehouseConnection::Sqlite { path, .. } => path.clone(),
            WarehouseConnection::Postgres(_) => panic!("the warehouse is a SQLite file"),
        }
    }

    #[test]
    fn a_sqlite_path_is_relative_to_its_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/shop.db").display().to_string();
        assert_eq!(planned_path(folder.path(), "data/shop.db", &[]), path);
        assert_eq!(planned_path(folder.path(), "/data/shop.db", &[]), "/data/shop.db");
    }

    #[test]
    fn a_local_warehouse_is_relative_to_the_working_directory() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(planned_path(folder.path(), "shop.db", &["shop=sqlite:copy.db"]), "copy.db");
    }
}
