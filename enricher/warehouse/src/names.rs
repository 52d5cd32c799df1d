//! Finding what a user named among what a warehouse has.

use std::fmt;

/// At most so many candidates are listed in a message.
const LISTED: usize = 12;

/// The candidate that is `wanted`: exactly, else the only one that differs in case alone.
pub fn resolve<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Result<usize, Unresolved> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    if let Some(position) = candidates.iter().position(|&candidate| candidate == wanted) {
        return Ok(position);
    }
    let folded = wanted.to_lowercase();
    let alike: Vec<usize> =
        (0..candidates.len()).filter(|&position| candidates[position].to_lowercase() == folded).collect();
    if let [position] = alike[..] {
        return Ok(position);
    }
    let ambiguous = !alike.is_empty();
    let mut listed: Vec<&str> =
        if ambiguous { alike.iter().map(|&position| candidates[position]).collect() } else { candidates };
    listed.sort_unstable();
    Err(Unresolved {
        wanted: wanted.to_owned(),
        ambiguous,
        candidates: listed.into_iter().map(str::to_owned).collect(),
    })
}

/// A name that fits no candidate, or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// What was looked for.
    pub wanted: String,
    /// Several candidates differ from it in case alone; it must be spelled exactly.
    pub ambiguous: bool,
    /// What there is, sorted; if `ambiguous`, what it may mean.
    pub candidates: Vec<String>,
}

impl std::error::Error for Unresolved {}

impl Unresolved {
    /// The candidate that was most likely meant.
    fn nearest(&self) -> Option<&str> {
        let wanted = self.wanted.to_lowercase();
        let distance = |candidate: &str| strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase());
        let near = |candidate: &&String| distance(candidate) <= 1 + self.wanted.chars().count() / 4;
        self.candidates.iter().filter(near).min_by_key(|candidate| distance(candidate)).map(String::as_str)
    }
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wanted = &self.wanted;
        let listed = self.candidates.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
        let more = self.candidates.len().saturating_sub(LISTED);
        let listed = if more > 0 { format!("{listed} and {more} more") } else { listed };
        if self.ambiguous {
            return write!(f, "{wanted:?} may mean {listed}; spell it exactly");
        }
        match self.nearest() {
            Some(nearest) => write!(f, "there is no {wanted:?}, did you mean {nearest:?}? There is {listed}"),
            None if listed.is_empty() => write!(f, "there is no {wanted:?}, nor any other"),
            None => write!(f, "there is no {wanted:?}; there is {listed}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_name_wins_over_another_case() {
        assert_eq!(resolve("Sku", ["sku", "Sku", "SKU"]), Ok(1));
    }

    #[test]
    fn another_case_is_taken_if_it_is_the_only_one() {
        assert_eq!(resolve("STRASSE", ["strasse", "x"]), Ok(0));
        let error = resolve("sku", ["Sku", "SKU", "x"]).unwrap_err();
        assert_eq!(error.to_string(), r#""sku" may mean SKU, Sku; spell it exactly"#);
    }

    #[test]
    fn a_misspelt_name_is_answered_with_the_nearest_and_what_there_is() {
        let error = resolve("prodcuts", ["carts", "products"]).unwrap_err();
        let told = r#"there is no "prodcuts", did you mean "products"? There is carts, products"#;
        assert_eq!(error.to_string(), told);
        assert_eq!(resolve("x", []).unwrap_err().to_string(), r#"there is no "x", nor any other"#);
    }

    #[test]
    fn a_long_list_is_cut() {
        let names: Vec<String> = (10..40).map(|number| format!("t{number}")).collect();
        let error = resolve("orders", names.iter().map(String::as_str)).unwrap_err();
        assert!(error.to_string().ends_with("t20, t21 and 18 more"), "{error}");
    }
}
