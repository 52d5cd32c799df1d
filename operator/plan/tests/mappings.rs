//! What the planner says about mappings and their rules.

mod shop;

use shop::{reasons, said};
use weft_plan::Reason;

#[test]
fn a_mapping_of_an_unknown_graph_names_it_once() {
    assert_eq!(
        said(|shop| shop.mappings[0].spec.data_graph_ref.name = "mian".into()),
        [
            "error UnknownDataGraph EnrichmentMapping shop/orders spec.dataGraphRef.name: there is no DataGraph `mian` in \
          namespace `shop`; did you mean `main`?"
        ]
    );
}

#[test]
fn an_unknown_entity_is_named_with_the_one_that_was_meant() {
    assert_eq!(
        said(|shop| shop.rule().entities[0].entity = Some("prodcut".into())),
        [
            "error UnknownEntity EnrichmentMapping shop/orders spec.rules[0].entities[0].entity: DataGraph `main` has no \
          entity with the slug `prodcut`; did you mean `product`?"
        ]
    );
}

#[test]
fn where_nothing_is_like_the_unknown_entity_those_that_exist_are_listed() {
    let found = said(|shop| shop.rule().entities[0].entity = Some("xyz".into()));
    assert!(found[0].ends_with("; its entities: `line` and `product`"), "{found:?}");
}

#[test]
fn an_entity_whose_slug_is_not_unique_cannot_be_looked_up() {
    let found = said(|shop| shop.entities[1].spec.slug = Some("product".into()));
    assert_eq!(
        found[2],
        "error DuplicateSlug EnrichmentMapping shop/orders spec.rules[0].entities[0].entity: several entities of DataGraph \
         `main` have the slug `product`; give each of them a `spec.slug` of its own"
    );
}

#[test]
fn an_entity_that_is_not_copied_cannot_be_looked_up() {
    assert_eq!(
        said(|shop| shop.product().spec.enrichment_enabled = false),
        [
            "error EnrichmentNotEnabled EnrichmentMapping shop/orders spec.rules[0].entities[0].entity: the entity `product` \
          is not copied to the store; set `enrichmentEnabled: true` on Entity `product`"
        ]
    );
}

#[test]
fn a_match_on_another_column_names_it_and_the_missing_one() {
    assert_eq!(
        said(|shop| shop.key(0)[0].column = "SKUS".into()),
        [
            "error MatchNotPrimaryKey EnrichmentMapping shop/orders spec.rules[0].entities[0].match[0].column: `SKUS` is not \
             in the primary key of entity `product`; did you mean `SKU`?",
            "error MatchNotPrimaryKey EnrichmentMapping shop/orders spec.rules[0].entities[0].match: the key of entity \
             `product` is not matched as a whole: `SKU` is missing; add `SKU` with its path in the event",
        ]
    );
}

#[test]
fn a_key_column_that_is_matched_twice_is_refused() {
    let found = said(|shop| {
        let mut again = shop.key(0)[0].clone();
        again.column = "sku".into();
        shop.key(0).push(again);
    });
    assert_eq!(
        found,
        [
            "error MatchNotPrimaryKey EnrichmentMapping shop/orders spec.rules[0].entities[0].match[1].column: the key column \
          `SKU` is matched twice; remove one"
        ]
    );
}

#[test]
fn a_part_of_a_composite_key_that_is_not_matched_is_named() {
    let found = said(|shop| drop(shop.key(1).remove(1)));
    assert!(
        found[0]
            .contains("entities[1].match: the key of entity `line` is not matched as a whole: `ORDER_ID` is missing")
    );
}

#[test]
fn a_column_that_is_not_copied_cannot_be_read() {
    assert_eq!(
        said(|shop| shop.enrichment().from.column = "brand".into()),
        [
            "error ColumnNotSynced EnrichmentMapping shop/orders spec.rules[0].enrichments[0].from.column: the column `brand` \
          of entity `product` is not copied; add it to `spec.columns` of Entity `product`"
        ]
    );
    let near = said(|shop| shop.enrichment().from.column = "NAEM".into());
    assert!(near[0].ends_with("did you mean `NAME`?"), "{near:?}");
}

#[test]
fn the_key_can_be_read_although_it_is_not_among_the_columns() {
    assert_eq!(said(|shop| shop.enrichment().from.column = "SKU".into()), [""; 0]);
}

