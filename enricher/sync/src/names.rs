//! The names of the tables that a sync keeps in bookkeeping: `weft_<entity id>_<run>_<kind>`.

use std::collections::BTreeSet;

use md5::{Digest as _, Md5};
use weft_plan_types::Owner;

/// What a table in bookkeeping is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A run's number is taken.
    Claim,
    /// What a run is to change.
    Stage,
    /// The key and hash of every row, as of a run.
    Snapshot,
}

const KINDS: [(Kind, &str); 3] = [(Kind::Claim, "claim"), (Kind::Stage, "stage"), (Kind::Snapshot, "snap")];

/// The names of one entity's tables.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    prefix: String,
}

impl Names {
    /// Of the entity `slug`; 64 bits of the MD5 of `<installation>/<namespace>/<graph>/<slug>` tell it from all others.
    pub(crate) fn new(owner: &Owner, slug: &str) -> Self {
        let digest = Md5::digest(format!("{owner}/{slug}"));
        let id: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { prefix: format!("weft_{id}_") }
    }

    /// What all of them begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The table of a run.
    pub(crate) fn table(&self, kind: Kind, run: u64) -> String {
        let suffix = KINDS.iter().find(|(other, _)| *other == kind).map_or("", |(_, suffix)| suffix);
        format!("{}{run}_{suffix}", self.prefix)
    }

    fn parse(&self, table: &str) -> Option<(Kind, u64)> {
        let (run, suffix) = table.strip_prefix(&self.prefix)?.split_once('_')?;
        let (kind, _) = KINDS.iter().find(|(_, known)| *known == suffix)?;
        let run: u64 = run.parse().ok()?;
        (self.table(*kind, run) == table).then_some((*kind, run))
    }
}

/// The tables of one entity that there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The runs that were claimed.
    pub(crate) claims: BTreeSet<u64>,
    /// The runs of which there is a stage.
    pub(crate) stages: BTreeSet<u64>,
    /// The runs of which there is a snapshot.
    pub(crate) snapshots: BTreeSet<u64>,
}

impl Kept {
    /// From the names of the tables in bookkeeping; what is none of the entity's is passed over.
    pub(crate) fn from_names<'a>(names: &Names, tables: impl IntoIterator<Item = &'a str>) -> Self {
        let mut kept = Self::default();
        for (kind, run) in tables.into_iter().filter_map(|table| names.parse(table)) {
            kept.of(kind).insert(run);
        }
        kept
    }

    /// The runs of a kind.
    pub(crate) fn of(&mut self, kind: Kind) -> &mut BTreeSet<u64> {
        match kind {
            Kind::Claim => &mut self.claims,
            Kind::Stage => &mut self.stages,
            Kind::Snapshot => &mut self.snapshots,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(slug: &str) -> Names {
        let owner = Owner { installation: "local".to_owned(), namespace: "shop".to_owned(), graph: "main".to_owned() };
        Names::new(&owner, slug)
    }

    #[test]
    fn a_table_is_named_for_the_entity_the_run_and_what_it_is_for() {
        let names = names("product");
        let stage = names.table(Kind::Stage, 1_790_000_001);
        assert_eq!(stage, format!("{}1790000001_stage", names.prefix()));
        assert!(stage.len() <= 63, "PostgreSQL cuts longer names: {stage}");
        assert_ne!(names.prefix(), self::names("order").prefix());
    }

    #[test]
    fn tables_of_others_and_odd_ones_are_not_taken_for_the_entitys() {
        let names = names("product");
        let mine = [names.table(Kind::Claim, 3), names.table(Kind::Snapshot, 2), names.table(Kind::Snapshot, 1)];
        let odd = ["x".to_owned(), format!("{}03_stage", names.prefix()), format!("{}3_notes", names.prefix())];
        let other = self::names("order").table(Kind::Stage, 9);
        let kept = Kept::from_names(&names, mine.iter().chain(&odd).chain([&other]).map(String::as_str));
        let expected = Kept { claims: [3].into(), stages: [].into(), snapshots: [1, 2].into() };
        assert_eq!(kept, expected);
    }
}
