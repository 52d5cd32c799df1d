//! What users give the pods of the data plane besides what these need.

use serde_json::{Map, Value, json};
use weft_api::{Amounts, DataGraph, EnrichmentMapping, PodTemplate};

use crate::pod::CONTAINER;
use crate::world::Objects;

/// For pods that read from a graph's warehouse: as the warehouse says, else as the graph does.
pub(crate) fn of_sync(graph: &str, objects: &Objects) -> PodTemplate {
    let graph = graph_of(graph, objects);
    let warehouse = graph.and_then(|graph| {
        let name = &graph.spec.warehouse_ref.name;
        objects.warehouses.iter().find(|it| it.metadata.name.as_ref() == Some(name))
    });
    let own = warehouse.and_then(|it| it.spec.pod_template.clone()).unwrap_or_default();
    own.or(&of_graph(graph))
}

/// For enrichers: as their mapping says, else as its graph does.
pub(crate) fn of_enricher(mapping: &EnrichmentMapping, objects: &Objects) -> PodTemplate {
    let graph = graph_of(&mapping.spec.data_graph_ref.name, objects);
    mapping.spec.pod_template.clone().unwrap_or_default().or(&of_graph(graph))
}

fn graph_of<'a>(name: &str, objects: &'a Objects) -> Option<&'a DataGraph> {
    objects.graphs.iter().find(|it| it.metadata.name.as_deref() == Some(name))
}

fn of_graph(graph: Option<&DataGraph>) -> PodTemplate {
    graph.and_then(|it| it.spec.pod_template.clone()).unwrap_or_default()
}

/// The specification of a pod with what the user gives it.
pub(crate) fn templated(mut pod: Value, template: &PodTemplate) -> Value {
    if let Some(resources) = &template.resources {
        let containers = pod["containers"].as_array_mut().into_iter().flatten();
        for container in containers.filter(|container| container["name"] == CONTAINER) {
            let given = [("requests", &resources.requests), ("limits", &resources.limits)];
            let given = given.into_iter().filter_map(|(name, given)| Some((name.to_owned(), amounts(given.as_ref()?))));
            container["resources"] = given.collect::<Map<_, _>>().into();
        }
    }
    if !template.node_selector.is_empty() {
        pod["nodeSelector"] = json!(template.node_selector);
    }
    if !template.tolerations.is_empty() {
        pod["tolerations"] = json!(template.tolerations);
    }
    if let Some(name) = &template.service_account_name {
        pod["serviceAccountName"] = name.as_str().into();
        // The API server fills in the old name of the field, and would keep it where the new one is given no more.
        pod["serviceAccount"] = name.as_str().into();
    }
    if !template.image_pull_secrets.is_empty() {
        pod["imagePullSecrets"] = json!(template.image_pull_secrets);
    }
    pod
}

/// As the API server writes them, so that what it keeps is what was asked for.
fn amounts(amounts: &Amounts) -> Value {
    let given = [("cpu", &amounts.cpu), ("memory", &amounts.memory)];
    let given =
        given.into_iter().filter_map(|(name, amount)| Some((name.to_owned(), amount.as_ref()?.to_string().into())));
    given.collect::<Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(yaml: &str) -> PodTemplate {
        serde_yaml::from_str(yaml).unwrap()
    }

    #[test]
    fn a_pod_has_what_its_template_gives_it_and_keeps_the_rest() {
        let pod = json!({
            "automountServiceAccountToken": false,
            "containers": [{ "name": CONTAINER, "image": "weft:1", "resources": { "requests": { "cpu": "50m" } } }],
        });
        assert_eq!(templated(pod.clone(), &PodTemplate::default()), pod);
        let given = template(
            "{resources: {limits: {cpu: 2, memory: 1.5Gi}}, nodeSelector: {disk: fast},
              tolerations: [{key: dedicated, value: weft}], serviceAccountName: weft, imagePullSecrets: [{name: registry}]}",
        );
        let expected = json!({
            "automountServiceAccountToken": false,
            "containers": [{
                "name": CONTAINER, "image": "weft:1", "resources": { "limits": { "cpu": "2", "memory": "1536Mi" } },
            }],
            "nodeSelector": { "disk": "fast" },
            "tolerations": [{ "key": "dedicated", "operator": "Equal", "value": "weft" }],
            "serviceAccountName": "weft",
            "serviceAccount": "weft",
            "imagePullSecrets": [{ "name": "registry" }],
        });
        assert_eq!(templated(pod, &given), expected);
    }
}
