//! The four kinds and the Secret that they name, applied in any order: what becomes of them is the same.

use futures_util::future::join_all;

use crate::bench::{Bench, KINDS, Operator, seed, tries_all};

const SECRET: &str = "Secret";
/// How many orders are tried unless all are.
const SAMPLED: usize = 8;
/// How many orders are tried at the same time, each in a namespace of its own.
const AT_ONCE: usize = 12;

/// The 120 orders; that of the references first.
fn permutations() -> Vec<Vec<&'static str>> {
    let mut orders: Vec<Vec<&str>> = vec![Vec::new()];
    for kind in [SECRET].into_iter().chain(KINDS).rev() {
        let with_kind = |order: &Vec<&'static str>| {
            let order = order.clone();
            (0..=order.len()).map(move |at| [&order[..at], &[kind], &order[at..]].concat())
        };
        orders = orders.iter().flat_map(with_kind).collect();
    }
    orders
}

/// The orders that are tried: that of the references, and all others or some that the seed picks.
fn orders() -> Vec<Vec<&'static str>> {
    let all = permutations();
    if tries_all() {
        return all;
    }
    let (seed, step) = (seed(), all.len() / SAMPLED);
    let place = |number: usize| if number == 0 { 0 } else { 1 + (seed + number * step) % (all.len() - 1) };
    (0..SAMPLED).map(|number| all[place(number)].clone()).collect()
}

/// What the operator made, and what it says of it.
type End = (Vec<(String, String)>, Vec<(String, String, String, String)>);

/// Applies all, each once the operator has told of the one before, and waits until all is ready.
async fn end(bench: &Bench, namespace: &str, order: &[&str]) -> End {
    for kind in order {
        if *kind == SECRET {
            bench.apply_secret(namespace).await;
            continue;
        }
        bench.apply(namespace, kind).await;
        bench.is_told_of(namespace, kind).await;
    }
    bench.converged(namespace).await;
    (bench.children(namespace).await, bench.conditions(namespace).await)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an API server: run e2e/test-crds.sh"]
async fn the_four_kinds_and_their_secret_in_any_order_become_the_same_children_and_conditions() {
    let mut bench = Bench::new(1).await;
    let orders = orders();
    let mut first: Option<End> = None;
    for some in orders.chunks(AT_ONCE) {
        let mut namespaces = Vec::new();
        for _ in some {
            namespaces.push(bench.another_namespace().await);
        }
        let _operator = Operator::start_in(&bench, &namespaces, "a");
        let tried = some.iter().zip(&namespaces).map(|(order, namespace)| end(&bench, namespace, order));
        for (order, end) in some.iter().zip(join_all(tried).await) {
            let (children, conditions) = first.get_or_insert_with(|| end.clone());
            let kinds: Vec<_> = children.iter().map(|child| child.0.as_str()).collect();
            assert_eq!(kinds[..5], ["ConfigMap"; 5]);
            assert_eq!(kinds[5..], ["CronJob", "Deployment", "Job", "Job", "Job", "Job", "PodDisruptionBudget"]);
            let ready: Vec<_> = conditions.iter().filter(|it| it.1 == "Ready").collect();
            assert!(ready.len() == KINDS.len() && ready.iter().all(|it| it.2 == "True"), "{conditions:?}");
            assert_eq!((&end.0, &end.1), (&*children, &*conditions), "{order:?}");
        }
    }
    println!("{} orders end alike", orders.len());
    bench.removed().await;
}
