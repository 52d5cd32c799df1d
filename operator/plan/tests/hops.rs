//! What the planner says about relationships and hops, and what it plans of them.

mod shop;

use serde_json::json;
use shop::{Shop, reasons_of_hops, said_of_hops};
use weft_plan::Reason;

#[test]
fn a_shop_with_hops_and_items_is_sound() {
    assert_eq!(said_of_hops(|_| ()), [""; 0]);
}

#[test]
fn a_plan_says_from_which_columns_a_hop_starts_in_the_order_of_the_key_it_arrives_at() {
    let mut shop = Shop::with_hops();
    shop.entities[1].spec.columns = Some(vec!["qty".into(), "Brand".into(), "Land".into()]);
    shop.entities[2].spec.primary_key = vec!["COUNTRY".into(), "ID".into()];
    shop.relationships().push(
        serde_yaml::from_str(
            "{slug: lines, from: brand, to: line, joinOn: [{left: id, right: brand}, {left: Country, right: LAND}]}",
        )
        .unwrap(),
    );
    *shop.rule() = serde_yaml::from_str(
        "{name: lines, entities: [{as: brand, from: line, via: lines},
        {as: line, entity: line, match: [{column: ORDER_ID, path: $.order}, {column: NR, path: $.nr}]}],
        enrichments: [{from: {as: brand, column: name}, to: $.brand}]}",
    )
    .unwrap();
    let plan = shop.planned().enrichments.remove(0).plan;
    let entities = serde_json::to_value(&plan.rules[0].entities).unwrap();
    let hop = json!({"hop": {"from": "line", "via": "lines", "columns": ["Land", "Brand"]}});
    assert_eq!((&entities[0]["entity"], &entities[0]["hop"]), (&json!("brand"), &hop["hop"]));
    let read = json!([
        {"slug": "brand", "primaryKey": ["COUNTRY", "ID"], "columns": ["NAME"]},
        {"slug": "line", "primaryKey": ["ORDER_ID", "NR"], "columns": ["Brand", "Land"]}
    ]);
    assert_eq!(serde_json::to_value(&plan.entities).unwrap(), read);
}

#[test]
fn a_relationship_is_walked_from_either_end_and_from_an_entity_to_itself_forward() {
    let columns = |change: fn(&mut Shop)| {
        let mut shop = Shop::with_hops();
        change(&mut shop);
        let plan = shop.planned().enrichments.remove(0).plan;
        serde_json::to_value(&plan.rules[0].entities).unwrap()[1]["hop"]["columns"].clone()
    };
    assert_eq!(columns(|_| ()), json!(["BRAND_ID"]));
    assert_eq!(
        columns(|shop| {
            shop.relationships()[0] = serde_yaml::from_str(
                "{slug: product-brand, from: brand, to: product, joinOn: [{left: ID, right: BRAND_ID}]}",
            )
            .unwrap();
        }),
        json!(["BRAND_ID"])
    );
    assert_eq!(
        columns(|shop| {
            shop.relationships()[0] = serde_yaml::from_str(
                "{slug: product-brand, from: product, to: product, joinOn: [{left: NAME, right: SKU}]}",
            )
            .unwrap();
            shop.rule().enrichments[0].from.alias = "brand".into();
            shop.alias("country").from = Some("product".into());
            shop.alias("country").via = Some("product-brand".into());
        }),
        json!(["NAME"])
    );
}

#[test]
fn a_relationship_that_there_is_not_is_named_with_the_one_that_was_meant() {
    assert_eq!(
        said_of_hops(|shop| shop.alias("brand").via = Some("prodct-brand".into())),
        [
            "error UnknownRelationship EnrichmentMapping shop/orders spec.rules[0].entities[1].via: DataGraph `main` has no \
             relationship with the slug `prodct-brand`; did you mean `product-brand`?"
        ]
    );
    let named = said_of_hops(|shop| shop.alias("brand").via = Some("maker".into()));
    assert!(
        named[0].ends_with("; the relationship named `maker` has the slug `product-brand`: write that"),
        "{named:?}"
    );
    let unlike = said_of_hops(|shop| shop.alias("brand").via = Some("xyz".into()));
    assert!(unlike[0].ends_with("; its relationships: `country-brand` and `product-brand`"), "{unlike:?}");
}

#[test]
fn a_relationship_between_other_entities_is_refused_with_those_at_hand() {
    assert_eq!(
        said_of_hops(|shop| shop.alias("brand").via = Some("country-brand".into()))[0],
        "error RelationshipElsewhere EnrichmentMapping shop/orders spec.rules[0].entities[1].via: the relationship \
         `country-brand` joins `country` with `brand`, but `product` is a row of `product`; the relationships at \
         `product`: `product-brand`"
    );
}

