//! A small sound shop to break in one place.

// Each test file uses its part, and what it shares is of tests only.
#![allow(dead_code, clippy::unwrap_used)]

use weft_api::{
    DataGraph, Enrichment, EnrichmentMapping, EnrichmentRule, Entity, EntityAlias, KeyMatch, Relationship, Warehouse,
};
use weft_plan::{Options, Planned, Reason, Resources, Severity, plan};

/// Resources that are owned, to be changed.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) warehouses: Vec<Warehouse>,
    pub(crate) data_graphs: Vec<DataGraph>,
    pub(crate) entities: Vec<Entity>,
    pub(crate) mappings: Vec<EnrichmentMapping>,
    pub(crate) options: Options,
}

impl Shop {
    /// A warehouse, a graph, the entities `product` (key SKU) and `line` (key ORDER_ID, NR) and a mapping with a rule.
    pub(crate) fn sound() -> Self {
        Self {
            warehouses: vec![parsed(
                "{metadata: {name: prod, namespace: shop}, spec: {postgres: {host: db, database: shop, user: weft,
                auth: {password: {secretRef: {name: pg, key: password}}}}}}",
            )],
            data_graphs: vec![parsed(
                "{metadata: {name: main, namespace: shop}, spec: {warehouseRef: {name: prod}, store: {redis: {
                url: 'rediss://redis:6379/0', writer: {username: w, password: {secretRef: {name: redis, key: writer}}},
                reader: {username: r, password: {secretRef: {name: redis, key: reader}}}}}}}",
            )],
            entities: vec![
                parsed(
                    "{metadata: {name: product, namespace: shop}, spec: {dataGraphRef: {name: main},
                    tableRef: public.products, primaryKey: [SKU], columns: [NAME, PRICE]}}",
                ),
                parsed(
                    "{metadata: {name: order-line, namespace: shop}, spec: {dataGraphRef: {name: main}, slug: line,
                    tableRef: public.lines, primaryKey: [ORDER_ID, NR]}}",
                ),
            ],
            mappings: vec![parsed(
                "{metadata: {name: orders, namespace: shop}, spec: {dataGraphRef: {name: main},
                source: {kafka: {bootstrapServers: ['kafka:9092'], topic: events}},
                destination: {kafka: {bootstrapServers: ['kafka:9092'], topic: enriched}},
                deadLetter: {kafka: {topic: dead}},
                rules: [{name: orders, when: 'type = \"track\"',
                entities: [{as: product, entity: product, match: [{column: SKU, path: $.properties.sku}]},
                {as: line, entity: line, match: [{column: nr, path: \"$['properties'].nr\"}, {column: ORDER_ID, path: $.properties.order}]}],
                enrichments: [{from: {as: product, column: name}, to: $.properties.name},
                {from: {as: product, column: PRICE}, to: $.properties.price, default: 0},
                {from: {as: line, column: qty}, to: \"$['properties']['qty']\"}]}]}}",
            )],
            options: Options::default(),
        }
    }

    /// The sound shop with the entities `brand` (key ID) and `country` (key CODE), relationships from product to brand to
    /// country, and a rule that hops from the order's product (`product`, `brand`, `country`) and from each of its items
    /// (`item`, `item_brand`).
    pub(crate) fn with_hops() -> Self {
        let mut shop = Self::sound();
        shop.product().spec.columns.as_mut().unwrap().push("BRAND_ID".into());
        shop.entities.extend([
            parsed(
                "{metadata: {name: brand, namespace: shop}, spec: {dataGraphRef: {name: main},
                tableRef: public.brands, primaryKey: [ID], columns: [NAME, COUNTRY]}}",
            ),
            parsed(
                "{metadata: {name: country, namespace: shop}, spec: {dataGraphRef: {name: main},
                tableRef: public.countries, primaryKey: [CODE], columns: [NAME]}}",
            ),
        ]);
        shop.data_graphs[0].spec.relationships = serde_yaml::from_str(
            "[{slug: product-brand, displayName: Maker, from: product, to: brand, joinOn: [{left: brand_id, right: id}]},
            {slug: country-brand, from: country, to: brand, joinOn: [{left: CODE, right: COUNTRY}]}]",
        )
        .unwrap();
        *shop.rule() = serde_yaml::from_str(
            "{name: orders, when: 'entities.product.price > 10', consent: {categories: [Advertising]},
            entities: [
            {as: country, from: brand, via: country-brand, optional: true},
            {as: brand, from: product, via: product-brand},
            {as: product, entity: product, match: [{column: SKU, path: $.properties.sku}]},
            {as: item_brand, from: item, via: product-brand},
            {as: item, entity: product, forEach: \"$['properties'].items[*]\", match: [{column: SKU, path: \"@['sku']\"}]}],
            enrichments: [
            {from: {as: country, column: NAME}, to: $.properties.country},
            {from: {as: item, column: NAME}, to: '@.name'},
            {from: {as: item_brand, column: NAME}, to: '@.brand.name'}]}",
        )
        .unwrap();
        shop
    }

    pub(crate) fn planned(&self) -> Planned {
        let resources = Resources {
            warehouses: self.warehouses.iter().collect(),
            data_graphs: self.data_graphs.iter().collect(),
            entities: self.entities.iter().collect(),
            mappings: self.mappings.iter().collect(),
        };
        plan(&resources, &self.options)
    }

    pub(crate) fn product(&mut self) -> &mut Entity {
        &mut self.entities[0]
    }

    pub(crate) fn rule(&mut self) -> &mut EnrichmentRule {
        &mut self.mappings[0].spec.rules[0]
    }

    pub(crate) fn alias(&mut self, name: &str) -> &mut EntityAlias {
        self.rule().entities.iter_mut().find(|alias| alias.alias == name).unwrap()
    }

    pub(crate) fn key(&mut self, place: usize) -> &mut Vec<KeyMatch> {
        self.rule().entities[place].matches.as_mut().unwrap()
    }

    pub(crate) fn relationships(&mut self) -> &mut Vec<Relationship> {
        &mut self.data_graphs[0].spec.relationships
    }

    pub(crate) fn enrichment(&mut self) -> &mut Enrichment {
        &mut self.rule().enrichments[0]
    }
}

/// An object from YAML without the two lines that name its kind.
pub(crate) fn parsed<K: serde::de::DeserializeOwned + kube::CustomResourceExt>(yaml: &str) -> K {
    let resource = K::api_resource();
    let full =
        format!("{{apiVersion: weft.dev/v1alpha1, kind: {}, {}", resource.kind, yaml.trim().trim_start_matches('{'));
    serde_yaml::from_str(&full).expect(&full)
}

/// What the planner says once the shop is changed: `severity reason object field: message; help`, a line for each.
pub(crate) fn said(change: impl FnOnce(&mut Shop)) -> Vec<String> {
    said_of(Shop::sound(), change)
}

/// The same of the shop with hops.
pub(crate) fn said_of_hops(change: impl FnOnce(&mut Shop)) -> Vec<String> {
    said_of(Shop::with_hops(), change)
}

fn said_of(mut shop: Shop, change: impl FnOnce(&mut Shop)) -> Vec<String> {
    change(&mut shop);
    let line = |found: weft_plan::Diagnostic| {
        let severity = if found.severity == Severity::Error { "error" } else { "warning" };
        format!("{severity} {} {} {}: {}; {}", found.reason, found.object, found.field, found.message, found.help)
    };
    shop.planned().diagnostics.into_iter().map(line).collect()
}

/// The reasons the planner gives once the shop is changed.
pub(crate) fn reasons(change: impl FnOnce(&mut Shop)) -> Vec<Reason> {
    reasons_of(Shop::sound(), change)
}

/// The same of the shop with hops.
pub(crate) fn reasons_of_hops(change: impl FnOnce(&mut Shop)) -> Vec<Reason> {
    reasons_of(Shop::with_hops(), change)
}

fn reasons_of(mut shop: Shop, change: impl FnOnce(&mut Shop)) -> Vec<Reason> {
    change(&mut shop);
    shop.planned().diagnostics.iter().map(|found| found.reason).collect()
}
