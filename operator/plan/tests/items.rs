//! What the planner says about array items, conditions on rows and consent, and what it plans of them.

mod shop;

use serde_json::json;
use shop::{Shop, reasons_of_hops, said_of_hops};
use weft_plan::Reason;

#[test]
fn a_plan_spells_arrays_and_places_canonically_and_reads_what_conditions_and_hops_read() {
    let plan = Shop::with_hops().planned().enrichments.remove(0).plan;
    let rule = serde_json::to_value(&plan.rules[0]).unwrap();
    assert_eq!(rule["consent"], json!(["Advertising"]));
    assert_eq!(
        rule["entities"][4],
        json!({"alias": "item", "entity": "product", "match": [{"column": "SKU", "path": "@.sku"}],
            "forEach": "$.properties.items", "optional": false})
    );
    assert_eq!(
        rule["entities"][3],
        json!({"alias": "item_brand", "entity": "brand", "optional": false,
            "hop": {"from": "item", "via": "product-brand", "columns": ["BRAND_ID"]}})
    );
    assert_eq!(rule["enrichments"][2]["to"], "@.brand.name");
    assert_eq!(
        serde_json::to_value(&plan.entities).unwrap(),
        json!([
            {"slug": "brand", "primaryKey": ["ID"], "columns": ["COUNTRY", "NAME"]},
            {"slug": "country", "primaryKey": ["CODE"], "columns": ["NAME"]},
            {"slug": "product", "primaryKey": ["SKU"], "columns": ["BRAND_ID", "NAME", "PRICE"]}
        ])
    );
}

#[test]
fn a_row_per_item_cannot_decide_whether_an_event_matches() {
    for alias in ["item", "item_brand"] {
        assert_eq!(
            said_of_hops(
                |shop| shop.rule().when = Some(format!("entities.{alias}.NAME = 'x' or entities.{alias}.NAME = 'y'"))
            ),
            [format!(
                "error AliasIsList EnrichmentMapping shop/orders spec.rules[0].when: the condition reads `entities.{alias}`, of \
                 which there is a row per item of an array; judge by fields of the event, or by an alias that is found by a \
                 key in the event"
            )]
        );
    }
}

#[test]
fn an_unknown_alias_or_column_in_a_condition_is_named_with_the_one_that_was_meant() {
    assert_eq!(
        said_of_hops(|shop| shop.rule().when = Some("entities.prodct.PRICE > 1 and entities.prodct.NAME != 'x'".into())),
        [
            "error UnknownAlias EnrichmentMapping shop/orders spec.rules[0].when: the rule has no alias `prodct`; did you mean \
             `product`?"
        ]
    );
    assert_eq!(
        said_of_hops(|shop| shop.rule().when = Some("entities.product.PRISE > 1".into())),
        [
            "error ColumnNotSynced EnrichmentMapping shop/orders spec.rules[0].when: the column `PRISE` of entity `product` is \
             not copied; did you mean `PRICE`?"
        ]
    );
}

#[test]
fn an_alias_that_only_a_condition_reads_is_used() {
    let found = said_of_hops(|shop| {
        shop.rule().entities.retain(|alias| alias.alias == "product");
        shop.rule().enrichments.clear();
    });
    assert_eq!(found, [""; 0]);
}

#[test]
fn a_row_per_item_cannot_be_written_to_one_place() {
    assert_eq!(
        said_of_hops(|shop| shop.rule().enrichments[2].to = "$.properties.brand".into()),
        [
            "error AliasIsList EnrichmentMapping shop/orders spec.rules[0].enrichments[2].to: `$.properties.brand` is one place \
             in the event, but `item_brand` has a row per item of an array; write into the item: @.brand"
        ]
    );
}

#[test]
fn a_place_in_an_item_needs_an_array() {
    assert_eq!(
        said_of_hops(|shop| shop.rule().enrichments[0].to = "@.country".into()),
        [
            "error NoItem EnrichmentMapping shop/orders spec.rules[0].enrichments[0].to: `@.country` names a place in an item, \
             and `country` walks no array; start the path with $., or give `country` the array in `forEach`"
        ]
    );
    assert_eq!(
        said_of_hops(|shop| shop.key(2)[0].path = "@.sku".into()),
        [
            "error NoItem EnrichmentMapping shop/orders spec.rules[0].entities[2].match[0].path: `@.sku` names a place in an \
             item, and the alias walks no array; add `forEach` with the array, such as $.properties.products[*], or start \
             the path with $."
        ]
    );
}

#[test]
fn an_item_may_be_its_own_key_and_keys_may_lie_in_the_event_but_no_whole_item_is_written() {
    assert_eq!(said_of_hops(|shop| shop.key(4)[0].path = "@".into()), [""; 0]);
    let with_shop = said_of_hops(|shop| {
        shop.product().spec.primary_key.push("SHOP".into());
        for place in [2, 4] {
            let part = "{column: SHOP, path: $.shop}";
            shop.key(place).push(serde_yaml::from_str(part).unwrap());
        }
    });
    assert_eq!(with_shop, [""; 0]);
    assert_eq!(
        said_of_hops(|shop| shop.key(4)[0].path = "$.properties.sku".into()),
        [
            "warning InvalidForEach EnrichmentMapping shop/orders spec.rules[0].entities[4].forEach: every item gets the same \
             row, for no path of the key starts with @, the item; start a path of `match` with @., or leave `forEach` out"
        ]
    );
    assert_eq!(
        said_of_hops(|shop| {
            shop.rule().enrichments.truncate(2);
            shop.alias("item_brand").optional = true;
            shop.rule().on_missing = weft_api::OnMissing::Drop;
            shop.rule().entities.remove(3);
            shop.rule().enrichments[1].to = "@".into();
        }),
        [
            "error NotWritable EnrichmentMapping shop/orders spec.rules[0].enrichments[1].to: a whole item cannot be replaced; \
             name a member, such as @.product_name"
        ]
    );
}

