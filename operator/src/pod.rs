//! The pods of the data plane: restricted, without an API token, with their plan and their Secrets as files.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use weft_plan_types::{
    EnrichPlan, KafkaTopic, PostgresAuth, ProbePlan, ProbeTarget, RedisConnection, SecretFile, SyncPlan,
    WarehouseConnection, WarehousePlan,
};

/// Where a pod finds its plan.
pub(crate) const PLAN_FILE: &str = "/etc/weft/plan/plan.json";
/// Where the data plane looks for secrets unless told.
const SECRETS_DIR: &str = "/etc/weft/secrets";
/// The name of the container whose answer counts.
pub(crate) const CONTAINER: &str = "weft";

/// What a pod of the data plane runs.
pub(crate) struct Program<'a> {
    pub(crate) image: &'a str,
    pub(crate) args: Vec<String>,
    /// The ConfigMap with the plan.
    pub(crate) plan: &'a str,
    /// The names of the Secrets.
    pub(crate) secrets: BTreeSet<String>,
    /// What the container has besides, such as ports and probes.
    pub(crate) extra: Value,
}

/// The specification of a pod, but for its restart policy.
pub(crate) fn pod_spec(program: &Program<'_>) -> Value {
    let mut mounts = vec![json!({ "name": "plan", "mountPath": "/etc/weft/plan", "readOnly": true })];
    let mut volumes = vec![json!({ "name": "plan", "configMap": { "name": program.plan } })];
    for (place, secret) in program.secrets.iter().enumerate() {
        let name = format!("secret-{place}");
        mounts.push(json!({ "name": name, "mountPath": format!("{SECRETS_DIR}/{secret}"), "readOnly": true }));
        // Optional, so that the process itself names what is missing.
        volumes.push(json!({ "name": name, "secret": { "secretName": secret, "optional": true } }));
    }
    let mut container = json!({
        "name": CONTAINER,
        "image": program.image,
        "args": program.args,
        "resources": { "requests": { "cpu": "50m", "memory": "64Mi" } },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": { "drop": ["ALL"] },
        },
        "volumeMounts": mounts,
    });
    if let (Some(container), Some(extra)) = (container.as_object_mut(), program.extra.as_object()) {
        container.extend(extra.clone());
    }
    json!({
        "automountServiceAccountToken": false,
        "enableServiceLinks": false,
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "fsGroup": 65532,
            "seccompProfile": { "type": "RuntimeDefault" },
        },
        "containers": [container],
        "volumes": volumes,
    })
}

/// The Secrets that a sync reads.
pub(crate) fn secrets_of_sync(plan: &SyncPlan) -> BTreeSet<String> {
    let mut files = of_redis(&plan.store);
    files.extend(of_warehouse(&plan.warehouse));
    names(files)
}

/// The Secrets that a probe reads.
pub(crate) fn secrets_of_probe(plan: &ProbePlan) -> BTreeSet<String> {
    names(match &plan.target {
        ProbeTarget::Warehouse(warehouse) => of_warehouse(warehouse),
        ProbeTarget::Store(store) => [of_redis(&store.writer), of_redis(&store.reader)].concat(),
        ProbeTarget::Stream(stream) => {
            [&stream.source, &stream.destination, &stream.dead_letter].into_iter().flat_map(of_topic).collect()
        }
    })
}

/// The Secrets that an enricher reads.
pub(crate) fn secrets_of_enricher(plan: &EnrichPlan) -> BTreeSet<String> {
    let mut files = of_redis(&plan.store);
    for topic in [&plan.source.topic, &plan.destination, &plan.dead_letter] {
        files.extend(of_topic(topic));
    }
    names(files)
}

fn of_warehouse(plan: &WarehousePlan) -> Vec<&SecretFile> {
    let WarehouseConnection::Postgres(postgres) = &plan.connection else { return Vec::new() };
    let proof = match &postgres.auth {
        PostgresAuth::Password(password) => vec![password],
        PostgresAuth::ClientCertificate { certificate, private_key } => vec![certificate, private_key],
    };
    proof.into_iter().chain(&postgres.ca).collect()
}

fn of_redis(redis: &RedisConnection) -> Vec<&SecretFile> {
    redis.user.iter().map(|user| &user.password).chain(&redis.ca).collect()
}

fn of_topic(topic: &KafkaTopic) -> impl Iterator<Item = &SecretFile> {
    let password = topic.auth.iter().map(|auth| &auth.password);
    let tls = topic.tls.iter().flat_map(|tls| tls.ca.iter().chain(&tls.certificate).chain(&tls.private_key));
    password.chain(tls)
}

fn names(files: Vec<&SecretFile>) -> BTreeSet<String> {
    files.into_iter().map(|file| file.name.clone()).collect()
}
