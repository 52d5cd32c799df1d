//! What the planner says about graphs and entities.

mod shop;

use shop::{Shop, said};

#[test]
fn a_sound_shop_has_no_diagnostics() {
    assert_eq!(said(|_| ()), [""; 0]);
}

#[test]
fn an_unknown_warehouse_is_named_once_with_the_one_that_was_meant() {
    assert_eq!(
        said(|shop| shop.data_graphs[0].spec.warehouse_ref.name = "prdo".into()),
        [
            "error UnknownWarehouse DataGraph shop/main spec.warehouseRef.name: there is no Warehouse `prdo` in namespace \
          `shop`; did you mean `prod`?"
        ]
    );
}

#[test]
fn a_warehouse_of_another_namespace_is_unknown() {
    assert_eq!(
        said(|shop| shop.warehouses[0].metadata.namespace = Some("other".into())),
        [
            "error UnknownWarehouse DataGraph shop/main spec.warehouseRef.name: there is no Warehouse `prod` in namespace \
          `shop`; create it in this namespace"
        ]
    );
}

#[test]
fn an_entity_of_an_unknown_graph_names_it() {
    let said = said(|shop| shop.product().spec.data_graph_ref.name = "mian".into());
    assert_eq!(
        said[0],
        "error UnknownDataGraph Entity shop/product spec.dataGraphRef.name: there is no DataGraph `mian` in namespace \
         `shop`; did you mean `main`?"
    );
}

#[test]
fn of_two_entities_with_one_slug_both_are_named() {
    let said = said(|shop| shop.entities[1].spec.slug = Some("product".into()));
    assert_eq!(
        said[..2],
        [
            "error DuplicateSlug Entity shop/order-line spec.slug: the slug `product` is also that of Entity `product` \
             in DataGraph `main`; set `spec.slug` of one of them to another",
            "error DuplicateSlug Entity shop/product metadata.name: the slug `product` is also that of Entity \
             `order-line` in DataGraph `main`; set `spec.slug` of one of them to another",
        ]
    );
}

#[test]
fn where_ages_are_known_only_the_newer_of_two_is_refused() {
    let said = said(|shop| {
        let time = |text: &str| serde_json::from_value(text.into()).unwrap();
        shop.product().metadata.creation_timestamp = time("2026-01-01T00:00:00Z");
        let mut newer = shop.product().clone();
        newer.metadata.name = Some("another".into());
        newer.metadata.creation_timestamp = time("2026-01-02T00:00:00Z");
        newer.spec.slug = Some("product".into());
        shop.entities.push(newer);
    });
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("error DuplicateSlug Entity shop/another spec.slug"), "{said:?}");
}

#[test]
fn one_slug_in_two_graphs_is_no_clash() {
    let found = said(|shop| {
        let mut graph = shop.data_graphs[0].clone();
        graph.metadata.name = Some("second".into());
        shop.data_graphs.push(graph);
        let mut entity = shop.product().clone();
        entity.metadata.name = Some("second-product".into());
        entity.spec.slug = Some("product".into());
        entity.spec.data_graph_ref.name = "second".into();
        shop.entities.push(entity);
    });
    assert_eq!(found, [""; 0]);
}

#[test]
fn a_name_that_is_no_slug_needs_one() {
    let found = said(|shop| {
        let mut entity = shop.product().clone();
        entity.metadata.name = Some("product.v2".into());
        shop.entities.push(entity);
    });
    assert_eq!(
        found,
        [
            "error InvalidSlug Entity shop/product.v2 metadata.name: the slug `product.v2`, which is metadata.name, is not \
          made of 1 to 63 lower case letters, digits, - and _; set `spec.slug: product-v2`"
        ]
    );
}

#[test]
fn the_slug_profile_is_reserved() {
    let found = said(|shop| {
        shop.rule().entities.truncate(1);
        shop.rule().enrichments.truncate(2);
        shop.entities[1].spec.slug = Some("profile".into());
    });
    assert_eq!(
        found,
        ["error InvalidSlug Entity shop/order-line spec.slug: the slug `profile` is reserved; set `spec.slug` to \
          another, such as `profile-entity`"]
    );
}

