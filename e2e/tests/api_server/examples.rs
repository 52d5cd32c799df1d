//! The examples are what a cluster takes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::Value;

use crate::cluster::{object, with_cluster};

#[tokio::test]
#[ignore = "needs an API server: e2e/test-crds.sh"]
async fn every_example_is_accepted() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let manifests: Vec<_> = files(&examples).into_iter().flat_map(|file| manifests(&file)).collect();
    assert!(!manifests.is_empty(), "examples/ holds manifests");

    with_cluster(async |cluster| {
        for (file, manifest) in manifests {
            let kind = manifest["kind"].as_str().unwrap();
            // Strict: a field that is not in the schema is an error, not dropped.
            let url = format!("{}?dryRun=All&fieldValidation=Strict", cluster.resources(kind).resource_url());
            let body = serde_json::to_vec(&object(&manifest)).unwrap();
            let request = http::Request::post(url).header("Content-Type", "application/json").body(body).unwrap();
            let answer: Result<Value, _> = cluster.client.request(request).await;
            answer.unwrap_or_else(|error| panic!("{}, {kind}: {error}", file.display()));
        }
    })
    .await;
}

/// The YAML files of a folder and the folders in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let is_yaml = |path: &Path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    paths
        .into_iter()
        .flat_map(|path| match path {
            folder if folder.is_dir() => files(&folder),
            file if is_yaml(&file) => vec![file],
            _ => Vec::new(),
        })
        .collect()
}

/// The manifests of Weft's in a file.
fn manifests(file: &Path) -> Vec<(PathBuf, Value)> {
    let text = fs::read_to_string(file).unwrap();
    serde_yaml::Deserializer::from_str(&text)
        .map(|document| Value::deserialize(document).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
        .filter(|manifest| manifest["apiVersion"].as_str().is_some_and(|version| version.starts_with("weft.dev/")))
        .map(|manifest| (file.to_owned(), manifest))
        .collect()
}