#[test]
fn an_unknown_alias_is_named_with_the_one_that_was_meant() {
    assert_eq!(
        said(|shop| shop.enrichment().from.alias = "prodct".into()),
        [
            "error UnknownAlias EnrichmentMapping shop/orders spec.rules[0].enrichments[0].from.as: the rule has no alias \
          `prodct`; did you mean `product`?"
        ]
    );
}

#[test]
fn an_alias_that_a_misspelled_name_may_have_meant_is_not_called_unused() {
    let found = said(|shop| {
        shop.rule().enrichments.truncate(1);
        shop.enrichment().from.alias = "prodct".into();
    });
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn an_alias_that_stands_twice_is_refused() {
    let found = said(|shop| shop.rule().entities[1].alias = "product".into());
    assert_eq!(
        found[0],
        "error DuplicateAlias EnrichmentMapping shop/orders spec.rules[0].entities[1].as: two entities of the rule have \
         the alias `product`; give one of them another `as`"
    );
}

#[test]
fn an_alias_that_nothing_reads_is_a_warning() {
    assert_eq!(
        said(|shop| drop(shop.rule().enrichments.pop())),
        [
            "warning UnusedAlias EnrichmentMapping shop/orders spec.rules[0].entities[1].as: the alias `line` is looked up, \
          but nothing reads it; add an enrichment that reads it, or remove it"
        ]
    );
}

#[test]
fn an_alias_that_only_filters_is_used() {
    let found = said(|shop| {
        shop.rule().enrichments.pop();
        shop.rule().on_missing = weft_api::OnMissing::Drop;
    });
    assert_eq!(found, [""; 0]);
}

#[test]
fn two_rules_of_one_name_are_refused() {
    let found = said(|shop| {
        let again = shop.rule().clone();
        shop.mappings[0].spec.rules.push(again);
    });
    assert_eq!(
        found,
        [
            "error DuplicateRule EnrichmentMapping shop/orders spec.rules[1].name: two rules are named `orders`; give one \
          another name"
        ]
    );
}

#[test]
fn a_path_that_does_not_parse_says_where_and_what_to_write() {
    assert_eq!(
        said(|shop| shop.key(0)[0].path = "properties.sku".into()),
        [
            "error InvalidPath EnrichmentMapping shop/orders spec.rules[0].entities[0].match[0].path: `properties.sku` is no \
          path, from byte 1 on; a path starts with $, the event; write $.properties.sku"
        ]
    );
    assert_eq!(
        said(|shop| shop.enrichment().to = "$.a-b".into()),
        [
            "error InvalidPath EnrichmentMapping shop/orders spec.rules[0].enrichments[0].to: `$.a-b` is no path, from byte 3 \
          on; the name has a character that must be quoted; write ['a-b'] without the dot"
        ]
    );
}

#[test]
fn the_whole_event_is_no_key() {
    assert_eq!(reasons(|shop| shop.key(0)[0].path = "$".into()), [Reason::InvalidPath]);
}

#[test]
fn a_place_in_an_array_cannot_be_written() {
    assert_eq!(
        said(|shop| shop.enrichment().to = "$.properties.items[0].name".into()),
        [
            "error NotWritable EnrichmentMapping shop/orders spec.rules[0].enrichments[0].to: `$.properties.items[0].name` leads \
          into an array; write to member names only, without [ ] indexes"
        ]
    );
}

#[test]
fn a_place_that_cannot_be_written_is_in_the_way_of_no_other() {
    let found = said(|shop| {
        shop.enrichment().to = "$".into();
        shop.rule().enrichments[1].to = "$.items[0].name".into();
    });
    assert_eq!(found.iter().filter(|one| one.contains("NotWritable")).count(), 2, "{found:?}");
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn the_whole_event_cannot_be_written() {
    let found = said(|shop| {
        shop.rule().enrichments.truncate(1);
        shop.rule().entities.truncate(1);
        shop.enrichment().to = "$".into();
    });
    assert!(found[0].contains("NotWritable") && found[0].contains("the whole event cannot be replaced"), "{found:?}");
}

#[test]
fn two_values_at_one_place_are_refused_however_it_is_spelled() {
    assert_eq!(
        said(|shop| shop.enrichment().to = "$['properties'].price".into()),
        [
            "error ConflictingPaths EnrichmentMapping shop/orders spec.rules[0].enrichments[1].to: enrichments[0] writes to \
          `$.properties.price` too; write one of them elsewhere"
        ]
    );
}

#[test]
fn a_place_inside_another_is_refused_from_either_side() {
    let inside = said(|shop| shop.enrichment().to = "$.properties.price.gross".into());
    assert!(inside[0].contains(
        "enrichments[0].to: `$.properties.price.gross` lies inside `$.properties.price`, which enrichments[1] writes to"
    ));
    let around = reasons(|shop| shop.enrichment().to = "$.properties".into());
    assert_eq!(around, [Reason::ConflictingPaths, Reason::ConflictingPaths]);
}

#[test]
fn places_with_a_common_beginning_of_letters_do_not_conflict() {
    assert_eq!(said(|shop| shop.enrichment().to = "$.properties.pric".into()), [""; 0]);
}

#[test]
fn consent_cannot_be_written_nor_what_holds_it() {
    for to in ["$.context.consent", "$.context.consent.categoryPreferences", "$.context", "$['context']['consent']"] {
        assert_eq!(reasons(|shop| shop.enrichment().to = to.into()), [Reason::ConsentIsReadOnly], "{to}");
    }
    assert_eq!(reasons(|shop| shop.enrichment().to = "$.context.consents".into()), []);
}

#[test]
fn a_default_beside_if_missing_is_refused() {
    assert_eq!(
        said(|shop| shop.rule().enrichments[1].if_missing = Some(weft_api::IfMissing::Omit)),
        [
            "error ConflictingFallbacks EnrichmentMapping shop/orders spec.rules[0].enrichments[1].ifMissing: `default` and \
          `ifMissing` both say what to do without a row; keep one of them"
        ]
    );
}

#[test]
fn a_condition_that_does_not_parse_marks_the_place() {
    assert_eq!(
        said(|shop| shop.rule().when = Some("type = 'träck' AND x = 1".into())),
        [
            "error InvalidCondition EnrichmentMapping shop/orders spec.rules[0].when: the condition does not parse at `AND` \
          (characters 16 to 18); `AND` is no keyword; did you mean `and`?"
        ]
    );
    let unfinished = said(|shop| shop.rule().when = Some("type = 'track' and".into()));
    assert!(unfinished[0].contains("does not parse at the end; the condition ends too early"), "{unfinished:?}");
    let gap = said(|shop| shop.rule().when = Some("properties. = 1".into()));
    assert!(gap[0].contains("does not parse at character 12; a name is missing after the dot"), "{gap:?}");
    let list = said(|shop| shop.rule().when = Some("type = [".into()));
    assert!(list[0].contains("does not parse at `[` (character 8); this list is not closed"), "{list:?}");
}

#[test]
fn a_plan_that_fits_no_config_map_is_refused() {
    let found = said(|shop| shop.rule().enrichments[1].default = Some("x".repeat(1_000_000).into()));
    assert!(
        found[0].starts_with("error PlanTooLarge EnrichmentMapping shop/orders spec.rules: the plan takes 100"),
        "{found:?}"
    );
}

#[test]
fn what_a_schema_would_have_refused_is_told_without_a_panic() {
    let found = said(|shop| {
        let spec = &mut shop.mappings[0].spec;
        spec.source.kafka.as_mut().unwrap().start_from = "Yesterday".into();
        spec.destination.kafka = None;
        spec.dead_letter = None;
        spec.rules.clear();
    });
    assert_eq!(
        found,
        [
            "error InvalidSpec EnrichmentMapping shop/orders spec.destination: destination names no kind; add `kafka` with \
             `bootstrapServers` and `topic`",
            "error InvalidSpec EnrichmentMapping shop/orders spec.deadLetter: deadLetter names no kind; add `kafka` with the \
             `topic` for events that cannot be delivered",
            "error InvalidSpec EnrichmentMapping shop/orders spec.source.kafka.startFrom: `Yesterday` is no place to start \
             from; write Earliest, Latest or a time such as 2026-01-31T00:00:00Z",
            "error InvalidSpec EnrichmentMapping shop/orders spec.rules: the mapping has no rule; add one with a `name`",
        ]
    );
}