#[test]
fn a_table_that_does_not_parse_says_why() {
    assert_eq!(
        said(|shop| shop.product().spec.table_ref = "public.\"products".into()),
        [
            "error InvalidTableRef Entity shop/product spec.tableRef: `public.\"products` names no table: the quote \" is not \
          closed; write 1 to 3 names separated by dots, odd ones in double quotes"
        ]
    );
}

#[test]
fn each_kind_of_warehouse_takes_its_number_of_parts() {
    let found = said(|shop| shop.product().spec.table_ref = "products".into());
    assert_eq!(
        found,
        [
            "error InvalidTableRef Entity shop/product spec.tableRef: `products` names no table: it has 1 part, PostgreSQL \
          takes 2; write 2 as in `public.orders`; a name that holds a dot is quoted, \"my.orders\""
        ]
    );
    let sqlite = said(|shop| {
        shop.warehouses[0].spec = serde_yaml::from_str("{sqlite: {path: shop.db}}").unwrap();
        shop.entities[1].spec.table_ref = "lines".into();
    });
    assert!(sqlite[0].contains("it has 2 parts, SQLite takes 1; write 1 as in `orders`"), "{sqlite:?}");
}

#[test]
fn a_local_file_in_place_of_the_warehouse_takes_any_number_of_parts() {
    let mut shop = Shop::sound();
    shop.options.local_warehouses.insert("prod".into(), "shop.db".into());
    shop.product().spec.table_ref = "PRODUCTION.PROD.PRODUCTS".into();
    let planned = shop.planned();
    assert_eq!(planned.diagnostics, []);
    assert_eq!(planned.syncs[1].plan.entity.table, ["PRODUCTS"]);
    assert_eq!(serde_json::to_value(&planned.syncs[1].plan.warehouse.connection).unwrap()["sqlite"]["path"], "shop.db");
}

#[test]
fn a_column_that_stands_twice_is_refused() {
    assert_eq!(
        said(|shop| shop.product().spec.columns = Some(vec!["NAME".into(), "PRICE".into(), "NAME".into()])),
        [
            "error DuplicateColumn Entity shop/product spec.columns[2]: the column `NAME` stands twice in columns; remove one"
        ]
    );
}

#[test]
fn columns_that_differ_in_case_only_are_one_to_sqlite_and_perhaps_two_elsewhere() {
    let twice =
        |shop: &mut Shop| shop.product().spec.columns = Some(vec!["NAME".into(), "PRICE".into(), "name".into()]);
    assert_eq!(
        said(|shop| {
            twice(shop);
            shop.enrichment().from.column = "NAME".into();
        }),
        [
            "warning DuplicateColumn Entity shop/product spec.columns[2]: the columns `NAME` and `name` in columns differ in \
             upper and lower case only; remove one, unless the table has both"
        ]
    );
    let sqlite = said(|shop| {
        shop.options.local_warehouses.insert("prod".into(), "shop.db".into());
        shop.product().spec.primary_key = vec!["SKU".into(), "sku".into()];
    });
    assert_eq!(
        sqlite[0],
        "error DuplicateColumn Entity shop/product spec.primaryKey[1]: the columns `SKU` and `sku` in primaryKey differ in \
         upper and lower case only; remove one: to SQLite they are one column"
    );
}

#[test]
fn what_a_schema_would_have_refused_is_told_without_a_panic() {
    let found = said(|shop| {
        shop.warehouses[0].spec.postgres = None;
        shop.data_graphs[0].spec.store.redis = None;
        shop.entities[1].spec.primary_key.clear();
        shop.rule().entities.truncate(1);
        shop.rule().enrichments.truncate(2);
    });
    assert_eq!(
        found,
        [
            "error InvalidSpec DataGraph shop/main spec.warehouseRef: Warehouse `prod` cannot be reached: it needs exactly \
             one of `postgres` and `sqlite`; correct the Warehouse",
            "error InvalidSpec DataGraph shop/main spec.store: the store names no kind; add `redis` with its `url`",
            "error InvalidSpec Entity shop/order-line spec.primaryKey: the primary key has no column; name the columns \
             that together identify a row",
        ]
    );
}
