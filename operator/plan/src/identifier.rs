//! Which column a name means: the one spelled exactly so, else the only one that differs in case alone.

use std::collections::BTreeMap;

/// Columns by name.
pub(crate) struct Columns<'a> {
    exact: BTreeMap<&'a str, ()>,
    /// By lower-case name; `None` where several columns share it.
    folded: BTreeMap<String, Option<&'a str>>,
}

impl<'a> Columns<'a> {
    pub(crate) fn of(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut columns = Self { exact: BTreeMap::new(), folded: BTreeMap::new() };
        for name in names {
            if columns.exact.insert(name, ()).is_none() {
                columns.folded.entry(name.to_lowercase()).and_modify(|one| *one = None).or_insert(Some(name));
            }
        }
        columns
    }

    /// The column as it is spelled here.
    pub(crate) fn find(&self, written: &str) -> Option<&'a str> {
        match self.exact.get_key_value(written) {
            Some((name, ())) => Some(name),
            None => self.folded.get(&written.to_lowercase()).copied().flatten(),
        }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.exact.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_spelling_wins_over_case() {
        let columns = Columns::of(["id", "ID", "Name"]);
        assert_eq!(columns.find("ID"), Some("ID"));
        assert_eq!(columns.find("NAME"), Some("Name"));
    }

    #[test]
    fn a_name_that_could_mean_two_columns_means_none() {
        assert_eq!(Columns::of(["id", "ID"]).find("Id"), None);
    }
}
