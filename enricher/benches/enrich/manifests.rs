//! What weft is told to do.

use crate::shop::Shop;

/// What is looked up for each event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    /// Four columns of a product.
    One,
    /// These, and a column each of its customer and its coupon.
    Three,
    /// Two columns of a product, and two of its supplier, which the product names.
    Hop,
    /// A column for each of the three products in an array.
    Array,
}

impl Work {
    fn entities_and_enrichments(self) -> String {
        let one = [
            "{from: {as: product, column: NAME}, to: $.enriched.name}",
            "{from: {as: product, column: BRAND}, to: $.enriched.brand}",
            "{from: {as: product, column: CATEGORY}, to: $.enriched.category}",
            "{from: {as: product, column: SUPPLIER_ID}, to: $.enriched.supplier_id}",
        ];
        let product = "{as: product, entity: product, match: [{column: SKU, path: $.properties.product_id}]}";
        let (entities, enrichments) = match self {
            Self::One => (vec![product], one.to_vec()),
            Self::Three => (
                vec![
                    product,
                    "{as: customer, entity: customer, match: [{column: ID, path: $.userId}]}",
                    "{as: coupon, entity: coupon, match: [{column: CODE, path: $.properties.coupon}]}",
                ],
                [
                    &one[..],
                    &[
                        "{from: {as: customer, column: TIER}, to: $.enriched.tier}",
                        "{from: {as: coupon, column: PERCENT}, to: $.enriched.percent}",
                    ],
                ]
                .concat(),
            ),
            Self::Hop => (
                vec![product, "{as: supplier, from: product, via: product-supplier}"],
                vec![
                    one[0],
                    one[1],
                    "{from: {as: supplier, column: NAME}, to: $.enriched.supplier}",
                    "{from: {as: supplier, column: COUNTRY}, to: $.enriched.country}",
                ],
            ),
            Self::Array => (
                vec![
                    r#"{as: item, entity: product, forEach: "$.properties.products[*]", match: [{column: SKU, path: "@.product_id"}]}"#,
                ],
                vec![r#"{from: {as: item, column: BRAND}, to: "@.brand"}"#],
            ),
        };
        let list = |lines: &[&str]| lines.iter().map(|line| format!("\n    - {line}")).collect::<String>();
        format!("\n    entities:{}\n    enrichments:{}", list(&entities), list(&enrichments))
    }
}

/// The shop's manifests, and one that enriches the events of one topic into another.
pub(crate) fn manifests(shop: &Shop, work: Work, from: &str, to: &str) -> String {
    let entity = |name: &str, key: &str| {
        format!(
            "
---
apiVersion: weft.dev/v1alpha1
kind: Entity
metadata: {{name: {name}}}
spec: {{dataGraphRef: {{name: main}}, tableRef: {name}, primaryKey: [{key}]}}"
        )
    };
    let entities: String = [("product", "SKU"), ("customer", "ID"), ("coupon", "CODE"), ("supplier", "ID")]
        .map(|(n, k)| entity(n, k))
        .concat();
    let (servers, port, rules) = (&shop.kafka.plain, shop.redis_port(), work.entities_and_enrichments());
    format!(
        r#"
apiVersion: weft.dev/v1alpha1
kind: Warehouse
metadata: {{name: shop}}
spec: {{sqlite: {{path: shop.db}}}}
---
apiVersion: weft.dev/v1alpha1
kind: DataGraph
metadata: {{name: main}}
spec:
  warehouseRef: {{name: shop}}
  store: {{redis: {{url: "redis://127.0.0.1:{port}/0"}}}}
  relationships:
  - {{slug: product-supplier, displayName: Supplier, from: product, to: supplier, joinOn: [{{left: SUPPLIER_ID, right: ID}}]}}{entities}
---
apiVersion: weft.dev/v1alpha1
kind: EnrichmentMapping
metadata: {{name: {to}}}
spec:
  dataGraphRef: {{name: main}}
  source: {{kafka: {{bootstrapServers: ["{servers}"], topic: {from}, startFrom: Earliest}}}}
  destination: {{kafka: {{bootstrapServers: ["{servers}"], topic: {to}}}}}
  deadLetter: {{kafka: {{topic: {to}}}}}
  rules:
  - name: orders
    when: type = "track" and event = "Order Completed"{rules}
"#
    )
}