#[test]
fn an_array_that_is_no_path_says_what_to_write() {
    let found = said_of_hops(|shop| shop.alias("item").for_each = Some("$.properties.items".into()));
    assert!(
        found[0].starts_with(
            "error InvalidForEach EnrichmentMapping shop/orders spec.rules[0].entities[4].forEach: `$.properties.items` is no \
             path of an array's items, from byte"
        ),
        "{found:?}"
    );
    assert_eq!(
        reasons_of_hops(|shop| shop.alias("item").for_each = Some("$.a[*].b[*]".into())),
        [Reason::InvalidForEach]
    );
}

#[test]
fn a_hop_walks_no_array_of_its_own() {
    assert_eq!(
        said_of_hops(|shop| shop.alias("item_brand").for_each = Some("$.properties.items[*]".into())),
        [
            "error InvalidForEach EnrichmentMapping shop/orders spec.rules[0].entities[3].forEach: the alias `item_brand` is a \
             hop, which walks no array of its own; leave `forEach` out: a hop from an alias with `forEach` goes from each of \
             its items"
        ]
    );
}

#[test]
fn two_aliases_over_one_array_do_not_write_to_one_place_however_the_array_is_spelled() {
    let twice = |array: &str, to: &str| {
        said_of_hops(|shop| {
            let again = format!(
                "{{as: again, entity: product, forEach: \"{array}\", match: [{{column: SKU, path: '@.sku'}}], optional: true}}"
            );
            shop.rule().entities.push(serde_yaml::from_str(&again).unwrap());
            let enrichment = format!("{{from: {{as: again, column: NAME}}, to: \"{to}\"}}");
            shop.rule().enrichments.push(serde_yaml::from_str(&enrichment).unwrap());
        })
    };
    assert_eq!(
        twice("$.properties['items'][*]", "@['name']"),
        [
            "error ConflictingPaths EnrichmentMapping shop/orders spec.rules[0].enrichments[3].to: enrichments[1] writes to \
             `@.name` too; write one of them elsewhere"
        ]
    );
    let inside = twice("$.properties.items[*]", "@.brand.name.short");
    assert!(inside[0].contains("`@.brand.name.short` lies inside `@.brand.name`, which enrichments[2]"), "{inside:?}");
    assert_eq!(twice("$.properties.gifts[*]", "@.name"), [""; 0], "another array");
    assert_eq!(twice("$.properties.items[*]", "@.title"), [""; 0], "another place");
}

#[test]
fn an_array_whose_items_are_written_into_is_not_written_nor_what_holds_it() {
    let said = |to: &str| said_of_hops(|shop| shop.rule().enrichments[0].to = to.into());
    assert_eq!(
        said("$.properties.items"),
        [
            "error ConflictingPaths EnrichmentMapping shop/orders spec.rules[0].enrichments[1].to: it writes into the items of \
             `$.properties.items`, which enrichments[0] replaces as a whole; write one of them elsewhere"
        ]
    );
    assert!(said("$.properties")[0].contains(
        "it writes into the items of `$.properties.items`, which lies inside `$.properties`, which enrichments[0] writes to"
    ));
    assert!(said("$.properties.items.count")[0].contains(
        "enrichments[0].to: `$.properties.items.count` lies inside the array `$.properties.items`, into whose items \
         enrichments[1] writes"
    ));
    assert_eq!(said("$.properties.item"), [""; 0]);
}

#[test]
fn an_array_inside_an_array_is_not_written_into_beside_it() {
    let nested = |with_write: bool| {
        reasons_of_hops(|shop| {
            let parts = "{as: part, entity: product, forEach: '$.properties.items[0].parts[*]',
                match: [{column: SKU, path: '@'}], optional: true}";
            shop.rule().entities.push(serde_yaml::from_str(parts).unwrap());
            if with_write {
                let enrichment = "{from: {as: part, column: NAME}, to: '@.name'}";
                shop.rule().enrichments.push(serde_yaml::from_str(enrichment).unwrap());
            }
        })
    };
    assert_eq!(nested(true), [Reason::ConflictingPaths]);
    assert_eq!(nested(false), [Reason::UnusedAlias]);
}

#[test]
fn consent_cannot_be_written_through_the_items_of_an_array_either() {
    let found = said_of_hops(|shop| shop.alias("item").for_each = Some("$.context.consent.given[*]".into()));
    assert_eq!(
        found[0],
        "error ConsentIsReadOnly EnrichmentMapping shop/orders spec.rules[0].enrichments[1].to: `@.name` would change the \
         event's consent; write outside $.context.consent"
    );
}

#[test]
fn a_category_that_is_asked_for_twice_or_none_is_refused() {
    let said = |categories: &[&str]| {
        said_of_hops(|shop| {
            shop.rule().consent.as_mut().unwrap().categories = categories.iter().map(ToString::to_string).collect();
        })
    };
    assert_eq!(
        said(&["Advertising", "advertising", "Advertising"]),
        ["error DuplicateCategory EnrichmentMapping shop/orders spec.rules[0].consent.categories[2]: the category \
             `Advertising` is asked for twice, also at categories[0]; remove one"]
    );
    assert!(said(&[])[0].contains("InvalidSpec") && said(&[])[0].contains("consent names no category"));
}
