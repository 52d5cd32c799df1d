//! The id of an installation: whoever comes first settles it, and nobody changes it.

use std::process::Stdio;

use crate::bench::{self, Bench, Operator};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an API server: run e2e/test-crds.sh"]
async fn operators_that_are_given_no_id_settle_one_together_and_refuse_another() {
    let bench = Bench::new(1).await;
    let namespace = &bench.namespaces[0];
    let start = |name: &str| {
        let operator = bench::operator_of(bench.kubeconfig(), &bench.namespaces, name, None).spawn().unwrap();
        Operator::of(operator)
    };
    let both = (start("a"), start("b"));
    let kept = bench
        .eventually("an id is settled", async || bench.named(namespace, "v1", "ConfigMap", "weft-installation").await)
        .await;
    let id = kept.data["data"]["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("weft-") && id.len() == 13, "{id}");
    assert_eq!(kept.data["immutable"], true);
    assert_eq!(kept.metadata.owner_references, None, "it stays when the operator goes");
    for kind in bench::KINDS {
        bench.apply(namespace, kind).await;
    }
    let of_entity = "weft.dev/owner-kind=entity";
    let made = async || bench.find_labelled(namespace, "v1", "ConfigMap", of_entity).await;
    let plan = bench.eventually("there is a plan", made).await;
    let plan = plan.data["data"]["plan.json"].as_str().unwrap().to_owned();
    assert!(plan.contains(&format!("\"installation\":\"{id}\"")), "{plan}");
    drop(both);

    let refused = bench::operator_of(bench.kubeconfig(), &bench.namespaces, "c", Some("other"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let said = String::from_utf8([refused.stdout, refused.stderr].concat()).unwrap();
    assert!(!refused.status.success() && said.contains("`other`") && said.contains(&id), "{said}");
    bench.removed().await;
}
