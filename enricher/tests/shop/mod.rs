//! What the tests of a shop have in common: its manifests, and a Redis for its products.

#[path = "../../store/tests/redis_server/mod.rs"]
pub(crate) mod redis_server;

/// A Warehouse that is the file `shop.db`, a DataGraph and the Entity `product` of the table of that name, with the key
/// `SKU`. `redis` is what `spec.store.redis` says, `graph` what `spec` of the DataGraph says besides.
pub(crate) fn manifests(redis: &str, graph: &str) -> String {
    format!(
        "apiVersion: weft.dev/v1alpha1
kind: Warehouse
metadata: {{name: shop, namespace: shop}}
spec: {{sqlite: {{path: shop.db}}}}
---
apiVersion: weft.dev/v1alpha1
kind: DataGraph
metadata: {{name: main, namespace: shop}}
spec: {{warehouseRef: {{name: shop}}, store: {{redis: {{{redis}}}}}{graph}}}
---
apiVersion: weft.dev/v1alpha1
kind: Entity
metadata: {{name: product, namespace: shop}}
spec: {{dataGraphRef: {{name: main}}, tableRef: product, primaryKey: [SKU]}}
"
    )
}
