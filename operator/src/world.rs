//! What the operator knows of the cluster: one shared copy of every kind it watches, and who is woken by what.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::{Stream, StreamExt as _};
use kube::api::DynamicObject;
use kube::core::{DeserializeGuard, TypeMeta};
use kube::runtime::reflector::{self, ObjectRef, Store, store::Writer};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, Resource, ResourceExt as _};
use tokio::sync::mpsc::UnboundedSender;
use weft_api::{DataGraph, EnrichmentMapping, Entity, Warehouse};
use weft_plan::Resources;

use crate::apply::resource;
use crate::child::{MANAGED, kind_of, parent_of};
use crate::driver::Kind;

/// An object as it came; one that is none of its kind is known by its metadata and stops nobody.
pub(crate) type Guarded<K> = DeserializeGuard<K>;

/// The kinds that the operator makes, and pods, which the cluster makes of them.
const CHILDREN: [(&str, &str); 6] = [
    ("v1", "ConfigMap"),
    ("v1", "Pod"),
    ("batch/v1", "CronJob"),
    ("batch/v1", "Job"),
    ("apps/v1", "Deployment"),
    ("policy/v1", "PodDisruptionBudget"),
];

/// The copies.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) warehouses: Store<Guarded<Warehouse>>,
    pub(crate) graphs: Store<Guarded<DataGraph>>,
    pub(crate) entities: Store<Guarded<Entity>>,
    pub(crate) mappings: Store<Guarded<EnrichmentMapping>>,
    children: Vec<Store<DynamicObject>>,
}

/// An object that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    Warehouse(String, String),
    Graph(String, String),
    /// With the graph it refers to.
    Entity(String, String, Option<String>),
    Mapping(String, String),
    /// A child of an Entity.
    EntityChild(String, String),
    /// A child of an EnrichmentMapping.
    MappingChild(String, String),
    /// What tests the connection of a Warehouse.
    WarehouseProbe(String, String),
    /// What tests the connection of a DataGraph.
    GraphProbe(String, String),
}

type Watch = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Begins to watch a namespace, or all; the copies, and the work that keeps them, which never ends.
pub(crate) fn watched(
    client: &Client,
    namespace: Option<&str>,
    changes: &UnboundedSender<Changed>,
) -> (World, impl Future<Output = ()> + use<>) {
    let mut watches: Vec<Watch> = Vec::new();
    let warehouses = kind::<Warehouse>(client, namespace, changes, &mut watches, |namespace, it| {
        Changed::Warehouse(namespace, it.name_any())
    });
    let graphs = kind::<DataGraph>(client, namespace, changes, &mut watches, |namespace, it| {
        Changed::Graph(namespace, it.name_any())
    });
    let entities = kind::<Entity>(client, namespace, changes, &mut watches, |namespace, it| {
        let graph = it.0.as_ref().ok().map(|entity| entity.spec.data_graph_ref.name.clone());
        Changed::Entity(namespace, it.name_any(), graph)
    });
    let mappings = kind::<EnrichmentMapping>(client, namespace, changes, &mut watches, |namespace, it| {
        Changed::Mapping(namespace, it.name_any())
    });
    let mut children = Vec::new();
    for (api_version, kind) in CHILDREN {
        let resource = resource(api_version, kind);
        let api: Api<DynamicObject> = match namespace {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
            None => Api::all_with(client.clone(), &resource),
        };
        let writer = Writer::new(resource);
        children.push(writer.as_reader());
        let config = watcher::Config::default().labels(MANAGED);
        let types = TypeMeta { api_version: api_version.to_owned(), kind: kind.to_owned() };
        let slim = move |child: &mut DynamicObject| {
            child.metadata.managed_fields = None;
            // Items of a list do not say of which kind they are.
            child.types = Some(types.clone());
            // A plan is known by its name.
            child.data.as_object_mut().map(|fields| fields.remove("data"));
        };
        watches.push(Box::pin(follow(kind, watcher(api, config).modify(slim), writer, changes.clone(), |child| {
            let namespace = child.namespace().unwrap_or_default();
            match parent_of(child)? {
                ("entity", name) => Some(Changed::EntityChild(namespace, name.to_owned())),
                ("mapping" | "mapping-probe", name) => Some(Changed::MappingChild(namespace, name.to_owned())),
                ("warehouse-probe", name) => Some(Changed::WarehouseProbe(namespace, name.to_owned())),
                ("graph-probe", name) => Some(Changed::GraphProbe(namespace, name.to_owned())),
                _ => None,
            }
        })));
    }
    let world = World { warehouses, graphs, entities, mappings, children };
    (world, async move {
        join_all(watches).await;
    })
}

