//! Names as words, whatever their spelling, and how well a field's name fits a key's.

/// What says "the key of" without saying of what.
const KEY_WORDS: [&str; 10] = ["id", "key", "uuid", "guid", "pk", "code", "number", "no", "nr", "ref"];

/// Who is meant by the `userId` of an event.
const PERSONS: [&str; 11] = [
    "user",
    "account",
    "customer",
    "member",
    "person",
    "contact",
    "subscriber",
    "client",
    "buyer",
    "visitor",
    "profile",
];

/// What a table's name says besides what its rows are.
const LAYERS: [&str; 19] = [
    "dim",
    "fact",
    "fct",
    "stg",
    "raw",
    "tbl",
    "table",
    "vw",
    "view",
    "v",
    "mart",
    "catalog",
    "catalogue",
    "master",
    "list",
    "data",
    "details",
    "current",
    "latest",
];

/// From here on a name says what the field is; below, only that it is some key.
pub(crate) const TELLING: f64 = 0.7;

/// The words of a name in snake, kebab, camel or any other case, in lower case.
pub(crate) fn words(name: &str) -> Vec<String> {
    let characters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, &c) in characters.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| characters[before]);
        let after = characters.get(at + 1);
        let starts = c.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase()) && before.is_alphanumeric()
            });
        if starts || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            words.last_mut().expect("there is a first word").extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What one row of the table is: its words without layers such as `dim`, the last in the singular.
pub(crate) fn row_words(table: &str) -> Vec<String> {
    let all = words(table);
    let is_layer = |word: &&String| LAYERS.contains(&word.as_str());
    let mut named: Vec<String> = all.iter().filter(|word| !is_layer(word)).cloned().collect();
    if named.is_empty() {
        named = all;
    }
    if let Some(last) = named.last_mut() {
        *last = singular(last);
    }
    named
}

/// An English noun in the singular, by the regular endings.
pub(crate) fn singular(word: &str) -> String {
    let with = |ending: &str, instead: &str| word.strip_suffix(ending).map(|stem| format!("{stem}{instead}"));
    let is_long = word.chars().count() > 3;
    match word {
        "people" => Some("person".to_owned()),
        _ if !is_long || word.ends_with("ss") || word.ends_with("us") || word.ends_with("is") => None,
        _ => with("ies", "y")
            .or_else(|| {
                ["sses", "shes", "ches", "xes"].iter().find_map(|ending| with(ending, &ending[..ending.len() - 2]))
            })
            .or_else(|| with("s", "")),
    }
    .unwrap_or_else(|| word.to_owned())
}

/// How much a field's name says that it holds this key column, from 0.3 (nothing) to 1; `steps` is its path.
pub(crate) fn likeness(table: &str, column: &str, steps: &[String]) -> f64 {
    let Some((last, outer)) = steps.split_last() else { return 0.3 };
    let field = words(last);
    let (row, key) = (row_words(table), words(column));
    let parent: Vec<String> = outer.last().map(|name| row_words(name)).unwrap_or_default();
    let is_key_word = |words: &[String]| matches!(words, [one] if KEY_WORDS.contains(&one.as_str()));
    let in_row = !row.is_empty() && (parent == row || parent.last() == row.last() && parent.len() == 1);
    let after = |prefix: &[String]| field.strip_prefix(prefix).map(<[String]>::to_vec);
    let after_row = after(&row).or_else(|| after(row.last().map(std::slice::from_ref).unwrap_or_default()));
    let names_row = after_row.as_deref().is_some_and(|rest| rest == key || is_key_word(rest));
    let short_key = key.strip_prefix(&row[..]).filter(|rest| !rest.is_empty()).unwrap_or(&key);
    if in_row && (field == key || field == short_key) {
        return 1.0;
    }
    if !is_key_word(&key) && field == key || names_row && after_row.as_deref() == Some(short_key) {
        return 1.0;
    }
    if names_row || in_row && is_key_word(&field) || field == row && !row.is_empty() {
        return 0.9;
    }
    let is_person = row.last().is_some_and(|row| PERSONS.contains(&row.as_str()));
    if is_person && outer.is_empty() && field == ["user", "id"] {
        return 0.8;
    }
    if field == key && !outer.iter().any(|name| names_another(name)) || !is_key_word(&key) && field.ends_with(&key) {
        return TELLING;
    }
    if field.last().is_some_and(|last| KEY_WORDS.contains(&last.as_str())) { 0.5 } else { 0.3 }
}

/// Whether an object's name says what its members belong to: not so those that every event has.
fn names_another(name: &str) -> bool {
    !["properties", "traits", "context", "data", "payload", "event", "body", "after"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_case_have_the_same_words() {
        for name in ["product_id", "productId", "ProductID", "product-id", "PRODUCT ID", "product.id"] {
            assert_eq!(words(name), ["product", "id"], "{name}");
        }
        assert_eq!(words("HTTPServer2Id"), ["http", "server2", "id"]);
        assert_eq!(words("größeÄrmel"), ["größe", "ärmel"]);
        assert!(words("_-").is_empty());
    }

    #[test]
    fn a_table_is_named_for_many_rows_and_a_row_for_one() {
        for (table, row) in [
            ("orders", "order"),
            ("DIM_CUSTOMERS", "customer"),
            ("categories", "category"),
            ("boxes", "box"),
            ("addresses", "address"),
            ("status", "status"),
            ("sales_view", "sales"),
            ("people", "person"),
        ] {
            let expected = if table == "sales_view" { "sale" } else { row };
            assert_eq!(row_words(table).join("_"), expected, "{table}");
        }
    }

    #[test]
    fn the_name_of_the_key_is_told_from_that_of_another_key() {
        let like = |table, column, path: &str| {
            likeness(table, column, &path.split('.').map(str::to_owned).collect::<Vec<_>>())
        };
        for (table, column, path) in [
            ("orders", "id", "properties.orderId"),
            ("orders", "order_id", "properties.order_id"),
            ("orders", "order_id", "properties.order.id"),
            ("products", "SKU", "properties.sku"),
            ("products", "sku", "properties.product_sku"),
            ("users", "id", "userId"),
            ("users", "UserID", "userId"),
            ("shop_orders", "id", "properties.order_id"),
        ] {
            assert!(like(table, column, path) >= 0.99, "{table} {column} {path}: {}", like(table, column, path));
        }
        assert!(like("products", "sku", "properties.product_id") > TELLING);
        assert!(like("customers", "id", "userId") > TELLING);
        assert!(like("orders", "id", "properties.cart.id") < TELLING);
        assert!(like("orders", "id", "properties.product_id") < TELLING);
        assert!(like("orders", "id", "properties.quantity") < 0.4);
    }
}
