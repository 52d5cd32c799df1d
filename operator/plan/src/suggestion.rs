//! What was probably meant, and names in a sentence. Also for who reads manifests before they are planned.

use std::borrow::Cow;

/// Below this likeness a suggestion is a guess.
const LEAST_SIMILARITY: f64 = 0.8;

/// The known name most like the one that was written, if one is like it at all; however its words are divided.
pub fn closest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = folded(written);
    let similarity = |name: &str| strsim::jaro_winkler(&written, &folded(name));
    known
        .into_iter()
        .map(|name| (similarity(name), name))
        .filter(|(similarity, _)| *similarity >= LEAST_SIMILARITY)
        .max_by(|one, other| one.0.total_cmp(&other.0).then_with(|| other.1.cmp(one.1)))
        .map(|(_, name)| name)
}

/// In lower case, without the signs between words.
fn folded(name: &str) -> Cow<'_, str> {
    if name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(name.to_lowercase().replace(['-', '_'], ""))
    }
}

/// `did you mean …?` where a known name is like the written one, else the alternative.
pub(crate) fn did_you_mean<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    closest(written, known).map_or_else(otherwise, |name| format!("did you mean `{name}`?"))
}

/// `a, b and c`, each in back-ticks; `none` if there is none. Long lists are cut.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    joined(names, "and", "")
}

/// `a, b or c`, each in back-ticks; `none` if there is none. Long lists are cut.
pub fn either<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    joined(names, "or", "one of ")
}

fn joined<'a>(names: impl IntoIterator<Item = &'a str>, word: &str, of: &str) -> String {
    const SHOWN: usize = 8;
    let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        [only] => only.clone(),
        [first @ .., last] if names.len() <= SHOWN => format!("{} {word} {last}", first.join(", ")),
        all => format!("{} {word} {of}{} more", all[..SHOWN].join(", "), all.len() - SHOWN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_name_and_something_else_finds_none() {
        let known = ["product-entity", "cart-entity", "account"];
        assert_eq!(closest("prodcut-entity", known), Some("product-entity"));
        assert_eq!(closest("Account", known), Some("account"));
        assert_eq!(closest("product_entity", known), Some("product-entity"));
        assert_eq!(closest("subscription", known), None);
    }

    #[test]
    fn a_slip_of_the_keyboard_finds_the_field() {
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
        assert_eq!(closest("replicas", ["slug", "tableRef"]), None);
    }

    #[test]
    fn of_two_equally_like_names_the_first_by_letters_is_suggested() {
        assert_eq!(closest("cart", ["cart2", "cart1"]), Some("cart1"));
        assert_eq!(closest("cart", ["cart1", "cart2"]), Some("cart1"));
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(listed([]), "none");
        assert!(listed(["x"; 10]).ends_with("and 2 more"));
        assert_eq!(either(["a", "b", "c"]), "`a`, `b` or `c`");
        assert!(either(["x"; 10]).ends_with("or one of 2 more"));
    }
}