fn kind<K>(
    client: &Client,
    namespace: Option<&str>,
    changes: &UnboundedSender<Changed>,
    watches: &mut Vec<Watch>,
    changed: impl Fn(String, &Guarded<K>) -> Changed + Send + 'static,
) -> Store<Guarded<K>>
where
    K: Kind + Resource<Scope = k8s_openapi::NamespaceResourceScope>,
{
    let api: Api<Guarded<K>> = match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    };
    let (store, writer) = reflector::store();
    let changed = move |object: &Guarded<K>| Some(changed(object.namespace().unwrap_or_default(), object));
    let events = watcher(api, watcher::Config::default()).modify(|it| it.meta_mut().managed_fields = None);
    watches.push(Box::pin(follow(K::KIND, events, writer, changes.clone(), changed)));
    store
}

/// Keeps a copy, and tells what changed once it is in there.
async fn follow<K>(
    kind: &'static str,
    events: impl Stream<Item = watcher::Result<watcher::Event<K>>>,
    writer: Writer<K>,
    changes: UnboundedSender<Changed>,
    changed: impl Fn(&K) -> Option<Changed>,
) where
    K: Resource + Clone + 'static,
    K::DynamicType: Eq + std::hash::Hash + Clone,
{
    let reader = writer.as_reader();
    let events = events.default_backoff().reflect(writer);
    let mut events = std::pin::pin!(events);
    let mut before = Vec::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(watcher::Event::Apply(object) | watcher::Event::Delete(object)) => {
                changed(&object).map(|changed| changes.send(changed));
            }
            // The copy is swapped as a whole once it is complete.
            Ok(watcher::Event::InitDone) => {
                let all = std::mem::take(&mut before).into_iter().chain(reader.state());
                all.filter_map(|object| changed(&object)).for_each(|it| drop(changes.send(it)));
            }
            // What went while nobody watched has to wake others too.
            Ok(watcher::Event::Init) => before = reader.state(),
            Ok(watcher::Event::InitApply(_)) => {}
            Err(error) => tracing::warn!(kind, %error, "failed to watch; tries again"),
        }
    }
}

/// The sound objects of a namespace.
fn sound<K>(store: &Store<Guarded<K>>, namespace: &str) -> Vec<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + 'static,
{
    let objects = store.state();
    let of_namespace = objects.iter().filter(|it| it.namespace().as_deref() == Some(namespace));
    of_namespace.filter_map(|it| it.0.as_ref().ok().cloned()).collect()
}

/// The sound objects of the four kinds in one namespace.
pub(crate) struct Objects {
    pub(crate) warehouses: Vec<Warehouse>,
    pub(crate) graphs: Vec<DataGraph>,
    pub(crate) entities: Vec<Entity>,
    pub(crate) mappings: Vec<EnrichmentMapping>,
}

impl Objects {
    pub(crate) fn resources(&self) -> Resources<'_> {
        Resources {
            warehouses: self.warehouses.iter().collect(),
            data_graphs: self.graphs.iter().collect(),
            entities: self.entities.iter().collect(),
            mappings: self.mappings.iter().collect(),
        }
    }
}

impl World {
    /// Once every copy is complete.
    pub(crate) async fn complete(&self) {
        // It fails only where the watch has ended, which ends the process.
        drop(self.warehouses.wait_until_ready().await);
        drop(self.graphs.wait_until_ready().await);
        drop(self.entities.wait_until_ready().await);
        drop(self.mappings.wait_until_ready().await);
        for children in &self.children {
            drop(children.wait_until_ready().await);
        }
    }

    pub(crate) fn objects(&self, namespace: &str) -> Objects {
        Objects {
            warehouses: sound(&self.warehouses, namespace),
            graphs: sound(&self.graphs, namespace),
            entities: sound(&self.entities, namespace),
            mappings: sound(&self.mappings, namespace),
        }
    }

