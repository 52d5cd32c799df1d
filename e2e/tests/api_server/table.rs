//! The API server judges the table of cases as the plain twins and in-process CEL do.

use kube::{
    Error, ResourceExt,
    api::{DeleteParams, PostParams},
    core::Status,
};

use crate::{
    cases::{self, Case, FILES, Fault, Table},
    cluster::{Cluster, object, with_cluster},
};

#[tokio::test]
#[ignore = "needs an API server: e2e/test-crds.sh"]
async fn the_api_server_judges_as_the_table_says() {
    with_cluster(async |cluster| {
        let mut wrong = Vec::new();
        for (kind, _) in FILES {
            let table = cases::table(kind);
            for case in &table.cases {
                let verdict = judge(&cluster, kind, &table, case).await;
                if let Some(fault) = differs(case, verdict.as_ref()) {
                    wrong.push(format!("{kind}, {}: {fault}", case.name));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

/// Creates or replaces without effect; the status that refuses it, if one does.
async fn judge(cluster: &Cluster, kind: &str, table: &Table, case: &Case) -> Option<Status> {
    let api = cluster.resources(kind);
    let dry_run = PostParams { dry_run: true, ..PostParams::default() };
    let mut new = object(&table.object(case));
    let verdict = match table.old(case) {
        None => api.create(&dry_run, &new).await,
        Some(old) => {
            let old = api.create(&PostParams::default(), &object(&old)).await.unwrap();
            new.metadata.resource_version = old.resource_version();
            let verdict = api.replace(&old.name_any(), &dry_run, &new).await;
            api.delete(&old.name_any(), &DeleteParams::default()).await.unwrap();
            verdict
        }
    };
    match verdict {
        Ok(_) => None,
        Err(Error::Api(status)) => Some(*status),
        Err(error) => panic!("{kind}, {}: {error}", case.name),
    }
}

/// What the API server says otherwise than the table, if anything.
fn differs(case: &Case, verdict: Option<&Status>) -> Option<String> {
    let said = verdict.map(said).unwrap_or_default();
    let agrees = if case.schema.is_empty() {
        let mut expected = case.refused.clone();
        expected.sort();
        said.len() == expected.len() && said.iter().zip(&expected).all(|(said, expected)| says(said, expected))
    } else {
        let mut paths: Vec<_> = said.iter().map(|fault| &fault.path).collect();
        paths.dedup();
        paths.into_iter().eq(&case.schema)
    };
    (!agrees).then(|| format!("it says {said:?}"))
}

/// A rule's message stands behind the value's type, or in newer versions the value.
fn says(said: &Fault, expected: &Fault) -> bool {
    said.path == expected.path && said.message.ends_with(&format!(": {}", expected.message))
}

fn said(status: &Status) -> Vec<Fault> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let mut faults: Vec<_> = causes
        .filter(|cause| !cause.message.contains("some validation rules were not checked"))
        .map(|cause| Fault { path: path(&cause.field, &cause.message), message: cause.message.clone() })
        .collect();
    // As the table is sorted: by path, and within it by the message alone.
    faults.sort_by_key(|fault| {
        let message = fault.message.split_once("\": ").map_or(&*fault.message, |(_, message)| message);
        (fault.path.clone(), message.to_owned())
    });
    faults
}

/// The field a cause is about: empty for the object itself; of `not` it stands in the message only; the scale
/// subresource's own check puts a dot before it.
fn path(field: &str, message: &str) -> String {
    let stated = match field {
        "<nil>" if message.ends_with("must not validate the schema (not)") => message.split('"').nth(3),
        "<nil>" => None,
        field => Some(field),
    };
    stated.unwrap_or_default().trim_start_matches('.').to_owned()
}
