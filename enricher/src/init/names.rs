//! Names that resources and aliases may have, made from those of tables and files.

use super::words;

/// A resource's name has at most 63 characters; what is appended to tell names apart fits behind these.
const MAX_LENGTH: usize = 48;

/// The words with `separator` between them: lower case ASCII letters and digits, starting with a letter.
fn joined(words: &[String], separator: &str, otherwise: &str) -> String {
    let ascii = words.iter().map(|word| word.chars().filter(char::is_ascii_alphanumeric).collect::<String>());
    let mut name = ascii.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(separator);
    name.truncate(MAX_LENGTH);
    let name = name.trim_end_matches(separator);
    match name.chars().next() {
        None => otherwise.to_owned(),
        Some(first) if first.is_ascii_digit() => format!("{otherwise}{separator}{name}"),
        Some(_) => name.to_owned(),
    }
}

/// The name of a resource that is about the file: `shop` of `data/Shop.db`.
pub(super) fn of_file(stem: &str) -> String {
    joined(&words::words(stem), "-", "warehouse")
}

/// The name of a table's entity.
pub(super) fn of_entity(table: &str) -> String {
    format!("{}-entity", joined(&words::row_words(table), "-", "table"))
}

/// The alias of a table's row.
pub(super) fn of_row(table: &str) -> String {
    joined(&words::row_words(table), "_", "row")
}

/// A member's name for a column, in snake case; the column itself where it has no such name.
pub(super) fn of_member(column: &str) -> String {
    let snake = words::words(column).join("_");
    if snake.is_empty() { column.to_owned() } else { snake }
}

/// The name, with a number if it is taken.
pub(super) fn untaken(name: String, separator: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(&name) {
        return name;
    }
    let numbered = (2..).map(|number: u32| format!("{name}{separator}{number}"));
    numbered.into_iter().find(|name| !is_taken(name)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_kubernetes_and_rules_allow() {
        assert_eq!(of_file("My Shop_2024"), "my-shop-2024");
        assert_eq!((of_file("数据"), of_file("2024")), ("warehouse".to_owned(), "warehouse-2024".to_owned()));
        assert_eq!((of_entity("DIM_Customers"), of_row("orderItems")), ("customer-entity".into(), "order_item".into()));
        assert!(of_entity(&"very long ".repeat(50)).len() <= 63);
        assert_eq!(of_member("Größe (cm)"), "größe_cm");
        assert_eq!(untaken("a".into(), "-", |name| ["a", "a-2"].contains(&name)), "a-3");
    }
}