    /// What was made of an object, as the label says: `entity`, `mapping`, `warehouse-probe`, `graph-probe` or
    /// `mapping-probe`.
    pub(crate) fn children(&self, kind: &str, namespace: &str, name: &str) -> Vec<DynamicObject> {
        let is_of = |child: &DynamicObject| {
            child.namespace().as_deref() == Some(namespace) && parent_of(child) == Some((kind, name))
        };
        let all = self.children.iter().flat_map(Store::state);
        all.filter(|child| is_of(child)).map(|child| (*child).clone()).collect()
    }

    /// The pods of all mappings.
    pub(crate) fn enrichers(&self) -> Vec<Arc<DynamicObject>> {
        let is_one = |child: &Arc<DynamicObject>| {
            kind_of(child) == "Pod" && parent_of(child).is_some_and(|(kind, _)| kind == "mapping")
        };
        self.children.iter().flat_map(Store::state).filter(is_one).collect()
    }

    /// The graphs to look at again.
    pub(crate) fn graphs_woken(&self, changed: &Changed) -> Vec<ObjectRef<Guarded<DataGraph>>> {
        match changed {
            Changed::Warehouse(namespace, name) => {
                refs(&self.graphs, namespace, |graph| graph.spec.warehouse_ref.name == *name)
            }
            Changed::Graph(namespace, name) | Changed::GraphProbe(namespace, name) => {
                vec![ObjectRef::new(name).within(namespace)]
            }
            Changed::Entity(namespace, _, graph) => {
                graph.iter().map(|graph| ObjectRef::new(graph).within(namespace)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The entities to look at again.
    pub(crate) fn entities_woken(&self, changed: &Changed) -> Vec<ObjectRef<Guarded<Entity>>> {
        match changed {
            Changed::Warehouse(namespace, _) => refs(&self.entities, namespace, |_| true),
            Changed::Graph(namespace, name) => {
                refs(&self.entities, namespace, |entity| entity.spec.data_graph_ref.name == *name)
            }
            // Its slug may be another's.
            Changed::Entity(namespace, name, graph) => {
                let is_beside = |entity: &Entity| {
                    entity.metadata.name.as_ref() == Some(name)
                        || graph.as_ref().is_none_or(|graph| entity.spec.data_graph_ref.name == *graph)
                };
                let mut woken = refs(&self.entities, namespace, is_beside);
                let itself = ObjectRef::new(name).within(namespace);
                if !woken.contains(&itself) {
                    woken.push(itself);
                }
                woken
            }
            Changed::EntityChild(namespace, name) => vec![ObjectRef::new(name).within(namespace)],
            _ => Vec::new(),
        }
    }

    /// The mappings to look at again.
    pub(crate) fn mappings_woken(&self, changed: &Changed) -> Vec<ObjectRef<Guarded<EnrichmentMapping>>> {
        match changed {
            Changed::Warehouse(namespace, _) => refs(&self.mappings, namespace, |_| true),
            Changed::Graph(namespace, name) => {
                refs(&self.mappings, namespace, |mapping| mapping.spec.data_graph_ref.name == *name)
            }
            Changed::Entity(namespace, _, graph) => refs(&self.mappings, namespace, |mapping| {
                graph.as_ref().is_none_or(|graph| mapping.spec.data_graph_ref.name == *graph)
            }),
            Changed::Mapping(namespace, name) | Changed::MappingChild(namespace, name) => {
                vec![ObjectRef::new(name).within(namespace)]
            }
            Changed::EntityChild(..) | Changed::WarehouseProbe(..) | Changed::GraphProbe(..) => Vec::new(),
        }
    }

    /// The warehouses to look at again.
    pub(crate) fn warehouses_woken(changed: &Changed) -> Vec<ObjectRef<Guarded<Warehouse>>> {
        match changed {
            Changed::Warehouse(namespace, name) | Changed::WarehouseProbe(namespace, name) => {
                vec![ObjectRef::new(name).within(namespace)]
            }
            _ => Vec::new(),
        }
    }
}

fn refs<K>(store: &Store<Guarded<K>>, namespace: &str, is_meant: impl Fn(&K) -> bool) -> Vec<ObjectRef<Guarded<K>>>
where
    K: Resource<DynamicType = ()> + Clone + Debug + 'static,
{
    let objects = store.state();
    let of_namespace = objects.iter().filter(|it| it.namespace().as_deref() == Some(namespace));
    let meant = of_namespace.filter(|it| it.0.as_ref().is_ok_and(&is_meant));
    meant.map(|it| ObjectRef::new(&it.name_any()).within(namespace)).collect()
}
