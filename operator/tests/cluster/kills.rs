//! An operator that ends at one of its writes: the next one makes of it what an undisturbed one makes.

use std::collections::BTreeMap;

use serde_json::json;

use crate::bench::{Bench, KINDS, seed, tries_all};
use crate::gate::{End, Gated};

/// How many of the writes are tried unless all are.
const SAMPLED: usize = 6;

/// What a run leaves behind.
#[derive(Debug, PartialEq)]
struct Left {
    children: Vec<(String, String)>,
    conditions: Vec<(String, String, String, String)>,
    counts: BTreeMap<String, u64>,
}

/// Applies the four kinds, lets them become ready, then changes the mapping and suspends it; gives what is left, and how
/// many writes it took.
async fn run(bench: &Bench, namespace: &str, end: Option<End>) -> (Left, u64) {
    let operator = Gated::start(bench, namespace, end).await;
    for kind in KINDS {
        bench.apply(namespace, kind).await;
    }
    bench.converged(namespace).await;
    let enrichment = json!({ "from": { "as": "product", "column": "price" }, "to": "$.properties.price" });
    let rule = json!({
        "name": "all",
        "entities": [{ "as": "product", "entity": "product", "match": [{ "column": "sku", "path": "$.properties.sku" }] }],
        "enrichments": [enrichment],
    });
    bench
        .patch(namespace, "EnrichmentMapping", "orders", json!({ "spec": { "rules": [rule], "suspend": true } }))
        .await;
    bench
        .eventually("the Deployment has no replicas", async || {
            let deployment = bench.find(namespace, "apps/v1", "Deployment").await?;
            (deployment.data["spec"]["replicas"] == 0).then_some(())
        })
        .await;
    bench.ready_reason(namespace, "EnrichmentMapping", "Progressing").await;
    bench.settled().await;
    let left = Left {
        children: bench.children(namespace).await,
        conditions: bench.conditions(namespace).await,
        counts: operator.counts(),
    };
    (left, operator.writes())
}

/// The ends that are tried: all where a million cases are asked for, else some that the seed picks.
fn ends(writes: u64) -> Vec<End> {
    let all: Vec<_> = (1..=writes).flat_map(|write| [End::Before(write), End::After(write)]).collect();
    if tries_all() {
        return all;
    }
    let seed = seed();
    (0..SAMPLED).map(|number| all[(seed + number * all.len() / SAMPLED) % all.len()]).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an API server: run e2e/test-crds.sh"]
async fn an_operator_that_ends_at_any_write_leaves_what_an_undisturbed_one_leaves() {
    let mut bench = Bench::new(1).await;
    let (undisturbed, writes) = run(&bench, &bench.namespaces[0].clone(), None).await;
    assert!(writes > 10, "the four kinds take more writes than {writes}");
    for end in ends(writes) {
        let namespace = bench.another_namespace().await;
        let (left, _) = run(&bench, &namespace, Some(end)).await;
        assert_eq!(left, undisturbed, "ended at {end:?}");
    }
    bench.removed().await;
}