#[test]
fn a_hop_to_many_rows_says_which_key_it_would_need() {
    let found = said_of_hops(|shop| {
        let back = "{as: others, from: brand, via: product-brand, optional: true}";
        shop.rule().entities.push(serde_yaml::from_str(back).unwrap());
        shop.rule().enrichments[0].from.alias = "others".into();
    });
    assert_eq!(
        found[0],
        "error HopNeedsIndex EnrichmentMapping shop/orders spec.rules[0].entities[5].via: `product-brand` arrives at `product` \
         by `brand_id`, and rows are only found by their primary key `SKU`; let the relationship join `SKU`, or name an Entity \
         of that table with `brand_id` as its primary key"
    );
}

#[test]
fn a_hop_by_a_part_of_the_key_or_by_more_than_the_key_is_refused() {
    let part = reasons_of_hops(|shop| shop.entities[2].spec.primary_key.push("NAME".into()));
    assert_eq!(part, [Reason::HopNeedsIndex, Reason::HopNeedsIndex]);
    let more = reasons_of_hops(|shop| {
        let pair = serde_yaml::from_str("{left: NAME, right: NAME}").unwrap();
        shop.relationships()[0].join_on.push(pair);
    });
    assert_eq!(more, [Reason::HopNeedsIndex, Reason::HopNeedsIndex]);
}

#[test]
fn a_hop_from_a_column_that_is_not_copied_names_it() {
    assert_eq!(
        said_of_hops(|shop| drop(shop.product().spec.columns.as_mut().unwrap().pop()))[0],
        "error ColumnNotSynced EnrichmentMapping shop/orders spec.rules[0].entities[1].via: `product-brand` needs the column \
         `brand_id` of entity `product`, which is not copied; add it to `spec.columns` of Entity `product`"
    );
}

#[test]
fn a_relationship_whose_columns_are_not_copied_is_sound_until_a_hop_needs_them() {
    let found = said_of_hops(|shop| {
        shop.product().spec.columns.as_mut().unwrap().pop();
        shop.rule().entities.retain(|alias| !["brand", "country", "item_brand"].contains(&alias.alias.as_str()));
        shop.rule().enrichments.retain(|enrichment| enrichment.from.alias == "item");
    });
    assert_eq!(found, [""; 0]);
}

#[test]
fn a_hop_to_an_entity_that_is_not_copied_is_refused() {
    assert_eq!(
        said_of_hops(|shop| shop.entities[3].spec.enrichment_enabled = false),
        [
            "error EnrichmentNotEnabled EnrichmentMapping shop/orders spec.rules[0].entities[0].via: `country-brand` leads to \
             the entity `country`, which is not copied to the store; set `enrichmentEnabled: true` on Entity `country`"
        ]
    );
}

#[test]
fn a_hop_from_an_unknown_alias_names_the_one_that_was_meant() {
    assert_eq!(
        said_of_hops(|shop| shop.alias("item_brand").from = Some("itme".into())),
        [
            "error UnknownAlias EnrichmentMapping shop/orders spec.rules[0].entities[3].from: the rule has no alias `itme`; did \
             you mean `item`?"
        ]
    );
}

#[test]
fn aliases_that_hop_in_a_circle_are_told_once() {
    let found = said_of_hops(|shop| {
        let product = shop.alias("product");
        (product.entity, product.matches) = (None, None);
        (product.from, product.via) = (Some("country".into()), Some("country-brand".into()));
    });
    assert_eq!(
        found,
        [
            "error HopCycle EnrichmentMapping shop/orders spec.rules[0].entities[0].from: the aliases `country`, `brand` and \
             `product` hop from each other in a circle; find one of them by its key, with `entity` and `match`"
        ]
    );
    let itself = said_of_hops(|shop| shop.alias("item_brand").from = Some("item_brand".into()));
    assert!(itself[0].contains("entities[3].from: the alias `item_brand` hops from itself"), "{itself:?}");
}

#[test]
fn a_relationship_with_an_unknown_end_is_told_on_the_graph_and_where_it_is_used() {
    assert_eq!(
        said_of_hops(|shop| shop.relationships()[1].from = "contry".into())[..2],
        [
            "error UnknownEntity DataGraph shop/main spec.relationships[1].from: DataGraph `main` has no entity with the slug \
             `contry`; did you mean `country`?",
            "error UnknownEntity EnrichmentMapping shop/orders spec.rules[0].entities[0].via: `country-brand` leads to \
             `contry`, a slug that no entity of DataGraph `main` has; did you mean `country`?",
        ]
    );
}

