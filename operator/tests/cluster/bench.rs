//! An API server with the definitions, namespaces of a test's own, and operators that watch them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams,
};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

/// The four kinds, each after those it refers to.
pub(crate) const KINDS: [&str; 4] = ["Warehouse", "DataGraph", "Entity", "EnrichmentMapping"];

/// One test at a time: what the API server counts has no namespace.
static ALONE: Mutex<()> = Mutex::const_new(());

/// What the operator writes; its Lease is not counted.
const WRITTEN: [&str; 9] = [
    "configmaps",
    "cronjobs",
    "jobs",
    "deployments",
    "poddisruptionbudgets",
    "warehouses",
    "datagraphs",
    "entities",
    "enrichmentmappings",
];

pub(crate) struct Bench {
    client: Client,
    /// By which operators reach the API server: with the rights of the chart and no others.
    kubeconfig: tempfile::NamedTempFile,
    pub(crate) namespaces: Vec<String>,
    _alone: MutexGuard<'static, ()>,
}

/// An operator that runs until it is dropped.
pub(crate) struct Operator(Child);

/// How long nothing may be written: WEFT_QUIET_SECONDS, or five.
pub(crate) fn quiet() -> Duration {
    let seconds = std::env::var("WEFT_QUIET_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(5))
}

/// Whether every case is tried, however long that takes: where a million are asked for.
pub(crate) fn tries_all() -> bool {
    std::env::var("WEFT_CASES").is_ok_and(|cases| cases.parse::<u64>().is_ok_and(|cases| cases >= 1_000_000))
}

/// What chooses the cases where some are tried: WEFT_SEED, else the clock, and it is printed.
pub(crate) fn seed() -> usize {
    let given = std::env::var("WEFT_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(|| jiff::Timestamp::now().as_second() as usize);
    println!("WEFT_SEED={seed}");
    seed
}

/// What runs an operator for namespaces, of which the first has its Lease.
pub(crate) fn operator(kubeconfig: &Path, namespaces: &[String], name: &str) -> Command {
    operator_of(kubeconfig, namespaces, name, Some("e2e"))
}

/// The same for the installation with an id, or of the one that is settled.
pub(crate) fn operator_of(kubeconfig: &Path, namespaces: &[String], name: &str, installation: Option<&str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft-operator"));
    if let Some(id) = installation {
        command.args(["--installation", id]);
    }
    command
        .env("KUBECONFIG", kubeconfig)
        .args(["--data-plane-image", "weft:e2e", "--admin", "127.0.0.1:0", "--clean-up"])
        .args(["--watch-namespaces", &namespaces.join(",")])
        .args(["--lease-namespace", &namespaces[0], "--identity", name]);
    command
}

impl Operator {
    /// Its name stands in the Lease.
    pub(crate) fn start(bench: &Bench, name: &str) -> Self {
        Self::start_in(bench, &bench.namespaces, name)
    }

    /// One that watches these namespaces and no others.
    pub(crate) fn start_in(bench: &Bench, namespaces: &[String], name: &str) -> Self {
        Self(operator(bench.kubeconfig(), namespaces, name).spawn().unwrap())
    }

    /// One that was started.
    pub(crate) fn of(process: Child) -> Self {
        Self(process)
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn terminate(mut self) {
        Command::new("kill").arg(self.0.id().to_string()).status().unwrap();
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Bench {
    pub(crate) async fn new(namespaces: usize) -> Self {
        let alone = ALONE.lock().await;
        let client = Client::try_default().await.expect("KUBECONFIG names an API server; e2e/test-crds.sh starts one");
        let kubeconfig = tempfile::NamedTempFile::new().unwrap();
        let mut bench = Self { client, kubeconfig, namespaces: Vec::new(), _alone: alone };
        bench.install().await;
        for _ in 0..namespaces {
            bench.another_namespace().await;
        }
        bench.write_kubeconfig().await;
        bench
    }

    /// Makes a namespace in which operators may act.
    pub(crate) async fn another_namespace(&mut self) -> String {
        let metadata = kube::api::ObjectMeta { generate_name: Some("weft-operator-".into()), ..Default::default() };
        let made = Namespace { metadata, ..Default::default() };
        let namespace = Api::all(self.client.clone()).create(&PostParams::default(), &made).await.unwrap().name_any();
        // The controller that makes it may not be there.
        let account: ServiceAccount = serde_json::from_value(json!({ "metadata": { "name": "default" } })).unwrap();
        let accounts = Api::namespaced(self.client.clone(), &namespace);
        drop(accounts.create(&PostParams::default(), &account).await);
        self.namespaces.push(namespace.clone());
        self.entitle(&namespace).await;
        namespace
    }

    /// By which operators reach the API server.
    pub(crate) fn kubeconfig(&self) -> &Path {
        self.kubeconfig.path()
    }

    /// Gives the operators' service account what the chart's Role gives, in a namespace.
    async fn entitle(&self, namespace: &str) {
        let chart = include_str!("../../../charts/weft/templates/_names.tpl");
        let (_, rules) = chart.split_once("{{- define \"weft.rules\" -}}").unwrap();
        let (rules, _) = rules.split_once("{{- end -}}").unwrap();
        let mut rules: Vec<Value> = serde_yaml::from_str(rules).unwrap();
        rules.push(json!({
            "apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create", "get", "update"],
        }));
        rules.push(json!({
            "apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["weft-installation"], "verbs": ["get"],
        }));
        let role = json!({ "metadata": { "name": "weft" }, "rules": rules });
        let binding = json!({
            "metadata": { "name": "weft" },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "weft" },
            "subjects": [{ "kind": "ServiceAccount", "name": "default", "namespace": self.namespaces[0] }],
        });
        for (kind, object) in [("Role", role), ("RoleBinding", binding)] {
            let api = self.api(namespace, "rbac.authorization.k8s.io/v1", kind);
            api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
        }
    }

    /// Makes the kubeconfig of the operators' service account.
    async fn write_kubeconfig(&self) {
        let first = &self.namespaces[0];
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client.clone(), first);
        let request = serde_json::from_value(json!({ "metadata": {}, "spec": { "audiences": [] } })).unwrap();
        let answer = accounts.create_token_request("default", &PostParams::default(), &request).await.unwrap();
        let given = std::env::var("KUBECONFIG").expect("KUBECONFIG names an API server");
        let mut config: Value = serde_yaml::from_str(&std::fs::read_to_string(given).unwrap()).unwrap();
        for user in config["users"].as_array_mut().unwrap() {
            user["user"] = json!({ "token": answer.status.as_ref().unwrap().token });
        }
        std::fs::write(self.kubeconfig.path(), config.to_string()).unwrap();
    }

    /// Gives the API server the definitions.
    pub(crate) async fn install(&self) {
        let api: Api<CustomResourceDefinition> = Api::all(self.client.clone());
        for crd in weft_api::crds() {
            let name = crd.name_any();
            api.patch(&name, &PatchParams::apply("weft-e2e").force(), &Patch::Apply(&crd)).await.unwrap();
            self.eventually(&format!("{name} is established"), async || {
                let conditions = api.get(&name).await.ok()?.status?.conditions?;
                conditions.into_iter().find(|it| it.type_ == "Established" && it.status == "True")
            })
            .await;
        }
    }

    /// Lets the API server take whatever calls itself a kind, as one did that had older definitions, until
    /// [`install`](Self::install)ed again.
    pub(crate) async fn loosened(&self, kind: &str) {
        let api: Api<CustomResourceDefinition> = Api::all(self.client.clone());
        let crds = weft_api::crds().into_iter().map(|crd| serde_json::to_value(crd).unwrap());
        let mut crd = crds.into_iter().find(|crd| crd["spec"]["names"]["kind"] == kind).unwrap();
        let anything = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
        crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = anything;
        let name = crd["metadata"]["name"].as_str().unwrap().to_owned();
        api.patch(&name, &PatchParams::apply("weft-e2e").force(), &Patch::Apply(&crd)).await.unwrap();
    }

    /// Makes an object that is none of its kind.
    pub(crate) async fn create_odd(&self, namespace: &str, kind: &str, name: &str, rest: Value) {
        let mut manifest = json!({ "apiVersion": weft_api::API_VERSION, "kind": kind, "metadata": { "name": name } });
        manifest.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        let object: DynamicObject = serde_json::from_value(manifest).unwrap();
        self.eventually(&format!("the API server takes an odd {kind}"), async || {
            self.weft(namespace, kind).create(&PostParams::default(), &object).await.ok()
        })
        .await;
    }

    /// The reason of an object's condition Ready.
    pub(crate) async fn reason_of(&self, namespace: &str, kind: &str, name: &str) -> Option<String> {
        let object = self.weft(namespace, kind).get_opt(name).await.unwrap()?;
        let conditions = object.data["status"]["conditions"].as_array()?.clone();
        let ready = conditions.into_iter().find(|it| it["type"] == "Ready")?;
        ready["reason"].as_str().map(str::to_owned)
    }

    /// Lets the Entities of a namespace go without an operator.
    async fn released(&self, namespace: &str) {
        let entities = self.weft(namespace, "Entity");
        for entity in entities.list(&ListParams::default()).await.unwrap() {
            let name = entity.name_any();
            entities.delete(&name, &DeleteParams::default()).await.unwrap();
            let patch = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
            // The operator may have been faster.
            drop(entities.patch(&name, &PatchParams::default(), &patch).await);
        }
    }

    /// An object of `weft.dev`, if there is one.
    pub(crate) async fn object(&self, namespace: &str, kind: &str, name: &str) -> Option<DynamicObject> {
        self.weft(namespace, kind).get_opt(name).await.unwrap()
    }

    /// What removes the copies of deleted Entities, of a kind.
    pub(crate) async fn of_cleanups(&self, namespace: &str, api_version: &str, kind: &str) -> Vec<DynamicObject> {
        let labelled = ListParams::default().labels("weft.dev/cleanup-of");
        self.api(namespace, api_version, kind).list(&labelled).await.unwrap().items
    }

    /// The types and reasons of the events that were told of an object.
    pub(crate) async fn events(&self, namespace: &str, kind: &str, name: &str) -> Vec<(String, String)> {
        let events = self.api(namespace, "events.k8s.io/v1", "Event").list(&ListParams::default()).await.unwrap().items;
        let of = |it: &DynamicObject| it.data["regarding"]["kind"] == kind && it.data["regarding"]["name"] == name;
        let text = |it: &DynamicObject, field: &str| it.data[field].as_str().unwrap_or_default().to_owned();
        events.iter().filter(|it| of(it)).map(|it| (text(it, "type"), text(it, "reason"))).collect()
    }

    /// The namespaces go; so does what is in them, where there is a controller for that.
    pub(crate) async fn removed(&self) {
        for namespace in &self.namespaces {
            self.released(namespace).await;
            let api: Api<Namespace> = Api::all(self.client.clone());
            api.delete(namespace, &DeleteParams::default()).await.unwrap();
        }
    }

    fn api(&self, namespace: &str, api_version: &str, kind: &str) -> Api<DynamicObject> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let gvk = GroupVersionKind::gvk(group, version, kind);
        let resource = match kind {
            "Entity" => ApiResource::from_gvk_with_plural(&gvk, "entities"),
            _ => ApiResource::from_gvk(&gvk),
        };
        Api::namespaced_with(self.client.clone(), namespace, &resource)
    }

    fn weft(&self, namespace: &str, kind: &str) -> Api<DynamicObject> {
        self.api(namespace, weft_api::API_VERSION, kind)
    }

    /// Makes the Secret that the Warehouse refers to.
    pub(crate) async fn apply_secret(&self, namespace: &str) {
        let manifest = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "warehouse" }, "stringData": { "password": "p" },
        });
        let params = PatchParams::apply("somebody");
        self.api(namespace, "v1", "Secret").patch("warehouse", &params, &Patch::Apply(&manifest)).await.unwrap();
    }

    pub(crate) async fn apply(&self, namespace: &str, kind: &str) {
        let (name, spec) = match kind {
            "Warehouse" => (
                "prod",
                json!({ "postgres": {
                "host": "db", "database": "shop", "user": "weft",
                "auth": { "password": { "secretRef": { "name": "warehouse", "key": "password" } } },
            } }),
            ),
            "DataGraph" => (
                "main",
                json!({
                    "warehouseRef": { "name": "prod" }, "store": { "redis": { "url": "redis://redis:6379/0" } },
                }),
            ),
            "Entity" => (
                "product",
                json!({
                    "dataGraphRef": { "name": "main" }, "tableRef": "public.products", "primaryKey": ["sku"],
                }),
            ),
            _ => (
                "orders",
                json!({
                    "dataGraphRef": { "name": "main" },
                    "source": { "kafka": { "bootstrapServers": ["kafka:9092"], "topic": "events" } },
                    "destination": { "kafka": { "bootstrapServers": ["kafka:9092"], "topic": "enriched" } },
                    "deadLetter": { "kafka": { "topic": "dead" } },
                    "rules": [{
                        "name": "all",
                        "entities": [{
                            "as": "product", "entity": "product", "match": [{ "column": "sku", "path": "$.properties.sku" }],
                        }],
                        "enrichments": [{ "from": { "as": "product", "column": "name" }, "to": "$.properties.name" }],
                    }],
                }),
            ),
        };
        let manifest = json!({
            "apiVersion": weft_api::API_VERSION, "kind": kind, "metadata": { "name": name }, "spec": spec,
        });
        let params = PatchParams::apply("somebody");
        self.weft(namespace, kind).patch(name, &params, &Patch::Apply(&manifest)).await.unwrap();
    }

    pub(crate) async fn patch(&self, namespace: &str, kind: &str, name: &str, patch: Value) {
        self.weft(namespace, kind).patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    }

    pub(crate) async fn delete(&self, namespace: &str, kind: &str, name: &str) {
        self.weft(namespace, kind).delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// An object of any kind, if there is one.
    pub(crate) async fn named(
        &self,
        namespace: &str,
        api_version: &str,
        kind: &str,
        name: &str,
    ) -> Option<DynamicObject> {
        self.api(namespace, api_version, kind).get_opt(name).await.unwrap()
    }

    /// The one object of a kind that the operator made.
    pub(crate) async fn find(&self, namespace: &str, api_version: &str, kind: &str) -> Option<DynamicObject> {
        self.find_labelled(namespace, api_version, kind, "app.kubernetes.io/name=weft").await
    }

    /// The one object of a kind that the operator made, of those with this label.
    pub(crate) async fn find_labelled(
        &self,
        namespace: &str,
        api_version: &str,
        kind: &str,
        label: &str,
    ) -> Option<DynamicObject> {
        let managed = ListParams::default().labels(&format!("app.kubernetes.io/managed-by=weft-operator,{label}"));
        self.api(namespace, api_version, kind).list(&managed).await.unwrap().items.into_iter().next()
    }

    /// Lets the pods of the first Jobs answer and the Deployment's pods run, and waits until all four kinds are ready.
    pub(crate) async fn converged(&self, namespace: &str) {
        let now = jiff::Timestamp::now().as_second();
        let synced = json!({
            "entity": "product", "outcome": "synced", "run": 7, "mode": "full", "snapshotTime": now,
            "verifiedTime": now, "rows": { "added": 3, "changed": 0, "removed": 0, "rejected": 0, "total": 3 },
        });
        let connected = json!({ "outcome": "connected", "server": "PostgreSQL 17.2", "steps": [] });
        for (kind, answer) in [
            ("warehouse-probe", &connected),
            ("graph-probe", &connected),
            ("mapping-probe", &connected),
            ("entity", &synced),
        ] {
            let label = format!("weft.dev/owner-kind={kind}");
            let made = async || self.find_labelled(namespace, "batch/v1", "Job", &label).await;
            let job = self.eventually(&format!("there is a Job, {kind}"), made).await;
            self.answered(namespace, &job, 0, answer).await;
        }
        let made = async || self.find(namespace, "apps/v1", "Deployment").await;
        let deployment = self.eventually("there is a Deployment", made).await;
        let status = json!({ "status": {
            "observedGeneration": deployment.metadata.generation,
            "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1,
        } });
        let deployments = self.api(namespace, "apps/v1", "Deployment");
        let name = deployment.name_any();
        deployments.patch_status(&name, &PatchParams::default(), &Patch::Merge(&status)).await.unwrap();
        for (kind, reason) in [
            ("Warehouse", "Connected"),
            ("DataGraph", "Connected"),
            ("Entity", "Synced"),
            ("EnrichmentMapping", "Running"),
        ] {
            self.ready_reason(namespace, kind, reason).await;
        }
    }

    /// Does what a kubelet would tell of the Job's pod.
    pub(crate) async fn answered(&self, namespace: &str, job: &DynamicObject, code: i32, answer: &Value) {
        let template = job.data["spec"]["template"].clone();
        let name = format!("{}-pod", job.name_any());
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": name, "labels": template["metadata"]["labels"] }, "spec": template["spec"],
        });
        let pods = self.api(namespace, "v1", "Pod");
        pods.create(&PostParams::default(), &serde_json::from_value(pod).unwrap()).await.unwrap();
        let now = jiff::Timestamp::now().as_second();
        let time = jiff::Timestamp::from_second(now).unwrap().to_string();
        let terminated = json!({
            "exitCode": code, "startedAt": time, "finishedAt": time, "message": answer.to_string(), "containerID": "test://1",
        });
        let status = json!({ "status": { "phase": "Succeeded", "containerStatuses": [{
            "name": "weft", "image": "", "imageID": "", "ready": false, "restartCount": 0,
            "state": { "terminated": terminated },
        }] } });
        pods.patch_status(&name, &PatchParams::default(), &Patch::Merge(&status)).await.unwrap();
    }

    /// Does what a kubelet would tell of an enricher that runs and is not ready, with its admin port on the loopback.
    pub(crate) async fn enricher_waits(&self, namespace: &str, port: u16) {
        let deployment = self.find(namespace, "apps/v1", "Deployment").await.unwrap();
        let mut template = deployment.data["spec"]["template"].clone();
        template["spec"]["containers"][0]["ports"][0]["containerPort"] = port.into();
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": "enricher", "labels": template["metadata"]["labels"] }, "spec": template["spec"],
        });
        let pods = self.api(namespace, "v1", "Pod");
        pods.create(&PostParams::default(), &serde_json::from_value(pod).unwrap()).await.unwrap();
        let status = json!({ "status": {
            "phase": "Running", "podIP": "127.0.0.1", "podIPs": [{ "ip": "127.0.0.1" }],
            "conditions": [{ "type": "Ready", "status": "False" }],
        } });
        pods.patch_status("enricher", &PatchParams::default(), &Patch::Merge(&status)).await.unwrap();
        let status = json!({ "status": { "readyReplicas": 0, "availableReplicas": 0 } });
        let deployments = self.api(namespace, "apps/v1", "Deployment");
        let name = deployment.name_any();
        deployments.patch_status(&name, &PatchParams::default(), &Patch::Merge(&status)).await.unwrap();
    }

    /// The message of an object's condition Ready.
    pub(crate) async fn ready_message(&self, namespace: &str, kind: &str, name: &str) -> String {
        let object = self.weft(namespace, kind).get(name).await.unwrap();
        let conditions = object.data["status"]["conditions"].as_array().unwrap();
        let ready = conditions.iter().find(|it| it["type"] == "Ready").unwrap();
        ready["message"].as_str().unwrap().to_owned()
    }

    /// Whether a ConfigMap is there.
    pub(crate) async fn has_config_map(&self, namespace: &str, name: &str) -> bool {
        self.api(namespace, "v1", "ConfigMap").get_opt(name).await.unwrap().is_some()
    }

    /// What the operator made in a namespace: kind, and specification without names of its own.
    pub(crate) async fn children(&self, namespace: &str) -> Vec<(String, String)> {
        let managed = ListParams::default().labels("app.kubernetes.io/managed-by=weft-operator");
        let mut children = Vec::new();
        for (api_version, kind) in [
            ("v1", "ConfigMap"),
            ("batch/v1", "CronJob"),
            ("batch/v1", "Job"),
            ("apps/v1", "Deployment"),
            ("policy/v1", "PodDisruptionBudget"),
        ] {
            for child in self.api(namespace, api_version, kind).list(&managed).await.unwrap() {
                let containers = child.data.pointer("/spec/template/spec/containers/0/args");
                children.push((kind.to_owned(), containers.map(Value::to_string).unwrap_or_default()));
            }
        }
        children.sort();
        children
    }

    /// Kind, type, status and reason of every condition in a namespace.
    pub(crate) async fn conditions(&self, namespace: &str) -> Vec<(String, String, String, String)> {
        let mut found = Vec::new();
        for kind in KINDS {
            for object in self.weft(namespace, kind).list(&ListParams::default()).await.unwrap() {
                for condition in object.data["status"]["conditions"].as_array().into_iter().flatten() {
                    let text = |name: &str| condition[name].as_str().unwrap().to_owned();
                    assert_eq!(condition["observedGeneration"], json!(object.metadata.generation));
                    found.push((kind.to_owned(), text("type"), text("status"), text("reason")));
                }
            }
        }
        found
    }

    /// Waits until the operator has said anything of the one object of a kind.
    pub(crate) async fn is_told_of(&self, namespace: &str, kind: &str) {
        self.eventually(&format!("{kind} has a condition"), async || {
            let objects = self.weft(namespace, kind).list(&ListParams::default()).await.unwrap().items;
            objects.iter().any(|it| it.data["status"]["conditions"].is_array()).then_some(())
        })
        .await;
    }

    /// Waits until the one object of a kind that is none of the odd ones is ready, or not, for this reason.
    pub(crate) async fn ready_reason(&self, namespace: &str, kind: &str, reason: &str) {
        self.eventually(&format!("{kind} says {reason}"), async || {
            let objects = self.weft(namespace, kind).list(&ListParams::default()).await.unwrap().items;
            let name = objects.iter().map(|it| it.name_any()).find(|name| !name.starts_with("odd"))?;
            (self.reason_of(namespace, kind, &name).await? == reason).then_some(())
        })
        .await;
    }

    /// Waits until an operator of this name holds the Lease.
    pub(crate) async fn leads(&self, name: &str) {
        let leases = self.api(&self.namespaces[0], "coordination.k8s.io/v1", "Lease");
        self.eventually(&format!("{name} leads"), async || {
            let lease = leases.get_opt("weft-operator").await.unwrap()?;
            (lease.data["spec"]["holderIdentity"] == name).then_some(())
        })
        .await;
    }

    /// Waits until two looks in a row, a second apart, count the same writes.
    pub(crate) async fn settled(&self) {
        let mut before = self.writes().await;
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = self.writes().await;
            if std::mem::replace(&mut before, now.clone()) == now {
                return;
            }
        }
    }

    /// How many requests that change something the API server has answered, by kind and verb.
    pub(crate) async fn writes(&self) -> BTreeMap<String, u64> {
        let request = http::Request::get("/metrics").body(Vec::new()).unwrap();
        let text = self.client.request_text(request).await.unwrap();
        let mut counts = BTreeMap::new();
        for line in text.lines().filter(|line| line.starts_with("apiserver_request_total{")) {
            let label = |name: &str| {
                let (_, rest) = line.split_once(&format!("{name}=\"")).unwrap_or_default();
                rest.split('"').next().unwrap_or_default()
            };
            let (resource, verb) = (label("resource"), label("verb"));
            if WRITTEN.contains(&resource)
                && ["POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"].contains(&verb)
            {
                let count: f64 = line.rsplit(' ').next().unwrap().parse().unwrap();
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let count = count as u64;
                *counts.entry(format!("{verb} {resource}")).or_default() += count;
            }
        }
        assert!(!counts.is_empty(), "the API server counts its requests");
        counts
    }

    /// Waits for something that has to happen.
    pub(crate) async fn eventually<T>(&self, what: &str, mut found: impl AsyncFnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(found) = found().await {
                return found;
            }
            assert!(Instant::now() < deadline, "waited in vain until {what}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
