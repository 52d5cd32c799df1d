//! "Did you mean": the known name that was probably meant.

/// The most similar of the known names, if one is similar enough to be meant.
pub(super) fn closest<'name>(written: &str, known: impl IntoIterator<Item = &'name str>) -> Option<&'name str> {
    /// Below this, suggestions are guesses: two letters of `slug` are not `as`.
    const LEAST_SIMILARITY: f64 = 0.75;
    let folded = written.to_lowercase().replace(['-', '_'], "");
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&folded, &name.to_lowercase()), name))
        .filter(|(similarity, _)| *similarity >= LEAST_SIMILARITY)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name)
}

/// `a`, `b` or `c`.
pub(super) fn listed(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [only] => format!("`{only}`"),
        [first @ .., last] => {
            let first: Vec<_> = first.iter().map(|name| format!("`{name}`")).collect();
            format!("{} or `{last}`", first.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_keyboard_finds_the_name() {
        let known = ["primaryKey", "tableRef", "slug", "columns"];
        for (written, meant) in [
            ("primarykey", "primaryKey"),
            ("primary_key", "primaryKey"),
            ("tabelRef", "tableRef"),
            ("sulg", "slug"),
            ("column", "columns"),
        ] {
            assert_eq!(closest(written, known), Some(meant));
        }
    }

    #[test]
    fn something_else_finds_nothing() {
        assert_eq!(closest("replicas", ["slug", "tableRef"]), None);
    }

    #[test]
    fn names_are_listed_with_an_or() {
        assert_eq!(listed(&["a"]), "`a`");
        assert_eq!(listed(&["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