#[test]
fn a_name_in_the_place_of_a_slug_is_told_with_the_slug() {
    let named = said_of_hops(|shop| shop.relationships()[0].to = "order-line".into());
    assert!(named[0].ends_with("; Entity `order-line` has the slug `line`: write that"), "{named:?}");
    let shown = said_of_hops(|shop| {
        shop.entities[3].spec.display_name = Some("Land".into());
        shop.relationships()[1].from = "land".into();
    });
    assert!(shown[0].ends_with("; did you mean `country`?"), "{shown:?}");
}

#[test]
fn two_relationships_with_one_slug_are_refused_and_neither_is_used() {
    let found = said_of_hops(|shop| shop.relationships()[1].slug = "product-brand".into());
    assert_eq!(
        found[..2],
        [
            "error DuplicateSlug DataGraph shop/main spec.relationships[1].slug: the slug `product-brand` is also that of \
             relationships[0]; give one of them another",
            "error UnknownRelationship EnrichmentMapping shop/orders spec.rules[0].entities[0].via: DataGraph `main` has no \
             relationship with the slug `country-brand`; its relationships: none",
        ]
    );
    assert!(found[2].contains("entities[1].via: several relationships of DataGraph `main` have the slug"), "{found:?}");
}

#[test]
fn a_column_that_is_joined_twice_on_one_side_is_refused() {
    let found = said_of_hops(|shop| {
        let pair = serde_yaml::from_str("{left: brand_id, right: NAME}").unwrap();
        shop.relationships()[0].join_on.push(pair);
    });
    assert_eq!(
        found[0],
        "error DuplicateColumn DataGraph shop/main spec.relationships[0].joinOn[1].left: the column `brand_id` stands twice on \
         the left; remove one of the two pairs"
    );
}

#[test]
fn a_chain_that_segment_could_not_hold_is_a_warning_on_the_graph_and_on_the_rule() {
    let found = said_of_hops(|shop| {
        for number in 1..=6 {
            let mut entity = shop.entities[2].clone();
            entity.metadata.name = Some(format!("e{number}"));
            shop.entities.push(entity);
            let before = if number == 1 { "brand".to_owned() } else { format!("e{}", number - 1) };
            let step =
                format!("{{slug: s{number}, from: {before}, to: e{number}, joinOn: [{{left: COUNTRY, right: ID}}]}}");
            shop.relationships().push(serde_yaml::from_str(&step).unwrap());
            let hop = format!("{{as: e{number}, from: {before}, via: s{number}, optional: true}}");
            shop.rule().entities.push(serde_yaml::from_str(&hop).unwrap());
        }
        shop.rule().enrichments[0].from.alias = "e6".into();
        shop.rule().entities.remove(0);
    });
    assert_eq!(
        found,
        [
            "warning DeepChain DataGraph shop/main spec.relationships: the longest chain of relationships, to `e6`, is 8 \
             entities long; nothing, unless the graph is to be brought to Segment, where 6 levels are the most",
            "warning DeepChain EnrichmentMapping shop/orders spec.rules[0].entities[9].from: the chain of hops to `e6` is 8 rows \
             long, which are looked up one after another; join some of the tables in a view; Segment's graphs have 6 levels \
             at most",
        ]
    );
}

#[test]
fn a_circle_of_relationships_is_no_fault() {
    let found = said_of_hops(|shop| {
        for (slug, from, to) in [("a", "brand", "product"), ("b", "brand", "country"), ("c", "product", "product")] {
            let step = format!("{{slug: {slug}, from: {from}, to: {to}, joinOn: [{{left: NAME, right: NAME}}]}}");
            shop.relationships().push(serde_yaml::from_str(&step).unwrap());
        }
    });
    assert_eq!(found, [""; 0]);
}

#[test]
fn an_alias_that_is_only_left_by_a_hop_is_used_and_an_unused_hop_is_a_warning() {
    assert_eq!(
        said_of_hops(|shop| drop(shop.rule().enrichments.remove(0))),
        [
            "warning UnusedAlias EnrichmentMapping shop/orders spec.rules[0].entities[0].as: the alias `country` is looked up, \
             but nothing reads it; add an enrichment that reads it, or remove it"
        ]
    );
}

#[test]
fn an_alias_that_says_nothing_or_two_things_is_refused() {
    assert_eq!(
        said_of_hops(|shop| shop.alias("item").entity = None)[0],
        "error InvalidSpec EnrichmentMapping shop/orders spec.rules[0].entities[4]: the alias `item` does not say which row it \
         is; give `entity` and `match`, or for a hop from another alias `from` and `via`"
    );
    let both = said_of_hops(|shop| shop.alias("item").via = Some("product-brand".into()));
    assert!(both[0].contains("the alias `item` is to be found by a key and by a hop"), "{both:?}");
}
